"""Deepgram: streaming over `/v1/listen`'s WebSocket, whole utterances over its POST.

Written after Deepgram's public reference of both and the models of its Python SDK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlencode

from pydantic import Field

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, needed, one_of, yes
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import forced
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
)
from voice_ai_service.providers.stt.talk import Call, Message, Talk
from voice_ai_service.providers.stt.utterance import heard, words
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire.messages import child, children, dumped, parse

NAME: Final = "deepgram"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000, 24000, 32000, 44100, 48000),
    word_times=True,
)
_URL: Final = "https://api.deepgram.com"


class DeepgramSettings(CloudSettings):
    """
    Attributes:
        hints: How the model takes likely phrases: `keyterm` (Nova-3), `keywords` (Nova-2 and older) or not at all.
        endpointing_ms: Silence after which a segment is settled.
        smart_format: Numbers, dates and the like as they are written.
        mip_opt_out: Audio is not kept to improve models; Deepgram's price may be another then.
    """

    model: ModelName = "nova-3"
    hints: Literal["keyterm", "keywords", "none"] = "keyterm"
    endpointing_ms: int = Field(300, ge=10, le=5000)
    smart_format: bool = True
    mip_opt_out: bool = False


async def build(context: ProviderContext, settings: DeepgramSettings, secret: str | None) -> LiveStt:
    vendor = Deepgram(context, settings, needed(secret, NAME))
    await vendor.open_wire(context)
    return LiveStt(vendor, context.clock, context.allowed_networks)


class Deepgram(CloudVendor):
    def __init__(self, context: ProviderContext, settings: DeepgramSettings, key: str) -> None:
        headers = {"Authorization": f"Token {key}"}
        super().__init__(NAME, settings, CAPABILITIES, context, url=_URL, headers=headers)
        self._settings = settings
        # Deepgram takes 500 tokens of key terms; a token is seldom shorter than three characters.
        self._phrases = KeptPhrases(total=1200)

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, None, NAME)
        query = [
            *self._query(language, options),
            ("encoding", "linear16"),
            ("sample_rate", str(sample_rate_hz)),
            ("channels", "1"),
            ("interim_results", "true"),
            ("endpointing", str(self._settings.endpointing_ms)),
        ]
        return Call(self.address("/v1/listen", query), DeepgramTalk(language, self.errors))

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, None, NAME)
        path = f"/v1/listen?{urlencode(self._query(language, options))}"
        answer = await self.wire.post_bytes(path, "audio/wav", write_wav(audio), read_s=options.timeout_s)
        said = await self.wire.json(answer)
        results = said.get("results") if isinstance(said, dict) else None
        channels = results.get("channels") if isinstance(results, dict) else None
        if not isinstance(channels, list):
            raise self.errors.protocol("The answer has no channels.")
        return _transcript(one_of(channels), language)

    def _query(self, language: str, options: SttOptions) -> list[tuple[str, str]]:
        settings = self._settings
        query = [
            ("model", settings.model),
            ("language", language),
            ("punctuate", "true"),
            ("smart_format", yes(settings.smart_format)),
        ]
        if settings.mip_opt_out:
            query.append(("mip_opt_out", "true"))
        if settings.hints != "none":
            query += [(settings.hints, phrase) for phrase in self._phrases(options)]
        return query


class DeepgramTalk(Talk):
    """`Finalize` brings the rest of the words at once; `CloseStream` says when there are none."""

    keepalive_s: ClassVar[float | None] = 4.0  # Deepgram hangs up after 10 s without audio (NET-0001)

    def __init__(self, language: str, errors: VendorErrors) -> None:
        super().__init__()
        self._language = language
        self._errors = errors

    def keepalive(self) -> Sequence[Message]:
        return (dumped({"type": "KeepAlive"}),)

    def finish(self) -> Sequence[Message]:
        return (dumped({"type": "Finalize"}), dumped({"type": "CloseStream"}))

    def receive(self, message: Message) -> Sequence[SttEvent]:
        said = parse(message, NAME)
        match said.get("type"):
            case "Results":
                return self._results(said)
            case "Metadata":
                self.done = self.finished
            case "Error":
                raise self._errors.gone(str(said)[:300])
            case "UtteranceEnd" | "SpeechStarted":
                pass
            case None:
                raise self._errors.protocol("A message without a type.")
        return ()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        detail = f"closed with {code} {reason}"
        if code == 1008:  # DATA-0000: what we sent is not the audio that we announced
            return self._errors.protocol("It does not take the audio.", detail)
        if code == 1011 and "NET-0001" in reason:
            return self._errors.timeout(detail)
        return None

    def _results(self, said: Mapping[str, Any]) -> Sequence[SttEvent]:
        channel = child(said, "channel")
        if not isinstance(channel.get("alternatives"), list):
            raise self._errors.protocol("Results without alternatives.")
        transcript = _transcript(channel, self._language)
        if said.get("from_finalize") is True and self.finished:
            self.done = True
        if said.get("is_final") is True:
            return (FinalTranscript(transcript),)
        return (PartialTranscript(transcript),)


def _transcript(channel: Mapping[str, Any], language: str) -> Transcript:
    best = one_of(channel.get("alternatives"))
    listed = [
        {**raw, "text": raw.get("punctuated_word") or raw.get("word")} for raw in children(best, "words")
    ]
    return heard(best.get("transcript"), language, best.get("confidence"), words(listed, "text"))
