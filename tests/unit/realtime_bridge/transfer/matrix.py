"""One caller, one destination, one exchange: what every test of transfers begins with and checks at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from realtime_bridge.transfer.outcome import LegState, TransferOutcome
from realtime_bridge.transfer.runner import TransferRunner
from realtime_bridge.transfer.seam import TransferRequest, TransferStyle
from realtime_bridge.transfer.sweeper import LegSweeper
from tests.fakes.attendants import FakeAttendants, Reaction
from tests.fakes.pbx import FakePbx, Phone
from tests.fakes.secretaries import DESTINATIONS, TENANT, plan
from tests.fakes.virtual_time import LoopClock

CALLER = UUID("aaaaaaaa-0000-4000-8000-000000000001")
ATTENDANT = UUID("bbbbbbbb-0000-4000-8000-000000000002")
RECEPTION = DESTINATIONS[0]

BACK = LegState.WITH_SECRETARY
GONE = LegState.GONE
NONE = LegState.NONE
CONNECTED = LegState.CONNECTED
UNKNOWN = LegState.UNKNOWN


@dataclass
class Exchange:
    pbx: FakePbx
    attendants: FakeAttendants
    runner: TransferRunner
    sweeper: LegSweeper
    seen: list[TransferOutcome]

    async def put_through(
        self, style: TransferStyle = TransferStyle.BLIND, **changes: Any
    ) -> TransferOutcome:
        return await self.runner.run(replace(request(style), **changes))

    def check(self, outcome: TransferOutcome) -> None:
        """What the outcome says of both legs is so on the exchange, and nothing is left behind."""
        caller = self.pbx.channels.get(CALLER)
        attendant = self.pbx.channels.get(ATTENDANT)
        match outcome.caller:
            case LegState.WITH_SECRETARY:
                assert caller is not None
                assert not caller.music, "the music plays on"
                assert caller.bridged_to is None
                assert caller.stream is not None, "the caller came back without a stream"
            case LegState.CONNECTED:
                assert caller is not None
                assert caller.bridged_to == ATTENDANT
                assert caller.stream is None, "somebody listens to a call that was given away"
                assert not caller.music
            case LegState.GONE:
                assert caller is None
        if outcome.attendant is LegState.CONNECTED:
            assert attendant is not None
            assert attendant.bridged_to == CALLER
            assert attendant.stream is None
        elif outcome.attendant is not LegState.UNKNOWN:
            assert attendant is None, "a leg was left ringing or parked"
        assert self.attendants.open_lines == 0
        assert self.seen[-1] is outcome


@asynccontextmanager
async def exchange(
    phone: Phone | None = None, *reactions: Reaction, make_channel_s: float = 0.05
) -> AsyncIterator[Exchange]:
    async with FakePbx(make_channel_s=make_channel_s) as pbx:
        pbx.phones = {one.number: phone or Phone() for one in DESTINATIONS}
        pbx.call_in(CALLER)
        clock = LoopClock()
        sweeper = LegSweeper(pbx, clock)
        sweeping = asyncio.create_task(sweeper.run())
        attendants = FakeAttendants(pbx, reactions)
        seen: list[TransferOutcome] = []
        runner = TransferRunner(
            pbx, clock, sweeper, attendants=attendants, observer=seen.append, new_uuid=lambda: ATTENDANT
        )
        try:
            yield Exchange(pbx, attendants, runner, sweeper, seen)
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)


def request(style: TransferStyle = TransferStyle.BLIND) -> TransferRequest:
    return TransferRequest(
        caller_uuid=CALLER,
        destination=RECEPTION,
        plan=plan(),
        tenant=TENANT,
        domain_name="sol.example",
        language="pt-BR",
        style=style,
        caller_number="+5511987654321",
        subject="segunda via do boleto",
    )
