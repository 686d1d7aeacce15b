from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.turn.barge_in import WORDS_WITHIN_MS, BargeIn, BargeInAction, BargeInState
from voice_ai_service.calls.secretary import TurnTaking

PAUSE, CANCEL, RESUME, IGNORE = BargeInAction
Step = Callable[[BargeIn], BargeInAction | None]

STEPS: dict[str, Step] = {
    "reply": lambda policy: policy.reply_began(),
    "notice": lambda policy: policy.reply_began(interruptible=False),
    "end": lambda policy: policy.reply_ended(),
    "onset": lambda policy: policy.onset(),
    "ended": lambda policy: policy.utterance_over(),
    "cough": lambda policy: policy.utterance_over(discarded=True),
    "uhum": lambda policy: policy.words("Uhum.", False),
    "uhum!": lambda policy: policy.words("uhum", True),
    "espera": lambda policy: policy.words("espera", False),
    "espera um pouco": lambda policy: policy.words("espera um pouco", False),
    "nothing": lambda policy: policy.words("", True),
    "frame": lambda policy: policy.frame(is_speech=False),
    "speech": lambda policy: policy.frame(is_speech=True),
    "2 s": lambda policy: frames(policy, WORDS_WITHIN_MS // 20),
    "1.98 s": lambda policy: frames(policy, WORDS_WITHIN_MS // 20 - 1),
    "0.6 s of speech": lambda policy: frames(policy, 30, is_speech=True),
    "0.58 s of speech": lambda policy: frames(policy, 29, is_speech=True),
}


def frames(policy: BargeIn, count: int, *, is_speech: bool = False) -> BargeInAction | None:
    """The last of them says it; none before it may."""
    answers = [policy.frame(is_speech=is_speech) for _ in range(count)]
    assert not any(answers[:-1])
    return answers[-1]


def run(steps: str, *, partials: bool = True, **settings: object) -> list[BargeInAction]:
    policy = BargeIn(TurnTaking.model_validate(settings), partials=partials)
    answers = [STEPS[step.strip()](policy) for step in steps.split(",")]
    return [answer for answer in answers if answer is not None]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("onset, espera, ended", []),
        ("reply, onset", [PAUSE]),
        ("reply, onset, espera", [PAUSE, CANCEL]),
        ("reply, onset, 1.98 s", [PAUSE]),
        ("reply, onset, 2 s", [PAUSE, RESUME]),
        ("reply, onset, 1.98 s, espera, 2 s", [PAUSE, CANCEL]),
        ("reply, onset, 2 s, espera", [PAUSE, RESUME, CANCEL]),
        ("reply, onset, cough", [PAUSE, RESUME]),
        ("reply, onset, ended, 2 s", [PAUSE, RESUME]),
        ("reply, onset, ended, espera", [PAUSE, CANCEL]),
        ("reply, onset, uhum, ended, uhum!", [PAUSE, RESUME]),
        ("reply, onset, ended, nothing", [PAUSE, RESUME]),
        ("reply, onset, ended, nothing, onset, 2 s", [PAUSE, RESUME, PAUSE, RESUME]),
        ("reply, onset, uhum!, espera", [PAUSE, CANCEL]),
        ("reply, onset, ended, onset, 2 s", [PAUSE, RESUME]),
        ("onset, reply", [PAUSE]),
        ("onset, reply, espera", [PAUSE, CANCEL]),
        ("onset, ended, reply, espera", []),
        ("reply, end, onset, espera", []),
        ("reply, onset, end, 2 s", [PAUSE]),
        ("notice, onset, espera, 2 s", [IGNORE]),
        ("notice, onset, reply, espera", [IGNORE, PAUSE, CANCEL]),
        ("reply, onset, 0.6 s of speech", [PAUSE]),
    ],
)
def test_in_this_order(steps: str, expected: list[BargeInAction]) -> None:
    assert run(steps) == expected


@pytest.mark.parametrize(
    ("steps", "settings", "expected"),
    [
        ("reply, onset, espera", {"interruptible": False}, [IGNORE]),
        ("reply, onset, espera, espera um pouco", {"min_words": 3}, [PAUSE, CANCEL]),
        ("reply, onset, espera, 2 s", {"min_words": 3}, [PAUSE, RESUME]),
        ("reply, onset, espera, 2 s", {"backchannels": ["Espera"]}, [PAUSE, RESUME]),
        ("reply, onset", {"min_words": 0}, [CANCEL]),
        ("reply, onset, 0.58 s of speech, frame", {"partials": False}, [PAUSE]),
        ("reply, onset, 0.6 s of speech", {"partials": False}, [PAUSE, CANCEL]),
        ("reply, onset, 0.58 s of speech, ended, espera", {"partials": False}, [PAUSE, CANCEL]),
        ("reply, onset, 0.58 s of speech, ended, nothing", {"partials": False}, [PAUSE, RESUME]),
    ],
)
def test_with_these_settings(steps: str, settings: dict[str, object], expected: list[BargeInAction]) -> None:
    assert run(steps, **settings) == expected  # type: ignore[arg-type]


LEGAL = {
    (BargeInState.PLAYING, PAUSE, BargeInState.PAUSED),
    (BargeInState.PLAYING, CANCEL, BargeInState.QUIET),
    (BargeInState.PAUSED, CANCEL, BargeInState.QUIET),
    (BargeInState.PAUSED, RESUME, BargeInState.PLAYING),
    (BargeInState.PROTECTED, IGNORE, BargeInState.PROTECTED),
}
SINGLE = [name for name in STEPS if not name[0].isdigit()]


@given(st.lists(st.sampled_from(SINGLE)), st.booleans(), st.integers(0, 3))
def test_any_order_is_legal_and_a_pause_always_ends(steps: list[str], partials: bool, min_words: int) -> None:
    policy = BargeIn(TurnTaking(min_words=min_words), partials=partials)
    for step in steps:
        before = policy.state
        answer = STEPS[step](policy)
        if step in ("reply", "notice"):
            before = BargeInState.PLAYING if step == "reply" else BargeInState.PROTECTED
        assert answer is None or (before, answer, policy.state) in LEGAL
    paused = policy.state is BargeInState.PAUSED
    answers = [policy.frame(is_speech=False) for _ in range(WORDS_WITHIN_MS // 20)]
    assert policy.state is not BargeInState.PAUSED
    assert [one for one in answers if one] == ([RESUME] if paused else [])
