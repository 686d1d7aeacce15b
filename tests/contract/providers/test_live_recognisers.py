"""What every live recogniser does with a caller, and with a vendor that fails."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest
import structlog

from tests.contract.providers.stt_wires import LIVE, OPTIONS, SAID, WHOLE, LiveWire, utter
from tests.contract.providers.wires import HASTY
from tests.fakes.recogniser_vendor import VENDOR_WORDS, Manners
from tests.fakes.tones import tone
from tests.fakes.websocket_vendor import Wire
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import (
    InvalidInput,
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.stt.seam import FinalTranscript, PartialTranscript, SttOptions

SPEECH = PcmAudio(tone(1000, 8000, 300.0), 8000)
WIDE_SPEECH = PcmAudio(tone(1000, 16000, 300.0), 16000)
PORTUGUESE = SttOptions(("pt-BR",))
TALLY = StageTimeouts(connect_s=2, first_byte_s=0.5, stall_s=0.3)

each = pytest.mark.parametrize("wire", LIVE, ids=lambda wire: wire.name)


async def failure(wire: LiveWire, manners: Manners | None = None, **more: Any) -> ProviderError:
    """How an utterance fails; nothing of what the vendor says about it gets out."""
    with structlog.testing.capture_logs() as logs:
        async with wire.open(manners, **more) as (_, provider):
            with pytest.raises(ProviderError) as caught:
                await utter(provider, SPEECH)
    assert caught.value.provider == wire.name
    assert VENDOR_WORDS not in str(caught.value)
    assert VENDOR_WORDS not in str([line for line in logs if line["log_level"] != "debug"])
    return caught.value


@each
@pytest.mark.parametrize("audio", [SPEECH, WIDE_SPEECH], ids=["8 kHz", "16 kHz"])
async def test_an_utterance_is_heard_and_one_final_transcript_ends_it(
    wire: LiveWire, audio: PcmAudio
) -> None:
    async with wire.open() as (fake, provider):
        *partials, final = await utter(provider, audio)
        assert isinstance(final, FinalTranscript)
        assert final.transcript.text == SAID
        assert final.transcript.language == "pt-BR"
        assert all(isinstance(event, PartialTranscript) for event in partials)
        rates = provider.capabilities.sample_rates_hz
        if audio.sample_rate_hz in rates:
            assert bytes(fake.heard[: len(audio.samples)]) == audio.samples
        assert not any(fake.heard[len(audio.samples) :]) or audio.sample_rate_hz not in rates


@each
async def test_partials_grow_and_settled_segments_are_stable(wire: LiveWire) -> None:
    async with wire.open() as (_, provider):
        events = await utter(provider, SPEECH)
    partials = [event for event in events if isinstance(event, PartialTranscript)]
    texts = [event.transcript.text for event in partials]
    if wire.partials:
        assert texts[:2] == ["quero", "quero pagar"]
        assert not partials[0].stable
    assert texts[-1] == SAID
    assert partials[-1].stable


@each
async def test_words_have_their_times_where_the_vendor_says_so(wire: LiveWire) -> None:
    async with wire.open() as (_, provider):
        final = (await utter(provider, SPEECH))[-1]
        if provider.capabilities.word_times:
            assert [one.text for one in final.transcript.words] == SAID.split()
            assert all(one.start_ms < one.end_ms for one in final.transcript.words)
            starts = [one.start_ms for one in final.transcript.words]
            assert starts == sorted(starts)


@each
async def test_partials_come_while_the_caller_speaks(wire: LiveWire) -> None:
    if not wire.partials:
        pytest.skip("it has none")
    async with wire.open() as (fake, provider), provider.stream(8000, OPTIONS) as stream:
        await stream.push(SPEECH.samples)
        events = stream.events()
        async with asyncio.timeout(5):
            first = await anext(events)
        assert isinstance(first, PartialTranscript)
        assert fake.finishes == 0
        await stream.finish()
        assert [event async for event in events][-1].transcript.text == SAID


@each
async def test_a_whole_utterance_in_one_piece_is_no_different(wire: LiveWire) -> None:
    async with wire.open() as (fake, provider):
        events = await utter(provider, SPEECH, piece_ms=1000)
        assert events[-1].transcript.text == SAID
        assert bytes(fake.heard[: len(SPEECH.samples)]) == SPEECH.samples


@each
async def test_a_rate_that_the_vendor_does_not_take_is_brought_to_one(wire: LiveWire) -> None:
    odd = PcmAudio(tone(500, 12000, 300.0), 12000)
    async with wire.open() as (fake, provider):
        assert (await utter(provider, odd))[-1].transcript.text == SAID
        rates = provider.capabilities.sample_rates_hz
        rate = min((rate for rate in rates if rate > 12000), default=rates[0])
        assert abs(len(fake.heard) - rate) < rate / 5


@each
async def test_nobody_said_anything(wire: LiveWire) -> None:
    async with wire.open(Manners(partials=(), segments=("",))) as (_, provider):
        events = await utter(provider, PcmAudio(bytes(8000), 8000))
    assert "".join(event.transcript.text for event in events) == ""


@each
async def test_two_utterances_are_two_connections(wire: LiveWire) -> None:
    async with wire.open() as (fake, provider):
        first = await utter(provider, SPEECH)
        fake.heard.clear()
        second = await utter(provider, SPEECH)
        assert first[-1].transcript.text == second[-1].transcript.text == SAID
        assert len(fake.talks) == 2


@each
async def test_after_the_end_nothing_can_be_added(wire: LiveWire) -> None:
    async with wire.open() as (_, provider), provider.stream(8000, OPTIONS) as stream:
        await stream.push(SPEECH.samples)
        await stream.finish()
        await stream.finish()
        with pytest.raises(InvalidInput):
            await stream.push(SPEECH.samples)


@each
async def test_a_slow_answer_is_waited_for(wire: LiveWire) -> None:
    gate = asyncio.Event()
    async with wire.open(Manners(wire=Wire(gate=gate))) as (_, provider):
        asyncio.get_running_loop().call_later(0.2, gate.set)
        assert (await utter(provider, SPEECH))[-1].transcript.text == SAID


@each
async def test_a_vendor_that_lets_connect_too_late_is_given_up(wire: LiveWire) -> None:
    gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.8, gate.set)
    timeouts = StageTimeouts(connect_s=0.3, first_byte_s=0.3)
    error = await failure(wire, Manners(wire=Wire(gate=gate)), timeouts=timeouts)
    assert isinstance(error, ProviderTimeout)


@each
async def test_nothing_at_all_is_a_timeout(wire: LiveWire) -> None:
    assert isinstance(await failure(wire, Manners(wire=Wire(mute=True)), timeouts=HASTY), ProviderTimeout)


@each
async def test_a_stall_in_the_middle_is_a_timeout_once_the_caller_is_done(wire: LiveWire) -> None:
    began = time.monotonic()
    assert isinstance(await failure(wire, Manners(stalls=True), timeouts=TALLY), ProviderTimeout)
    assert time.monotonic() - began < 5


@each
async def test_a_caller_who_takes_his_time_is_no_stall(wire: LiveWire) -> None:
    async with wire.open(timeouts=TALLY) as (_, provider), provider.stream(8000, OPTIONS) as stream:
        await stream.push(SPEECH.samples)
        reading = asyncio.create_task(_all(stream))
        await asyncio.sleep(0.8)
        assert not reading.done()
        await stream.finish()
        assert (await reading)[-1].transcript.text == SAID


async def _all(stream: Any) -> list[Any]:
    return [event async for event in stream.events()]


@each
@pytest.mark.parametrize(
    ("status", "headers", "expected", "field"),
    [
        (401, {}, ProviderRefused, "secret"),
        (402, {}, ProviderRefused, "secret"),
        (403, {}, ProviderRefused, "secret"),
        (404, {}, ProviderRefused, "settings.model"),
        (429, {"retry-after": "7"}, ProviderBusy, None),
        (500, {}, ProviderUnavailable, None),
        (503, {"retry-after": "2"}, ProviderBusy, None),
        (504, {}, ProviderTimeout, None),
        (302, {"location": "wss://169.254.169.254/"}, ProviderProtocol, None),
    ],
)
async def test_an_answer_instead_of_a_handshake(
    wire: LiveWire, status: int, headers: dict[str, str], expected: type[ProviderError], field: str | None
) -> None:
    error = await failure(wire, Manners(wire=Wire(status=status, headers=headers)))
    assert (type(error), error.field) == (expected, field)
    if status == 429:
        assert error.retry_after_s == 7


@each
async def test_a_wrong_key(wire: LiveWire) -> None:
    if not wire.key:
        pytest.skip("it has none")
    error = await failure(wire, key=wire.key.replace("correct", "wrong"))
    assert (type(error), error.field) == (ProviderRefused, "secret")


@each
async def test_what_is_not_its_wire_is_no_transcript(wire: LiveWire) -> None:
    for nonsense in wire.nonsense:
        error = await failure(wire, Manners(nonsense=nonsense))
        assert isinstance(error, ProviderProtocol), nonsense


@each
async def test_a_message_too_big_to_be_one(wire: LiveWire) -> None:
    error = await failure(wire, Manners(nonsense="x" * (5 * 1024 * 1024)))
    assert isinstance(error, ProviderProtocol)


@each
@pytest.mark.parametrize("cuts", ["middle", "end"])
async def test_a_socket_that_breaks_is_no_end_of_an_utterance(wire: LiveWire, cuts: str) -> None:
    assert isinstance(await failure(wire, Manners(cuts=cuts)), ProviderUnavailable)


@each
async def test_a_vendor_that_says_it_failed(wire: LiveWire) -> None:
    assert isinstance(await failure(wire, Manners(fails=True)), ProviderUnavailable)


@each
async def test_a_close_with_words_keeps_them_to_itself(wire: LiveWire) -> None:
    error = await failure(wire, Manners(closes=(1011, VENDOR_WORDS)))
    assert isinstance(error, ProviderError)
    assert VENDOR_WORDS in (error.detail or "")


@each
async def test_nobody_listens(wire: LiveWire) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert isinstance(await failure(wire, base_url=nowhere), ProviderUnavailable)


@each
async def test_an_address_inside_is_refused(wire: LiveWire) -> None:
    error = await failure(wire, context=ProviderContext())
    assert (type(error), error.field) == (ProviderRefused, "settings.base_url")


@each
async def test_a_dead_connection_is_found_while_the_caller_speaks(wire: LiveWire) -> None:
    async with wire.open(Manners(wire=Wire(deaf=True))) as (_, provider):
        provider._heartbeat_s = 0.2
        async with provider.stream(8000, OPTIONS) as stream:
            await stream.push(SPEECH.samples)
            began = time.monotonic()
            with pytest.raises(ProviderError) as caught:
                _ = [event async for event in stream.events()]
            assert time.monotonic() - began < 5
    assert isinstance(caught.value, ProviderUnavailable)


@each
async def test_who_is_cancelled_leaves_nothing_behind(wire: LiveWire) -> None:
    before = asyncio.all_tasks()
    async with wire.open(Manners(stalls=True)) as (fake, provider):
        task = asyncio.create_task(utter(provider, SPEECH))
        await fake.until(lambda: fake.finishes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await fake.talk.connection.wait_closed()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in left if wire.name in name}


@each
async def test_a_whole_recording_goes_over_a_stream_where_there_is_no_other_way(wire: LiveWire) -> None:
    async with wire.open() as (fake, provider):
        if wire.name in {whole.name for whole in WHOLE}:
            pytest.skip("it has a request for whole utterances")
        heard = await provider.transcribe(SPEECH, OPTIONS)
        assert (heard.text, heard.language) == (SAID, "pt-BR")
        fake.manners = replace(fake.manners, cuts="end")
        fake._spoke = False
        with pytest.raises(ProviderUnavailable):
            await provider.transcribe(SPEECH, OPTIONS)


@each
async def test_one_language_is_forced(wire: LiveWire) -> None:
    async with wire.open() as (_, provider):
        known = provider.capabilities.languages
        if known is not None:
            with pytest.raises(ProviderRefused) as caught:
                await utter(provider, SPEECH, SttOptions(("xx-XX",)))
            assert caught.value.field == "language"
