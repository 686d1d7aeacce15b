"""The audio socket on loopback, with a real WebSocket client at its other end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from realtime_bridge.ingress.connection import ConnectionTimes
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions, tls_from
from realtime_bridge.ingress.socket_leg import EARLY_FRAMES, UNSENT_FRAMES, SocketLeg
from realtime_bridge.leg import LegEnd, LegFormat
from tests.fakes.loops import both_loops
from tests.fakes.stream_door import MemoryDoor
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, StreamOptions, TicketRefusal
from voice_ai_service.errors import InvalidInput, Unavailable

QUICK = ConnectionTimes(handshake_s=0.3, ping_every_s=0.05, stall_s=0.3, close_s=0.3)
PATIENT = ConnectionTimes()


@dataclass
class Ear:
    """Implements LegListener, and remembers."""

    frames: list[bytes] = field(default_factory=list)
    digits: str = ""
    ends: list[LegEnd] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_audio(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.changed.set()

    def on_digits(self, digits: str) -> None:
        self.digits += digits
        self.changed.set()

    def on_end(self, end: LegEnd) -> None:
        self.ends.append(end)
        self.changed.set()

    async def until(self, happened: Callable[[Ear], bool]) -> None:
        async with asyncio.timeout(5):
            while not happened(self):
                self.changed.clear()
                await self.changed.wait()

    async def end(self) -> LegEnd:
        await self.until(lambda ear: bool(ear.ends))
        return self.ends[0]


@dataclass
class Bridge:
    server: StreamServer
    door: MemoryDoor
    registry: CollectorRegistry
    calls: asyncio.Queue[tuple[SocketLeg, RedeemedTicket]]

    def url(self, call_uuid: UUID, token: str | None) -> str:
        query = "" if token is None else f"?token={token}"
        return f"ws://127.0.0.1:{self.server.port}/stream/{call_uuid}{query}"

    @asynccontextmanager
    async def call(
        self, options: StreamOptions | None = None, **more: Any
    ) -> AsyncIterator[tuple[ClientConnection, SocketLeg, Ear]]:
        """A client, the leg that it is, and who listens to it."""
        url = self.url(*self.door.ticket(options))
        async with connect(url, compression=None, **more) as client:
            leg, _ = await self.next_call()
            ear = Ear()
            leg.listen(ear)
            yield client, leg, ear

    async def next_call(self) -> tuple[SocketLeg, RedeemedTicket]:
        async with asyncio.timeout(5):
            return await self.calls.get()

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def serving(times: ConnectionTimes = PATIENT, **options: Any) -> AsyncIterator[Bridge]:
    door, registry = MemoryDoor(), CollectorRegistry()
    calls: asyncio.Queue[tuple[SocketLeg, RedeemedTicket]] = asyncio.Queue()
    server = StreamServer(
        door,
        lambda leg, ticket: calls.put_nowait((leg, ticket)),
        IngressMetrics(registry),
        StreamServerOptions(port=0, times=times, **options),
    )
    async with server:
        yield Bridge(server, door, registry, calls)
    assert server.live == 0
    assert registry.get_sample_value("voice_ai_streams") == 0


async def refused(url: str, **more: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, compression=None, **more):
            pass
    response = caught.value.response
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, json.loads(response.body)["error"]


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame; the mask is nought."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([opcode]) + length + bytes(4) + payload


def tone(frame: int) -> bytes:
    return frame.to_bytes(2, "little") * 160


@both_loops
async def test_audio_both_ways_is_bit_exact_and_texts_arrive() -> None:
    async with serving() as bridge, bridge.call() as (client, leg, ear):
        for start in range(0, 60, 3):
            await client.send(b"".join(tone(number) for number in range(start, start + 3)))
        await client.send(json.dumps({"type": "dtmf", "digit": "5"}))
        await ear.until(lambda ear: ear.digits == "5")
        assert ear.frames == [tone(number) for number in range(60)]
        for number in range(50):
            leg.way_back.send(tone(number))
        leg.way_back.flush()
        leg.tell({"type": "transcript", "text": "olá"})
        await leg.way_back.clear()
        received = [await client.recv() for _ in range(52)]
        assert received[:50] == [tone(number) for number in range(50)]
        assert [json.loads(text) for text in received[50:]] == [
            {"type": "transcript", "text": "olá"},
            {"type": "clearAudio"},
        ]
        assert bridge.count("voice_ai_stream_frames_total", direction="in") == 60
        assert bridge.count("voice_ai_stream_frames_total", direction="out") == 50


@both_loops
async def test_the_leg_is_the_channel_in_the_agreed_format() -> None:
    async with serving() as bridge:
        call_uuid, token = bridge.door.ticket(StreamOptions(sample_rate_hz=16000, channels=2))
        async with connect(bridge.url(call_uuid, token)) as client:  # offers permessage-deflate
            assert client.response is not None
            assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
            leg, ticket = await bridge.next_call()
            assert (ticket.call_uuid, leg.leg_uuid) == (call_uuid, ticket.channel_uuid)
            assert leg.format == LegFormat(16000)
            ear = Ear()
            leg.listen(ear)
            await client.send(b"\x01\x00\x02\x00" * 320)
            await ear.until(lambda ear: bool(ear.frames))
            assert ear.frames == [b"\x01\x00" * 320]


@both_loops
async def test_what_came_before_anybody_listened_is_heard_first_the_oldest_is_dropped() -> None:
    async with serving() as bridge:
        async with connect(bridge.url(*bridge.door.ticket()), compression=None) as client:
            leg, _ = await bridge.next_call()
            for number in range(EARLY_FRAMES + 20):
                await client.send(tone(number))
            await client.send('{"type":"dtmf","digit":"7"}')
        async with asyncio.timeout(5):
            while leg.ended is None:
                await asyncio.sleep(0.01)
        ear = Ear()
        leg.listen(ear)
        assert ear.frames == [tone(number) for number in range(20, EARLY_FRAMES + 20)]
        assert (ear.digits, ear.ends) == ("7", [LegEnd.CLOSED])
        assert bridge.count("voice_ai_stream_frames_dropped_total", direction="in") == 20


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (TicketRefusal.UNKNOWN, 401, "unknown_ticket"),
        (TicketRefusal.EXPIRED, 401, "expired_ticket"),
        (TicketRefusal.USED, 409, "used_ticket"),
        (TicketRefusal.OVER, 404, "call_over"),
    ],
)
@both_loops
async def test_a_bad_ticket_is_an_http_error_and_counted(
    refusal: TicketRefusal, status: int, code: str
) -> None:
    async with serving() as bridge:
        bridge.door.tickets["bad"] = refusal
        answered, error = await refused(bridge.url(uuid4(), "bad"))
        assert (answered, error["code"]) == (status, code)
        assert bridge.count("voice_ai_stream_refused_total", reason=code) == 1
        assert bridge.calls.empty()


@both_loops
async def test_no_ticket_or_no_stream() -> None:
    async with serving() as bridge:
        assert (await refused(bridge.url(uuid4(), None)))[0] == 401
        assert (await refused(f"ws://127.0.0.1:{bridge.server.port}/elsewhere"))[0] == 404
        assert bridge.count("voice_ai_stream_refused_total", reason="not_a_stream") == 1


@both_loops
async def test_a_second_socket_for_a_live_call_is_refused_and_the_live_one_goes_on() -> None:
    async with serving() as bridge:
        call_uuid, token = bridge.door.ticket()
        async with connect(bridge.url(call_uuid, token), compression=None) as client:
            leg, _ = await bridge.next_call()
            ear = Ear()
            leg.listen(ear)
            assert (await refused(bridge.url(call_uuid, token)))[0] == 409
            assert (await refused(bridge.url(call_uuid, "other")))[0] == 401
            await client.send(tone(1))
            await ear.until(lambda ear: ear.frames == [tone(1)])
            leg.way_back.send(tone(2))
            assert await client.recv() == tone(2)
            assert bridge.calls.empty()


@both_loops
async def test_a_database_that_is_away_is_503_and_a_slow_one_too() -> None:
    async with serving(admission_s=0.2) as bridge:
        call_uuid, token = bridge.door.ticket()
        bridge.door.error = Unavailable("gone")
        assert (await refused(bridge.url(call_uuid, token)))[1]["code"] == "unavailable"
        bridge.door.error = None
        bridge.door.closed.clear()
        assert (await refused(bridge.url(call_uuid, token)))[0] == 503
        bridge.door.closed.set()
        async with connect(bridge.url(call_uuid, token)):
            await bridge.next_call()


@both_loops
async def test_above_the_limit_of_calls_the_next_is_busy_until_one_ends() -> None:
    async with serving(max_calls=1) as bridge:
        call_uuid, token = bridge.door.ticket()
        async with bridge.call() as (client, _, ear):
            status, error = await refused(bridge.url(call_uuid, token))
            assert (status, error["code"]) == (503, "busy")
            await client.close()
            await ear.end()
        async with asyncio.timeout(5):
            while bridge.server.live:
                await asyncio.sleep(0.01)
        async with connect(bridge.url(call_uuid, token)):
            await bridge.next_call()


@both_loops
async def test_draining_takes_no_new_calls_and_lets_the_live_ones_go_on() -> None:
    async with serving() as bridge, bridge.call() as (client, leg, ear):
        bridge.server.drain()
        status, error = await refused(bridge.url(*bridge.door.ticket()))
        assert (status, error["code"]) == (503, "draining")
        await client.send(tone(1))
        await ear.until(lambda ear: ear.frames == [tone(1)])
        # A transfer of a live call is no new call.
        expected = bridge.server.expect(uuid4(), LegFormat(8000))
        async with connect(expected.url):
            assert (await expected.arrives()).leg_uuid == expected.leg_uuid
        assert leg.ended is None


@both_loops
async def test_a_failing_door_ends_that_connection_only() -> None:
    async with serving() as bridge, bridge.call() as (client, _, ear):
        bridge.door.error = ValueError("a fault of ours")
        with pytest.raises((InvalidMessage, ConnectionError)):
            async with connect(bridge.url(*bridge.door.ticket())):
                pass
        await client.send(tone(1))
        await ear.until(lambda ear: ear.frames == [tone(1)])


@both_loops
async def test_goodbye_from_there() -> None:
    async with serving() as bridge, bridge.call() as (client, leg, ear):
        await client.close(1000, "Normal closure")
        assert await ear.end() is LegEnd.CLOSED
        leg.way_back.send(tone(1))
        leg.tell({"type": "alive"})
        await leg.way_back.clear()
        await leg.close()
        assert ear.ends == [LegEnd.CLOSED]
        assert bridge.count("voice_ai_streams_ended_total", end="closed") == 1
        with pytest.raises(Unavailable):
            await leg.way_back.open()


@both_loops
async def test_goodbye_from_here_twice() -> None:
    async with serving() as bridge, bridge.call() as (client, leg, ear):
        await leg.way_back.open()
        await asyncio.gather(leg.close(), leg.close())
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1000
        assert ear.ends == [LegEnd.OURS]
        assert bridge.server.live == 0


@both_loops
async def test_an_end_without_a_word_is_a_lost_leg() -> None:
    async with serving() as bridge, bridge.call() as (client, _, ear):
        client.transport.abort()
        assert await ear.end() is LegEnd.LOST


@pytest.mark.parametrize(
    ("message", "counted", "end"),
    [
        (bytes(1 << 20), "too_big", LegEnd.REFUSED),
        ('{"sample_rate_hz": 16000}', "wrong_format", LegEnd.REFUSED),
        (bytes(321), "odd_size", None),
        ("no json", "malformed_text", None),
        ('{"type":"audio","data":"AAAA"}', "unknown_text", None),
    ],
)
@both_loops
async def test_bad_messages_are_counted_and_other_calls_notice_nothing(
    message: bytes | str, counted: str, end: LegEnd | None
) -> None:
    async with (
        serving() as bridge,
        bridge.call() as (other, _, other_ear),
        bridge.call() as (client, _, ear),
    ):
        await client.send(message)
        if end is not None:
            assert await ear.end() is end
        else:
            await client.send(tone(1))
            await ear.until(lambda ear: tone(1) in ear.frames)
        assert bridge.count("voice_ai_stream_faults_total", fault=counted) == 1
        await other.send(tone(2))
        await other_ear.until(lambda ear: ear.frames == [tone(2)])


@both_loops
async def test_a_listener_that_raises_ends_its_own_call_only() -> None:
    class Broken(Ear):
        def on_audio(self, frame: bytes) -> None:
            raise RuntimeError("a fault of the session")

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    async with serving() as bridge, bridge.call() as (other, _, other_ear), bridge.call() as (client, leg, _):
        broken = Broken()
        leg.listen(broken)
        await client.send(tone(1))
        assert await broken.end() is LegEnd.LOST
        await other.send(tone(2))
        await other_ear.until(lambda ear: ear.frames == [tone(2)])


# A socket that stops reading, or living


@asynccontextmanager
async def raw_client(bridge: Bridge) -> AsyncIterator[tuple[socket.socket, SocketLeg, Ear]]:
    """A client that reads only what it is told to, behind a small window."""
    loop = asyncio.get_running_loop()
    call_uuid, token = bridge.door.ticket()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.setblocking(False)
    with contextlib.closing(raw):
        await loop.sock_connect(raw, ("127.0.0.1", bridge.server.port))
        head = (
            f"GET /stream/{call_uuid}?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await loop.sock_sendall(raw, head.encode())
        leg, _ = await bridge.next_call()
        ear = Ear()
        leg.listen(ear)
        yield raw, leg, ear


async def flood(bridge: Bridge, leg: SocketLeg) -> int:
    """Sends until frames are dropped; returns how many were sent."""
    for number in range(1, 10_000):
        leg.way_back.send(tone(number))
        if bridge.count("voice_ai_stream_frames_dropped_total", direction="out") >= 3:
            return number
        if number % 50 == 0:
            await asyncio.sleep(0)
    raise AssertionError("nothing was dropped: the buffer has no end")


@both_loops
async def test_a_socket_that_stops_reading_loses_the_oldest_then_the_call() -> None:
    times = ConnectionTimes(ping_every_s=60, stall_s=0.2, close_s=0.2)
    async with serving(times) as bridge, bridge.call() as (other, other_leg, _):
        async with raw_client(bridge) as (_, leg, ear):
            sent = await flood(bridge, leg)
            assert sent < 500, "the caller would hear what is ten seconds old"
            leg.tell({"type": "alive"})
            assert bridge.count("voice_ai_stream_texts_dropped_total") == 1
            assert await ear.end() is LegEnd.LOST
            assert bridge.count("voice_ai_stream_faults_total", fault="not_reading") == 1
        other_leg.way_back.send(tone(2))
        assert await other.recv() == tone(2)


@both_loops
async def test_a_socket_that_reads_again_hears_what_is_newest_in_order() -> None:
    loop = asyncio.get_running_loop()
    async with serving() as bridge, raw_client(bridge) as (raw, leg, _):
        last = await flood(bridge, leg)
        wire = b""
        async with asyncio.timeout(10):
            while not wire.endswith(tone(last)):
                wire += await loop.sock_recv(raw, 65536)
        _, _, messages = wire.partition(b"\r\n\r\n")
        frames = [messages[at + 4 : at + 324] for at in range(0, len(messages), 324)]
        numbers = [int.from_bytes(frame[:2], "little") for frame in frames]
        assert numbers == sorted(numbers)
        assert numbers[-UNSENT_FRAMES:] == list(range(last - UNSENT_FRAMES + 1, last + 1))
        assert last - len(numbers) == 3


@both_loops
async def test_clear_drops_what_was_not_sent_yet() -> None:
    loop = asyncio.get_running_loop()
    async with serving() as bridge, raw_client(bridge) as (raw, leg, _):
        last = await flood(bridge, leg)
        await leg.way_back.clear()
        wire = b""
        async with asyncio.timeout(10):
            while not wire.endswith(b'{"type":"clearAudio"}'):
                wire += await loop.sock_recv(raw, 65536)
        assert tone(last) not in wire


@both_loops
async def test_whoever_neither_speaks_nor_answers_pings_is_lost() -> None:
    async with serving(QUICK) as bridge, raw_client(bridge) as (_, _, ear):
        assert await ear.end() is LegEnd.LOST
        assert bridge.count("voice_ai_stream_faults_total", fault="unheard") == 1


@both_loops
async def test_whoever_speaks_but_stopped_answering_pings_hears_nothing_any_more_and_is_lost() -> None:
    loop = asyncio.get_running_loop()
    async with serving(QUICK) as bridge, raw_client(bridge) as (raw, leg, ear):
        await loop.sock_sendall(raw, masked(0x8A, b""))
        while leg.ended is None:
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(raw, masked(0x82, tone(1)))
            await asyncio.sleep(0.01)
        assert ear.ends == [LegEnd.LOST]
        assert tone(1) in ear.frames


@both_loops
async def test_whoever_never_answered_a_ping_but_speaks_stays() -> None:
    loop = asyncio.get_running_loop()
    async with serving(QUICK) as bridge, raw_client(bridge) as (raw, leg, ear):
        for _ in range(30):
            await loop.sock_sendall(raw, masked(0x82, tone(1)))
            await asyncio.sleep(0.01)
        assert leg.ended is None
        assert len(ear.frames) >= 20


@both_loops
async def test_pings_of_whoever_does_not_read_are_not_kept() -> None:
    loop = asyncio.get_running_loop()
    async with serving() as bridge, raw_client(bridge) as (raw, leg, ear):
        await flood(bridge, leg)
        (connection,) = bridge.server._connections
        before = connection._transport.get_write_buffer_size()
        for _ in range(500):
            await loop.sock_sendall(raw, masked(0x89, bytes(125)))
        await loop.sock_sendall(raw, masked(0x82, tone(1)))
        await ear.until(lambda ear: ear.frames == [tone(1)])
        assert connection._transport.get_write_buffer_size() <= before


@both_loops
async def test_whoever_is_silent_and_answers_pings_stays() -> None:
    async with serving(QUICK) as bridge, bridge.call() as (client, leg, ear):
        for _ in range(8):
            await asyncio.sleep(QUICK.ping_every_s)
        assert leg.ended is None
        await client.send(tone(1))
        await ear.until(lambda ear: ear.frames == [tone(1)])


@both_loops
async def test_whoever_never_finishes_the_request_is_cut_off() -> None:
    async with serving(QUICK) as bridge:
        reader, writer = await asyncio.open_connection("127.0.0.1", bridge.server.port)
        writer.write(b"GET /stream/")
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        assert bridge.count("voice_ai_stream_refused_total", reason="too_slow") == 1


@both_loops
async def test_a_client_that_left_during_the_handshake_costs_its_ticket_and_no_call() -> None:
    async with serving() as bridge:
        call_uuid, token = bridge.door.ticket()
        bridge.door.closed.clear()
        _, writer = await asyncio.open_connection("127.0.0.1", bridge.server.port)
        writer.write(
            f"GET /stream/{call_uuid}?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        async with asyncio.timeout(5):
            while not bridge.server.live:
                await asyncio.sleep(0.01)
            writer.transport.abort()
            while bridge.server.live:
                await asyncio.sleep(0.01)
            bridge.door.closed.set()
            while not bridge.door.let_gone:
                await asyncio.sleep(0.01)
        assert bridge.door.let_gone == [call_uuid]
        assert bridge.calls.empty()


@both_loops
async def test_leaving_says_goodbye_to_all_also_to_those_who_do_not_answer() -> None:
    async with contextlib.AsyncExitStack() as clients:
        async with serving(QUICK) as bridge:
            client, _, ear = await clients.enter_async_context(bridge.call())
            _, _, raw_ear = await clients.enter_async_context(raw_client(bridge))
        assert (ear.ends, raw_ear.ends) == ([LegEnd.OURS], [LegEnd.OURS])
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


# Legs that this process asks for


@both_loops
async def test_an_expected_leg_arrives_once() -> None:
    async with serving(max_calls=0) as bridge:
        leg_uuid = uuid4()
        expected = bridge.server.expect(leg_uuid, LegFormat(8000))
        assert (await refused(bridge.url(leg_uuid, "wrong")))[0] == 503
        async with connect(expected.url, compression=None) as client:
            leg = await expected.arrives()
            ear = Ear()
            leg.listen(ear)
            await client.send(tone(3))
            await ear.until(lambda ear: ear.frames == [tone(3)])
            assert (await refused(expected.url))[0] == 503
            assert bridge.server.live == 0
        assert await ear.end() is LegEnd.CLOSED


@both_loops
async def test_an_expected_leg_that_does_not_come_may_not_come_later() -> None:
    async with serving() as bridge:
        expected = bridge.server.expect(uuid4(), LegFormat(8000))
        with pytest.raises(Unavailable):
            await expected.arrives(0.05)
        assert (await refused(expected.url))[0] == 401
        cancelled = bridge.server.expect(uuid4(), LegFormat(8000))
        cancelled.cancel()
        assert (await refused(cancelled.url))[0] == 401


@both_loops
async def test_of_two_expectations_of_a_leg_the_later_counts() -> None:
    async with serving() as bridge:
        leg_uuid = uuid4()
        first = bridge.server.expect(leg_uuid, LegFormat(8000))
        second = bridge.server.expect(leg_uuid, LegFormat(16000))
        assert (await refused(first.url))[0] == 401
        async with connect(second.url):
            assert (await second.arrives()).format == LegFormat(16000)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@both_loops
async def test_with_tls_nothing_but_tls_is_understood(certificate: tuple[Path, Path]) -> None:
    trusting = ssl.create_default_context(cafile=certificate[0])
    async with serving(QUICK, tls=tls_from(*certificate)) as bridge:
        call_uuid, token = bridge.door.ticket()
        with pytest.raises((InvalidMessage, OSError, EOFError)):
            async with connect(bridge.url(call_uuid, token)):
                pass
        url = bridge.url(call_uuid, token).replace("ws://", "wss://")
        async with connect(url, ssl=trusting) as client:
            leg, _ = await bridge.next_call()
            ear = Ear()
            leg.listen(ear)
            await client.send(tone(1))
            await ear.until(lambda ear: ear.frames == [tone(1)])
            leg.way_back.send(tone(2))
            assert await client.recv() == tone(2)
        assert bridge.server.expect(uuid4(), LegFormat(8000)).url.startswith("wss://")


@both_loops
async def test_half_of_a_certificate_is_refused_at_start(certificate: tuple[Path, Path]) -> None:
    assert tls_from(None, None) is None
    with pytest.raises(InvalidInput, match="key"):
        tls_from(certificate[0], None)
    with pytest.raises(InvalidInput):
        tls_from(certificate[1], certificate[0])


@both_loops
async def test_a_port_that_is_taken_is_said_at_start() -> None:
    async with serving() as bridge:
        with pytest.raises(InvalidInput, match="could not listen"):
            async with serving_on(bridge.server.port):
                pass


@asynccontextmanager
async def serving_on(port: int) -> AsyncIterator[None]:
    server = StreamServer(
        MemoryDoor(),
        lambda _leg, _ticket: None,
        IngressMetrics(CollectorRegistry()),
        StreamServerOptions(port=port),
    )
    async with server:
        yield
