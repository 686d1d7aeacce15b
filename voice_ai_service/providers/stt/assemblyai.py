"""AssemblyAI: Universal-Streaming (v3) over its WebSocket, whole utterances over its synchronous API.

Written after AssemblyAI's published message sequence and the models of its Python SDK.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, needed
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import base, forced
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
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.messages import children, dumped, number, parse

NAME: Final = "assemblyai"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=frozenset(
        "en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh".split()  # noqa: SIM905 - a table
    ),
    sample_rates_hz=(16000, 8000, 24000, 44100, 48000),
    word_times=True,
)
_REGIONS: Final = {"us": "https://streaming.assemblyai.com", "eu": "https://streaming.eu.assemblyai.com"}
_SYNC_URL: Final = "https://sync.assemblyai.com"
_NO_CREDIT: Final = frozenset({4002, 4003})
_BUSY: Final = frozenset({1013, 3009, 4029, 4102})
_OURS: Final = frozenset({3006, 3007, 4000, 4032, 4033, 4034, 4100, 4101})


class AssemblyAiSettings(CloudSettings):
    """
    Attributes:
        model: For streams; `whole_model`: for whole utterances.
        region: In `eu` whole utterances go over a stream too: the synchronous API is in the United States.
        min_silence_ms, max_silence_ms: Silence that settles a segment when its end is likely, and in any case.
    """

    model: ModelName = "universal-3-5-pro"
    whole_model: ModelName = "universal-3-5-pro"
    region: Literal["us", "eu"] = "us"
    min_silence_ms: int = Field(400, ge=50, le=5000)
    max_silence_ms: int = Field(1280, ge=100, le=10000)


async def build(context: ProviderContext, settings: AssemblyAiSettings, secret: str | None) -> LiveStt:
    vendor = AssemblyAi(context, settings, needed(secret, NAME))
    if vendor.has_whole:
        await vendor.open_wire(context, url=_SYNC_URL)
    return LiveStt(vendor, context.clock, context.allowed_networks)


class AssemblyAi(CloudVendor):
    def __init__(self, context: ProviderContext, settings: AssemblyAiSettings, key: str) -> None:
        headers = {"Authorization": key, "X-AAI-Model": settings.whole_model}
        super().__init__(
            NAME, settings, CAPABILITIES, context, url=_REGIONS[settings.region], headers=headers
        )
        self._settings = settings
        self._phrases = KeptPhrases(longest=50, total=2000)
        self.has_whole = settings.region == "us"

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, self.capabilities.languages, NAME)
        settings = self._settings
        query = [
            ("speech_model", settings.model),
            ("encoding", "pcm_s16le"),
            ("sample_rate", str(sample_rate_hz)),
            ("format_turns", "true"),
            ("language_codes", json.dumps([base(language)])),
            ("min_turn_silence", str(settings.min_silence_ms)),
            ("max_turn_silence", str(settings.max_silence_ms)),
        ]
        if phrases := self._phrases(options):
            query.append(("keyterms_prompt", json.dumps(phrases, ensure_ascii=False)))
        return Call(self.address("/v3/ws", query), AssemblyAiTalk(language, self.errors))

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript | None:
        """See `talk.LiveVendor`."""
        if not self.has_whole:
            return None
        language = forced(options.languages, self.capabilities.languages, NAME)
        config: dict[str, Any] = {"language_codes": [base(language)], "timestamps": True}
        if phrases := self._phrases(options):
            config["keyterms_prompt"] = phrases
        answer = await self.wire.post_form(
            "/v1/transcribe",
            [("config", dumped(config))],
            ("utterance.wav", "audio/wav", write_wav(audio)),
            read_s=options.timeout_s,
            file_field="audio",
        )
        said = await self.wire.json(answer)
        if not isinstance(said, dict) or not isinstance(said.get("text"), str):
            raise self.errors.protocol("The answer has no text.")
        listed = words(children(said, "words"), "text", ms_per_unit=1)
        return heard(said["text"], language, said.get("confidence"), listed)


class AssemblyAiTalk(Talk):
    """A turn of theirs is a segment of ours. It may be said twice when it ends, the second time with punctuation."""

    chunk_ms: ClassVar[int] = 60  # messages hold from 50 to 1000 ms
    whole_chunks: ClassVar[bool] = True

    def __init__(self, language: str, errors: VendorErrors) -> None:
        super().__init__()
        self.ready = False
        self._language = language
        self._errors = errors
        self._ended: tuple[int, Transcript] | None = None
        """The turn that is over and whose punctuation is awaited."""

    def finish(self) -> Sequence[Message]:
        return (dumped({"type": "ForceEndpoint"}), dumped({"type": "Terminate"}))

    def receive(self, message: Message) -> Sequence[SttEvent]:
        said = parse(message, NAME)
        match said.get("type"):
            case "Begin":
                self.ready = True
            case "Turn":
                return self._turn(said)
            case "Termination":
                self.done = True
            case "Error":
                raise self._failed(number(said, "error_code"), str(said.get("error")))
            case None:
                raise self._errors.protocol("A message without a type.")
        return ()

    def rest(self) -> Sequence[SttEvent]:
        return self._settled()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        return self._failed(code, reason) if code >= 3000 or code in (1008, 1013) else None

    def _turn(self, said: Mapping[str, Any]) -> Sequence[SttEvent]:
        if not isinstance(said.get("transcript"), str):
            raise self._errors.protocol("A turn without a transcript.")
        order, listed = number(said, "turn_order"), children(said, "words")
        before = self._settled() if self._ended is not None and self._ended[0] != order else ()
        text = said["transcript"]
        if said.get("end_of_turn") is True:
            turn = heard(text, self._language, _mean(listed), words(listed, "text", ms_per_unit=1))
            if said.get("turn_is_formatted") is True:
                self._ended = None
                return (*before, FinalTranscript(turn))
            self._ended = (order, turn)
            return (*before, PartialTranscript(turn, stable=True))
        spoken = " ".join(str(one.get("text") or "") for one in listed) or text
        stable = bool(listed) and all(one.get("word_is_final") is True for one in listed)
        return (*before, PartialTranscript(heard(spoken, self._language), stable))

    def _settled(self) -> Sequence[SttEvent]:
        ended, self._ended = self._ended, None
        return () if ended is None else (FinalTranscript(ended[1]),)

    def _failed(self, code: int, reason: str) -> ProviderError:
        detail = f"{code} {reason}"
        if code in (1008, 4001):
            return faults.bad_key(NAME, detail)
        if code in _NO_CREDIT:
            return faults.no_credit(NAME, detail)
        if code in _BUSY:
            return faults.busy(NAME, detail)
        if code in _OURS:
            return faults.refused(NAME, "refuses the request", detail=detail)
        return (
            self._errors.of_answer(Refusal(code, {}, detail))
            if 400 <= code < 600
            else faults.gone(NAME, detail)
        )


def _mean(listed: Sequence[Mapping[str, Any]]) -> float | None:
    sure = [one["confidence"] for one in listed if isinstance(one.get("confidence"), float)]
    return sum(sure) / len(sure) if sure else None
