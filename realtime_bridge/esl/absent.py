"""No PBX: only clients that play PBX themselves, told over their own socket, can be served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn
from uuid import UUID

from realtime_bridge.call_control import ChannelEvent, HangupCause, RingRequest
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.errors import Unavailable


class NoPbx:
    """A `CallControl` that can do nothing, and says so."""

    @property
    def connected(self) -> bool:
        return False

    @asynccontextmanager
    async def events(self, channel_uuid: UUID) -> AsyncIterator[AsyncIterator[ChannelEvent]]:
        yield _nothing()

    async def exists(self, channel_uuid: UUID) -> bool:
        return _absent()

    async def hang_up(self, channel_uuid: UUID, cause: HangupCause = HangupCause.NORMAL_CLEARING) -> None:
        _absent()

    async def ring(self, request: RingRequest) -> None:
        _absent()

    async def bridge(self, one: UUID, other: UUID) -> None:
        _absent()

    async def available(self, destination: Destination, domain_name: str) -> bool | None:
        return None

    async def start_music(self, channel_uuid: UUID) -> None:
        _absent()

    async def stop_music(self, channel_uuid: UUID) -> None:
        _absent()

    async def start_stream(self, channel_uuid: UUID, url: str, sample_rate_hz: int) -> None:
        _absent()

    async def stop_stream(self, channel_uuid: UUID) -> None:
        _absent()

    async def set_variable(self, channel_uuid: UUID, name: str, value: str) -> None:
        _absent()


def _absent() -> NoReturn:
    raise Unavailable(
        "This bridge has no PBX", field="VOICE_AI_ESL_HOST", fix="Name FreeSWITCH's event socket"
    )


async def _nothing() -> AsyncGenerator[ChannelEvent, None]:
    await asyncio.Event().wait()
    yield  # type: ignore[misc]  # never reached: it makes this a generator
