"""The fakes' messages, read by the vendors' own SDK models where an SDK is installed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import assemblyai_server, deepgram_server, gladia_server, scribe_server
from tests.fakes.recogniser_vendor import PARTIAL_AFTER_BYTES, FakeRecogniser


class Recorder:
    """A talk whose messages stay here."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def close(self, code: int, reason: str = "") -> None:
        pass


async def everything(fake: FakeRecogniser) -> list[dict[str, Any]]:
    """All that a fake says in an utterance that goes well."""
    talk: Any = Recorder()
    fake.query = {"audio_format": "pcm_8000", "sample_rate": "8000"}  # type: ignore[attr-defined]
    await fake.greet(talk)
    await fake.audio(talk, bytes(PARTIAL_AFTER_BYTES))
    await fake.end(talk)
    return list(talk.sent)


async def test_deepgram() -> None:
    results = pytest.importorskip("deepgram.listen.v1.types.listen_v1results")
    metadata = pytest.importorskip("deepgram.listen.v1.types.listen_v1metadata")
    fake = deepgram_server.FakeDeepgram()
    said = await everything(fake)
    talk: Any = Recorder()
    await fake.hear(talk, {"type": "CloseStream"})
    assert len(said) == 4
    for message in said:
        read = results.ListenV1Results.model_validate(message)
        assert read.channel.alternatives[0].transcript
    assert metadata.ListenV1Metadata.model_validate(talk.sent[0]).type == "Metadata"


async def test_assemblyai() -> None:
    models = pytest.importorskip("assemblyai.streaming.v3.models")
    said = await everything(assemblyai_server.FakeAssemblyAi())
    kinds = {"Begin": models.BeginEvent, "Turn": models.TurnEvent}
    read = [kinds[message["type"]].model_validate(message) for message in said]
    assert [one.end_of_turn for one in read[1:]] == [False, False, True, True, True, True]


async def test_scribe() -> None:
    types = pytest.importorskip("elevenlabs.types")
    kinds = {
        "session_started": types.SessionStartedPayload,
        "partial_transcript": types.PartialTranscriptPayload,
        "committed_transcript": types.CommittedTranscriptPayload,
        "committed_transcript_with_timestamps": types.CommittedTranscriptWithTimestampsPayload,
    }
    said = await everything(scribe_server.FakeScribe())
    read = [kinds[message["message_type"]].model_validate(message) for message in said]
    assert {type(one) for one in read} == set(kinds.values())
    chunk = {
        "language_code": "por",
        "language_probability": 1.0,
        "text": "oi",
        "words": scribe_server.spaced("oi"),
    }
    assert types.SpeechToTextChunkResponseModel.model_validate(chunk).words[0].type == "word"


async def test_gladia() -> None:
    models = pytest.importorskip("gladiaio_sdk.v2.live.generated_types")
    said = await everything(gladia_server.FakeGladia())
    read = [models.create_live_v2_web_socket_message_from_dict(message) for message in said]
    assert [one.type for one in read][-2:] == ["end_recording", "end_session"]
    assert [one.data.is_final for one in read if one.type == "transcript"] == [False, False, True, True]
