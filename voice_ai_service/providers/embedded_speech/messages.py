"""Every message of the speech workers: one frozen dataclass each, and how it becomes a frame and back.

A request ends with exactly one of its closing messages: Done, Failed, or the only answer it has.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from voice_ai_service.providers.embedded_speech.framing import Frame, FrameError


@dataclass(frozen=True, slots=True)
class Message:
    kind: ClassVar[str]
    payload_field: ClassVar[str | None] = None
    closing: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Asks whether the engine is loaded; answered by Ready."""

    kind = "hello"


@dataclass(frozen=True, slots=True)
class Ready(Message):
    kind = "ready"
    closing = True


@dataclass(frozen=True, slots=True)
class Cancel(Message):
    """Stops the request of this frame's number; it still gets its closing message."""

    kind = "cancel"


@dataclass(frozen=True, slots=True)
class Done(Message):
    kind = "done"
    closing = True


@dataclass(frozen=True, slots=True)
class Failed(Message):
    """`reason` is one of ours (bad_voice, bad_grammar, engine), `detail` is for debug logs."""

    kind = "failed"
    closing = True
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Speak(Message):
    """Answered by Audio, Audio, …, Done. `text` is plain text, never markup."""

    kind = "speak"
    text: str
    voice: str
    sample_rate_hz: int
    words_per_minute: int


@dataclass(frozen=True, slots=True)
class Audio(Message):
    kind = "audio"
    payload_field = "samples"
    samples: bytes


@dataclass(frozen=True, slots=True)
class Pronounce(Message):
    """Answered by Pronounced."""

    kind = "pronounce"
    words: list[str]
    voice: str


@dataclass(frozen=True, slots=True)
class Pronounced(Message):
    """IPA phonemes of each word in order, separated by underscores."""

    kind = "pronounced"
    closing = True
    phonemes: list[str]


@dataclass(frozen=True, slots=True)
class ListVoices(Message):
    """Answered by Voices."""

    kind = "list_voices"


@dataclass(frozen=True, slots=True)
class Voices(Message):
    """`voices` are pairs of name and language tag; `variants` go after a plus sign."""

    kind = "voices"
    closing = True
    voices: list[list[str]]
    variants: list[str]


@dataclass(frozen=True, slots=True)
class LoadGrammar(Message):
    """Answered by Done.

    Attributes:
        pronunciations: Pairs of token and ARPAbet phones; alternates as further pairs.
        spellings: Pairs of token and English word: the model's own dictionary may know how that is said.
    """

    kind = "load_grammar"
    name: str
    jsgf: str
    pronunciations: list[list[str]]
    spellings: list[list[str]]


@dataclass(frozen=True, slots=True)
class ForgetGrammar(Message):
    """Answered by Done."""

    kind = "forget_grammar"
    name: str


@dataclass(frozen=True, slots=True)
class Recognise(Message):
    """Answered by Recognised. `samples` is L16; `compare` asks for the free score, which costs as much again."""

    kind = "recognise"
    payload_field = "samples"
    grammar: str
    sample_rate_hz: int
    max_ms: int
    compare: bool
    samples: bytes


@dataclass(frozen=True, slots=True)
class Recognised(Message):
    """
    Attributes:
        tokens: The grammar's tokens, each with the milliseconds of the audio where it begins and ends; empty when
            nothing matched or nobody spoke.
        score: Logarithmic score of the best path through the grammar, a frame.
        free_score: The same of the best path through any phones at all; None when it was not asked for, or nobody
            spoke.
        dictionary_words: How many the worker holds; it never gets fewer.
    """

    kind = "recognised"
    closing = True
    tokens: list[list[Any]]
    score: float
    free_score: float | None
    dictionary_words: int


@dataclass(frozen=True, slots=True)
class Transcribe(Message):
    """Free dictation; answered by Transcribed. `samples` is L16.

    Attributes:
        languages: ISO 639-1, most likely first, never empty.
        hot_words: What the caller is likely to say, as one text.
    """

    kind = "transcribe"
    payload_field = "samples"
    sample_rate_hz: int
    languages: list[str]
    hot_words: str
    samples: bytes


@dataclass(frozen=True, slots=True)
class Transcribed(Message):
    """`segments`: text, mean log probability, probability that nobody spoke, compression ratio."""

    kind = "transcribed"
    closing = True
    language: str
    segments: list[list[Any]]


@dataclass(frozen=True, slots=True)
class SpeakModel(Message):
    """For a voice model; answered by Audio, Audio, …, Done. `speaker` None: the model's own."""

    kind = "speak_model"
    text: str
    speaker: int | None
    sample_rate_hz: int
    speed: float


@dataclass(frozen=True, slots=True)
class JudgeEnd(Message):
    """Whether the caller is done; answered by Judged. `samples` is the utterance so far, L16, with its last pause."""

    kind = "judge_end"
    payload_field = "samples"
    sample_rate_hz: int
    samples: bytes


@dataclass(frozen=True, slots=True)
class Judged(Message):
    """`complete` is the probability, 0 to 1."""

    kind = "judged"
    closing = True
    complete: float


M = TypeVar("M", bound=Message)

_ALL: dict[str, type[Message]] = {
    message.kind: message
    for message in (
        Hello, Ready, Cancel, Done, Failed, Speak, Audio, Pronounce, Pronounced, ListVoices, Voices,
        LoadGrammar, ForgetGrammar, Recognise, Recognised, Transcribe, Transcribed, SpeakModel, JudgeEnd, Judged,
    )
}  # fmt: skip


def to_frame(request: int, message: Message) -> Frame:
    body: dict[str, Any] = {item.name: getattr(message, item.name) for item in fields(message)}
    payload = body.pop(message.payload_field) if message.payload_field else b""
    return Frame(message.kind, request, body, payload)


def from_frame(frame: Frame) -> Message:
    """Raises FrameError when the frame is none of ours."""
    message_type = _ALL.get(frame.kind)
    if message_type is None:
        raise FrameError(f"unknown message {frame.kind[:40]}")
    body = dict(frame.body)
    if message_type.payload_field:
        body[message_type.payload_field] = frame.payload
    try:
        return message_type(**body)
    except TypeError as error:
        raise FrameError(f"a {frame.kind} message has the wrong fields") from error


def expect(message: Message, wanted: type[M]) -> M:
    """Raises FrameError when `message` is not what the request must be answered with."""
    if not isinstance(message, wanted):
        raise FrameError(f"expected {wanted.kind}, got {message.kind}")
    return message
