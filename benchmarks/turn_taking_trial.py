"""One labelled caller through one ear: was he cut off, when was the end noticed, when the beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.turn_taking_set import Labelled
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import EarEvent, Ended, Onset, Pause
from voice_ai_service.audio.formats import PTIME_MS

Judge = Callable[[bytes], float]
"""The end-of-turn model: the utterance so far to the probability that it is complete."""

JUDGED_AFTER_MS: Final = 60
"""From the pause to the verdict, when the model's process is not busy."""
_EARLY_MS: Final = 60
"""Ends this much before the label still count as right: a dying vowel."""


@dataclass(slots=True)
class Outcome:
    """
    Attributes:
        onset_delay_ms: From the first sound to its being decided; None when it never was.
        false_onset: Speech was heard before anybody spoke.
        cut_off: How often the utterance was ended while the caller was not done.
        end_delay_ms: From the last sound to the decision; None when it did not come.
        verdicts: The model's, and whether the caller was done then.
    """

    onset_delay_ms: int | None = None
    false_onset: bool = False
    cut_off: int = 0
    end_delay_ms: int | None = None
    verdicts: list[tuple[float, bool]] = field(default_factory=list)


def heard(ear: Ear, caller: Labelled, judge: Judge | None = None) -> Outcome:
    """Everything that happens from the first frame to the first end after the caller's last word."""
    outcome = Outcome()
    asked: tuple[int, int, float] | None = None
    size = caller.audio.sample_rate_hz // 500 * PTIME_MS
    for at in range(0, len(caller.audio.samples) - size + 1, size):
        events = list(ear.hear(caller.audio.samples[at : at + size], None))
        if asked is not None and ear.now_ms >= asked[0]:
            events += ear.verdict(asked[2], asked[1])
            asked = None
        for event in events:
            if isinstance(event, Pause) and judge is not None:
                complete = judge(ear.utterance())
                outcome.verdicts.append((complete, event.since_ms >= caller.end_ms - 2 * _EARLY_MS))
                asked = (ear.now_ms + JUDGED_AFTER_MS, event.since_ms, complete)
            _count(event, ear.now_ms, caller, outcome)
        if outcome.end_delay_ms is not None:
            break
    return outcome


def _count(event: EarEvent, now_ms: int, caller: Labelled, outcome: Outcome) -> None:
    if isinstance(event, Onset) and outcome.onset_delay_ms is None:
        if now_ms <= caller.begin_ms:
            outcome.false_onset = True
        else:
            outcome.onset_delay_ms = now_ms - caller.begin_ms
    elif isinstance(event, Ended) and now_ms > caller.begin_ms:
        if now_ms < caller.end_ms - _EARLY_MS:
            outcome.cut_off += 1
        else:
            outcome.end_delay_ms = now_ms - caller.end_ms
