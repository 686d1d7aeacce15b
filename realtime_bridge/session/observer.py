"""Who is told what happens in a call: the test phone and the command line, over the call's own socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realtime_bridge.session.latency import split
from realtime_bridge.session.state import Phase
from voice_ai_service.dialogue.call_state import TurnRecord


class CallObserver(Protocol):
    """Called on the event loop; never blocks, never raises."""

    def on_phase(self, phase: Phase) -> None: ...

    def on_caller(self, text: str, *, final: bool) -> None:
        """What the caller said; a partial replaces the one before it."""
        ...

    def on_secretary(self, turn: int, text: str) -> None:
        """A piece of what is being said, before it is heard."""
        ...

    def on_turn(self, record: TurnRecord) -> None:
        """A reply is over: heard or interrupted."""
        ...


class Tellable(Protocol):
    def tell(self, message: dict[str, object]) -> None: ...


class SocketObserver:
    """Tells the other end of the audio socket, as docs/realtime.md says. For clients without a PBX."""

    def __init__(self, leg: Tellable) -> None:
        self._leg = leg

    def on_phase(self, phase: Phase) -> None:
        self._leg.tell({"type": "state", "state": phase.value})

    def on_caller(self, text: str, *, final: bool) -> None:
        self._leg.tell({"type": "transcript", "speaker": "caller", "text": text, "final": final})

    def on_secretary(self, turn: int, text: str) -> None:
        self._leg.tell(
            {"type": "transcript", "speaker": "secretary", "turn": turn, "text": text, "final": True}
        )

    def on_turn(self, record: TurnRecord) -> None:
        self._leg.tell(
            {
                "type": "turn",
                "turn": record.turn,
                "heard": record.heard,
                "digits": record.digits,
                "said": record.said,
                "said_heard": record.said_heard,
                "action": record.action,
                "intent": record.intent,
                "heard_ms": record.played_ms,
                "audio_ms": record.audio_ms,
                "barged_in": record.barged_in,
                "latency_ms": split(record.latency_ms),
                "providers": record.providers,
            }
        )


class Observers:
    """Several as one."""

    def __init__(self, observers: Sequence[CallObserver] = ()) -> None:
        self._observers = tuple(observers)

    def on_phase(self, phase: Phase) -> None:
        for observer in self._observers:
            observer.on_phase(phase)

    def on_caller(self, text: str, *, final: bool) -> None:
        for observer in self._observers:
            observer.on_caller(text, final=final)

    def on_secretary(self, turn: int, text: str) -> None:
        for observer in self._observers:
            observer.on_secretary(turn, text)

    def on_turn(self, record: TurnRecord) -> None:
        for observer in self._observers:
            observer.on_turn(record)
