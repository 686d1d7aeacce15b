"""Every way a transfer can end, with the end of both legs on the exchange."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from realtime_bridge.transfer.outcome import LegState, TransferResult
from realtime_bridge.transfer.seam import AttendantPressed, AttendantSaid, TransferStyle
from tests.fakes.attendants import Reaction
from tests.fakes.pbx import Phone
from tests.fakes.virtual_time import virtual_time
from tests.unit.realtime_bridge.transfer.matrix import (
    ATTENDANT,
    BACK,
    CALLER,
    CONNECTED,
    GONE,
    NONE,
    UNKNOWN,
    exchange,
)
from voice_ai_service.errors import InvalidInput, ProviderUnavailable, Unavailable, VoiceAiError

Result = TransferResult
BLIND, ATTENDED = TransferStyle.BLIND, TransferStyle.ATTENDED
BOTH = [BLIND, ATTENDED]


def moments(*after_s: float) -> list[tuple[TransferStyle, float]]:
    """Of a phone that answers after two seconds: a blind transfer is over by then."""
    return [(style, at) for style in BOTH for at in after_s if style is ATTENDED or at < 2]


YES = Reaction(1, 1.0, AttendantSaid("sim"))


@dataclass(frozen=True)
class Row:
    name: str
    phone: Phone
    result: TransferResult
    caller: LegState
    attendant: LegState
    within_s: float


UNANSWERED = [
    Row("busy", Phone(ends_after_s=0.5, cause="USER_BUSY"), Result.BUSY, BACK, GONE, 2.5),
    Row("declined", Phone(ends_after_s=1, cause="CALL_REJECTED"), Result.REFUSED, BACK, GONE, 3),
    Row("no answer", Phone(answers_after_s=None), Result.NO_ANSWER, BACK, GONE, 27),
    Row("answers too late", Phone(answers_after_s=60), Result.NO_ANSWER, BACK, GONE, 27),
    Row("do not disturb", Phone(available=False), Result.UNREACHABLE, BACK, NONE, 0.5),
    Row("phone off", Phone(ends_after_s=0.1, cause="USER_NOT_REGISTERED"), Result.UNREACHABLE, BACK, GONE, 2),
    Row("480", Phone(ends_after_s=0.1, cause="NORMAL_TEMPORARY_FAILURE"), Result.UNREACHABLE, BACK, GONE, 2),
    Row(
        "no such number", Phone(ends_after_s=0, cause="UNALLOCATED_NUMBER"), Result.UNREACHABLE, BACK, GONE, 2
    ),
    Row("PBX failure", Phone(ends_after_s=0.1, cause="SWITCH_CONGESTION"), Result.FAILED, BACK, GONE, 2),
    Row("a cause nobody knows", Phone(ends_after_s=0.1, cause="X"), Result.FAILED, BACK, GONE, 2),
]


@pytest.mark.parametrize("style", BOTH)
@pytest.mark.parametrize("row", UNANSWERED, ids=lambda row: row.name)
def test_nobody_takes_the_call(row: Row, style: TransferStyle) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(row.phone) as one:
            began = asyncio.get_running_loop().time()
            outcome = await one.put_through(style)
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                row.result,
                row.caller,
                row.attendant,
            )
            assert asyncio.get_running_loop().time() - began <= row.within_s
            assert outcome.caller_is_back
            one.check(outcome)

    run()


@pytest.mark.parametrize(("style", "reactions"), [(BLIND, ()), (ATTENDED, (YES,))])
def test_somebody_takes_the_call(style: TransferStyle, reactions: tuple[Reaction, ...]) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(), *reactions) as one:
            outcome = await one.put_through(style)
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                Result.CONNECTED,
                CONNECTED,
                CONNECTED,
            )
            assert 2000 <= outcome.rang_ms <= 2200
            assert not outcome.caller_is_back
            one.check(outcome)
            music = [verb for verb, _ in one.pbx.orders if verb.endswith("music") or verb == "bridge"]
            assert music == ["start_music", "stop_music", "bridge"]
            one.pbx.party_hangs_up(ATTENDANT)
            assert not one.pbx.channels, "one leg outlived the other"

    run()


CALLER_GOES = moments(0.0, 0.003, 0.02, 1.0, 3.0, 6.5)
"""Before anything, while it is ordered, before the leg exists, while it rings, is told, is asked."""


@pytest.mark.parametrize(("style", "after_s"), CALLER_GOES)
def test_the_caller_hangs_up(style: TransferStyle, after_s: float) -> None:
    attendant = GONE if after_s else NONE

    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            if after_s:
                one.pbx.later(after_s, one.pbx.party_hangs_up, CALLER)
            else:
                one.pbx.party_hangs_up(CALLER)
            outcome = await one.put_through(style)
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                Result.CALLER_GONE,
                GONE,
                attendant,
            )
            await asyncio.sleep(30)
            assert not one.pbx.channels, "a leg came to be after its caller was gone"
            assert one.sweeper.owed == 0
            one.check(outcome)

    run()


@pytest.mark.parametrize(
    ("style", "hangs_up_after_s", "result"),
    [
        (ATTENDED, 0.0, Result.ATTENDANT_GONE),
        (ATTENDED, 1.0, Result.ATTENDANT_GONE),
        (ATTENDED, 5.0, Result.ATTENDANT_GONE),
        (ATTENDED, 9.0, Result.ATTENDANT_GONE),
        (BLIND, 0.0, Result.ATTENDANT_GONE),
    ],
)
def test_the_attendant_hangs_up_before_being_connected(
    style: TransferStyle, hangs_up_after_s: float, result: TransferResult
) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(hangs_up_after_s=hangs_up_after_s)) as one:
            outcome = await one.put_through(style)
            assert (outcome.result, outcome.caller, outcome.attendant) == (result, BACK, GONE)
            one.check(outcome)

    run()


def test_the_attendant_hangs_up_in_the_moment_of_being_connected() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            one.pbx.hanging.add("bridge")
            one.pbx.later(2.1, one.pbx.party_hangs_up, ATTENDANT)
            outcome = await one.put_through()
            assert (outcome.result, outcome.caller, outcome.attendant) == (Result.ATTENDANT_GONE, BACK, GONE)
            one.check(outcome)

    run()


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (AttendantSaid("sim"), Result.CONNECTED),
        (AttendantSaid("Sim, pode passar."), Result.CONNECTED),
        (AttendantSaid("pode passar por favor"), Result.CONNECTED),
        (AttendantPressed("1"), Result.CONNECTED),
        (AttendantSaid("não"), Result.REFUSED),
        (AttendantSaid("Não, agora não posso."), Result.REFUSED),
        (AttendantSaid("sim... não, espera, agora não"), Result.REFUSED),
        (AttendantPressed("2"), Result.REFUSED),
        (AttendantPressed("5"), Result.NOT_ACCEPTED),
        (AttendantSaid(""), Result.NOT_ACCEPTED),
        (AttendantSaid("quem é?"), Result.NOT_ACCEPTED),
        (AttendantSaid("sim?"), Result.NOT_ACCEPTED),
        (AttendantSaid("pode deixar o seu recado após o sinal"), Result.NOT_ACCEPTED),
        (AttendantSaid("que"), Result.NOT_ACCEPTED),
    ],
)
def test_only_an_explicit_yes_connects(
    said: AttendantSaid | AttendantPressed, result: TransferResult
) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(), Reaction(1, 1.0, said)) as one:
            outcome = await one.put_through(ATTENDED)
            assert outcome.result is result
            assert ("bridge", CALLER) in one.pbx.orders if outcome.connected else outcome.caller is BACK
            assert (len(one.attendants.told) == 3) == (result is Result.NOT_ACCEPTED), "asked twice, not more"
            one.check(outcome)

    run()


def test_a_key_of_the_telephone_counts_even_during_the_announcement() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(digits=((0.5, "1"),))) as one:
            outcome = await one.put_through(ATTENDED)
            assert outcome.result is Result.CONNECTED
            assert one.attendants.whole == [False], "the announcement went on over the answer"
            one.check(outcome)

    run()


def test_sim_is_how_people_answer_the_telephone_and_no_yes() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(), Reaction(0, 0.5, AttendantSaid("sim"))) as one:
            outcome = await one.put_through(ATTENDED)
            assert (outcome.result, outcome.caller, outcome.attendant) == (Result.NOT_ACCEPTED, BACK, GONE)

    run()


def test_who_did_not_understand_is_asked_once_more() -> None:
    @virtual_time
    async def run() -> None:
        reactions = (Reaction(1, 1.0, AttendantSaid("quem fala")), Reaction(2, 6.0, AttendantSaid("pode")))
        async with exchange(Phone(), *reactions) as one:
            outcome = await one.put_through(ATTENDED)
            assert outcome.result is Result.CONNECTED
            assert len(one.attendants.told) == 3

    run()


def test_the_attendant_is_told_who_calls_and_why() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(), YES) as one:
            await one.put_through(ATTENDED)
            assert one.attendants.told[0] == (
                "Chamada de 1 1, 9 8 7 6 5, 4 3 2 1, sobre segunda via do boleto."
            )
            assert one.pbx.rung[0].caller_number == "+5511987654321"
            assert one.pbx.rung[0].for_channel == CALLER

    run()


ORDERS = [
    (style, verb) for style in BOTH for verb in ("available", "start_music", "ring", "bridge", "stop_music")
]


@pytest.mark.parametrize(("style", "verb"), [*ORDERS, (ATTENDED, "start_stream")])
@pytest.mark.parametrize(
    ("error", "result"),
    [(Unavailable("away"), Result.LOST), (InvalidInput("refused"), Result.FAILED)],
    ids=["unavailable", "refused"],
)
def test_the_pbx_fails_at_an_order(
    style: TransferStyle, verb: str, error: VoiceAiError, result: TransferResult
) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(), YES) as one:
            one.pbx.fail[verb] = error
            outcome = await one.put_through(style)
            assert outcome.result is result
            one.pbx.fail.clear()
            await asyncio.sleep(30)
            assert set(one.pbx.channels) == {CALLER}, "a leg was left"
            assert not one.pbx.channels[CALLER].music
            assert one.sweeper.owed == 0

    run()


@pytest.mark.parametrize(("style", "after_s"), moments(0.0, 0.002, 0.5, 1.9, 3.0, 6.5))
def test_the_connection_to_the_pbx_is_lost_and_comes_back(style: TransferStyle, after_s: float) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            if after_s:
                one.pbx.later(after_s, one.pbx.disconnect)
            else:
                one.pbx.disconnect()
            began = asyncio.get_running_loop().time()
            outcome = await one.put_through(style)
            assert outcome.result is Result.LOST
            assert asyncio.get_running_loop().time() - began <= after_s + 2
            assert outcome.caller_is_back
            assert outcome.attendant in (UNKNOWN, NONE)
            one.pbx.later(5.0, one.pbx.reconnect)
            await asyncio.sleep(60)
            assert set(one.pbx.channels) == {CALLER}, "a leg was left"
            assert not one.pbx.channels[CALLER].music
            assert one.sweeper.owed == 0

    run()


@pytest.mark.parametrize("style", BOTH)
def test_the_pbx_dies_and_comes_back_empty(style: TransferStyle) -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            one.pbx.later(1.0, one.pbx.restart)
            outcome = await one.put_through(style)
            assert (outcome.result, outcome.caller, outcome.attendant) == (Result.LOST, GONE, GONE)

    run()


def test_a_pbx_that_takes_orders_and_does_nothing() -> None:
    @virtual_time
    async def run() -> None:
        for verb, result in (("ring", Result.NO_ANSWER), ("bridge", Result.FAILED)):
            async with exchange() as one:
                one.pbx.hanging.add(verb)
                outcome = await one.put_through()
                assert (outcome.result, outcome.caller, outcome.attendant) == (result, BACK, GONE)
                one.check(outcome)

    run()


def test_a_voice_that_fails_leaves_nobody_on_the_line() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            one.attendants.voice_fails = ProviderUnavailable("down", provider="stub")
            outcome = await one.put_through(ATTENDED)
            assert (outcome.result, outcome.caller, outcome.attendant) == (Result.FAILED, BACK, GONE)
            assert outcome.detail == "provider_unavailable"
            one.check(outcome)

    run()


@pytest.mark.parametrize(("style", "after_s"), moments(0.0005, 0.003, 0.02, 1.0, 3.0, 6.5))
def test_the_calls_scope_ends_in_the_middle(style: TransferStyle, after_s: float) -> None:
    """Whoever asked is cancelled: the session died, the process drains."""

    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            task = asyncio.create_task(one.put_through(style))
            await asyncio.sleep(after_s)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            await asyncio.sleep(30)
            assert set(one.pbx.channels) == {CALLER}
            assert not one.pbx.channels[CALLER].music
            assert one.attendants.open_lines == 0
            assert one.sweeper.owed == 0

    run()


def test_who_is_connected_stays_connected_when_the_scope_ends() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange() as one:
            task = asyncio.create_task(one.put_through())
            while not any(channel.bridged_to for channel in one.pbx.channels.values()):
                await asyncio.sleep(0.0001)
            await asyncio.sleep(0)  # the PBX said so, and nobody has read it yet
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(30)
            assert set(one.pbx.channels) == {CALLER, ATTENDANT}

    run()


def test_two_transfers_one_after_another() -> None:
    @virtual_time
    async def run() -> None:
        async with exchange(Phone(ends_after_s=0.5)) as one:
            first = await one.put_through()
            one.pbx.phones = dict.fromkeys(one.pbx.phones, Phone())
            second = await one.put_through()
            assert (first.result, second.result) == (Result.BUSY, Result.CONNECTED)
            one.check(second)

    run()
