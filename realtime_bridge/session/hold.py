"""The caller on hold: music from the PBX, and not a frame to the brain."""

from __future__ import annotations

from typing import Final

from realtime_bridge.session.announcer import Announcer
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.live import Live
from realtime_bridge.session.state import Phase, Signal
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.errors import VoiceAiError

_LAST_WORDS_S: Final = 10.0
_LOOKS_EVERY_S: Final = 0.1


class Holding:
    def __init__(self, live: Live, line: BrainLine, announcer: Announcer) -> None:
        self._live = live
        self._line = line
        self._announcer = announcer
        self._wanted = False

    def set(self, on: bool) -> None:
        """What is being said is said to its end before; afterwards the caller is told that somebody is back."""
        if on is self._wanted:
            return
        self._wanted = on
        if on:
            self._live.scope.start("hold", self._hold())
        elif self._live.phases.now is Phase.HELD:
            self._live.scope.start("unhold", self._unhold())

    async def _hold(self) -> None:
        live, waited_s = self._live, 0.0
        while not live.mouth.silent and waited_s < _LAST_WORDS_S:
            await live.parts.clock.sleep(_LOOKS_EVERY_S)
            waited_s += _LOOKS_EVERY_S
        if not self._wanted or not live.phases.on(Signal.HOLD):
            self._wanted = False
            return
        live.mouth.stop()
        self._line.now.hold(True)
        await self._music(on=True)

    async def _unhold(self) -> None:
        live = self._live
        await self._music(on=False)
        if not live.phases.on(Signal.UNHOLD):
            return
        self._line.now.hold(False)
        language = live.state.language
        await self._announcer.remark(texts(language).still_there, language)

    async def _music(self, *, on: bool) -> None:
        live = self._live
        if not live.facts.on_pbx:
            return
        control, channel = live.parts.control, live.facts.channel_uuid
        try:
            await (control.start_music(channel) if on else control.stop_music(channel))
        except VoiceAiError as error:
            live.log.warning("music on hold", on=on, code=error.code)
