"""A vosk-server in one's own network: audio in, JSON out, over its WebSocket.

Source: `websocket/asr_server.py` of alphacep/vosk-server. A server has one model, which is one language's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints

from voice_ai_service.providers.entry import BaseUrl, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, one_of
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
from voice_ai_service.providers.wire.messages import children, dumped, parse

NAME: Final = "vosk_server"
_END: Final = '{"eof" : 1}'
"""The server compares the text, blanks included."""
_UNKNOWN: Final = "[unk]"

LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]


class VoskServerSettings(CloudSettings):
    """
    Attributes:
        base_url: Where the server listens, as in `http://10.0.0.5:2700`.
        language: Its model's, as in `pt-BR` or `pt`.
        only_phrases: Hear nothing but the likely phrases, for models whose vocabulary can be changed.
    """

    base_url: BaseUrl
    language: LanguageTag
    only_phrases: bool = False
    sample_rate_hz: int = Field(8000, ge=8000, le=48000)


def capabilities(settings: VoskServerSettings) -> SttCapabilities:
    return SttCapabilities(
        streaming=True,
        partials=True,
        free_dictation=not settings.only_phrases,
        languages=frozenset({settings.language}),
        sample_rates_hz=(settings.sample_rate_hz,),
        word_times=True,
    )


async def build(context: ProviderContext, settings: VoskServerSettings, secret: str | None) -> LiveStt:
    return LiveStt(VoskServer(context, settings), context.clock, context.allowed_networks)


class VoskServer(CloudVendor):
    def __init__(self, context: ProviderContext, settings: VoskServerSettings) -> None:
        super().__init__(NAME, settings, capabilities(settings), context, url=settings.base_url, headers={})
        self._settings = settings
        self._phrases = KeptPhrases(most=500)

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, self.capabilities.languages, NAME)
        only = self._phrases(options) if self._settings.only_phrases else []
        return Call(self.address("/"), VoskTalk(language, sample_rate_hz, only, self.errors))


class VoskTalk(Talk):
    """Every message of audio is answered by one; `text` settles a segment, `partial` does not."""

    chunk_ms: ClassVar[int] = 100

    def __init__(self, language: str, sample_rate_hz: int, only: Sequence[str], errors: VendorErrors) -> None:
        super().__init__()
        self._language = language
        self._rate_hz = sample_rate_hz
        self._only = only
        self._errors = errors
        self._unanswered = 0

    def opening(self) -> Sequence[Message]:
        config: dict[str, Any] = {"sample_rate": self._rate_hz, "words": True, "max_alternatives": 0}
        if self._only:
            config["phrase_list"] = [*(phrase.lower() for phrase in self._only), _UNKNOWN]
        return (dumped({"config": config}),)

    def audio(self, samples: bytes) -> Sequence[Message]:
        self._unanswered += 1
        return (samples,)

    def finish(self) -> Sequence[Message]:
        self._unanswered += 1
        return (_END,)

    def receive(self, message: Message) -> Sequence[SttEvent]:
        said = parse(message, NAME)
        self._unanswered -= 1
        self.done = self.finished and self._unanswered <= 0
        if isinstance(said.get("partial"), str):
            return (PartialTranscript(_transcript({"text": said["partial"]}, self._language)),)
        found = said if "alternatives" not in said else one_of(said["alternatives"])
        if not isinstance(found.get("text"), str):
            raise self._errors.protocol("An answer without text.")
        return (FinalTranscript(_transcript(found, self._language)),)


def _transcript(said: Mapping[str, Any], language: str) -> Transcript:
    listed = children(said, "result")
    sure = [one["conf"] for one in listed if isinstance(one.get("conf"), int | float)]
    spoken = " ".join(part for part in str(said["text"]).split() if part != _UNKNOWN)
    return heard(spoken, language, sum(sure) / len(sure) if sure else None, words(listed, "word"))
