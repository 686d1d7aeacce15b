from __future__ import annotations

import pytest

from realtime_bridge.session.limits import Due, TimeLimit, time_limits
from realtime_bridge.session.notice import split_notice
from tests.fakes.secretaries import plan
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.phrases import texts


def test_a_call_is_warned_then_let_go_then_cut() -> None:
    assert list(time_limits(600, near_s=30, cut_s=20)) == [
        Due(TimeLimit.NEAR, 570),
        Due(TimeLimit.REACHED, 600),
        Due(TimeLimit.CUT, 620),
    ]


def test_a_short_call_does_not_begin_with_a_warning() -> None:
    assert [due.limit for due in time_limits(45, near_s=30, cut_s=20)] == [TimeLimit.REACHED, TimeLimit.CUT]


def secretary(**settings: object) -> Secretary:
    return plan(settings).secretary


@pytest.mark.parametrize(
    ("settings", "greeting", "notice", "rest"),
    [
        ({"disclosure": False}, "Olá! Como posso ajudar?", "", "Olá! Como posso ajudar?"),
        (
            {"disclosure": True},
            "Olá! Você está falando com uma assistente virtual. Como posso ajudar?",
            "Olá! Você está falando com uma assistente virtual.",
            "Como posso ajudar?",
        ),
        (
            {"disclosure": False, "record_calls": True, "recording_notice": {"pt-BR": "Gravamos tudo."}},
            "Olá! Gravamos tudo. Como posso ajudar?",
            "Olá! Gravamos tudo.",
            "Como posso ajudar?",
        ),
        ({"disclosure": True}, "Olá!", "", "Olá!"),
    ],
)
def test_the_notice_reaches_to_its_last_word(
    settings: dict[str, object], greeting: str, notice: str, rest: str
) -> None:

    spoken = texts("pt-BR")
    greeting = greeting.replace("Você está falando com uma assistente virtual.", spoken.disclosure)
    notice = notice.replace("Você está falando com uma assistente virtual.", spoken.disclosure)
    assert split_notice(greeting, secretary(**settings)) == (notice, rest)
