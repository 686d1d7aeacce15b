"""Amazon Transcribe: streaming over its WebSocket, audio and words in AWS's event stream encoding.

Written after AWS's "Setting up a WebSocket stream" and the models of its streaming SDK. Whole recordings would have to
lie in S3 first; they go over a stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote, urlsplit

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError
from voice_ai_service.net.aws_event_stream import EventStreamBroken, EventStreamParser, encode_message
from voice_ai_service.net.aws_signature import AwsKey, AwsRequest, AwsService, presigned_target
from voice_ai_service.providers.aws_api import Region, aws_key
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, one_of
from voice_ai_service.providers.stt.languages import base, forced
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
    Word,
)
from voice_ai_service.providers.stt.talk import Call, Message, Talk
from voice_ai_service.providers.stt.utterance import heard, share
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.providers.wire.messages import child, children, parse, text, websocket_url

NAME: Final = "transcribe"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000, 24000, 32000, 44100, 48000),
    word_times=True,
)
_PATH: Final = "/stream-transcription-websocket"
_EXPIRES_S: Final = 60
_COUNTRIES: Final = {"pt": "pt-BR", "en": "en-US", "es": "es-US", "fr": "fr-FR", "de": "de-DE", "it": "it-IT"}
"""It knows no language without a country."""
_BUSY: Final = frozenset({"LimitExceededException", "ThrottlingException"})
_GONE: Final = frozenset({"InternalFailureException", "ServiceUnavailableException", "ConflictException"})
_KEY: Final = frozenset(
    {
        "UnrecognizedClientException",
        "AccessDeniedException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    }
)


class TranscribeSettings(CloudSettings):
    """
    Attributes:
        vocabulary: A custom vocabulary of the account; Transcribe takes likely phrases in no other way.
        model: A custom language model of the account.
        stability: How soon partial transcripts settle; sooner is less accurate.
    """

    region: Region = "sa-east-1"
    vocabulary: ModelName | None = None
    model: ModelName | None = None
    stability: Literal["low", "medium", "high"] = "high"


async def build(context: ProviderContext, settings: TranscribeSettings, secret: str | None) -> LiveStt:
    """`secret`: `<access key id>:<secret access key>[:<session token>]`. Raises ProviderRefused."""
    vendor = Transcribe(context, settings, aws_key(NAME, secret))
    return LiveStt(vendor, context.clock, context.allowed_networks)


class Transcribe(CloudVendor):
    def __init__(self, context: ProviderContext, settings: TranscribeSettings, key: AwsKey) -> None:
        url = f"https://transcribestreaming.{settings.region}.amazonaws.com:8443"
        super().__init__(NAME, settings, CAPABILITIES, context, url=url, headers={})
        self._settings = settings
        self._key = key
        self._clock: Clock = context.clock

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, None, NAME)
        code = language if "-" in language else _COUNTRIES.get(base(language), language)
        settings = self._settings
        query = [
            ("language-code", code),
            ("media-encoding", "pcm"),
            ("sample-rate", str(sample_rate_hz)),
            ("enable-partial-results-stabilization", "true"),
            ("partial-results-stability", settings.stability),
        ]
        if settings.vocabulary is not None:
            query.append(("vocabulary-name", settings.vocabulary))
        if settings.model is not None:
            query.append(("language-model-name", settings.model))
        return Call(self._signed(query), TranscribeTalk(language, sample_rate_hz, self.errors))

    def _signed(self, query: Sequence[tuple[str, str]]) -> Address:
        parts = urlsplit(websocket_url(self._url))
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
        target = f"{parts.path}{_PATH}?{asked}"
        service = AwsService("transcribe", self._settings.region)
        request = AwsRequest("GET", parts.netloc, target)
        signed = presigned_target(self._key, service, request, self._clock.now(), expires_s=_EXPIRES_S)
        return Address(f"{parts.scheme}://{parts.netloc}{signed}", checked=self._typed)


class TranscribeTalk(Talk):
    """An event without audio says that no more comes; the end is a close frame."""

    chunk_ms: ClassVar[int] = 100
    keepalive_s: ClassVar[float | None] = 5.0  # a stream without audio for 15 s is ended

    def __init__(self, language: str, sample_rate_hz: int, errors: VendorErrors) -> None:
        super().__init__()
        self._language = language
        self._silence = bytes(2 * sample_rate_hz * self.chunk_ms // 1000)
        self._errors = errors
        self._parser = EventStreamParser()

    def audio(self, samples: bytes) -> Sequence[Message]:
        headers = {
            ":message-type": "event",
            ":event-type": "AudioEvent",
            ":content-type": "application/octet-stream",
        }
        return (encode_message(headers, samples),)

    def keepalive(self) -> Sequence[Message]:
        return self.audio(self._silence)

    def finish(self) -> Sequence[Message]:
        return self.audio(b"")

    def receive(self, message: Message) -> Sequence[SttEvent]:
        if isinstance(message, str):
            raise self._errors.protocol("Text where the encoding is binary.")
        try:
            came = self._parser.feed(message)
        except EventStreamBroken as error:
            raise self._errors.protocol("A message cannot be read.", error) from error
        if not came or not self._parser.clean:
            raise self._errors.protocol("A message without its end.")
        events: list[SttEvent] = []
        for one in came:
            if one.headers.get(":message-type") != "event":
                raise _failed(one.headers, one.payload)
            if one.headers.get(":event-type") == "TranscriptEvent":
                events += self._transcript(parse(one.payload, NAME))
        return events

    def closed(self, code: int, reason: str) -> ProviderError | None:
        return self._errors.protocol("It does not take the audio.", reason) if code in (1003, 1007) else None

    def _transcript(self, said: Mapping[str, Any]) -> list[SttEvent]:
        results = child(said, "Transcript").get("Results")
        if not isinstance(results, list):
            raise self._errors.protocol("A transcript without results.")
        events: list[SttEvent] = []
        for result in children(child(said, "Transcript"), "Results"):
            segment = _segment(result, self._language)
            if result.get("IsPartial") is True:
                events.append(PartialTranscript(segment, _is_stable(result)))
            else:
                events.append(FinalTranscript(segment))
        return events


def _segment(result: Mapping[str, Any], language: str) -> Transcript:
    best = one_of(result.get("Alternatives"))
    items = children(best, "Items")
    sure = [found for found in (share(one.get("Confidence")) for one in items) if found is not None]
    return heard(best.get("Transcript"), language, sum(sure) / len(sure) if sure else None, _words(items))


def _words(items: Sequence[Mapping[str, Any]]) -> list[Word]:
    """Punctuation is an item of its own, and belongs to the word before it."""
    found: list[Word] = []
    for item in items:
        content, start, end = text(item, "Content"), item.get("StartTime"), item.get("EndTime")
        if item.get("Type") == "punctuation" and found:
            last = found[-1]
            found[-1] = Word(f"{last.text}{content}", last.start_ms, last.end_ms)
        elif content and isinstance(start, int | float) and isinstance(end, int | float):
            found.append(Word(content, round(start * 1000), round(end * 1000)))
    return found


def _is_stable(result: Mapping[str, Any]) -> bool:
    items = children(one_of(result.get("Alternatives")), "Items")
    return bool(items) and all(item.get("Stable") is True for item in items)


def _failed(headers: Mapping[str, str], payload: bytes) -> ProviderError:
    kind = headers.get(":exception-type") or headers.get(":error-code") or ""
    detail = f"{kind} {payload[:300].decode(errors='replace')}"
    if kind in _BUSY:
        return faults.busy(NAME, detail)
    if kind in _KEY:
        return faults.bad_key(NAME, detail)
    if kind in _GONE or not kind:
        return faults.gone(NAME, detail)
    return faults.refused(NAME, "refuses the request", detail=detail)
