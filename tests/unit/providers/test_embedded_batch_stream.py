from __future__ import annotations

import asyncio

import pytest

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput, ProviderUnavailable
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.seam import FinalTranscript, Transcript


class Recorder:
    """Answers with how long the utterance was."""

    def __init__(self) -> None:
        self.heard: list[PcmAudio] = []

    async def __call__(self, audio: PcmAudio) -> Transcript:
        self.heard.append(audio)
        return Transcript(f"{audio.duration_ms} ms", "en")


async def test_the_whole_utterance_is_transcribed_once_at_its_end() -> None:
    engine = Recorder()
    stream = BatchStream(engine, 8000)
    for _ in range(5):
        await stream.push(b"\1\0" * 160)
    assert engine.heard == []
    await stream.finish()
    assert [event async for event in stream.events()] == [FinalTranscript(Transcript("100 ms", "en"))]
    assert engine.heard == [PcmAudio(b"\1\0" * 800, 8000)]


async def test_the_reader_waits_for_the_end() -> None:
    stream = BatchStream(Recorder(), 8000)
    reader = asyncio.create_task(anext(stream.events()))
    await asyncio.sleep(0)
    assert not reader.done()
    await stream.finish()
    assert isinstance(await reader, FinalTranscript)


async def test_an_endless_utterance_does_not_fill_the_memory() -> None:
    engine = Recorder()
    stream = BatchStream(engine, 8000, max_ms=50)
    for _ in range(100):
        await stream.push(b"\1\0" * 160)
    await stream.finish()
    assert [event async for event in stream.events()] == [FinalTranscript(Transcript("50 ms", "en"))]


async def test_nothing_can_be_added_after_the_end() -> None:
    stream = BatchStream(Recorder(), 8000)
    await stream.finish()
    with pytest.raises(InvalidInput):
        await stream.push(b"\0\0")


async def test_an_engines_error_reaches_the_reader() -> None:
    async def dead(_: PcmAudio) -> Transcript:
        raise ProviderUnavailable("gone", provider="p")

    stream = BatchStream(dead, 8000)
    await stream.finish()
    with pytest.raises(ProviderUnavailable):
        await anext(stream.events())
