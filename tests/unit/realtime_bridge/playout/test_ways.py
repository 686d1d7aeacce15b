"""Which way back an installation gets: what was heard in a trial, and never silently one that was not."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.playout.unicast import UnicastPorts
from realtime_bridge.playout.ways import WayMaker, WayName, Ways
from tests.fakes.echo_line import EchoLines
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.errors import InvalidInput, Unavailable


class Losses:
    def on_lost(self, lost_ms: int) -> None: ...


def ways(lines: EchoLines, setting: str = "auto") -> Ways:
    loop = asyncio.get_running_loop()
    return Ways(setting, lines.open, WayMaker(lines, UnicastPorts(), loop, Losses()))


@pytest.mark.parametrize("works", [WayName.SOCKET, WayName.PLAYBACK])
def test_the_way_that_is_heard_is_taken(works: WayName) -> None:
    @virtual_time
    async def run() -> None:
        lines = EchoLines(works)
        found = ways(lines)
        decision = await found.decide()
        assert decision.way is works
        assert decision.proven
        delay_ms = decision.delays_ms[works]
        assert delay_ms is not None
        assert delay_ms < 150
        assert found.way_for("auto") is works
        assert all(leg.closed for leg in lines.legs)

    run()


@virtual_time
async def test_the_socket_comes_first_where_both_work() -> None:
    found = ways(EchoLines(WayName.PLAYBACK, WayName.SOCKET))
    assert (await found.decide()).way is WayName.SOCKET


@virtual_time
async def test_a_pbx_on_which_nothing_is_heard_gets_no_calls() -> None:
    lines = EchoLines()
    found = ways(lines)
    decision = await found.decide()
    assert decision.way is None
    assert list(decision.delays_ms) == list(WayName)
    assert lines.silences == [True, True, False], (
        "unicast is tried on a channel that writes no silence itself"
    )
    with pytest.raises(Unavailable):
        found.way_for("auto")
    assert found.way_for("playback") is WayName.PLAYBACK


@virtual_time
async def test_where_no_trial_can_be_made_the_way_is_one_that_every_build_has_and_says_that_it_is_unproven() -> (
    None
):
    lines = EchoLines(WayName.SOCKET)
    lines.away = True
    found = ways(lines)
    assert found.way_for("auto") is WayName.PLAYBACK
    decision = await found.decide()
    assert decision.way is WayName.PLAYBACK
    assert not decision.proven


@virtual_time
async def test_the_operators_wish_is_followed_and_its_failure_is_known() -> None:
    lines = EchoLines(WayName.PLAYBACK)
    found = ways(lines, "socket")
    decision = await found.decide()
    assert decision.way is WayName.SOCKET
    assert not decision.proven
    assert decision.delays_ms == {WayName.SOCKET: None}
    assert found.way_for("auto") is WayName.SOCKET
    assert found.way_for("playback") is WayName.PLAYBACK


@virtual_time
async def test_without_a_pbx_clients_take_frames_on_their_socket() -> None:
    found = Ways("auto", None, None)
    assert found.way_for("auto") is WayName.SOCKET
    decision = await found.decide()
    assert decision.way is WayName.SOCKET
    assert not decision.proven


@virtual_time
async def test_a_pbx_that_comes_back_with_another_module_is_tried_again() -> None:
    lines = EchoLines(WayName.PLAYBACK)
    lines.away = True
    found = ways(lines)
    deciding = asyncio.create_task(found.keep_deciding(lambda: lines.connected, LoopClock()))
    await asyncio.sleep(5)
    assert found.decision is None
    lines.away = False
    await asyncio.sleep(10)
    assert found.way_for("auto") is WayName.PLAYBACK
    tried = len(lines.legs)
    await asyncio.sleep(30)
    assert len(lines.legs) == tried, "it is not asked again while it stays"
    lines.away = True
    await asyncio.sleep(3)
    lines.works = {WayName.SOCKET}
    lines.away = False
    await asyncio.sleep(10)
    assert found.way_for("auto") is WayName.SOCKET
    deciding.cancel()


def test_a_way_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no such way"):
        Ways("carrier pigeon", None, None)
    with pytest.raises(InvalidInput):
        Ways("auto", None, None).way_for("")
