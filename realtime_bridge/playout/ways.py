"""Which way back an installation has: decided by trial when the PBX is there, and again whenever it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import structlog

from realtime_bridge.leg import WayBack
from realtime_bridge.playout.observer import WayObserver
from realtime_bridge.playout.playback import FilePlayer, PlaybackWay
from realtime_bridge.playout.scheduler import Scheduler
from realtime_bridge.playout.trial import EchoLeg, try_way
from realtime_bridge.playout.unicast import UnicastPorts, UnicastStarter, UnicastWay
from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

_LOOK_EVERY_S: Final = 1.0
_log = structlog.get_logger()


class WayName(StrEnum):
    SOCKET = "socket"
    """Binary frames on the call's own socket: forks of mod_audio_stream, the commercial build, clients of ours."""
    PLAYBACK = "playback"
    """Files that the PBX is told to play: also the open module."""
    UNICAST = "unicast"
    """FreeSWITCH's own; for channels that are parked without `send_silence_when_idle`."""


AUTO: Final = "auto"
_UNPROVEN: Final = WayName.PLAYBACK
"""Works with every build of the module, so it is taken where no trial could be made."""


class Pbx(FilePlayer, UnicastStarter, Protocol):
    """The PBX's verbs that ways back need."""


@dataclass(frozen=True, slots=True)
class WayMaker:
    """Makes ways that are not open yet; whoever asked opens and closes them."""

    pbx: Pbx
    ports: UnicastPorts
    scheduler: Scheduler
    observer: WayObserver

    def make(self, name: WayName, leg: EchoLeg) -> WayBack:
        match name:
            case WayName.SOCKET:
                return leg.way_back
            case WayName.PLAYBACK:
                return PlaybackWay(
                    leg.leg_uuid, leg.format, leg, self.pbx, scheduler=self.scheduler, observer=self.observer
                )
            case WayName.UNICAST:
                return UnicastWay(leg.leg_uuid, leg.format, self.pbx, self.ports, self.observer)


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Attributes:
        way: None: a trial was made, and nothing that was sent was heard.
        proven: Our own tone came back this way; else no trial could be made.
        delays_ms: Of what was tried, in order; None where nothing came back.
    """

    way: WayName | None
    proven: bool
    delays_ms: Mapping[WayName, float | None] = field(default_factory=dict)


class EchoLine(Protocol):
    def __call__(self, *, silence: bool) -> AbstractAsyncContextManager[EchoLeg]:
        """Raises Unavailable, NotFound and InvalidInput when entered; see `trial.EchoCalls.open`."""
        ...


class Ways:
    """
    Args:
        setting: `auto`, or the way that the operator wants; that one is tried, too, and a failure is said.
        line: The trial's call; None: there is no PBX, and clients take frames on their socket.

    Raises:
        InvalidInput: No such way.
    """

    def __init__(self, setting: str, line: EchoLine | None, maker: WayMaker | None) -> None:
        self._wanted = _way(setting, field="playout")
        self._line = line
        self._maker = maker
        self._deciding = asyncio.Lock()
        self.decision: Decision | None = None
        if line is None:
            self.decision = Decision(self._wanted or WayName.SOCKET, proven=False)

    def way_for(self, asked: str) -> WayName:
        """The way for a call.

        Args:
            asked: What the call's set-up says: `auto` or a way's name.

        Raises:
            InvalidInput: No such way.
            Unavailable: Trials were made and no way works: the call is better off with its fallback.
        """
        if (named := _way(asked, field="stream.playout")) is not None:
            return named
        if self.decision is None:
            return self._wanted or _UNPROVEN
        if self.decision.way is None:
            raise Unavailable("nothing that is sent to the caller is heard on this PBX")
        return self.decision.way

    async def decide(self) -> Decision:
        """Try until one works; an older decision counts until then. Takes 2 s for each that does not."""
        if self._line is None or self._maker is None:
            return Decision(self._wanted or WayName.SOCKET, proven=False)
        async with self._deciding:
            wanted = (self._wanted,) if self._wanted else tuple(WayName)
            try:
                decision = await self._tried(wanted, self._line, self._maker)
            except (Unavailable, NotFound, InvalidInput) as error:
                decision = Decision(self._wanted or _UNPROVEN, proven=False)
                _log.warning("the way back was not tried", way=decision.way, reason=error.code)
            self.decision = decision
        return decision

    async def keep_deciding(self, connected: Callable[[], bool], clock: Clock) -> None:
        """Decide whenever the PBX has come, or come back. Runs until cancelled."""
        was_there = False
        while True:
            is_there = connected()
            if is_there and not was_there:
                await self.decide()
            was_there = is_there
            await clock.sleep(_LOOK_EVERY_S)

    async def _tried(self, names: tuple[WayName, ...], line: EchoLine, maker: WayMaker) -> Decision:
        delays_ms: dict[WayName, float | None] = {}
        for name in names:
            async with line(silence=name is not WayName.UNICAST) as leg:
                delay_ms = await try_way(maker.make(name, leg), leg, maker.scheduler)
            delays_ms[name] = delay_ms
            if delay_ms is not None:
                _log.info("the way back works", way=name, round_trip_ms=round(delay_ms))
                return Decision(name, proven=True, delays_ms=delays_ms)
        _log.error("no way back to the caller works", tried=list(delays_ms))
        return Decision(self._wanted, proven=False, delays_ms=delays_ms)


def _way(text: str, *, field: str) -> WayName | None:
    """None for `auto`."""
    if text == AUTO:
        return None
    try:
        return WayName(text)
    except ValueError:
        names = ", ".join((AUTO, *WayName))
        raise InvalidInput("there is no such way back to the caller", field=field, fix=names) from None
