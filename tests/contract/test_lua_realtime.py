"""The realtime side of the shipped Lua scripts: the watcher's rule, its thread, and a call that is streamed.

The service is the scripted one over real HTTP; the PBX is the simulated one, with events and a stream that the test
plays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.realtime_service import RealtimeService
from tests.fakes.streaming_pbx import StreamedCall
from tests.fakes.turn_service import TOKEN, Reply
from voice_ai_service.simulated_caller.lua import SCRIPTS_DIR, new_runtime, text

pytest.importorskip("lupa", reason="the Lua runtime is not installed (extra: embedded)")

TO_2001: dict[str, Any] = {
    "type": "transfer",
    "destination": {"name": "x", "kind": "extension", "number": "2001"},
    "reason": "fallback",
}


class Watching:
    """watching.lua with its rescues written down."""

    def __init__(self, rescued: bool = True) -> None:
        runtime = new_runtime()
        runtime.execute(f'package.path = "{SCRIPTS_DIR}/?.lua;" .. package.path'.encode())
        module = runtime.eval(b'require("app.voice_secretary.resources.watching")')
        self.lost: list[tuple[str, str]] = []

        def rescue(uuid: bytes, why: bytes) -> bool:
            self.lost.append((text(uuid), text(why)))
            return rescued

        self._table = module[b"new"](rescue)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        encoded = b"lost" if name == "lose" else name.encode()
        return lambda *values: self._table[encoded](
            self._table, *(value.encode() if isinstance(value, str) else value for value in values)
        )

    @property
    def count(self) -> int:
        return int(self._table[b"count"])


class TestTheRule:
    def test_no_connection_in_time(self) -> None:
        watching = Watching()
        watching.begin("a")
        for _ in range(24):
            watching.tick(50)
        assert watching.lost == []
        watching.tick(50)
        assert watching.lost == [("a", "not connected")]
        assert watching.count == 0

    def test_the_time_begins_again_with_the_stream(self) -> None:
        watching = Watching()
        watching.begin("a")
        watching.tick(1000)
        watching.begin("a")
        watching.tick(1000)
        assert watching.lost == []

    def test_a_bridge_that_says_nothing_for_too_long(self) -> None:
        watching = Watching()
        watching.begin("a")
        watching.begin("b")
        for name in "ab":
            watching.heard(name)
        for second in range(5):
            for _ in range(20):
                watching.tick(50)
            watching.heard("a")
            assert watching.lost == ([] if second < 2 else [("b", "silent")])

    def test_one_that_begins_again_while_connected_keeps_its_time(self) -> None:
        watching = Watching()
        watching.begin("a", True)
        watching.tick(2400)
        watching.begin("a")
        watching.tick(200)
        assert watching.lost == [("a", "silent")]

    def test_a_lost_stream_is_lost_once(self) -> None:
        watching = Watching()
        watching.begin("a")
        watching.lose("a", "error")
        watching.lose("a", "disconnect")
        watching.tick(60_000)
        assert watching.lost == [("a", "error")]

    def test_who_is_without_a_bridge_on_purpose_is_asked_for_again(self) -> None:
        watching = Watching(rescued=False)
        watching.begin("a", True)
        for _ in range(2):
            watching.tick(2600)
        watching.heard("a")
        watching.tick(2400)
        assert (watching.lost, watching.count) == ([("a", "silent")] * 2, 1)

    def test_who_is_done_is_not_rescued(self) -> None:
        watching = Watching()
        watching.begin("a")
        watching.finish("a")
        watching.finish("a")
        watching.heard("a")
        watching.tick(60_000)
        assert (watching.lost, watching.count) == ([], 0)

    @given(
        st.lists(
            st.tuples(st.sampled_from(["begin", "finish", "heard", "tick", "lose"]), st.sampled_from("ab"))
        )
    )
    def test_any_order_counts_right_and_rescues_nobody_twice(self, steps: list[tuple[str, str]]) -> None:
        watching = Watching()
        watched: set[str] = set()
        for verb, name in steps:
            before = len(watching.lost)
            if verb == "tick":
                watching.tick(1300)
            elif verb == "lose":
                watching.lose(name, "error")
            else:
                getattr(watching, verb)(name)
                watched = (
                    watched | {name} if verb == "begin" else watched - {name} if verb == "finish" else watched
                )
            for gone, _ in watching.lost[before:]:
                assert gone in watched
                watched.discard(gone)
            assert watching.count == len(watched)


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.005)


@contextmanager
def streamed(service: RealtimeService, work: Path, **variables: str) -> Iterator[StreamedCall]:
    service.stream_url = lambda uuid: f"ws://127.0.0.1:8080/stream/{uuid}?token=a-b_c"
    call = StreamedCall(service.url, TOKEN, str(work), **variables)
    call.begin()
    try:
        yield call
    finally:
        call.close()


def parked(call: StreamedCall) -> None:
    assert call.channel.parked.wait(5), "the call was not parked"


class TestACall:
    def test_is_streamed_and_parked(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path) as call:
            parked(call)
            assert call.pbx.streams == [
                ("start", f"ws://127.0.0.1:8080/stream/{call.uuid}?token=a-b_c mono 8k")
            ]
            assert call.channel.variables["send_silence_when_idle"] == "-1"
            assert call.channel.variables["voice_secretary_guard"] == "on"
            call.pbx.stream_says("connect")
            call.channel.end("recv_bye")
            call.join()
            until(lambda: bool(service.ends()))
        assert service.ends()[0].reason == "caller_hangup"
        assert service.offers == [{"sample_rate_hz": 8000, "playout": "auto", "control": "pbx"}]
        assert call.channel.sent_to == []
        assert list(tmp_path.glob("voice-secretary-*")) == []

    def test_the_bridge_hangs_up(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path) as call:
            parked(call)
            call.channel.end("")
            call.join()
            until(lambda: bool(service.ends()))
        assert service.ends()[0].reason == "secretary_hangup"

    def test_the_bridge_puts_it_through(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path) as call:
            parked(call)
            call.channel.go_elsewhere("the attendant")
            call.join()
            # What the stream's end says now is no loss.
            call.pbx.stream_says("disconnect")
            call.pbx.join(5)
        assert service.ends()[0].reason == "transferred"
        assert call.channel.sent_to == ["the attendant"]
        assert call.channel.variables["voice_secretary_guard"] == "off"

    def test_unicast_is_parked_without_silence(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path, voice_ai_playout="unicast") as call:
            parked(call)
            assert "send_silence_when_idle" not in call.channel.variables
            call.channel.end("recv_bye")
            call.join()
        assert service.offers[0] is not None
        assert service.offers[0]["playout"] == "unicast"

    def test_turn_mode_is_a_choice(self, tmp_path: Path) -> None:
        service = RealtimeService(greeting=Reply(action={"type": "hangup", "reason": "completed"}))
        with service, streamed(service, tmp_path, voice_ai_mode="turn") as call:
            call.join()
        assert service.offers == [None]
        assert call.pbx.streams == []

    def test_the_watcher_goes_with_its_last_call(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path) as call:
            parked(call)
            assert call.pbx.variable("voice_secretary_watcher")
            call.channel.end("recv_bye")
            call.join()
            until(lambda: call.pbx.variable("voice_secretary_watcher") == "")


class TestRescue:
    @pytest.mark.parametrize("event", ["error", "disconnect"])
    def test_to_the_number_that_the_service_named(self, tmp_path: Path, event: str) -> None:
        service = RealtimeService(set_up={"fallback": TO_2001})
        with service, streamed(service, tmp_path, voice_secretary_fallback="3000") as call:
            parked(call)
            call.pbx.stream_says("connect")
            call.pbx.stream_says(event)
            call.join()
            (where,) = call.channel.sent_to
            assert where == f"'lua:{SCRIPTS_DIR}/app/voice_secretary/index.lua rescue' inline"
            call.rescue()
            call.join()
            until(lambda: bool(service.ends()))
        assert call.channel.transferred_to == "2001"
        assert service.ends()[0].reason == "fallback"
        played = [data for name, data in call.channel.applications if name == "playback"]
        assert [Path(file).name.rsplit("-", 1)[-1] for file in played] == ["apology.wav"]
        assert ("stop", "") in call.pbx.streams
        assert list(tmp_path.glob("voice-secretary-*")) == []

    def test_else_to_the_dialplans(self, tmp_path: Path) -> None:
        with (
            RealtimeService() as service,
            streamed(service, tmp_path, voice_secretary_fallback="3000") as call,
        ):
            parked(call)
            call.pbx.stream_says("error")
            call.join()
            call.rescue()
            call.join()
        assert call.channel.transferred_to == "3000"

    def test_else_in_turns_as_another_call(self, tmp_path: Path) -> None:
        service = RealtimeService(replies=[Reply(action={"type": "hangup", "reason": "completed"})])
        with service, streamed(service, tmp_path) as call:
            parked(call)
            call.pbx.stream_says("error")
            call.join()
            call.rescue()
            call.join(20)
            until(lambda: len(service.ends()) == 2)
        assert service.offers == [service.offers[0], None]
        calls = [body.call_uuid for path, body in service.received if path == "/api/v1/calls"]  # type: ignore[attr-defined]
        assert len(set(calls)) == 2
        assert service.violations == []

    def test_without_an_apology_the_caller_hears_a_tone(self, tmp_path: Path) -> None:
        service = RealtimeService(set_up={"fallback": TO_2001, "apology": None})
        with service, streamed(service, tmp_path) as call:
            parked(call)
            call.pbx.stream_says("error")
            call.join()
            call.rescue()
            call.join()
        assert any(data.startswith("tone_stream://") for _, data in call.channel.applications)
        assert call.channel.transferred_to == "2001"

    def test_a_stream_that_the_pbx_refuses(self, tmp_path: Path) -> None:
        service = RealtimeService(set_up={"fallback": TO_2001})
        service.stream_url = lambda uuid: f"ws://127.0.0.1:8080/stream/{uuid}"
        with service:
            call = StreamedCall(service.url, TOKEN, str(tmp_path))
            call.pbx.refuses = "-ERR Operation Failed\n"
            call.begin()
            call.join()
            call.close()
        assert (call.channel.transferred_to, service.ends()[0].reason) == ("2001", "fallback")
        assert not call.channel.parked.is_set()

    @pytest.mark.parametrize(
        "url",
        ["", "http://x/", "ws://x/ mono 8k", "ws://x/'", "ws://x/;", "ws://x/" + "a" * 5000, "ws://u:p@x/"],
    )
    def test_an_address_that_is_none_is_not_used(self, tmp_path: Path, url: str) -> None:
        service = RealtimeService(set_up={"fallback": TO_2001})
        service.stream_url = lambda _uuid: url
        with service:
            call = StreamedCall(service.url, TOKEN, str(tmp_path))
            call.begin()
            call.join()
            call.close()
        assert call.pbx.streams == []
        assert call.channel.transferred_to == "2001"

    def test_a_stream_that_is_stopped_on_purpose_and_comes_back(self, tmp_path: Path) -> None:
        with (
            RealtimeService() as service,
            streamed(service, tmp_path, voice_secretary_fallback="3000") as call,
        ):
            parked(call)
            call.pbx.stream_says("connect")
            call.channel.variables["voice_secretary_guard"] = "off"
            call.pbx.stream_says("disconnect")
            time.sleep(0.2)
            assert call.channel.sent_to == []
            call.pbx.stream_says("connect")
            call.channel.variables["voice_secretary_guard"] = "on"
            call.pbx.stream_says("disconnect")
            call.join()
            assert len(call.channel.sent_to) == 1

    @pytest.mark.parametrize("more", [1, 3])
    def test_of_several_watchers_one_stays_and_rescues_once(self, tmp_path: Path, more: int) -> None:
        with (
            RealtimeService() as service,
            streamed(service, tmp_path, voice_secretary_fallback="3000") as call,
        ):
            parked(call)
            for _ in range(more):
                call.pbx.execute("luarun", f"{SCRIPTS_DIR}/app/voice_secretary/watch.lua {call.uuid}")
            until(lambda: len([thread for thread in call.pbx.watchers if thread.is_alive()]) == 1)
            call.pbx.stream_says("connect")
            call.pbx.stream_says("error")
            call.join()
            time.sleep(0.2)
            assert len(call.channel.sent_to) == 1

    def test_the_events_of_others_do_not_count(self, tmp_path: Path) -> None:
        with RealtimeService() as service, streamed(service, tmp_path) as call:
            parked(call)
            call.pbx.stream_says("connect")
            call.pbx.stream_says("error", "11111111-1111-4111-8111-111111111111")
            call.pbx.stream_says("json")
            time.sleep(0.2)
            assert call.channel.sent_to == []
            call.channel.end("recv_bye")
            call.join()
