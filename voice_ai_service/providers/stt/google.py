"""Google Cloud Speech-to-Text v2: whole utterances over REST. Its streaming is gRPC only and not offered here.

Source: `projects.locations.recognizers.recognize` of the API's v2 reference.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.google_api import as_google_says
from voice_ai_service.providers.google_token import GRANTS_URL, GoogleTokens, ServiceAccount
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.cloud import CloudSettings, needed, one_of
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import forced
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, SttStream, Transcript, Word
from voice_ai_service.providers.stt.utterance import heard, joined
from voice_ai_service.providers.vendor_wire import VendorAddress, VendorWire, open_vendor_wire
from voice_ai_service.providers.wire.messages import children, dumped

NAME: Final = "google"
CAPABILITIES: Final = SttCapabilities(
    streaming=False,
    partials=False,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000, 24000, 44100, 48000),
    word_times=True,
)
_MAX_MS: Final = 60_000
"""What a request may hold."""

Place = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
Project = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9:.-]{2,61}$")]


class GoogleSttSettings(CloudSettings):
    """
    Attributes:
        project: None: the service account's own. Needed with an API key.
        location: `global`, or a region; models and languages differ by it.
        model: `long`, `short`, `telephony`, `telephony_short`, `chirp_2`, ...
        boost: How strongly likely phrases are preferred; 0: they are not sent, for models that take none.
        base_url: Instead of Google's address; a service account's token is asked for there too.
    """

    project: Project | None = None
    location: Place = "global"
    model: ModelName = "telephony"
    boost: float = Field(10.0, ge=0.0, le=20.0)


async def build(context: ProviderContext, settings: GoogleSttSettings, secret: str | None) -> GoogleStt:
    """`secret`: a service account's key file, or an API key. Raises ProviderRefused."""
    key = needed(secret, NAME).strip()
    account = ServiceAccount.of(key, NAME) if key.startswith("{") else None
    project = settings.project or (account.project if account else None)
    if not project:
        raise ProviderRefused(
            "Google needs a project.",
            provider=NAME,
            field="settings.project",
            fix="Name the project that is to be charged.",
        )
    typed = settings.base_url is not None
    prefix = "" if settings.location == "global" else f"{settings.location}-"
    url = settings.base_url or f"https://{prefix}speech.googleapis.com"
    headers = {} if account else {"x-goog-api-key": key}
    async with AsyncExitStack() as until_built:
        tokens = None
        if account is not None:
            token_address = VendorAddress(settings.base_url or GRANTS_URL, typed, refusal=as_google_says)
            token_wire = await open_vendor_wire(NAME, token_address, settings.timeouts, context)
            until_built.push_async_callback(token_wire.aclose)
            tokens = GoogleTokens(account, token_wire, NAME, context.clock)
        address = VendorAddress(url, typed, headers, refusal=as_google_says)
        wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
        until_built.push_async_callback(wire.aclose)
        return GoogleStt(wire, tokens, settings, project, until_built.pop_all())


class GoogleStt:
    def __init__(
        self,
        wire: VendorWire,
        tokens: GoogleTokens | None,
        settings: GoogleSttSettings,
        project: str,
        parts: AsyncExitStack,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._settings = settings
        self._path = f"/v2/projects/{project}/locations/{settings.location}/recognizers/_:recognize"
        self._parts = parts
        self._phrases = KeptPhrases(longest=100)

    @property
    def capabilities(self) -> SttCapabilities:
        return CAPABILITIES

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. Of a longer recording the first minute counts."""
        if audio.sample_rate_hz not in CAPABILITIES.sample_rates_hz:
            audio = resample(audio, CAPABILITIES.sample_rates_hz[0])
        language = forced(options.languages, None, NAME)
        token = await self._tokens.token(read_s=options.timeout_s) if self._tokens else None
        answer = await self._wire.post_bytes(
            self._path,
            "application/json",
            dumped(self._asked(audio, language, options)).encode(),
            read_s=options.timeout_s,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        said = await self._wire.json(answer)
        # Without speech there are no results; only an object that has nothing else in it can mean that.
        if not isinstance(said, dict) or not (said.keys() & {"results", "metadata"} or not said):
            raise self._wire.errors.protocol("The answer has no results.")
        parts = [_segment(result, language) for result in children(said, "results")]
        return joined([part for part in parts if part.text], language)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance, then transcribes it whole."""
        yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz, max_ms=_MAX_MS)

    async def warm(self) -> None:
        """See `Chain.warm`."""
        if self._tokens is not None:
            await self._tokens.token(read_s=self._wire.timeouts.stall_s)
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._parts.aclose()

    def _asked(self, audio: PcmAudio, language: str, options: SttOptions) -> Mapping[str, Any]:
        samples = audio.samples[: 2 * audio.sample_rate_hz * _MAX_MS // 1000]
        config: dict[str, Any] = {
            "explicitDecodingConfig": {
                "encoding": "LINEAR16",
                "sampleRateHertz": audio.sample_rate_hz,
                "audioChannelCount": 1,
            },
            # Several languages would be a question which of them it is.
            "languageCodes": [language],
            "model": self._settings.model,
            "features": {"enableAutomaticPunctuation": True, "enableWordTimeOffsets": True},
        }
        phrases = self._phrases(options) if self._settings.boost else []
        if phrases:
            listed = [{"value": phrase, "boost": self._settings.boost} for phrase in phrases]
            config["adaptation"] = {"phraseSets": [{"inlinePhraseSet": {"phrases": listed}}]}
        return {"config": config, "content": b64encode(samples).decode("ascii")}


def _segment(result: Mapping[str, Any], language: str) -> Transcript:
    best = one_of(result.get("alternatives"))
    listed = [_word(raw) for raw in children(best, "words")]
    # It writes 0 where it does not say how sure it is.
    sure = best.get("confidence") or None
    return heard(best.get("transcript"), language, sure, [one for one in listed if one is not None])


def _word(raw: Mapping[str, Any]) -> Word | None:
    spoken, start_ms, end_ms = raw.get("word"), _ms(raw.get("startOffset", "0s")), _ms(raw.get("endOffset"))
    if not isinstance(spoken, str) or start_ms is None or end_ms is None:
        return None
    return Word(spoken, start_ms, end_ms)


def _ms(duration: object) -> int | None:
    """Of a protobuf Duration in JSON: `1.200s`; zero is left out."""
    if not isinstance(duration, str) or not duration.endswith("s"):
        return None
    digits = duration.removesuffix("s")
    return (
        round(float(digits) * 1000) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else None
    )
