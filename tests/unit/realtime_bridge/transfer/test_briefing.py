from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.transfer.briefing import MAX_NAME_CHARS, MAX_SUBJECT_CHARS, briefing_of
from tests.unit.realtime_bridge.transfer.matrix import request

ASKED = request()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Chamada de 1 1, 9 8 7 6 5, 4 3 2 1, sobre segunda via do boleto."),
        ({"subject": ""}, "Chamada de 1 1, 9 8 7 6 5, 4 3 2 1."),
        ({"caller_name": "Ana Lima", "subject": ""}, "Chamada de Ana Lima."),
        ({"caller_name": "1001", "subject": ""}, "Chamada de 1 1, 9 8 7 6 5, 4 3 2 1."),
        ({"caller_number": "1001", "subject": ""}, "Chamada de 1 0 0 1."),
        ({"caller_number": "", "subject": ""}, "Chamada de um número não identificado."),
        (
            {"language": "en", "subject": "the invoice."},
            "A call from 1 1, 9 8 7 6 5, 4 3 2 1, about the invoice.",
        ),
        ({"subject": "**boleto** https://x.example/a"}, "Chamada de 1 1, 9 8 7 6 5, 4 3 2 1, sobre boleto."),
    ],
)
def test_who_calls_and_what_about(changes: dict[str, str], sentence: str) -> None:
    assert briefing_of(replace(ASKED, **changes)).announcement == sentence  # type: ignore[arg-type]


def test_the_question_names_the_key() -> None:
    briefing = briefing_of(ASKED)
    assert "tecle um" in briefing.question
    assert "tecle um" in briefing.again


@given(name=st.text(max_size=300), subject=st.text(max_size=600), number=st.text(max_size=60))
def test_whatever_callers_send_is_one_short_sentence(name: str, subject: str, number: str) -> None:
    asked = replace(ASKED, caller_name=name, subject=subject, caller_number=number[:32])
    said = briefing_of(asked).announcement
    assert "\n" not in said
    assert len(said) <= MAX_NAME_CHARS + MAX_SUBJECT_CHARS + 120
