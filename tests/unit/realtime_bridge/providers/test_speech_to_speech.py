"""The driver on a clock that jumps, over a wire in memory."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

from realtime_bridge.providers.brain_limits import BrainLimits
from realtime_bridge.providers.openai_vendor import OpenAiVendor
from realtime_bridge.providers.seam import (
    BrainFailed,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    Waiting,
)
from realtime_bridge.providers.speech_to_speech import SpeechToSpeech
from realtime_bridge.providers.vendor import Briefing
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.errors import ProviderError, ProviderUnavailable
from voice_ai_service.providers.realtime.openai import OpenAiRealtimeSettings
from voice_ai_service.providers.wire.line import Address, LineClosed, LineLimits

MINUTE = 60.0


class MemoryLine:
    """A vendor that accepts every opening and answers what it is told to."""

    def __init__(self) -> None:
        self.dropped = 0
        self.sent: list[dict[str, Any]] = []
        self.audio = 0
        self.aborted = False
        self.closed = False
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self.says({"type": "session.updated"})

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    def send_audio(self, text: str) -> None:
        self.audio += 1

    async def receive(self) -> str | bytes:
        message = await self._messages.get()
        if isinstance(message, Exception):
            raise message
        return json.dumps(message)

    def abort(self) -> None:
        self.aborted = True

    async def aclose(self) -> None:
        self.closed = True

    # The test's side.

    def says(self, *messages: Any) -> None:
        for message in messages:
            self._messages.put_nowait(message)

    def breaks(self) -> None:
        self.says(LineClosed(1006, "cut"))

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.sent]

    def texts(self) -> str:
        return str(self.sent)

    def replies(self, response: str = "r1", ms: int = 200, text: str = "Bom dia") -> None:
        delta = base64.b64encode(bytes(8 * ms)).decode()
        where = {"response_id": response, "item_id": f"i{response}"}
        self.says(
            {"type": "response.created", "response": {"id": response}},
            {"type": "response.output_audio_transcript.delta", **where, "delta": text},
            {"type": "response.output_audio.delta", **where, "delta": delta},
            {"type": "response.done", "response": {"id": response, "status": "completed", "output": []}},
        )


class World:
    def __init__(self, limits: BrainLimits | None = None) -> None:
        self.clock = LoopClock()
        self.lines: list[MemoryLine] = []
        self.refuses: list[ProviderError] = []
        self.opens_in_s = 0.0
        self.connections: list[str] = []
        self.oddities: list[str] = []
        self.events: list[Any] = []
        numbers = itertools.count(1)
        vendor = OpenAiVendor("openai", OpenAiRealtimeSettings(), "key", lambda: f"reply-{next(numbers)}")
        self.brain = SpeechToSpeech(
            vendor, Briefing("You are Clara."), self.open_line, clock=self.clock, observer=self, limits=limits
        )

    async def open_line(self, address: Address, limits: LineLimits) -> MemoryLine:
        await asyncio.sleep(self.opens_in_s)
        if self.refuses:
            raise self.refuses.pop(0)
        self.lines.append(MemoryLine())
        return self.lines[-1]

    def on_oddity(self, provider: str, name: str, count: int = 1) -> None:
        self.oddities += [name] * count

    def on_connection(self, provider: str, reason: str) -> None:
        self.connections.append(reason)

    async def open(self) -> MemoryLine:
        await self.brain.open()
        self.reading = asyncio.create_task(self._read())
        return self.lines[0]

    async def _read(self) -> None:
        async for event in self.brain.events():
            self.events.append(event)

    async def close(self) -> None:
        await self.brain.close()
        await self.reading

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def speak(self) -> None:
        self.brain.began(bytes(320 * 20))
        self.brain.ended(400)


def world(test: Callable[[World, MemoryLine], Any], limits: BrainLimits | None = None) -> Callable[[], None]:
    """A test with an open brain, on virtual time."""

    @virtual_time
    async def run() -> None:
        one = World(limits)
        line = await one.open()
        try:
            await test(one, line)
        finally:
            await one.close()
        assert all(line.closed for line in one.lines)

    return run


async def _a_quiet_call_is_renewed_at_55_minutes(one: World, line: MemoryLine) -> None:
    await asyncio.sleep(54.9 * MINUTE)
    assert one.connections == ["first"]
    await asyncio.sleep(0.2 * MINUTE)
    assert one.connections == ["first", "renewed"]
    assert line.closed
    await asyncio.sleep(55.2 * MINUTE)
    assert one.connections == ["first", "renewed", "renewed"]


async def _a_reply_that_is_heard_is_waited_for(one: World, line: MemoryLine) -> None:
    await asyncio.sleep(54 * MINUTE)
    one.speak()
    line.replies()
    await asyncio.sleep(2 * MINUTE)
    assert one.connections == ["first"]
    one.brain.heard("reply-1", 200)
    await asyncio.sleep(1)
    assert one.connections == ["first", "renewed"]
    assert "Bom dia" in one.lines[1].texts()


async def _a_caller_who_talks_through_the_limit_goes_on_over_the_new_connection(
    one: World, line: MemoryLine
) -> None:
    await asyncio.sleep(54 * MINUTE)
    one.brain.began(bytes(3200))
    await asyncio.sleep(4 * MINUTE)
    assert one.connections == ["first"]
    await asyncio.sleep(2 * MINUTE)
    assert one.connections == ["first", "renewed"]
    assert "input_audio_buffer.append" in one.lines[1].kinds()
    one.brain.ended(1000)
    assert one.lines[1].kinds()[-2:] == ["input_audio_buffer.commit", "response.create"]


async def _a_renewal_that_fails_is_tried_again_and_the_call_goes_on(one: World, line: MemoryLine) -> None:
    one.refuses = [ProviderUnavailable("x", provider="openai")]
    await asyncio.sleep(55.1 * MINUTE)
    assert one.connections == ["first", "renewal_failed"]
    one.speak()
    line.replies()
    await asyncio.sleep(1)
    assert len(one.of(ReplyFinished)) == 1
    one.brain.heard("reply-1", 200)
    await asyncio.sleep(MINUTE)
    assert one.connections == ["first", "renewal_failed", "renewed"]


async def _what_is_asked_while_it_is_renewed_is_asked_afterwards(one: World, line: MemoryLine) -> None:
    one.opens_in_s = 0.5
    await asyncio.sleep(55 * MINUTE + 0.5)
    assert len(one.lines) == 1
    one.speak()
    one.brain.told("Um momento.", "pt-BR")
    await asyncio.sleep(1)
    assert one.lines[1].kinds()[-3:] == [
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "response.create",
    ]
    assert "Um momento." in one.lines[1].texts()


async def _silence_instead_of_an_answer_is_noticed_in_three_seconds(one: World, line: MemoryLine) -> None:
    await asyncio.sleep(10)
    one.speak()
    began = one.clock.monotonic()
    await asyncio.sleep(2.2)
    assert one.of(Waiting) == [Waiting("model")]
    assert one.of(BrainFailed) == []
    await asyncio.sleep(0.6)
    assert one.of(BrainFailed) == [BrainFailed("provider_timeout", "openai")]
    assert len(one.lines) == 1
    assert one.clock.monotonic() - began < 3


async def _an_idle_call_is_left_alone(one: World, line: MemoryLine) -> None:
    await asyncio.sleep(20 * MINUTE)
    assert one.events == []
    assert one.connections == ["first"]


async def _a_second_drop_much_later_is_survived_too(one: World, line: MemoryLine) -> None:
    for count in (2, 3, 4):
        one.lines[-1].breaks()
        await asyncio.sleep(2 * MINUTE)
        assert len(one.lines) == count
    one.lines[-1].breaks()
    await asyncio.sleep(1)
    one.lines[-1].breaks()
    await asyncio.sleep(1)
    assert one.of(BrainFailed) == [BrainFailed("provider_unavailable", "openai")]


async def _a_new_connection_that_takes_too_long_is_not_waited_for(one: World, line: MemoryLine) -> None:
    one.opens_in_s = 30
    one.speak()
    line.breaks()
    began = one.clock.monotonic()
    while not one.of(BrainFailed):
        await asyncio.sleep(0.1)
    assert one.clock.monotonic() - began < 2.5


async def _the_caller_is_answered_by_the_words_that_are_known(one: World, line: MemoryLine) -> None:
    one.speak()
    transcript = "conversation.item.input_audio_transcription.completed"
    line.says({"type": transcript, "item_id": "u1", "transcript": "Quero pagar."})
    await asyncio.sleep(0.1)
    assert [said.transcript.text for said in one.of(CallerSaid)] == ["Quero pagar."]
    line.breaks()
    await asyncio.sleep(0.1)
    again = one.lines[1]
    assert "Quero pagar." in again.texts()
    assert again.kinds()[-1] == "response.create"
    assert "input_audio_buffer.append" not in again.kinds()


async def _times_are_measured_from_the_end_of_the_utterance(one: World, line: MemoryLine) -> None:
    one.speak()
    await asyncio.sleep(0.3)
    line.replies()
    await asyncio.sleep(0.1)
    (done,) = one.of(ReplyFinished)
    assert 299 <= (done.timings.llm_first_token_ms or 0) <= 320


async def _what_waits_of_an_interrupted_reply_is_not_given(one: World, line: MemoryLine) -> None:
    one.reading.cancel()
    one.speak()
    line.replies(ms=2000)
    await asyncio.sleep(0.1)
    one.brain.interrupted("reply-1", 0, "")
    one.reading = asyncio.create_task(one._read())
    await asyncio.sleep(0.1)
    assert [type(event) for event in one.events] == [ReplyBegan, ReplyFinished]


async def _a_session_that_takes_nothing_stops_the_reading(one: World, line: MemoryLine) -> None:
    one.reading.cancel()
    await asyncio.sleep(0)
    one.speak()
    delta = base64.b64encode(bytes(8 * 1000)).decode()
    line.says({"type": "response.created", "response": {"id": "r1"}})
    for _ in range(30):
        line.says(
            {"type": "response.output_audio.delta", "response_id": "r1", "item_id": "i", "delta": delta}
        )
    await asyncio.sleep(20)
    assert line._messages.qsize() > 15
    assert one.of(BrainFailed) == []
    one.reading = asyncio.create_task(one._read())
    await asyncio.sleep(0.5)
    assert sum(len(audio.samples) for audio in one.of(ReplyAudio)) == 30 * 16000


async def _a_fault_of_ours_ends_the_brain_and_not_the_call(one: World, line: MemoryLine) -> None:
    line.says({"type": "response.created", "response": {"id": "r1"}})
    one.brain._memory = None  # type: ignore[assignment]
    line.replies()
    await asyncio.sleep(0.1)
    assert one.of(BrainFailed) == [BrainFailed("internal", "openai")]


test_a_quiet_call_is_renewed_at_55_minutes = world(_a_quiet_call_is_renewed_at_55_minutes)
test_a_reply_that_is_heard_is_waited_for = world(_a_reply_that_is_heard_is_waited_for)
test_a_caller_who_talks_through_the_limit = world(
    _a_caller_who_talks_through_the_limit_goes_on_over_the_new_connection
)
test_a_renewal_that_fails = world(_a_renewal_that_fails_is_tried_again_and_the_call_goes_on)
test_what_is_asked_while_it_is_renewed = world(_what_is_asked_while_it_is_renewed_is_asked_afterwards)
test_silence_instead_of_an_answer = world(_silence_instead_of_an_answer_is_noticed_in_three_seconds)
test_an_idle_call_is_left_alone = world(_an_idle_call_is_left_alone)
test_a_second_drop_much_later = world(_a_second_drop_much_later_is_survived_too)
test_a_new_connection_that_takes_too_long = world(_a_new_connection_that_takes_too_long_is_not_waited_for)
test_the_caller_is_answered_by_the_words = world(_the_caller_is_answered_by_the_words_that_are_known)
test_times_are_measured = world(_times_are_measured_from_the_end_of_the_utterance)
test_what_waits_of_an_interrupted_reply = world(_what_waits_of_an_interrupted_reply_is_not_given)
test_a_session_that_takes_nothing = world(
    _a_session_that_takes_nothing_stops_the_reading, BrainLimits(ahead_ms=5000)
)
test_a_fault_of_ours = world(_a_fault_of_ours_ends_the_brain_and_not_the_call)
