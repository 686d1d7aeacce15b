"""The vendors' protocols without sockets: whatever comes is events or an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import VirtualClock
from voice_ai_service.errors import ProviderError
from voice_ai_service.net.aws_event_stream import encode_message
from voice_ai_service.providers.stt.assemblyai import AssemblyAiTalk
from voice_ai_service.providers.stt.aws_transcribe import TranscribeTalk
from voice_ai_service.providers.stt.azure import AzureTalk
from voice_ai_service.providers.stt.azure_messages import (
    AzureBroken,
    audio_message,
    parse_message,
    text_message,
)
from voice_ai_service.providers.stt.deepgram import DeepgramTalk
from voice_ai_service.providers.stt.gladia import GladiaTalk
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.scribe import ScribeTalk
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    Phrase,
    SttOptions,
    Transcript,
    Word,
)
from voice_ai_service.providers.stt.talk import Talk
from voice_ai_service.providers.stt.utterance import Segments, heard, joined, share, words
from voice_ai_service.providers.stt.vosk_server import VoskTalk
from voice_ai_service.providers.vendor_errors import VendorErrors

CLOCK = VirtualClock()
ERRORS = VendorErrors("x", CLOCK)
NAMES = st.sampled_from(
    [
        "type", "transcript", "words", "text", "start", "end", "channel", "alternatives", "is_final",
        "data", "utterance", "result", "partial", "confidence", "message_type", "error", "error_code",
        "turn_order", "end_of_turn", "Transcript", "Results", "Alternatives", "Items", "Content",
        "StartTime", "RecognitionStatus", "NBest", "Words", "Word", "Offset", "Duration", "Text",
        "Display", "acknowledged", "Type", "IsPartial",
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "Results", "Metadata", "Error", "Begin", "Turn", "Termination", "session_started",
        "partial_transcript", "end_session", "transcript", "error", "committed_transcript_with_timestamps",
        "Success", "NoMatch", "quota_exceeded", "punctuation",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=6)

TALKS: dict[str, tuple[Callable[[], Talk], Callable[[str], str | bytes]]] = {
    "deepgram": (lambda: DeepgramTalk("pt-BR", ERRORS), lambda body: body),
    "assemblyai": (lambda: AssemblyAiTalk("pt-BR", ERRORS), lambda body: body),
    "scribe": (lambda: ScribeTalk("pt-BR", 8000, ERRORS), lambda body: body),
    "gladia": (lambda: GladiaTalk("pt-BR", ERRORS), lambda body: body),
    "azure": (
        lambda: AzureTalk("pt-BR", 8000, (), ERRORS, CLOCK),
        lambda body: f"Path:speech.{'phrase' if len(body) % 2 else 'hypothesis'}\r\n\r\n{body}",
    ),
    "transcribe": (
        lambda: TranscribeTalk("pt-BR", 8000, ERRORS),
        lambda body: encode_message(
            {":message-type": "event", ":event-type": "TranscriptEvent"}, body.encode("utf-8", "replace")
        ),
    ),
    "vosk": (lambda: VoskTalk("pt-BR", 8000, (), ERRORS), lambda body: body),
}
each = pytest.mark.parametrize("name", TALKS)


@each
@settings(max_examples=60, deadline=None)
@given(said=st.lists(OBJECTS, min_size=1, max_size=4), finished=st.booleans())
def test_whatever_a_vendor_says_is_events_or_an_error_of_ours(
    name: str, said: list[dict[str, Any]], finished: bool
) -> None:
    make, dressed = TALKS[name]
    talk = make()
    segments = Segments("pt-BR")
    talk.opening()
    talk.finished = finished
    for message in said:
        try:
            events = talk.receive(dressed(json.dumps(message)))
        except ProviderError:
            return
        for event in (*events, *talk.rest()):
            assert isinstance(event, PartialTranscript | FinalTranscript)
            assert event.transcript.language == "pt-BR"
            segments.add(event)
    assert isinstance(segments.whole().text, str)


@each
@given(message=st.text(max_size=60) | st.binary(max_size=60))
def test_no_message_breaks_a_talk(name: str, message: str | bytes) -> None:
    make, dressed = TALKS[name]
    for came in (message, dressed(message) if isinstance(message, str) else message):
        try:
            events = make().receive(came)
        except ProviderError:
            continue
        assert all(isinstance(event, PartialTranscript | FinalTranscript) for event in events)


@each
@given(code=st.integers(1000, 4999), reason=st.text(max_size=40))
def test_a_close_never_shows_the_vendors_words(name: str, code: int, reason: str) -> None:
    error = TALKS[name][0]().closed(code, f"~{reason}~")
    assert error is None or f"~{reason}~" not in error.message


def test_a_settled_segment_stays_and_what_follows_is_added() -> None:
    segments = Segments("pt-BR")
    texts = [
        segments.add(PartialTranscript(heard("quero", "pt-BR"))),
        segments.add(FinalTranscript(heard("Quero pagar,", "pt-BR", 0.8))),
        segments.add(FinalTranscript(heard("", "pt-BR"))),
        segments.add(PartialTranscript(heard("sim", "pt-BR"), stable=True)),
        segments.add(FinalTranscript(heard("sim.", "pt-BR", 0.4))),
    ]
    assert [(one.transcript.text, one.stable) if one else None for one in texts] == [
        ("quero", False),
        ("Quero pagar,", True),
        None,
        ("Quero pagar, sim", True),
        ("Quero pagar, sim.", True),
    ]
    assert segments.whole() == Transcript("Quero pagar, sim.", "pt-BR", 0.7)


def test_nothing_joined_is_silence_in_the_language_that_was_forced() -> None:
    assert joined([], "pt-BR") == Transcript("", "pt-BR")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (0.5, 0.5),
        ("0.93", 0.93),
        (2, 1.0),
        (-1, 0.0),
        (True, None),
        ("much", None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_how_sure_is_a_share_or_unknown(said: object, expected: float | None) -> None:
    assert share(said) == expected


def test_words_without_times_are_left_out() -> None:
    listed: list[dict[str, Any]] = [
        {"word": "oi", "start": 0.1, "end": 0.25},
        {"word": "tudo", "start": None, "end": 1},
        {"start": 1, "end": 2},
    ]
    assert words(listed, "word") == (Word("oi", 100, 250),)


def test_hints_fit_what_a_vendor_takes() -> None:
    phrases = tuple(Phrase(text, "pt-BR") for text in ("um", "dois mil", "tres", "quatro"))
    options = SttOptions(("pt-BR",), phrases)
    assert KeptPhrases(2)(options) == ["um", "dois mil"]
    assert KeptPhrases(longest=4)(options) == ["um", "tres"]
    assert KeptPhrases(total=14)(options) == ["um", "dois mil", "tres"]


@given(said=OBJECTS)
def test_azures_messages_are_read_as_they_were_written(said: dict[str, Any]) -> None:
    written = text_message("speech.Phrase", "0" * 32, said, CLOCK.now())
    read = parse_message(written)
    assert (read.path, json.dumps(read.said)) == ("speech.phrase", json.dumps(said))


def test_azures_audio_says_how_long_its_headers_are() -> None:
    message = audio_message("a" * 32, b"\x01\x02", CLOCK.now(), content_type="audio/x-wav")
    size = int.from_bytes(message[:2], "big")
    assert message[2 : 2 + size].endswith(b"\r\n")
    assert message[2 + size :] == b"\x01\x02"
    with pytest.raises(AzureBroken):
        parse_message(message)
