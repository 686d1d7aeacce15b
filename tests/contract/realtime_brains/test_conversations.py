"""What a call does with any speech-to-speech brain, over the vendors' own wires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from realtime_bridge.providers.seam import (
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ToolAsked,
)
from tests.contract.realtime_brains.wires import (
    CALLER_HZ,
    INSTRUCTIONS,
    VENDORS,
    WIRES,
    BrainWire,
    told_in_words,
)
from tests.fakes.tones import pitch_hz
from tests.fakes.websocket_vendor import Said

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
each_vendor = pytest.mark.parametrize("wire", VENDORS, ids=lambda wire: wire.name)


@each_wire
async def test_a_turn_is_heard_and_answered(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said("Claro, um momento por favor.", audio_ms=1000)]
        session.speak()
        done = await session.next(ReplyFinished)
        await session.until(lambda: any(said.final for said in session.of(CallerSaid)))

        said = [one for one in session.of(CallerSaid) if one.final]
        assert [one.transcript.text for one in said] == ["quero pagar minha conta"]
        assert said[0].transcript.language == "pt-BR"
        assert session.text(done.reply_id) == "Claro, um momento por favor."
        audio = session.audio(done.reply_id)
        assert len(audio) / 2 / wire.rate_hz == pytest.approx(1.0, abs=0.02)
        assert pitch_hz(audio, wire.rate_hz) == pytest.approx(600, abs=4)
        assert [event.reply_id for event in session.of(ReplyBegan)] == [done.reply_id]
        assert done.providers == {"realtime": wire.provider}
        assert done.timings.llm_first_token_ms is not None


@each_wire
async def test_the_vendor_hears_the_caller(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        session.speak(1000)
        await session.next(ReplyFinished)
        heard = bytes(fake.talk.audio)
        rate_hz = {"openai": 8000, "openai 16 kHz": 24000, "elevenlabs": 8000}.get(wire.name, 16000)
        assert pitch_hz(heard, rate_hz) == pytest.approx(CALLER_HZ, abs=4)
        assert len(heard) / 2 / rate_hz == pytest.approx(1.3, abs=0.05)


@each_wire
async def test_it_is_briefed_before_the_first_sound(wire: BrainWire) -> None:
    async with wire.call() as (fake, _):
        opening = str(fake.talk.received[0])
        assert INSTRUCTIONS in opening
        assert wire.provider == "elevenlabs" or "transfer_call" in opening
        assert "pt" in opening


@each_wire
async def test_who_owns_the_turns_says_when_the_caller_speaks(wire: BrainWire) -> None:
    async with wire.call() as (_, session):
        session.speak()
        await session.next(ReplyFinished)
        await asyncio.sleep(0.05)
        told = [type(event) for event in session.events if isinstance(event, CallerBegan | CallerEnded)]
        assert session.brain.capabilities.owns_turns is not wire.ours
        assert told == ([] if wire.ours else [CallerBegan, CallerEnded])


@each_wire
async def test_a_tool_is_asked_for_and_the_reply_follows_its_result(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said(audio_ms=0, tools=(("transfer_call", '{"destination": "Ana"}'),))]
        session.speak()
        asked = await session.next(ToolAsked)
        assert (asked.name, asked.arguments) == ("transfer_call", {"destination": "Ana"})
        assert session.of(ReplyBegan) == []
        session.brain.tool_result(asked.call_id, "Ana is busy.")
        done = await session.next(ReplyFinished)
        assert session.audio(done.reply_id)
        assert len(session.of(ToolAsked)) == 1
        assert "Ana is busy." in told_in_words(fake, fake.talk)


@each_wire
async def test_an_interrupted_reply_gives_nothing_more_and_the_vendor_knows_what_was_heard(
    wire: BrainWire,
) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said("Temos muitos horários livres na semana que vem.", 2000, hangs_after=3)]
        session.speak()
        began = await session.next(ReplyBegan)
        await session.until(lambda: len(session.audio(began.reply_id)) > wire.rate_hz // 4)
        session.begin(300)
        session.brain.interrupted(began.reply_id, 120, "Temos muitos")
        if not wire.ours:
            await fake.interrupts(fake.talk) if hasattr(fake, "interrupts") else None
        heard_until = len(session.audio(began.reply_id))
        session.end()
        await session.next(ReplyFinished, 2)

        finished = [event.reply_id for event in session.of(ReplyFinished)]
        assert sorted(finished) == sorted({event.reply_id for event in session.of(ReplyBegan)})
        assert finished.count(began.reply_id) == 1
        assert len(session.audio(began.reply_id)) <= heard_until
        if wire.provider == "openai_compatible":
            (cut,) = fake.talk.of("conversation.item.truncate")
            assert cut["audio_end_ms"] == 120
            assert len(fake.talk.of("response.cancel")) == 1
        else:
            assert "Temos muitos" in told_in_words(fake, fake.talk)
        assert getattr(fake, "violations", []) == []


@each_wire
async def test_what_was_heard_to_the_end_is_not_cut(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        session.speak()
        done = await session.next(ReplyFinished)
        session.brain.heard(done.reply_id, 400)
        session.speak()
        await session.next(ReplyFinished, 2)
        assert "truncate" not in told_in_words(fake, fake.talk)
        assert "interrupted" not in told_in_words(fake, fake.talk)


@each_vendor
async def test_what_we_say_ourselves_is_told(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        session.brain.told("Consultório da Ana, bom dia!", "pt-BR")
        session.speak()
        await session.next(ReplyFinished)
        assert "Consultório da Ana, bom dia!" in told_in_words(fake, fake.talk)
        assert len(session.of(ReplyBegan)) == 1


@each_vendor
async def test_keys_a_silence_and_a_prompt_are_answered(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        acts: tuple[Callable[[], None], ...] = (
            lambda: session.brain.keys("12"),
            session.brain.nobody_spoke,
            lambda: session.brain.prompt("Say that the transfer failed."),
        )
        for count, act in enumerate(acts, start=1):
            act()
            done = await session.next(ReplyFinished, count)
            session.brain.heard(done.reply_id, 400)
        words = told_in_words(fake, fake.talk)
        assert "(pressed 12)" in words
        assert "transfer failed" in words
        assert getattr(fake, "violations", []) == []


@each_wire
async def test_on_hold_nothing_is_heard_and_nothing_said(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said(audio_ms=2000, hangs_after=2)]
        session.speak()
        await session.next(ReplyAudio)
        session.brain.hold(True)
        await session.next(ReplyFinished)
        await asyncio.sleep(0.05)
        heard, said = len(fake.talk.audio), len(session.of(ReplyAudio))
        session.speak()
        await asyncio.sleep(0.1)
        assert len(fake.talk.audio) == heard
        assert len(session.of(ReplyAudio)) == said
        session.brain.hold(False)
        if hasattr(fake, "interrupts"):
            await fake.interrupts(fake.talk)
        session.speak()
        await session.next(ReplyFinished, 2)


@each_vendor
async def test_a_cough_is_no_turn(wire: BrainWire) -> None:
    async with wire.call() as (_, session):
        session.begin(100)
        session.brain.abandoned()
        session.silence()
        await asyncio.sleep(0.1)
        assert session.of(ReplyAudio) == []
        session.speak()
        await session.next(ReplyFinished)
        assert len(session.of(ReplyBegan)) == 1


@each_vendor
async def test_tokens_are_counted(wire: BrainWire) -> None:
    async with wire.call() as (_, session):
        session.speak()
        first = await session.next(ReplyFinished)
        session.brain.heard(first.reply_id, 400)
        session.speak()
        second = await session.next(ReplyFinished, 2)
        counted = first.prompt_tokens + second.prompt_tokens
        assert counted == {"openai_compatible": 40, "elevenlabs": 0, "gemini": 20}[wire.provider]


@each_vendor
async def test_closing_twice_and_speaking_afterwards_harms_nobody(wire: BrainWire) -> None:
    async with wire.call() as (_, session):
        await session.brain.close()
        await session.brain.close()
        session.speak()
        session.brain.told("Olá", "pt-BR")
