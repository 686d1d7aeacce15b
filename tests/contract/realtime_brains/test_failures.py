"""Every way in which a vendor can fail, and what the session hears of it: an error of ours, in time, and no more."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest
import structlog

from realtime_bridge.providers.seam import BrainFailed, CallerSaid, ReplyBegan, ReplyFinished, Waiting
from tests.contract.realtime_brains.wires import (
    ELEVENLABS,
    GEMINI,
    HASTY,
    LOOPBACK,
    OPENAI,
    QUICK,
    VENDORS,
    BrainWire,
)
from tests.fakes.websocket_vendor import VENDOR_WORDS, Said, Wire
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.entry import ProviderContext

each_vendor = pytest.mark.parametrize("wire", VENDORS, ids=lambda wire: wire.name)


async def opening(wire: BrainWire, base_url: str, **more: Any) -> ProviderError:
    brain = wire.brain(base_url, **more)
    with structlog.testing.capture_logs() as logs, pytest.raises(ProviderError) as raised:
        await brain.open()
    await brain.close()
    assert VENDOR_WORDS not in str(raised.value)
    assert VENDOR_WORDS not in str([line for line in logs if line["log_level"] != "debug"])
    assert raised.value.provider == wire.provider
    return raised.value


@each_vendor
async def test_a_wrong_key(wire: BrainWire) -> None:
    async with wire.vendor() as fake:
        error = await opening(wire, fake.base_url, key="wrong")
        assert isinstance(error, ProviderRefused)
        assert error.field == "secret"


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (403, {}, ProviderRefused),
        (404, {}, ProviderRefused),
        (429, {"retry-after": "7"}, ProviderBusy),
        (500, {}, ProviderUnavailable),
        (503, {}, ProviderUnavailable),
        (302, {"location": "ws://169.254.169.254/"}, ProviderProtocol),
        (200, {}, ProviderProtocol),
    ],
)
@each_vendor
async def test_an_answer_instead_of_a_handshake(
    wire: BrainWire, status: int, headers: dict[str, str], expected: type[ProviderError]
) -> None:
    async with wire.vendor(wire=Wire(status=status, headers=headers)) as fake:
        error = await opening(wire, fake.base_url)
        assert type(error) is expected
        if status == 429:
            assert error.retry_after_s == 7


@each_vendor
async def test_nobody_listens(wire: BrainWire) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await opening(wire, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert isinstance(error, ProviderUnavailable)


@each_vendor
async def test_somebody_accepts_and_says_nothing(wire: BrainWire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        error = await opening(wire, f"http://127.0.0.1:{mute.getsockname()[1]}", timeouts=HASTY)
    assert isinstance(error, ProviderTimeout)
    assert time.monotonic() - began < 3


@each_vendor
async def test_the_opening_is_never_accepted(wire: BrainWire) -> None:
    async with wire.vendor(wire=Wire(mute=True)) as fake:
        assert isinstance(await opening(wire, fake.base_url, timeouts=HASTY), ProviderTimeout)


@pytest.mark.parametrize(
    "first", ["no json", "[1, 2]", b"\xff\xfe", '{"type": ' * 40000], ids=lambda x: str(x)[:8]
)
@each_vendor
async def test_the_first_message_is_none_of_its_wire(wire: BrainWire, first: str | bytes) -> None:
    async with wire.vendor(wire=Wire(mute=True, first=first)) as fake:
        assert isinstance(await opening(wire, fake.base_url), ProviderProtocol)


@each_vendor
async def test_a_message_too_big_to_be_one(wire: BrainWire) -> None:
    async with wire.vendor(wire=Wire(mute=True, first="x" * (5 * 1024 * 1024))) as fake:
        assert isinstance(await opening(wire, fake.base_url), ProviderProtocol)


@each_vendor
async def test_an_address_inside_is_refused(wire: BrainWire) -> None:
    async with wire.vendor() as fake:
        error = await opening(wire, fake.base_url, context=ProviderContext())
        assert isinstance(error, ProviderRefused)
        assert error.field == "settings.base_url"
        assert fake.talks == []


async def test_a_signed_address_of_another_host_gets_nothing() -> None:
    async with ELEVENLABS.vendor() as fake:
        fake.elsewhere = "http://127.0.0.1:9"
        assert isinstance(await opening(ELEVENLABS, fake.base_url), ProviderProtocol)


async def test_elevenlabs_takes_the_key_with_the_connection_too() -> None:
    async with ELEVENLABS.call(auth="api_key") as (fake, session):
        session.speak()
        await session.next(ReplyFinished)
        assert fake.signed == []


async def test_an_override_that_the_agent_does_not_allow() -> None:
    async with ELEVENLABS.vendor(allows=frozenset({"language"})) as fake:
        error = await opening(ELEVENLABS, fake.base_url)
        assert isinstance(error, ProviderRefused)
        assert error.field == "settings.overrides"


async def test_an_unknown_model_of_gemini() -> None:
    async with GEMINI.vendor() as fake:
        error = await opening(GEMINI, fake.base_url, model="gemini-nowhere")
        assert isinstance(error, ProviderRefused)
        assert error.field == "settings.model"


async def test_an_unknown_voice_of_openai() -> None:
    async with OPENAI.vendor() as fake:
        error = await opening(OPENAI, fake.base_url, voice="batman")
        assert isinstance(error, ProviderRefused)
        assert error.field == "voice"  # of the request: the provider is well


# In the middle of a call.


@each_vendor
async def test_silence_instead_of_an_answer(wire: BrainWire) -> None:
    async with wire.call(timeouts=HASTY) as (fake, session):
        fake.wire.mute = True
        began = time.monotonic()
        session.brain.prompt("Say something.")
        failed = await session.next(BrainFailed)
        assert failed == BrainFailed("provider_timeout", wire.provider)
        assert time.monotonic() - began < 3
        assert fake.talks == [fake.talk]


@each_vendor
async def test_a_reply_that_stops_in_the_middle(wire: BrainWire) -> None:
    async with wire.call(timeouts=HASTY) as (fake, session):
        fake.replies = [Said(audio_ms=1000, hangs_after=2)]
        session.speak()
        began = await session.next(ReplyBegan)
        if wire is ELEVENLABS:  # an agent may end a reply without saying so
            await session.next(ReplyFinished)
            return
        assert (await session.next(BrainFailed)).code == "provider_timeout"
        assert [event.reply_id for event in session.of(ReplyFinished)] == [began.reply_id]


@each_vendor
async def test_a_slow_answer_is_waited_for_and_said_to_be_late(wire: BrainWire) -> None:
    async with wire.call(limits=QUICK.__class__(tick_s=0.02, waiting_after_s=0.1)) as (fake, session):
        fake.replies = [Said(audio_ms=400, hangs_after=0)]
        session.speak()
        assert (await session.next(Waiting)).reason == "model"
        assert len(session.of(Waiting)) == 1


@each_vendor
async def test_nonsense_in_the_middle_is_survived_once(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        await fake.talk.raw("no json")
        await fake.until(lambda: len(fake.talks) == 2 and fake.talk.received)
        session.speak()
        await session.next(ReplyFinished)
        await fake.talk.raw("[]")
        assert await session.next(BrainFailed) == BrainFailed("provider_protocol", wire.provider)


@each_vendor
async def test_a_socket_that_breaks_twice_is_the_end(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.talk.cut()
        await fake.until(lambda: len(fake.talks) == 2 and fake.talk.received)
        fake.talk.cut()
        assert await session.next(BrainFailed) == BrainFailed("provider_unavailable", wire.provider)


@each_vendor
async def test_a_vendor_that_does_not_come_back(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.wire.status = 500
        fake.talk.cut()
        assert (await session.next(BrainFailed)).code == "provider_unavailable"


@each_vendor
async def test_what_the_vendor_says_stays_with_us(wire: BrainWire) -> None:
    with structlog.testing.capture_logs() as logs:
        async with wire.call() as (fake, session):
            fake.wire.status = 500
            await fake.talk.close(1011, VENDOR_WORDS)
            failed = await session.next(BrainFailed)
            assert VENDOR_WORDS not in str(failed)
    assert VENDOR_WORDS not in str([line for line in logs if line["log_level"] != "debug"])


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("invalid_request_error", "insufficient_quota", "provider_refused"),
        ("rate_limit_error", "rate_limit_exceeded", "provider_busy"),
        ("invalid_request_error", "invalid_api_key", "provider_refused"),
    ],
)
async def test_openai_ends_the_conversation(kind: str, code: str, expected: str) -> None:
    async with OPENAI.call() as (fake, session):
        await fake.error(fake.talk, code, kind=kind)
        assert (await session.next(BrainFailed)).code == expected
        assert len(fake.talks) == 1


async def test_openai_refuses_one_request_and_goes_on() -> None:
    async with OPENAI.call() as (fake, session):
        await fake.error(fake.talk, "response_cancel_not_active", cause="x")
        await fake.error(fake.talk, None, kind="server_error")
        session.speak()
        await session.next(ReplyFinished)
        assert session.counts.oddities["request_refused"] == 2


async def test_a_response_that_fails_is_asked_for_once_more() -> None:
    async with OPENAI.call() as (fake, session):
        fake.fails = [("server_error", "server_error")]
        session.speak()
        await session.next(ReplyFinished)
        assert len(session.of(ReplyBegan)) == 1
        fake.fails = [("server_error", "server_error")] * 4
        session.speak()
        assert (await session.next(BrainFailed)).code == "provider_unavailable"


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("llm_timeout", 1002, "provider_timeout"),
        ("safety_violation", 1002, "provider_refused"),
        ("missing_fields", 1008, "provider_refused"),
    ],
)
async def test_an_agent_gives_up(kind: str, code: int, expected: str) -> None:
    async with ELEVENLABS.call() as (fake, session):
        await fake.fails(fake.talk, code, kind)
        assert (await session.next(BrainFailed)).code == expected


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1011, "You exceeded your current quota", "provider_busy"),
        (1008, "API key not valid", "provider_refused"),
        (1007, "Request contains an invalid argument", "provider_refused"),
    ],
)
async def test_gemini_closes_with_words(code: int, reason: str, expected: str) -> None:
    async with GEMINI.call() as (fake, session):
        await fake.talk.close(code, reason)
        assert (await session.next(BrainFailed)).code == expected


@each_vendor
async def test_a_vendor_that_takes_nothing_loses_the_oldest_audio_and_is_noticed(wire: BrainWire) -> None:
    limits = QUICK.__class__(tick_s=0.02, hear_s=0.2, heartbeat_s=0.3, drop_window_s=1e9)
    async with wire.call(limits=limits) as (fake, session):
        fake.wire.deaf = True
        session.brain.told("Bom dia", "pt-BR")
        session.begin(200)
        # More than the kernel's buffers take.
        for _ in range(40):
            session.begin(5000)
            await asyncio.sleep(0.01)
        await session.until(lambda: session.counts.oddities.get("dropped_audio", 0) > 0)
        await session.until(
            lambda: "dropped" in session.counts.connections or bool(session.of(BrainFailed)), 10
        )


@each_vendor
async def test_unknown_messages_are_counted_and_nothing_else(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        messages: tuple[dict[str, Any], ...] = ({"type": "something.new", "x": 1}, {"somethingNew": {}}, {})
        for message in messages:
            await fake.talk.send(message)
        session.speak()
        await session.next(ReplyFinished)
        assert [event for event in session.of(CallerSaid) if event.final]
        assert session.counts.oddities["unknown_event"] >= 2
        assert session.of(BrainFailed) == []


def test_loopback_needs_leave() -> None:
    assert LOOPBACK.allowed_networks
