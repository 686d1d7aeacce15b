"""Nobody outside the tenant's list is rung, whatever a row or a model says."""

from __future__ import annotations

from uuid import UUID

import pytest

from realtime_bridge.transfer.outcome import TransferResult
from realtime_bridge.transfer.seam import AttendantSaid, TransferStyle
from tests.fakes.attendants import Reaction
from tests.fakes.pbx import Phone
from tests.fakes.secretaries import DESTINATIONS, destination, plan
from tests.fakes.virtual_time import virtual_time
from tests.unit.realtime_bridge.transfer.matrix import BACK, NONE, exchange
from voice_ai_service.calls.destinations import Destination, DestinationKind

VOICEMAIL = DESTINATIONS[3]


def row(number: str, kind: DestinationKind = DestinationKind.EXTENSION) -> Destination:
    return Destination(UUID(int=9), "ramal", (), kind, number)


@pytest.mark.parametrize(
    "bad",
    [
        row("2000\n"),
        row("2000\nhangup"),
        row("2000 2001"),
        row("${domain_name}"),
        row("2000;rm"),
        row("2000,2001"),
        row("[leg_timeout=1]2000"),
        row("{origination_uuid=1}2000"),
        row("sofia/gateway/x/00"),
        row("+5511999999999"),
        row(""),
        row("２０００"),
        row("+5511999999999\n", DestinationKind.EXTERNAL),
        row("5511999999999", DestinationKind.EXTERNAL),
        row("+55900123456", DestinationKind.EXTERNAL),
        row("2000", DestinationKind.EXTERNAL),
    ],
    ids=lambda one: f"{one.kind}:{one.number!r}",
)
def test_a_row_that_cannot_be_dialled_is_not_dialled(bad: Destination) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            outcome = await one.put_through(destination=bad, plan=plan(destinations=(*DESTINATIONS, bad)))
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                TransferResult.UNREACHABLE,
                BACK,
                NONE,
            )
            assert outcome.detail == "not_dialable"
            assert one.pbx.orders == []

    run()


@pytest.mark.parametrize(
    "elsewhere",
    [destination("diretoria", "2009"), destination("recepção", "2009"), destination("recepção", "2000", "x")],
)
def test_a_destination_that_is_not_on_the_list_is_not_rung(elsewhere: Destination) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            outcome = await one.put_through(destination=elsewhere)
            assert (outcome.result, outcome.detail) == (TransferResult.UNREACHABLE, "not_listed")
            assert one.pbx.orders == []

    run()


@virtual_time
async def test_an_external_number_of_the_list_is_rung() -> None:
    mobile = row("+5511987650000", DestinationKind.EXTERNAL)
    async with exchange() as one:
        one.pbx.phones[mobile.number] = Phone()
        outcome = await one.put_through(destination=mobile, plan=plan(destinations=(mobile,)))
        assert outcome.connected


@virtual_time
async def test_a_voicemail_is_not_asked_whether_it_takes_the_call() -> None:
    async with exchange(Phone(answers_after_s=0.1)) as one:
        outcome = await one.put_through(TransferStyle.ATTENDED, destination=VOICEMAIL)
        assert outcome.connected
        assert one.attendants.told == []


@virtual_time
async def test_without_a_way_to_ask_nobody_is_connected_unasked() -> None:
    async with exchange(Phone(), Reaction(1, 1.0, AttendantSaid("sim"))) as one:
        one.runner._attendants = None
        outcome = await one.put_through(TransferStyle.ATTENDED)
        assert (outcome.result, outcome.detail) == (TransferResult.FAILED, "nobody_can_ask")
        assert one.pbx.orders == []


@virtual_time
async def test_a_client_without_a_pbx_is_told_a_name_and_no_number() -> None:
    messages: list[dict[str, object]] = []
    async with exchange() as one:
        outcome = await one.put_through(tell=messages.append)
        assert outcome.connected
        assert messages == [{"type": "transfer", "name": "recepção"}]
        assert one.pbx.orders == []
