"""What is said to the caller, in order, and how much of it was heard.

Audio of a brain's reply goes to the playout as it comes; each reply ends exactly once, heard or interrupted, and
whoever listens is told then. Nothing here decides what is said or who interrupts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from realtime_bridge.leg import LegFormat
from realtime_bridge.session.scope import CallScope

BEGAN: Final = "began"
"""Mark behind a reply's first frame."""
FREE: Final = "free"
"""Mark behind the part of a reply that may not be interrupted."""


class Playing(Protocol):
    """A reply's handle, see `playout.playing.Playing`."""

    interruptible: bool

    def write(self, samples: bytes) -> None: ...
    async def room(self) -> None: ...
    def finish(self) -> None: ...
    def mark(self, name: str) -> None: ...
    async def done(self) -> None: ...
    @property
    def heard_ms(self) -> int: ...
    @property
    def audio_ms(self) -> int: ...
    @property
    def interrupted(self) -> bool: ...


class Playout(Protocol):
    """`playout.playout.Playout`, as the session uses it."""

    def reply(self, *, interruptible: bool = True) -> Playing: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    async def clear(self, *, keep_uninterruptible: bool = False) -> None: ...
    def reference(self) -> bytes: ...
    async def close(self) -> None: ...
    @property
    def speaking(self) -> bool: ...


@dataclass(slots=True, eq=False)
class Speech:
    """Something being said.

    Attributes:
        reply_id: The brain's, or ours for a fixed phrase.
        by_brain: Whether a brain says it, and is to be told what was heard.
        playing: None until there is audio.
        unwanted: Interrupted: what still comes of it is not played.
    """

    reply_id: str
    by_brain: bool
    interruptible: bool = True
    playing: Playing | None = None
    finished: bool = False
    unwanted: bool = False

    @property
    def heard_ms(self) -> int:
        return self.playing.heard_ms if self.playing is not None else 0

    @property
    def audio_ms(self) -> int:
        return self.playing.audio_ms if self.playing is not None else 0

    @property
    def interrupted(self) -> bool:
        return self.unwanted or (self.playing is not None and self.playing.interrupted)


class Listener(Protocol):
    """Told in order, on the event loop."""

    def on_heard(self, speech: Speech, *, began: bool) -> None:
        """The first 20 ms were heard (`began`), or the part that may not be interrupted."""
        ...

    def on_over(self, speech: Speech) -> None:
        """Heard to its end, or interrupted. Once for each speech."""
        ...


class _Nobody:
    def on_heard(self, speech: Speech, *, began: bool) -> None: ...
    def on_over(self, speech: Speech) -> None: ...


class Mouth:
    """
    Args:
        scope: Where the watch over each reply runs.
        listener: Told what was heard; `attend` sets it before anything is said.
    """

    def __init__(self, playout: Playout, leg_format: LegFormat, scope: CallScope) -> None:
        self._playout = playout
        self._frame_bytes = leg_format.frame_bytes
        self._scope = scope
        self._listener: Listener = _Nobody()
        self._speeches: dict[str, Speech] = {}
        self._clearing = 0
        self._silenced = asyncio.Event()

    def attend(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def silent(self) -> bool:
        """Nothing is being heard or made."""
        return not self._speeches

    @property
    def sounding(self) -> bool:
        """There is audio to be heard."""
        return any(speech.playing is not None for speech in self._speeches.values())

    @property
    def speeches(self) -> tuple[Speech, ...]:
        return tuple(self._speeches.values())

    @property
    def current(self) -> Speech | None:
        """What is being heard, or would be heard next."""
        speeches = self._speeches.values()
        return next((one for one in speeches if one.playing is not None), next(iter(speeches), None))

    def begin(self, reply_id: str, *, by_brain: bool, interruptible: bool = True) -> Speech:
        """Its audio may take a while; until there is some, others can be heard before it."""
        speech = Speech(reply_id, by_brain, interruptible)
        self._speeches[reply_id] = speech
        return speech

    def find(self, reply_id: str) -> Speech | None:
        return self._speeches.get(reply_id)

    def write(self, speech: Speech, samples: bytes) -> None:
        """Dropped when the caller interrupted."""
        if speech.unwanted or speech.finished or not samples:
            return
        playing = speech.playing
        if playing is not None:
            playing.write(samples)
            return
        playing = speech.playing = self._playout.reply(interruptible=speech.interruptible)
        first = samples[: self._frame_bytes]
        playing.write(first)
        playing.mark(BEGAN)
        playing.write(samples[len(first) :])
        self._scope.start(f"heard {speech.reply_id}", self._watch(speech, playing))

    def free(self, speech: Speech) -> None:
        """What was written so far is not interrupted; what follows may be, once this was heard."""
        if speech.playing is not None:
            speech.playing.mark(FREE)
        else:
            speech.interruptible = True

    def finish(self, speech: Speech) -> None:
        """No more audio follows. What never had any is over with this."""
        if speech.finished:
            return
        speech.finished = True
        if speech.playing is not None:
            speech.playing.finish()
        elif not speech.unwanted:
            self._over(speech)

    def forget(self, speech: Speech) -> None:
        """It is not said after all; nobody is told."""
        speech.unwanted = True
        self._speeches.pop(speech.reply_id, None)

    def on_mark(self, playing: object, name: str) -> None:
        """The playout's word: all before the mark was heard."""
        speech = next((one for one in self._speeches.values() if one.playing is playing), None)
        if speech is None or speech.playing is None:
            return
        if name == FREE:
            speech.interruptible = speech.playing.interruptible = True
        self._listener.on_heard(speech, began=name == BEGAN)

    def stop(self, *, only: Callable[[Speech], bool] = lambda _: True, all_of_it: bool = False) -> None:
        """Silence at the ear, now; `settled` waits for it.

        Args:
            only: Which of the speeches that have no audio yet are to have none.
            all_of_it: Also what may not be interrupted.
        """
        for speech in self.speeches:
            if not (all_of_it or speech.interruptible):
                continue
            if speech.playing is not None:
                speech.unwanted = True
            elif only(speech):
                speech.unwanted = True
                self._over(speech)
        self._clearing += 1
        if self._scope.start("clear", self._clear(keep=not all_of_it)) is None:
            self._clearing -= 1

    async def settled(self) -> None:
        """Returns when what was stopped is silent: what is written from now on is heard."""
        while self._clearing:
            self._silenced.clear()
            await self._silenced.wait()

    async def _clear(self, *, keep: bool) -> None:
        try:
            await self._playout.clear(keep_uninterruptible=keep)
            self._playout.resume()
        finally:
            self._clearing -= 1
            self._silenced.set()

    async def _watch(self, speech: Speech, playing: Playing) -> None:
        await playing.done()
        self._over(speech)

    def _over(self, speech: Speech) -> None:
        if self._speeches.get(speech.reply_id) is speech:
            del self._speeches[speech.reply_id]
            self._listener.on_over(speech)
