"""Streams that this process itself asks the PBX for: the attendant of a transfer, a caller who comes back from one.

Their tickets live in this process only, so their address is this process's own.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Final
from uuid import UUID

from realtime_bridge.ingress.socket_leg import SocketLeg
from realtime_bridge.leg import LegFormat
from voice_ai_service.errors import Unavailable

MAX_EXPECTED: Final = 1000


class ExpectedLeg:
    """One stream to come.

    Attributes:
        url: For the module's `start`; good once, until it arrived or was cancelled.
    """

    def __init__(self, leg_uuid: UUID, format: LegFormat, address: str, legs: ExpectedLegs) -> None:  # noqa: A002
        self.leg_uuid = leg_uuid
        self.format = format
        self.token = secrets.token_urlsafe(32)
        self.url = f"{address}/stream/{leg_uuid}?token={self.token}"
        self._legs = legs
        self._leg: asyncio.Future[SocketLeg] = asyncio.get_running_loop().create_future()

    async def arrives(self, timeout_s: float = 3.0) -> SocketLeg:
        """The leg, as soon as its socket is open. Whoever awaits closes it.

        Raises:
            Unavailable: It did not come in time, and may not come any more.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(self._leg)
        except TimeoutError:
            raise Unavailable("The leg's stream did not come") from None
        finally:
            self._legs.forget(self)

    def cancel(self) -> None:
        self._legs.forget(self)
        self._leg.cancel()

    def arrived(self, leg: SocketLeg) -> bool:
        """False: nobody waits for it any more."""
        if self._leg.done():
            return False
        self._leg.set_result(leg)
        return True


class ExpectedLegs:
    """
    Args:
        address: `ws://host:port` of this very process, as the PBX reaches it.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._by_uuid: dict[UUID, ExpectedLeg] = {}

    def expect(self, leg_uuid: UUID, format: LegFormat) -> ExpectedLeg:  # noqa: A002
        """A later expectation of the same leg takes the place of the one before.

        Raises:
            Unavailable: A thousand wait already.
        """
        earlier = self._by_uuid.pop(leg_uuid, None)
        if earlier is not None:
            earlier.cancel()
        if len(self._by_uuid) >= MAX_EXPECTED:
            raise Unavailable("Too many legs are waited for")
        expected = ExpectedLeg(leg_uuid, format, self._address, self)
        self._by_uuid[leg_uuid] = expected
        return expected

    def take(self, leg_uuid: UUID, token: str) -> ExpectedLeg | None:
        expected = self._by_uuid.get(leg_uuid)
        if expected is None or not hmac.compare_digest(expected.token.encode(), token.encode()):
            return None
        del self._by_uuid[leg_uuid]
        return expected

    def forget(self, expected: ExpectedLeg) -> None:
        if self._by_uuid.get(expected.leg_uuid) is expected:
            del self._by_uuid[expected.leg_uuid]
