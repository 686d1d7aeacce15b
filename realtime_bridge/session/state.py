"""Where a call is, and what may lead from there to where. Pure.

`Phases` knows nothing of audio or PBX: the call tells it what happened. What comes from outside (the caller, the
PBX, a brain) may come at any time, so it is defined for every phase, if only to mean nothing there; what we decide
ourselves is not, and deciding it in the wrong phase is a fault of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import structlog

_log = structlog.get_logger()


class Phase(StrEnum):
    OPENING = "opening"
    GREETING = "greeting"
    LISTENING = "listening"
    THINKING = "thinking"
    """The caller has said something that is to be answered, and nothing of the answer is heard yet."""
    SPEAKING = "speaking"
    HELD = "held"
    TRANSFERRING = "transferring"
    ENDING = "ending"
    """Decided: nothing is said any more; the channel is being hung up or handed over."""
    ENDED = "ended"


class Signal(StrEnum):
    OPENED = "opened"
    """Ours: the first words are on their way."""
    ASKED = "asked"
    """From outside: an utterance, keys or a silence that want an answer."""
    NOTHING_ASKED = "nothing_asked"
    """From outside: what sounded like an utterance had no words."""
    SPEAKS = "speaks"
    """From outside: the caller begins to hear something of ours."""
    SILENT = "silent"
    """From outside: nothing of ours is heard or queued any more."""
    HOLD = "hold"
    UNHOLD = "unhold"
    TRANSFER = "transfer"
    """Ours: after the announcement was heard."""
    CAME_BACK = "came_back"
    """From outside: nobody took the transfer."""
    END = "end"
    """From anywhere: the call is to be over."""
    GONE = "gone"
    """From outside: the caller's leg is no more."""


class IllegalTransition(Exception):
    """A fault of ours: something was decided in a phase in which it cannot be."""

    def __init__(self, phase: Phase, signal: Signal) -> None:
        super().__init__(f"{signal} while {phase}")
        self.phase = phase
        self.signal = signal


_TALKING: Final = (Phase.GREETING, Phase.LISTENING, Phase.THINKING, Phase.SPEAKING)
_LIVING: Final = (Phase.OPENING, *_TALKING, Phase.HELD, Phase.TRANSFERRING)
_OURS: Final = frozenset({Signal.OPENED, Signal.TRANSFER})


def _table() -> dict[tuple[Phase, Signal], Phase]:
    table: dict[tuple[Phase, Signal], Phase] = {}
    for signal in Signal:
        if signal not in _OURS:
            for phase in Phase:
                table[phase, signal] = phase  # means nothing there, unless a line below says otherwise
    for phase in _LIVING:
        table[phase, Signal.END] = Phase.ENDING
    for phase in Phase:
        table[phase, Signal.GONE] = Phase.ENDED
    for phase in (*_TALKING, Phase.HELD):
        table[phase, Signal.TRANSFER] = Phase.TRANSFERRING
    for phase in _TALKING:
        table[phase, Signal.HOLD] = Phase.HELD
        table[phase, Signal.ASKED] = Phase.THINKING
    table[Phase.OPENING, Signal.OPENED] = Phase.GREETING
    table[Phase.OPENING, Signal.SPEAKS] = Phase.GREETING
    for phase in (Phase.LISTENING, Phase.THINKING):
        table[phase, Signal.SPEAKS] = Phase.SPEAKING
    for phase in (Phase.GREETING, Phase.SPEAKING):
        table[phase, Signal.SILENT] = Phase.LISTENING
    table[Phase.THINKING, Signal.NOTHING_ASKED] = Phase.LISTENING
    table[Phase.HELD, Signal.UNHOLD] = Phase.LISTENING
    table[Phase.TRANSFERRING, Signal.CAME_BACK] = Phase.LISTENING
    return table


TRANSITIONS: Final = _table()
"""Every pair that is legal, with the phase it leads to; a pair that leads to its own phase means nothing there."""


class Phases:
    """
    Args:
        on_change: Told of every change, after it.
        strict: Raise for what is illegal (tests). Otherwise it is logged and `on_fault` is called.

    Attributes:
        on_fault: Ends the call safely.
    """

    def __init__(self, on_change: Callable[[Phase], None] | None = None, *, strict: bool = False) -> None:
        self.now = Phase.OPENING
        self._on_change = on_change
        self.on_fault: Callable[[IllegalTransition], None] | None = None
        self._strict = strict

    @property
    def over(self) -> bool:
        """Nothing is to be said, asked or decided any more."""
        return self.now in (Phase.ENDING, Phase.ENDED)

    @property
    def talking(self) -> bool:
        """Caller and secretary hear each other."""
        return self.now in _TALKING

    def on(self, signal: Signal) -> bool:
        """Returns whether the phase changed.

        Raises:
            IllegalTransition: Only when strict.
        """
        following = TRANSITIONS.get((self.now, signal))
        if following is None:
            self._fault(IllegalTransition(self.now, signal))
            return False
        if following is self.now:
            return False
        self.now = following
        if self._on_change is not None:
            self._on_change(following)
        return True

    def _fault(self, fault: IllegalTransition) -> None:
        if self._strict:
            raise fault
        _log.error("illegal transition of a call", phase=fault.phase.value, signal=fault.signal.value)
        if self.on_fault is not None:
            self.on_fault(fault)
