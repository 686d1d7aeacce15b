"""The shapes of docs/turn-protocol.md."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from voice_ai_service.audio.formats import Encoding
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.dialogue.actions import Action, Continue, HangUp, RecordMessage, Transfer

Dialled = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,32}$")]
"""What a keypad can dial."""
CallerId = Annotated[str, StringConstraints(max_length=64)]
"""Whatever the network sent: numbers, `anonymous`, SIP users. Normalised behind the door, never executed."""
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{0,32}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}\.(wav|r8)$")]
MAX_AUDIO_BASE64 = 28_000_000


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StreamRequest(_Request):
    """The PBX, or a client without one, can stream the call. See docs/realtime.md."""

    sample_rate_hz: Literal[8000, 16000] = 8000
    channels: Literal[1, 2] = 1
    playout: Literal["auto", "socket", "playback", "unicast"] = "auto"
    control: Literal["pbx", "socket"] = "pbx"


class CallSetup(_Request):
    call_uuid: UUID
    domain_uuid: UUID | None = None
    domain_name: Annotated[str, StringConstraints(max_length=253)] | None = None
    called_number: Dialled
    caller_number: CallerId = ""
    caller_name: Annotated[str, StringConstraints(max_length=200)] = ""
    audio_transport: Literal["inline", "shared"] = "inline"
    stream: StreamRequest | None = None


class UtteranceAudio(_Request):
    """Either `content` with its encoding, or `file` in the call's own folder."""

    content: Annotated[str, StringConstraints(max_length=MAX_AUDIO_BASE64)] | None = None
    encoding: Literal["L16", "PCMU", "PCMA", "WAV"] = "WAV"
    sample_rate_hz: Literal[8000, 16000] = 8000
    file: FileName | None = None

    @model_validator(mode="after")
    def _one_source(self) -> UtteranceAudio:
        if (self.content is None) == (self.file is None):
            raise ValueError("send either content or file")
        return self


class PreviousReply(_Request):
    """How much of the reply before this was heard."""

    played_ms: int = Field(ge=0, le=3_600_000)
    barged_in: bool = False


class TurnRequest(_Request):
    call_uuid: UUID
    domain_uuid: UUID | None = None
    turn: int = Field(ge=1, le=1000)
    audio: UtteranceAudio | None = None
    digits: Digits = ""
    no_input: bool = False
    previous: PreviousReply | None = None

    @model_validator(mode="after")
    def _something_happened(self) -> TurnRequest:
        if self.audio is None and not self.digits and not self.no_input:
            raise ValueError("send audio, digits or no_input")
        return self


class AnsweredEvent(_Request):
    type: Literal["answered"]
    domain_uuid: UUID | None = None


class PlayedEvent(_Request):
    type: Literal["played"]
    domain_uuid: UUID | None = None
    turn: int = Field(ge=0, le=1000)
    played_ms: int = Field(ge=0, le=3_600_000)
    barged_in: bool = False


class TransferFailedEvent(_Request):
    type: Literal["transfer_failed"]
    domain_uuid: UUID | None = None
    cause: Annotated[str, StringConstraints(pattern=r"^[A-Z_0-9]{1,64}$")] = "UNSPECIFIED"


CallEvent = Annotated[AnsweredEvent | PlayedEvent | TransferFailedEvent, Field(discriminator="type")]


class EndRequest(_Request):
    domain_uuid: UUID | None = None
    reason: Literal["caller_hangup", "secretary_hangup", "transferred", "fallback", "error"]
    hangup_cause: Annotated[str, StringConstraints(pattern=r"^[A-Z_0-9]{0,64}$")] = ""
    duration_ms: int = Field(0, ge=0, le=86_400_000)
    turn: int | None = Field(None, ge=0, le=1000)
    audio: UtteranceAudio | None = None
    previous: PreviousReply | None = None
    recording_file: FileName | None = None


class DestinationAnswer(BaseModel):
    name: str
    kind: str
    number: str

    @classmethod
    def of(cls, destination: Destination) -> DestinationAnswer:
        return cls(name=destination.name, kind=destination.kind.value, number=destination.number)


class ActionAnswer(BaseModel):
    type: Literal["continue", "transfer", "hangup", "record_message"]
    destination: DestinationAnswer | None = None
    reason: str | None = None
    max_s: int | None = None

    @classmethod
    def of(cls, action: Action) -> ActionAnswer:
        match action:
            case Continue():
                return cls(type="continue")
            case Transfer(destination=destination, reason=reason):
                return cls(type="transfer", destination=DestinationAnswer.of(destination), reason=reason)
            case HangUp(reason=why):
                return cls(type="hangup", reason=why.value)
            case RecordMessage(max_s=max_s):
                return cls(type="record_message", max_s=max_s)


class AudioAnswer(BaseModel):
    """A WAV file, G.711 mu-law, 8 kHz, mono."""

    ref: str
    format: Literal["PCMU"] = Encoding.PCMU.value
    sample_rate_hz: int
    duration_ms: int
    bytes: int
    content: str | None = None
    file: str | None = None


class AudioPiece(BaseModel):
    content: str
    offset: int
    bytes: int


class Listening(BaseModel):
    end_silence_ms: int
    max_utterance_ms: int
    no_input_ms: int


class CallLimitsAnswer(BaseModel):
    max_turns: int
    max_duration_s: int


class SecretaryAnswer(BaseModel):
    secretary_uuid: UUID
    name: str
    version: int
    language: str


class StreamAnswer(BaseModel):
    """Where the call's audio goes. The address is good once, and for `expires_s`."""

    url: str
    sample_rate_hz: int
    expires_s: int


class SetupAnswer(BaseModel):
    call_uuid: UUID
    domain_uuid: UUID
    """For a PBX that knows its tenants by name: what it must name in every later request."""
    decision: Literal["answer", "closed", "busy"]
    mode: Literal["turn", "realtime"] = "turn"
    """`realtime`: open the stream after answering; the bridge says `said` there, and everything else."""
    stream: StreamAnswer | None = None
    reason: str | None = None
    secretary: SecretaryAnswer | None = None
    said: str
    audio: AudioAnswer | None
    action: ActionAnswer
    listening: Listening | None = None
    limits: CallLimitsAnswer | None = None
    apology: AudioAnswer | None = None
    fallback: ActionAnswer
    folder: str | None = None
    record_call: bool = False


class RefusedCall(BaseModel):
    """Stands beside `error`: what the caller hears whom nobody here can answer."""

    decision: Literal["refused"] = "refused"
    said: str
    audio: AudioAnswer | None
    """Always inline."""
    action: ActionAnswer


class TurnAnswer(BaseModel):
    call_uuid: UUID
    turn: int
    heard: str
    heard_language: str | None
    said: str
    action: ActionAnswer
    audio: AudioAnswer | None
    latency_ms: dict[str, float]


class EventAnswer(BaseModel):
    said: str = ""
    action: ActionAnswer | None = None
    audio: AudioAnswer | None = None


class EndAnswer(BaseModel):
    conversation_uuid: UUID | None
    """None: noted; the bridge that serves the call is still storing it."""
