"""What is known of one live call. Small, serialisable, kept in the session cache between turns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

STAGES = (
    "endpointing",
    "stt",
    "retrieval",
    "llm_first_token",
    "first_sentence",
    "llm",
    "tts_first_byte",
    "tts",
    "playout",
    "speculated",
    "total",
)


class Speaker(StrEnum):
    CALLER = "caller"
    SECRETARY = "secretary"


class StageLatencies(BaseModel):
    """Milliseconds; None for a stage that did not run in this turn.

    In turn mode `total` is measured at the service's door: `llm_first_token` and `tts_first_byte` lie inside `llm`
    and `tts`, and `other` is what is left of `total`.

    In realtime mode `total` runs from the end of the caller's speech to the first sound of the reply in the caller's
    ear. On that way lie `endpointing` (until it was decided that the utterance was over), `stt`, `retrieval`,
    `llm_first_token`, `first_sentence` (until there was something to speak), `tts_first_byte` and `playout` (from the
    first audio to the ear), less `speculated`: the part of them that ran beside an earlier stage. `llm` and `tts` go on
    while the caller listens.
    """

    model_config = ConfigDict(extra="forbid")
    endpointing: float | None = None
    stt: float | None = None
    retrieval: float | None = None
    llm_first_token: float | None = None
    first_sentence: float | None = None
    llm: float | None = None
    tts_first_byte: float | None = None
    tts: float | None = None
    playout: float | None = None
    speculated: float | None = None
    total: float = 0.0

    @property
    def providers_ms(self) -> float:
        return (self.stt or 0.0) + (self.retrieval or 0.0) + (self.llm or 0.0) + (self.tts or 0.0)

    @property
    def way_ms(self) -> float:
        """The stages of a realtime turn that add up to `total`, but for `other`."""
        stages = (
            self.endpointing,
            self.stt,
            self.retrieval,
            self.llm_first_token,
            self.first_sentence,
            self.tts_first_byte,
            self.playout,
        )
        return sum(filter(None, stages)) - (self.speculated or 0.0)


class TurnRecord(BaseModel):
    """One exchange: what was heard, what was said, and what came of it. The greeting is turn 0 with no `heard`."""

    model_config = ConfigDict(extra="forbid")
    turn: int
    started_at: datetime
    heard: str = ""
    heard_language: str | None = None
    heard_confidence: float | None = None
    digits: str = ""
    said: str = ""
    said_language: str | None = None
    said_heard: str | None = None
    """What the caller heard of `said`, where that is known better than by the share of the audio that was played."""
    played_ms: int | None = None
    """How much of `said` the caller heard; None until the PBX reports it, then at most `audio_ms`."""
    audio_ms: int = 0
    barged_in: bool = False
    action: str = "continue"
    intent: str | None = None
    caller_audio_ref: str | None = None
    caller_audio_ms: int = 0
    latency_ms: StageLatencies = Field(default_factory=StageLatencies)
    providers: dict[str, str] = Field(default_factory=dict)
    """Stage to registry name: {"stt": "embedded", "llm": "openai", "tts": "embedded"}."""
    models: dict[str, str] = Field(default_factory=dict)
    """Stage to the model's own name, where the provider has one: what the price list knows."""
    synthesised_chars: int | None = None
    """Characters that a voice was paid for; None: all of `said`. What the cache had cost nothing."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sources: list[str] = Field(default_factory=list)
    tools: list[dict[str, Any]] = Field(default_factory=list)


class Stage(StrEnum):
    """Where the conversation is, beyond plain listening."""

    OPEN = "open"
    TAKING_MESSAGE = "taking_message"
    CONFIRMING_TRANSFER = "confirming_transfer"
    OFFERING_MESSAGE = "offering_message"


class CallState(BaseModel):
    model_config = ConfigDict(extra="forbid")
    call_uuid: UUID
    domain_uuid: UUID
    secretary_uuid: UUID
    secretary_version: int
    started_at: datetime
    answered_at: datetime | None = None
    caller_number: str = ""
    """E.164 where it could be normalised, else as dialled; personal data."""
    called_number: str = ""
    language: str = "pt-BR"
    stage: Stage = Stage.OPEN
    turns: list[TurnRecord] = Field(default_factory=list)
    no_input: int = 0
    misunderstood: int = 0
    pending_destination: str | None = None
    transferred_to: str | None = None
    failed_destinations: list[str] = Field(default_factory=list)
    """Names that a transfer of this call went to without anybody answering: not tried again by themselves."""
    message_text: str | None = None
    message_audio_ref: str | None = None
    mode: str = "turn"
    """`turn` or `realtime`: who serves the call and stores it."""
    shared_audio: bool = False
    """Audio travels as files in the call's own folder instead of inside the requests."""
    ending: str | None = None
    """Set once the secretary decided to end: a HangupReason's value or `transferred`."""
    owner: str = ""
    """The process that serves it, for the log."""

    @property
    def turn_count(self) -> int:
        """Caller turns so far: neither the greeting nor a reply without a turn, after a failed transfer, counts."""
        return max((turn.turn for turn in self.turns), default=0)
