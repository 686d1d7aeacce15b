"""What the driver and the adapters of speech-to-speech vendors agree on.

An adapter is a pure protocol: a vendor's messages go in, steps come out (what we tell the session, what the vendor is
told). It knows no sockets and no clock, and one object of it serves one connection. The driver
(`speech_to_speech.SpeechToSpeech`) owns connections, time and audio formats. Vendors' words stop at the adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from realtime_bridge.providers.seam import BrainCapabilities, BrainEvent
from voice_ai_service.audio.formats import Encoding
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.llm.seam import ChatMessage, ToolSpec
from voice_ai_service.providers.wire.line import Address


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a model is told of its call before the first sound.

    Attributes:
        instructions: From the dialogue's prompt builder.
        language: BCP-47 tag to speak in; `languages`: what the caller may speak, most likely first.
        voice: None: the provider row's own.
        sample_rate_hz: Of the leg.
        history: What was said before, when another brain had the call.
        phrases: What the caller is likely to say, for the transcription.
    """

    instructions: str
    tools: tuple[ToolSpec, ...] = ()
    language: str = "pt-BR"
    languages: tuple[str, ...] = ("pt-BR",)
    voice: str | None = None
    sample_rate_hz: int = 8000
    history: tuple[ChatMessage, ...] = ()
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WireAudio:
    """How audio travels to or from a vendor; mono."""

    encoding: Encoding
    sample_rate_hz: int

    @property
    def bytes_per_ms(self) -> int:
        return max(1, self.sample_rate_hz * self.encoding.bytes_per_sample // 1000)


@dataclass(frozen=True, slots=True)
class Began:
    """The caller speaks. `pre_roll` is coded for the wire; `over_reply`: while a reply is heard."""

    pre_roll: bytes
    over_reply: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The caller's utterance is over and wants an answer."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """What began was no utterance."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    reply_id: str
    heard_ms: int
    heard_text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """No reply is being heard any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know, and nothing to answer. `said`: it is what the caller heard us say."""

    text: str
    said: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Something to answer now, aloud. `of_caller`: the caller's own doing, such as keys."""

    text: str
    of_caller: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer what is known: after a reconnect, to the last words of the history."""


@dataclass(frozen=True, slots=True)
class ToolDone:
    call_id: str
    name: str
    result: str
    speak: bool


@dataclass(frozen=True, slots=True)
class Hold:
    on: bool


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Nothing was sent for a while and the vendor might take the call for dead."""


Command = (
    Began | Ended | Abandoned | Interrupted | Heard | Note | Request | Answer | ToolDone | Hold | KeepAlive
)


@dataclass(frozen=True, slots=True)
class Send:
    """One message to the vendor."""

    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """One event to the session."""

    event: BrainEvent


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio of a reply, as the wire has it."""

    reply_id: str
    coded: bytes


@dataclass(frozen=True, slots=True)
class Renew:
    """The vendor will end this connection: take a new one within this time."""

    within_s: float


@dataclass(frozen=True, slots=True)
class Fail:
    """This connection is of no further use."""

    error: ProviderError


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something of no effect that is worth counting; `name` is ours and of a small vocabulary."""

    name: str


Step = Send | Tell | Audio | Renew | Fail | Oddity
Steps = list[Step]


@dataclass(frozen=True, slots=True)
class Opening:
    """How a connection begins.

    Attributes:
        history: The call so far; `resume`, where the vendor keeps it and gave a handle.
    """

    briefing: Briefing
    history: tuple[ChatMessage, ...] = ()
    resume: str | None = None


class VendorProtocol(Protocol):
    """One connection's conversation. No method raises for anything that a vendor may send.

    Attributes:
        ready: The vendor accepted the opening.
        waiting: Something of a reply is due from the vendor: a silence of it now is a failure.
        replying: Audio of a reply may still come.
        listens: Whether `audio` would send anything now.
        resume: The vendor's newest handle to go on with on another connection.
        quiet_ms: After this much silence of the vendor `quiet` wants to be called; None: never.
        input, output: Known from the start, or from `ready` on.
    """

    ready: bool
    resume: str | None

    @property
    def waiting(self) -> bool: ...
    @property
    def replying(self) -> bool: ...
    @property
    def listens(self) -> bool: ...
    @property
    def quiet_ms(self) -> int | None: ...
    @property
    def input(self) -> WireAudio: ...
    @property
    def output(self) -> WireAudio: ...

    def opening(self) -> Steps: ...

    def receive(self, message: str | bytes) -> Steps: ...

    def obey(self, command: Command) -> Steps: ...

    def audio(self, coded: bytes) -> tuple[str, ...]:
        """The messages for this audio of the caller; none while the vendor is not to hear it."""
        ...

    def quiet(self) -> Steps: ...

    def lost(self) -> Steps:
        """The connection is gone: what is open ends here."""
        ...


class Vendor(Protocol):
    """One vendor as one provider row has it; one object a call."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> BrainCapabilities: ...
    @property
    def timeouts(self) -> StageTimeouts: ...

    async def address(self) -> Address:
        """Raises ProviderError."""
        ...

    def protocol(self, opening: Opening) -> VendorProtocol: ...

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """What a close frame means; None: an ordinary drop."""
        ...
