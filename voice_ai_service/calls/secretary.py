"""A secretary's settings: what the tenant's admin configured, validated once and frozen.

The draft is a row of `v_voice_secretaries`; publishing freezes it as a version, and a live call keeps the
version it began with.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from voice_ai_service.calls.hours import BusinessHours

LANGUAGES = ("pt-BR", "en")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Extension = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,20}$")]
Digit = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]


def _known_language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return value


Language = Annotated[str, AfterValidator(_known_language)]
Localized = dict[Language, Text]
"""A text per language; the secretary's first language must be there."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mode(StrEnum):
    TURN = "turn"
    REALTIME = "realtime"
    AUTO = "auto"


class Fact(_Frozen):
    """Something about the business that the secretary may say, and how callers ask for it."""

    topic: ShortText
    questions: dict[Language, Annotated[tuple[ShortText, ...], Field(max_length=50)]]
    answer: Localized


class CallLimits(_Frozen):
    max_turns: int = Field(20, ge=1, le=100)
    max_duration_s: int = Field(600, ge=30, le=7200)
    max_utterance_s: int = Field(30, ge=3, le=120)
    end_silence_ms: int = Field(1200, ge=300, le=10000)
    """Silence that ends an utterance. The requirement's 3 s is the most a caller accepts; 1.2 s the default."""
    no_input_s: int = Field(8, ge=3, le=60)
    """Silence before the caller is asked again."""
    max_no_input: int = Field(2, ge=0, le=10)
    """Times the caller is asked again, then the fallback."""
    max_misunderstood: int = Field(3, ge=1, le=10)
    """Turns in a row without a meaning, then the fallback."""


class Sensitivity(StrEnum):
    """How readily sound counts as the caller speaking."""

    LOW = "low"
    """Noisy lines and rooms: only clear speech counts, and it is noticed a little later."""
    NORMAL = "normal"
    HIGH = "high"
    """Quiet talkers on quiet lines."""


class VoiceDetector(StrEnum):
    WEBRTC = "webrtc"
    SILERO = "silero"
    """Costs ten times as much a frame; falls back to `webrtc` where its file or onnxruntime is missing."""


class TurnTaking(_Frozen):
    """When the caller's turn begins and ends in realtime mode, and what interrupts the secretary.

    How long nobody may speak is `CallLimits.no_input_s` and `max_no_input`, in both modes.
    """

    sensitivity: Sensitivity = Sensitivity.NORMAL
    detector: VoiceDetector = VoiceDetector.WEBRTC
    end_silence_ms: int = Field(500, ge=100, le=3000)
    """Silence that ends an utterance when the end-of-turn model is absent or unsure."""
    pause_ms: int = Field(100, ge=40, le=1000)
    """Silence after which an answer is begun on suspicion."""
    guesses: int = Field(2, ge=0, le=5)
    """Answers begun on suspicion in one utterance, at most; each may cost a transcription, a model's answer and a
    sentence of a voice. 0: every answer waits for the end of the utterance."""
    end_of_turn_model: bool = True
    """Let the model shorten the wait after a complete sentence and lengthen it in the middle of one."""
    interruptible: bool = True
    """False: the secretary always finishes what it says."""
    min_words: int = Field(1, ge=0, le=10)
    """Words that cancel the secretary's reply; with 0 any speech does."""
    min_speech_ms: int = Field(600, ge=100, le=1500)
    """Speech that cancels it where the recogniser tells no words before the end of the utterance."""
    backchannels: tuple[ShortText, ...] = Field((), max_length=50)
    """What else, besides `uhum`, `mhm`, `ok` and the like, shows listening and interrupts nothing."""

    @model_validator(mode="after")
    def _pause_before_the_end(self) -> TurnTaking:
        if self.pause_ms > self.end_silence_ms:
            raise ValueError("pause_ms: at most end_silence_ms")
        return self


class FallbackKind(StrEnum):
    TRANSFER = "transfer"
    MESSAGE = "message"
    HANGUP = "hangup"


class Fallback(_Frozen):
    """What happens when the secretary cannot go on: limits, dead providers, a caller nobody understands."""

    kind: FallbackKind = FallbackKind.HANGUP
    destination: ShortText | None = None
    """Name of one of the tenant's destinations; needed for `transfer`."""

    @model_validator(mode="after")
    def _transfer_needs_a_destination(self) -> Fallback:
        if self.kind is FallbackKind.TRANSFER and self.destination is None:
            raise ValueError("destination: name the destination that a transfer goes to")
        return self


class DtmfAction(_Frozen):
    """One key. `transfer` needs a destination's name."""

    action: Literal["transfer", "repeat", "message", "hangup", "hours"]
    destination: ShortText | None = None

    @model_validator(mode="after")
    def _transfer_needs_a_destination(self) -> DtmfAction:
        if self.action == "transfer" and self.destination is None:
            raise ValueError("destination: a transfer needs the name of a destination")
        return self


class TransferStyle(StrEnum):
    """How the bridge puts a caller through; turn mode leaves the call to the dial plan."""

    BLIND = "blind"
    """The destination is rung while the caller hears music; both are connected when it answers."""
    ATTENDED = "attended"
    """Who answers is told who calls and is asked; only an explicit yes connects."""


class TransferSettings(_Frozen):
    """Realtime mode's. Voicemail and queues are never asked: nobody is there to say yes."""

    style: TransferStyle = TransferStyle.BLIND
    ring_s: int = Field(25, ge=5, le=120)
    """How long a destination rings before the caller comes back."""


class ProviderChoice(_Frozen):
    """Rows of `v_voice_providers` by preference. Empty: the domain's enabled ones by priority, then the embedded."""

    stt: tuple[UUID, ...] = ()
    tts: tuple[UUID, ...] = ()
    llm: tuple[UUID, ...] = ()
    embeddings: tuple[UUID, ...] = ()
    realtime: tuple[UUID, ...] = ()
    """Speech-to-speech models for realtime calls. Empty: the cascade of the kinds above."""


class SecretarySettings(_Frozen):
    """
    Attributes:
        languages: Those the caller may speak; the first is the one the secretary greets in.
        greeting, farewell, outside_hours: Spoken texts; missing ones come from `dialogue.phrases`.
        persona: Who the secretary is and how it speaks; for the language model.
        facts: What it knows without documents.
        hours: None counts as closed (a secretary nobody configured must not ring people at night).
        closed_action: What happens to a call outside hours, after `outside_hours` was said.
        voices: Voice name per language.
        dtmf: Key to action.
        disclosure: Say in the greeting that this is a virtual assistant.
        record_calls: Keep the audio. `recording_notice` is then said first.
        turn_taking: Realtime mode's; versions stored before it existed have the defaults.
        transfers: Realtime mode's.
    """

    languages: tuple[Language, ...] = ("pt-BR",)
    greeting: Localized = {}
    farewell: Localized = {}
    outside_hours: Localized = {}
    persona: Annotated[str, StringConstraints(max_length=8000)] = ""
    business_name: Annotated[str, StringConstraints(max_length=200)] = ""
    facts: tuple[Fact, ...] = Field((), max_length=200)
    hours: BusinessHours | None = None
    closed_action: Fallback = Fallback(kind=FallbackKind.HANGUP)
    fallback: Fallback = Fallback()
    limits: CallLimits = CallLimits()
    voices: dict[Language, ShortText] = {}
    providers: ProviderChoice = ProviderChoice()
    dtmf: dict[Digit, DtmfAction] = {}
    disclosure: bool = True
    record_calls: bool = False
    recording_notice: Localized = {}
    turn_taking: TurnTaking = TurnTaking()
    transfers: TransferSettings = TransferSettings()

    @model_validator(mode="after")
    def _consistent(self) -> SecretarySettings:
        if not self.languages:
            raise ValueError("languages: name at least one")
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("languages: each once")
        first = self.languages[0]
        for name in ("greeting", "farewell", "outside_hours", "recording_notice"):
            texts: Localized = getattr(self, name)
            if texts and first not in texts:
                raise ValueError(f"{name}.{first}: the secretary's first language is missing")
        for index, fact in enumerate(self.facts):
            if first not in fact.answer:
                raise ValueError(f"facts.{index}.answer.{first}: the secretary's first language is missing")
        return self


class Secretary(_Frozen):
    """One published version, as a call uses it."""

    secretary_uuid: UUID
    domain_uuid: UUID
    name: ShortText
    extension: Extension
    mode: Mode
    version: int
    settings: SecretarySettings

    @property
    def language(self) -> str:
        return self.settings.languages[0]
