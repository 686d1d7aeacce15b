"""What each recogniser is told, and its own ways to fail."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.providers.stt_wires import (
    ASSEMBLYAI,
    ASSEMBLYAI_WHOLE,
    AZURE,
    DEEPGRAM,
    GLADIA,
    GOOGLE_WHOLE,
    OPTIONS,
    SAID,
    SCRIBE,
    SCRIBE_WHOLE,
    TRANSCRIBE,
    VOSK,
    LiveWire,
    utter,
)
from tests.contract.providers.wires import LOOPBACK
from tests.fakes import google_recogniser_server, http_server, scribe_server
from tests.fakes.http_server import Answer, Received
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import fake_openai, verbose_transcript
from tests.fakes.recogniser_vendor import VENDOR_WORDS, Manners
from tests.fakes.tones import tone
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import (
    InvalidInput,
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderUnavailable,
)
from voice_ai_service.net.aws_signature import AwsKey, AwsRequest, AwsService, presigned_target
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.stt import google, presets
from voice_ai_service.providers.stt.seam import Phrase, SttOptions

SPEECH = PcmAudio(tone(1000, 8000, 300.0), 8000)
PHRASES = ["segunda via do boleto", "Ana Lima"]


async def test_deepgram_is_told_language_phrases_and_audio() -> None:
    async with DEEPGRAM.open(endpointing_ms=400) as (fake, provider):
        await utter(provider, SPEECH)
    asked = dict(fake.query)
    assert [value for name, value in fake.query if name == "keyterm"] == PHRASES
    assert (asked["language"], asked["sample_rate"], asked["endpointing"]) == ("pt-BR", "8000", "400")
    assert (asked["model"], asked["interim_results"]) == ("nova-3", "true")


async def test_older_models_of_deepgram_take_keywords() -> None:
    async with DEEPGRAM.open(model="nova-2", hints="keywords") as (fake, provider):
        await utter(provider, SPEECH)
    assert {name for name, value in fake.query if value == "Ana Lima"} == {"keywords"}


@pytest.mark.parametrize("wire", [DEEPGRAM, TRANSCRIBE], ids=lambda wire: wire.name)
async def test_a_silent_caller_does_not_lose_the_recogniser(
    wire: LiveWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire.open() as (fake, provider):
        talk = (await provider._vendor.call(8000, OPTIONS)).talk
        monkeypatch.setattr(type(talk), "keepalive_s", 0.05)
        async with provider.stream(8000, OPTIONS) as stream:
            silence = 2 * 8000 * 250 // 1000
            await fake.until(lambda: fake.kept_alive >= 3 or len(fake.heard) >= silence)
            await stream.finish()
            assert [event async for event in stream.events()][-1].transcript.text == SAID


async def test_assemblyai_is_told_one_language_and_key_terms() -> None:
    async with ASSEMBLYAI.open() as (fake, provider):
        await utter(provider, SPEECH)
    assert json.loads(fake.query["language_codes"]) == ["pt"]
    assert json.loads(fake.query["keyterms_prompt"]) == PHRASES
    assert fake.talk.received == [{"type": "ForceEndpoint"}, {"type": "Terminate"}]


async def test_assemblyais_europe_gets_whole_utterances_over_a_stream() -> None:
    async with ASSEMBLYAI.open(region="eu") as (fake, provider):
        assert (await provider.transcribe(SPEECH, OPTIONS)).text == SAID
        assert len(fake.talks) == 1


async def test_assemblyais_synchronous_answer_is_asked_for_with_key_terms() -> None:
    async with ASSEMBLYAI_WHOLE.open() as (requests, provider):
        await provider.transcribe(SPEECH, OPTIONS)
    assert requests[0].headers["x-aai-model"] == "universal-3-5-pro"
    assert b'"keyterms_prompt":["segunda via do boleto","Ana Lima"]' in requests[0].body


@pytest.mark.parametrize(
    ("code", "expected", "field"),
    [
        (1008, ProviderRefused, "secret"),
        (1013, ProviderBusy, None),
        (3006, ProviderRefused, None),
        (3009, ProviderBusy, None),
        (4001, ProviderRefused, "secret"),
        (4002, ProviderRefused, "secret"),
        (4008, ProviderUnavailable, None),
    ],
)
async def test_assemblyais_codes(code: int, expected: type[ProviderError], field: str | None) -> None:
    error = await closing(ASSEMBLYAI, code)
    assert (type(error), error.field) == (expected, field)


@pytest.mark.parametrize(
    ("kind", "expected", "field"),
    [
        ("auth_error", ProviderRefused, "secret"),
        ("quota_exceeded", ProviderRefused, "secret"),
        ("rate_limited", ProviderBusy, None),
        ("queue_overflow", ProviderBusy, None),
        ("input_error", ProviderRefused, None),
        ("session_time_limit_exceeded", ProviderUnavailable, None),
        ("error", ProviderUnavailable, None),
    ],
)
async def test_scribes_errors(kind: str, expected: type[ProviderError], field: str | None) -> None:
    error = await saying(SCRIBE, json.dumps({"message_type": kind, "error": VENDOR_WORDS}))
    assert (type(error), error.field) == (expected, field)


async def test_scribe_without_speech_is_silence_and_no_failure() -> None:
    nothing = json.dumps({"message_type": "insufficient_audio_activity", "error": VENDOR_WORDS})
    async with SCRIBE.open(Manners(partials=(), nonsense=nothing)) as (_, provider):
        assert [event.transcript.text for event in await utter(provider, SPEECH)] == [""]


async def test_scribe_takes_short_phrases_only() -> None:
    long = Phrase("quero a segunda via da minha conta de luz", "pt-BR")
    options = SttOptions(("pt-BR",), (Phrase("Ana [chefe]", "pt-BR"), long, Phrase("Ana Lima", "pt-BR")))
    async with SCRIBE.open() as (fake, provider):
        await utter(provider, SPEECH, options)
    assert fake.query["keyterms"] == "Ana Lima"


async def test_a_quota_that_is_used_up_is_no_wrong_key() -> None:
    used_up = scribe_server.error(401, "quota_exceeded")
    async with SCRIBE_WHOLE.open(lambda _: used_up) as (_, provider):
        with pytest.raises(ProviderRefused, match="no credit left"):
            await provider.transcribe(SPEECH, OPTIONS)


async def test_gladia_is_told_one_language_and_its_session_belongs_to_it() -> None:
    async with GLADIA.open(bias=0.7) as (fake, provider):
        await utter(provider, SPEECH)
        assert fake.session["language_config"] == {"languages": ["pt"], "code_switching": False}
        vocabulary = fake.session["realtime_processing"]["custom_vocabulary_config"]
        assert vocabulary == {"vocabulary": PHRASES, "default_intensity": 0.7}


@pytest.mark.parametrize(
    "url", ["ws://169.254.169.254/v2/live", "http://127.0.0.1/", "wss://127.0.0.1/x", "", None]
)
async def test_gladias_session_elsewhere_gets_no_audio(url: str | None) -> None:
    async with GLADIA.open() as (fake, provider):
        fake.elsewhere = url if url else "nowhere"
        with pytest.raises(ProviderProtocol):
            await utter(provider, SPEECH)
        assert fake.talks == []


async def test_azure_is_told_language_phrases_and_audio() -> None:
    async with AZURE.open(model="custom-1") as (fake, provider):
        await utter(provider, SPEECH)
        assert (fake.query["language"], fake.query["format"], fake.query["cid"]) == (
            "pt-BR",
            "detailed",
            "custom-1",
        )
        items = [{"text": phrase} for phrase in PHRASES]
        assert fake.context == {"dgi": {"groups": [{"type": "Generic", "items": items}]}}


@pytest.mark.parametrize(
    ("status", "expected"),
    [("TooManyRequests", ProviderBusy), ("Forbidden", ProviderRefused), ("BadRequest", ProviderRefused)],
)
async def test_azures_statuses(status: str, expected: type[ProviderError]) -> None:
    said = f'Path:speech.phrase\r\n\r\n{{"RecognitionStatus": "{status}"}}'
    assert type(await saying(AZURE, said)) is expected


async def test_transcribe_is_told_language_and_vocabulary() -> None:
    async with TRANSCRIBE.open(vocabulary="secretaria", region="us-east-1") as (fake, provider):
        await utter(provider, SPEECH)
    assert (fake.query["language-code"], fake.query["vocabulary-name"]) == ("pt-BR", "secretaria")
    assert "/us-east-1/transcribe/" in fake.query["X-Amz-Credential"]


def test_a_signed_address_is_the_one_that_aws_would_make() -> None:
    botocore = pytest.importorskip("botocore.auth")
    credentials = pytest.importorskip("botocore.credentials").Credentials("AKID", "s3cr3t/+", "to/ken+=")
    request = pytest.importorskip("botocore.awsrequest").AWSRequest
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    host = "transcribestreaming.sa-east-1.amazonaws.com:8443"
    target = "/stream-transcription-websocket?language-code=pt-BR&vocabulary-name=um%20dois"
    mine = presigned_target(
        AwsKey("AKID", "s3cr3t/+", "to/ken+="),
        AwsService("transcribe", "sa-east-1"),
        AwsRequest("GET", host, target),
        at,
        expires_s=60,
    )

    class Then(botocore.SigV4QueryAuth):  # type: ignore[misc, name-defined]
        def payload(self, request: Any) -> str:
            return str(botocore.EMPTY_SHA256_HASH)

    theirs = request("GET", f"https://{host}{target}")
    theirs.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer = Then(credentials, "transcribe", "sa-east-1", expires=60)
    signer._modify_request_before_signing(theirs)
    theirs.prepare()
    signer._inject_signature_to_request(
        theirs, signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    )
    assert mine.rpartition("X-Amz-Signature=")[2] == theirs.url.rpartition("X-Amz-Signature=")[2]


async def test_a_service_accounts_token_is_asked_for_once() -> None:
    requests: list[Received] = []

    async def respond(request: Received) -> Answer:
        requests.append(request)
        return google_recogniser_server.recognised(request, SAID)

    async with http_server.serving(respond) as address:
        settings = google.GoogleSttSettings(base_url=address)
        async with aclosing(
            await google.build(LOOPBACK, settings, google_recogniser_server.key_file())
        ) as provider:
            for _ in range(2):
                assert (await provider.transcribe(SPEECH, OPTIONS)).text == SAID
    assert [request.path for request in requests].count("/token") == 1
    assert [request.path for request in requests].count(google_recogniser_server.PATH) == 2


@pytest.mark.parametrize(
    "secret", ['{"type": "service_account"}', "{", '{"client_email": "a", "private_key": "x"}']
)
async def test_a_key_file_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ProviderRefused) as caught:
        async with aclosing(
            await google.build(ProviderContext(), google.GoogleSttSettings(project="secretary-1"), secret)
        ) as provider:
            await provider.transcribe(SPEECH, OPTIONS)
    assert caught.value.field == "secret"


async def test_google_is_told_phrases_with_their_boost() -> None:
    async with GOOGLE_WHOLE.open(boost=5) as (requests, provider):
        await provider.transcribe(SPEECH, OPTIONS)
    phrases = requests[0].json["config"]["adaptation"]["phraseSets"][0]["inlinePhraseSet"]["phrases"]
    assert phrases == [{"value": phrase, "boost": 5} for phrase in PHRASES]


async def test_google_needs_a_project_with_an_api_key() -> None:
    with pytest.raises(ProviderRefused) as caught:
        await google.build(ProviderContext(), google.GoogleSttSettings(), "AIza")
    assert caught.value.field == "settings.project"


async def test_a_vosk_server_may_be_held_to_the_phrases() -> None:
    async with VOSK.open(only_phrases=True) as (fake, provider):
        await utter(provider, SPEECH)
        assert fake.config["phrase_list"] == ["segunda via do boleto", "ana lima", "[unk]"]
        assert not provider.capabilities.free_dictation


async def test_groq_is_asked_at_its_own_address_with_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    said = verbose_transcript({"text": SAID})
    async with fake_openai(transcript=said) as server:
        monkeypatch.setattr(presets, "GROQ_URL", server.base_url)
        settings = presets.GroqSttSettings(model="whisper-1")
        async with aclosing(await presets.build_groq(ProviderContext(), settings, OPENAI_KEY)) as provider:
            assert (await provider.transcribe(SPEECH, OPTIONS)).text == SAID
        assert server.forms[0]["language"] == [b"pt"]


async def test_our_speech_runtime_is_asked_without_a_key() -> None:
    async with fake_openai(transcript=verbose_transcript({"text": SAID})) as server:
        settings = presets.SpeechRuntimeSttSettings(base_url=server.base_url, model="whisper-1")
        async with aclosing(await presets.build_speech_runtime(LOOPBACK, settings, OPENAI_KEY)) as provider:
            assert (await provider.transcribe(SPEECH, OPTIONS)).text == SAID


@pytest.mark.parametrize(
    ("name", "settings", "secret", "field"),
    [
        ("deepgram", {}, None, "secret"),
        ("deepgram", {"base_url": "http://169.254.169.254"}, "k", "settings.base_url"),
        ("deepgram", {"endpointing_ms": 1}, "k", "settings.endpointing_ms"),
        ("assemblyai", {"region": "mars"}, "k", "settings.region"),
        ("elevenlabs", {"bias": "perhaps"}, "k", "settings.bias"),
        ("gladia", {"bias": 2}, "k", "settings.bias"),
        ("azure", {}, "k", "settings"),
        ("azure", {"region": "evil.example/"}, "k", "settings.region"),
        ("google", {"location": "x/../y"}, "k", "settings.location"),
        ("google", {"project": "a/b"}, "k", "settings.project"),
        ("transcribe", {"region": "evil.example"}, "a:b", "settings.region"),
        ("vosk_server", {"language": "pt-BR"}, None, "settings.base_url"),
        ("vosk_server", {"base_url": "http://10.0.0.5:2700", "language": "pt-BR"}, None, "settings.base_url"),
        ("groq", {}, None, "secret"),
    ],
)
async def test_what_cannot_be_right_is_refused_when_it_is_saved(
    name: str, settings: dict[str, Any], secret: str | None, field: str
) -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(ProviderKind.STT, name, settings, secret)
    assert (caught.value.field or "").rstrip(".") == field


async def closing(wire: LiveWire, code: int) -> ProviderError:
    async with wire.open(Manners(closes=(code, VENDOR_WORDS))) as (_, provider):
        with pytest.raises(ProviderError) as caught:
            await utter(provider, SPEECH)
    assert VENDOR_WORDS not in str(caught.value)
    return caught.value


async def saying(wire: LiveWire, message: str) -> ProviderError:
    async with wire.open(Manners(nonsense=message)) as (_, provider):
        with pytest.raises(ProviderError) as caught:
            await utter(provider, SPEECH)
    assert VENDOR_WORDS not in str(caught.value)
    return caught.value
