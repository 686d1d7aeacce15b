"""What every voice behind a network does, well and when its vendor fails. Nothing a vendor says becomes an answer."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

import pytest
import structlog

from tests.fakes import live_voice_vendors as live
from tests.fakes import voice_vendors as http
from tests.fakes.http_server import Answer
from tests.fakes.live_voice_vendors import SpeechManners
from tests.fakes.tones import level, pitch_hz
from tests.fakes.voice_vendors import AWS_KEY, KEY, TONE_HZ, VENDOR_TEXT
from tests.fakes.websocket_vendor import Wire
from voice_ai_service.errors import (
    InvalidInput,
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.entry import ProviderContext, ProviderKind, StageTimeouts
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.tts.cartesia import CartesiaTalk
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.providers.vendor_errors import VendorErrors

CONTEXT = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),))
PATIENT = StageTimeouts(connect_s=2, stall_s=5)
HASTY = StageTimeouts(connect_s=2, first_byte_s=0.2, stall_s=0.2)
ENTRIES = {entry.name: entry for entry in builtin_entries() if entry.kind is ProviderKind.TTS}


@dataclass(frozen=True)
class Voice:
    """
    Attributes:
        settings: What the row needs besides the address.
        path: What stands behind the fake's address.
        unknown: A voice that the vendor does not know; None: it takes any name.
    """

    name: str
    provider: str
    vendor: Callable[[], Any]
    settings: dict[str, Any]
    key: str = KEY
    path: str = ""
    unknown: str | None = "nobody"

    @asynccontextmanager
    async def open(
        self,
        *,
        timeouts: StageTimeouts = PATIENT,
        context: ProviderContext = CONTEXT,
        key: str | None = None,
        base_url: str | None = None,
        manners: Callable[[Any], None] = lambda vendor: None,
        **more: Any,
    ) -> AsyncIterator[tuple[Any, Any]]:
        """The fake, and an adapter that talks to it, made as the factory makes it from a row."""
        vendor = self.vendor()
        manners(vendor)
        serving = live.serving_live if isinstance(vendor, live.LiveVoiceVendor) else http.serving_http
        async with serving(vendor):
            entry = ENTRIES[self.provider]
            address = base_url or f"{vendor.base_url}{self.path}"
            settings = entry.settings_model.model_validate(
                {**self.settings, "base_url": address, "timeouts": timeouts, **more}
            )
            built: Any = await entry.build(context, settings, key or self.key)
            async with aclosing(built):
                yield vendor, built


HTTP = (
    Voice("azure", "azure", http.AzureVendor, {}),
    Voice("google", "google", http.GoogleVendor, {}),
    Voice("polly", "polly", http.PollyVendor, {}, key=AWS_KEY),
    Voice("playht", "playht", http.PlayHtVendor, {"user_id": "user-1", "voice": "s3://voice/manifest.json"}),
    Voice("coqui", "coqui", http.CoquiVendor, {}, unknown=None),
    Voice(
        "elevenlabs http", "elevenlabs", http.ElevenLabsHttpVendor, {"voice": "voice1", "transport": "http"}
    ),
    Voice("kokoro", "kokoro", http.OpenAiVoiceVendor, {}, path="/v1"),
    Voice(
        "speech_runtime",
        "speech_runtime",
        http.OpenAiVoiceVendor,
        {"model": "m", "voice": "pf_dora"},
        path="/v1",
    ),
)
LIVE = (
    Voice("elevenlabs", "elevenlabs", live.ElevenLabsVoices, {"voice": "voice1"}),
    Voice("cartesia", "cartesia", live.CartesiaVoices, {"voice": "voice1"}),
)
WHOLE = ("google", "coqui")
"""Their answers are one file."""

every_voice = pytest.mark.parametrize("voice", [*HTTP, *LIVE], ids=lambda voice: voice.name)
every_http_voice = pytest.mark.parametrize("voice", HTTP, ids=lambda voice: voice.name)
every_live_voice = pytest.mark.parametrize("voice", LIVE, ids=lambda voice: voice.name)


async def texts(*given: str) -> AsyncIterator[str]:
    for text in given:
        yield text


def stream(provider: Any, *given: str, **options: Any) -> Any:
    return provider.stream(texts(*(given or ("Bom dia, Maria.",))), TtsOptions("pt-BR", **options))


async def speak(provider: Any, *given: str, **options: Any) -> bytes:
    async with aclosing(stream(provider, *given, **options)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def failure(
    voice: Voice, *, wait_s: float = 5, hangs_up: bool = False, **more: Any
) -> tuple[ProviderError, Any]:
    """How the adapter fails, and the fake it failed on. `hangs_up`: the fake must see that."""
    with structlog.testing.capture_logs() as logs:
        async with voice.open(**more) as (vendor, provider):
            with pytest.raises(ProviderError) as caught:
                await speak(provider, first_byte_timeout_s=wait_s)
            if hangs_up:
                await asyncio.wait_for(hung_up(vendor), 5)
    assert caught.value.provider == voice.provider
    told = f"{caught.value.message} {caught.value.fix} {[one for one in logs if one['log_level'] != 'debug']}"
    assert VENDOR_TEXT not in told
    assert "correct" not in told
    return caught.value, vendor


async def hung_up(vendor: Any) -> None:
    """Returns when the client of the first request is gone."""
    if isinstance(vendor, http.HttpVendor):
        await vendor.requests[0].abandoned.wait()
    else:
        await vendor.talk.connection.wait_closed()


def faulty(change: Callable[[Answer], Answer]) -> Callable[[Any], None]:
    def set_fault(vendor: Any) -> None:
        vendor.fault = change

    return set_fault


def mannered(**manners: Any) -> Callable[[Any], None]:
    def set_manners(vendor: Any) -> None:
        vendor.manners = SpeechManners(**manners)

    return set_manners


# What goes well.


@every_voice
@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000])
async def test_the_sound_is_whole_and_at_the_rate_that_was_asked(voice: Voice, rate_hz: int) -> None:
    async with voice.open() as (vendor, provider):
        samples = await speak(provider, sample_rate_hz=rate_hz)
    assert vendor.said == ["Bom dia, Maria."]
    assert abs(len(samples) // 2 - rate_hz * http.SPEECH_MS // 1000) <= 2
    assert pitch_hz(samples, rate_hz) == pytest.approx(TONE_HZ, abs=10)
    assert level(samples) > 0.1


@every_voice
async def test_the_first_sound_comes_before_the_text_is_complete(voice: Voice) -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        yield "Bom dia, Maria.\n"
        await more.wait()
        yield "Como vai?"

    async with (
        voice.open() as (vendor, provider),
        aclosing(provider.stream(slow(), TtsOptions("pt-BR"))) as chunks,
    ):
        assert await anext(chunks)
        assert vendor.said == ["Bom dia, Maria."]
        more.set()
        assert [chunk async for chunk in chunks]
        assert [text.strip() for text in vendor.said] == ["Bom dia, Maria.", "Como vai?"]


@every_voice
async def test_a_slow_first_byte_is_waited_for(voice: Voice) -> None:
    gate = asyncio.Event()

    def slow(vendor: Any) -> None:
        vendor.manners = SpeechManners(gate=gate)
        answer = vendor.respond if isinstance(vendor, http.HttpVendor) else None

        async def respond(request: Any) -> Answer:
            await gate.wait()
            assert answer is not None
            return await answer(request)

        if answer is not None:
            vendor.respond = respond

    async with voice.open(manners=slow) as (_, provider):
        speaking = asyncio.create_task(speak(provider))
        await asyncio.sleep(0.05)
        assert not speaking.done()
        gate.set()
        assert await speaking


@every_voice
async def test_nothing_to_say_asks_nothing(voice: Voice) -> None:
    async with voice.open() as (vendor, provider):
        assert await speak(provider, " ", "…") == b""
    assert vendor.said == []


@every_voice
async def test_two_callers_at_once_each_hear_their_own(voice: Voice) -> None:
    async with voice.open() as (vendor, provider):
        one, other = await asyncio.gather(speak(provider, "Um."), speak(provider, "Dois agora."))
    assert sorted(vendor.said) == ["Dois agora.", "Um."]
    assert min(len(one), len(other)) > 3000


@every_voice
async def test_what_a_caller_cannot_do_to_the_request(voice: Voice) -> None:
    """A text is only ever text."""
    text = 'Diga "<voice name=\'x\'>" & \\ {"a": 1}\r\nX-Evil: 1 %00 </speak>.'
    async with voice.open() as (vendor, provider):
        assert await speak(provider, text)
    assert "X-Evil: 1 %00" in " ".join(vendor.said)
    for request in getattr(vendor, "requests", ()):
        assert "x-evil" not in request.headers


@every_voice
async def test_faster_speech_is_asked_for_within_what_the_vendor_takes(voice: Voice) -> None:
    async with voice.open() as (vendor, provider):
        assert await speak(provider, speed=9.0)
    assert vendor.said == ["Bom dia, Maria."]


@every_voice
async def test_a_warm_voice_speaks(voice: Voice) -> None:
    async with voice.open() as (_, provider):
        await speak(provider)
        await provider.warm()
        await provider.warm()
        assert await speak(provider)


@every_live_voice
async def test_a_connection_that_was_opened_ahead_is_used(voice: Voice) -> None:
    async with voice.open() as (vendor, provider):
        await speak(provider)
        await provider.warm()
        await vendor.until(lambda: len(vendor.talks) == 2)
        await speak(provider)
        assert len(vendor.talks) == 2


# What fails.


@every_voice
async def test_a_wrong_key_is_refused_by_name(voice: Voice) -> None:
    error, _ = await failure(voice, key="AKIAOTHER:wrong" if voice.key == AWS_KEY else "wrong")
    assert (type(error), error.field) == (ProviderRefused, "secret")


@every_voice
async def test_a_voice_that_does_not_exist_is_named_by_who_asked_for_it(voice: Voice) -> None:
    if voice.unknown is None:
        pytest.skip("it takes any name")
    async with voice.open() as (_, provider):
        with pytest.raises(ProviderRefused) as refused:
            await speak(provider, voice=voice.unknown)
    assert refused.value.field == "voice"


@every_http_voice
@pytest.mark.parametrize(
    ("status", "expected", "field"),
    [
        (401, ProviderRefused, "secret"),
        (402, ProviderRefused, "secret"),
        (403, ProviderRefused, "secret"),
        (404, ProviderRefused, "settings.model"),
        (413, ProviderRefused, None),
        (429, ProviderBusy, None),
        (500, ProviderUnavailable, None),
        (503, ProviderUnavailable, None),
    ],
)
async def test_a_status_is_one_of_our_errors(
    voice: Voice, status: int, expected: type[ProviderError], field: str | None
) -> None:
    error, vendor = await failure(voice, manners=lambda vendor: _always(vendor, status))
    assert (type(error), error.field) == (expected, field)
    assert len(vendor.requests) == 1


def _always(vendor: Any, status: int, headers: dict[str, str] | None = None) -> None:
    vendor.fault = lambda _: vendor.error(status, VENDOR_TEXT, headers)


@every_http_voice
async def test_busy_says_how_long(voice: Voice) -> None:
    error, _ = await failure(voice, manners=lambda vendor: _always(vendor, 429, {"retry-after": "7"}))
    assert isinstance(error, ProviderBusy)
    assert error.retry_after_s == 7.0


@every_live_voice
async def test_a_door_that_is_busy_says_how_long(voice: Voice) -> None:
    def busy(vendor: Any) -> None:
        vendor.wire = Wire(status=429, headers={"retry-after": "7"})

    error, _ = await failure(voice, manners=busy)
    assert isinstance(error, ProviderBusy)
    assert error.retry_after_s == 7.0


@every_live_voice
@pytest.mark.parametrize(
    ("status", "expected", "field"),
    [
        (401, ProviderRefused, "secret"),
        (402, ProviderRefused, "secret"),
        (429, ProviderBusy, None),
        (500, ProviderUnavailable, None),
    ],
)
async def test_an_error_in_the_stream_is_one_of_ours(
    voice: Voice, status: int, expected: type[ProviderError], field: str | None
) -> None:
    error, _ = await failure(voice, manners=mannered(fails=status))
    assert (type(error), error.field) == (expected, field)


@every_live_voice
@pytest.mark.parametrize(
    "nonsense",
    [
        "{",
        "[1]",
        b"\x00\x01",
        "null",
        '{"audio": 7, "type": "chunk", "data": 7}',
        '{"audio": "§", "type": "chunk", "data": "§"}',
    ],
)
async def test_a_message_that_is_none(voice: Voice, nonsense: str | bytes) -> None:
    error, _ = await failure(voice, wait_s=0.3, timeouts=HASTY, manners=mannered(nonsense=nonsense))
    assert isinstance(error, ProviderProtocol | ProviderTimeout)


@every_live_voice
@pytest.mark.parametrize("closes", [(1000, ""), (1011, VENDOR_TEXT)])
async def test_a_vendor_that_says_goodbye_too_early(voice: Voice, closes: tuple[int, str]) -> None:
    error, _ = await failure(voice, manners=mannered(closes=closes))
    assert isinstance(error, ProviderUnavailable)


@every_http_voice
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", f"<html>{VENDOR_TEXT}</html>".encode()),
        ("application/json", b'{"message": "Sorry'),
        ("application/json", b'{"audioContent": "Sorry"}'),
        ("application/json", b'{"audioContent": 7}'),
        ("application/json", b"[]"),
        ("audio/mpeg", b"ID3" + bytes(400)),
    ],
)
async def test_what_is_no_sound_is_never_played(voice: Voice, kind: str, body: bytes) -> None:
    answer = Answer(200, {"content-type": kind}, (body,), whole=True)
    error, _ = await failure(voice, manners=faulty(lambda _: answer))
    assert isinstance(error, ProviderProtocol | ProviderUnavailable)


@every_http_voice
async def test_a_redirect_is_not_followed(voice: Voice) -> None:
    away = Answer(302, {"location": "http://169.254.169.254/"}, (b"",), whole=True)
    error, vendor = await failure(voice, manners=faulty(lambda _: away))
    assert isinstance(error, ProviderProtocol)
    assert len(vendor.requests) == 1


@every_http_voice
async def test_a_server_that_says_nothing_times_out(voice: Voice) -> None:
    silent = faulty(lambda answer: replace(answer, silent=True))
    error, _ = await failure(voice, wait_s=0.2, hangs_up=True, timeouts=HASTY, manners=silent)
    assert isinstance(error, ProviderTimeout)


@every_http_voice
async def test_a_stall_in_the_middle_times_out(voice: Voice) -> None:
    stalls = faulty(lambda answer: replace(http.cut_in_pieces(answer), stall_after=3))
    error, _ = await failure(voice, wait_s=0.2, hangs_up=True, timeouts=HASTY, manners=stalls)
    assert isinstance(error, ProviderTimeout)


@every_http_voice
async def test_a_cut_in_the_middle(voice: Voice) -> None:
    cuts = faulty(lambda answer: replace(http.cut_in_pieces(answer), cut_after=3))
    error, _ = await failure(voice, manners=cuts)
    assert isinstance(error, ProviderUnavailable)


@every_live_voice
@pytest.mark.parametrize("stalls_after", [0, 2])
async def test_a_live_stall_times_out_and_is_hung_up_on(voice: Voice, stalls_after: int) -> None:
    stalls = mannered(stalls_after=stalls_after)
    error, _ = await failure(voice, wait_s=0.2, hangs_up=True, timeouts=HASTY, manners=stalls)
    assert isinstance(error, ProviderTimeout)


@every_live_voice
async def test_a_live_cut_in_the_middle(voice: Voice) -> None:
    error, _ = await failure(voice, manners=mannered(cuts_after=2))
    assert isinstance(error, ProviderUnavailable)


@every_live_voice
async def test_a_late_text_is_not_the_vendors_fault(voice: Voice) -> None:
    async def late() -> AsyncIterator[str]:
        yield "Bom dia, Maria.\n"
        await asyncio.sleep(0.6)
        yield "Como vai?"

    async with voice.open(timeouts=HASTY) as (_, provider):
        chunks = [chunk async for chunk in provider.stream(late(), TtsOptions("pt-BR"))]
    assert len(b"".join(chunks)) > 8000


@every_live_voice
async def test_a_text_whose_end_is_known_late(voice: Voice) -> None:
    over = asyncio.Event()

    async def late() -> AsyncIterator[str]:
        yield "Bom dia, Maria.\n"
        await over.wait()

    async with voice.open() as (_, provider):
        heard = 0
        async for chunk in provider.stream(late(), TtsOptions("pt-BR")):
            heard += len(chunk)
            if heard >= 2 * 8 * http.SPEECH_MS - 4:
                over.set()
    assert heard >= 2 * 8 * http.SPEECH_MS - 4


@every_live_voice
async def test_a_text_that_breaks_off_is_nobody_elses_fault(voice: Voice) -> None:
    async def broken() -> AsyncIterator[str]:
        yield "Bom dia, Maria.\n"
        raise ProviderUnavailable("model gone", provider="the model")

    async with voice.open() as (_, provider):
        with pytest.raises(ProviderUnavailable) as caught:
            async for _ in provider.stream(broken(), TtsOptions("pt-BR")):
                pass
    assert caught.value.provider == "the model"


@every_voice
async def test_nobody_there(voice: Voice) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error, _ = await failure(voice, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert isinstance(error, ProviderUnavailable)


@every_voice
async def test_an_address_that_the_policy_refuses_is_never_connected_to(voice: Voice) -> None:
    error, vendor = await failure(voice, context=ProviderContext())
    assert (type(error), error.field) == (ProviderRefused, "settings.base_url")
    assert not getattr(vendor, "requests", ())
    assert not getattr(vendor, "talks", ())


# Who stops.


@every_http_voice
async def test_who_stops_listening_hangs_up(voice: Voice) -> None:
    if voice.name in WHOLE:
        pytest.skip("nothing is heard before its answer is whole")
    stalls = faulty(lambda answer: replace(answer, stall_after=4))
    async with voice.open(manners=stalls) as (vendor, provider):
        chunks = stream(provider)
        await anext(chunks)
        await chunks.aclose()
        await asyncio.wait_for(vendor.requests[0].abandoned.wait(), 5)


@every_live_voice
async def test_who_stops_listening_to_a_live_voice_stops_it(voice: Voice) -> None:
    async with voice.open(manners=mannered(stalls_after=2)) as (vendor, provider):
        chunks = stream(provider)
        await anext(chunks)
        await chunks.aclose()
        await asyncio.wait_for(vendor.talk.connection.wait_closed(), 5)


async def test_a_context_that_nobody_listens_to_is_cancelled() -> None:
    async with LIVE[1].open(manners=mannered(lingers=True)) as (vendor, provider):
        chunks = stream(provider)
        await anext(chunks)
        await chunks.aclose()
        await vendor.until(lambda: vendor.cancelled == [vendor.talk.received[0]["context_id"]])


def test_sentences_are_heard_in_their_order_whichever_is_ready_first() -> None:
    talk = CartesiaTalk({"model_id": "sonic-3"}, VendorErrors("cartesia", CONTEXT.clock))
    first, second = (json.loads(talk.text(text)[0])["context_id"] for text in ("Um.", "Dois."))

    def said(kind: str, context: str, samples: bytes = b"") -> bytes:
        data = base64.b64encode(samples).decode()
        return talk.receive(json.dumps({"type": kind, "context_id": context, "data": data}))

    assert said("chunk", second, b"22") == b""
    assert said("done", second) == b""
    assert said("chunk", first, b"11") == b"11"
    talk.finish()
    assert not talk.done
    assert said("done", first) == b"22"
    assert talk.done


@every_voice
async def test_a_cancelled_request_hangs_up(voice: Voice) -> None:
    def silent(vendor: Any) -> None:
        vendor.fault = lambda answer: replace(answer, silent=True)
        vendor.manners = SpeechManners(stalls_after=0)

    async with voice.open(manners=silent) as (vendor, provider):
        speaking = asyncio.create_task(speak(provider))
        async with asyncio.timeout(5):
            while not vendor.said:
                await asyncio.sleep(0.001)
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        await asyncio.wait_for(hung_up(vendor), 5)


@every_voice
async def test_one_failure_does_not_harm_the_next_request(voice: Voice) -> None:
    def broken(vendor: Any) -> None:
        vendor.fault = lambda answer: replace(http.cut_in_pieces(answer), cut_after=1)
        vendor.manners = SpeechManners(cuts_after=1)

    async with voice.open(manners=broken) as (vendor, provider):
        with pytest.raises(ProviderUnavailable):
            await speak(provider)
        vendor.fault, vendor.manners = (lambda answer: answer), SpeechManners()
        assert await speak(provider)


# What may be saved.


@pytest.mark.parametrize(
    ("name", "settings", "field"),
    [
        ("azure", {"region": "../evil"}, "settings.region"),
        ("azure", {}, "settings"),
        ("azure", {"region": "brazilsouth", "voices": {}}, "settings.voices"),
        ("azure", {"region": "brazilsouth", "voices": {"pt-BR": '"/><x'}}, "settings.voices.pt-BR"),
        ("google", {"voices": {"português": "x"}}, "settings.voices.português.[key]"),
        ("polly", {"region": "evil.example/"}, "settings.region"),
        ("polly", {"engine": "best"}, "settings.engine"),
        ("elevenlabs", {}, "settings.voice"),
        ("elevenlabs", {"voice": "../voices"}, "settings.voice"),
        ("elevenlabs", {"voice": "abc", "stability": 2}, "settings.stability"),
        ("cartesia", {"voice": "a b"}, "settings.voice"),
        (
            "playht",
            {"base_url": "https://tts.example.com", "user_id": "a\r\nX: y", "voice": "s3://a"},
            "settings.user_id",
        ),
        ("coqui", {"sample_rate_hz": 1}, "settings.sample_rate_hz"),
        ("kokoro", {"pcm_rate_hz": 1}, "settings.pcm_rate_hz"),
        ("cartesia", {"voice": "abc", "color": "blue"}, "settings.color"),
    ],
)
def test_settings_that_are_refused_when_saved(name: str, settings: dict[str, Any], field: str) -> None:
    registry = ProviderRegistry(CONTEXT, builtin_entries())
    with pytest.raises(InvalidInput) as refused:
        registry.parse(ProviderKind.TTS, name, settings)
    assert refused.value.field == field
    assert json.dumps(refused.value.fix)


async def test_a_row_without_a_voice_for_the_language_says_so() -> None:
    async with HTTP[0].open(voices={"en-US": "en-US-JennyNeural"}) as (vendor, provider):
        with pytest.raises(ProviderRefused) as refused:
            await speak(provider)
    assert refused.value.field == "language"
    assert vendor.requests == []


@pytest.mark.parametrize("voice", [one for one in HTTP if one.name in ("azure", "google", "polly")], ids=str)
async def test_ssml_reaches_who_takes_it(voice: Voice) -> None:
    async with voice.open() as (vendor, provider):
        await speak(provider, 'Bom<break time="200ms"/> dia.')
    body = vendor.requests[0].body.decode()
    assert "<break time=" in body.replace('\\"', '"')
    assert vendor.said == ["Bom dia."]
