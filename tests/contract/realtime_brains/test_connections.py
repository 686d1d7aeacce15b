"""Calls outlive connections: what was said is carried over, and what was asked is still answered."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.providers.seam import (
    BrainFailed,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ToolAsked,
)
from tests.contract.realtime_brains.wires import (
    GEMINI,
    OPENAI,
    QUICK,
    VENDORS,
    BrainWire,
    Session,
    briefing,
    told_in_words,
)
from tests.fakes.websocket_vendor import FakeVendor, Said
from voice_ai_service.providers.llm.seam import ChatMessage, Role

each_vendor = pytest.mark.parametrize("wire", VENDORS, ids=lambda wire: wire.name)


async def one_turn(session: Session, count: int = 1) -> str:
    session.speak()
    done = await session.next(ReplyFinished, count)
    session.brain.heard(done.reply_id, 400)
    await session.until(lambda: sum(one.final for one in session.of(CallerSaid)) >= count)
    reply_id: str = done.reply_id
    return reply_id


async def second_connection(fake: FakeVendor) -> None:
    await fake.until(lambda: len(fake.talks) == 2 and bool(fake.talk.received))


async def no_connection(fake: FakeVendor, session: Session) -> None:
    """The socket broke, the brain noticed, and no new one is there yet."""
    fake.wire.gate = asyncio.Event()
    fake.talk.cut()
    await session.until(lambda: session.brain._connection is None)


def carried_over(fake: FakeVendor, *, resumed: bool) -> None:
    words = told_in_words(fake, fake.talk)
    if resumed:
        assert "handle-" in words
    else:
        assert "quero pagar minha conta" in words
        assert "Bom dia, em que posso ajudar?" in words


@each_vendor
async def test_before_the_session_ends_another_one_takes_its_place(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        await one_turn(session)
        await fake.expires(fake.talk)
        await second_connection(fake)
        carried_over(fake, resumed=wire.resumes)
        await one_turn(session, 2)
        assert session.counts.connections == ["first", "renewed"]
        assert session.of(BrainFailed) == []


@each_vendor
async def test_a_broken_connection_is_taken_up_again_with_the_conversation(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        await one_turn(session)
        fake.talk.cut()
        await second_connection(fake)
        carried_over(fake, resumed=False)
        await one_turn(session, 2)
        await session.until(lambda: session.counts.connections == ["first", "dropped"])


@each_vendor
async def test_a_question_that_was_lost_is_asked_again(wire: BrainWire) -> None:
    """The socket breaks after the caller spoke and before anything came of it."""
    async with wire.call() as (fake, session):
        fake.replies = [Said(hangs_after=0), Said("Agora sim.")]
        session.speak()
        await fake.until(lambda: not fake.replies or len(fake.replies) == 1)
        fake.talk.cut()
        await second_connection(fake)
        done = await session.next(ReplyFinished, len(session.of(ReplyBegan)) or 1)
        await session.until(
            lambda: any(session.text(one.reply_id) == "Agora sim." for one in session.of(ReplyFinished))
        )
        assert done is not None
        assert session.of(BrainFailed) == []


@each_vendor
async def test_a_reply_that_was_cut_short_goes_on(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said("Temos horários na segunda.", 1000, hangs_after=2), Said("e na terça.")]
        session.speak()
        first = await session.next(ReplyBegan)
        await session.next(ReplyAudio)
        fake.talk.cut()
        await second_connection(fake)
        await session.next(ReplyFinished, 2)
        assert session.of(ReplyFinished)[0].reply_id == first.reply_id
        assert len(session.of(ReplyBegan)) == 2
        assert "The line broke" in told_in_words(fake, fake.talk)


@each_vendor
async def test_a_caller_who_speaks_meanwhile_is_heard_whole(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        await one_turn(session)
        await no_connection(fake, session)
        session.begin(600)
        fake.wire.gate.set()
        await second_connection(fake)
        session.end()
        await session.next(ReplyFinished, 2)
        if not session.brain.capabilities.owns_turns:
            rate_hz = 8000 if wire is OPENAI else 16000
            assert len(fake.talk.audio) / 2 / rate_hz == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("early", [True, False], ids=["before it", "after it"])
@each_vendor
async def test_a_tools_result_finds_the_new_connection(wire: BrainWire, early: bool) -> None:
    async with wire.call() as (fake, session):
        fake.replies = [Said(audio_ms=0, tools=(("transfer_call", '{"destination": "Ana"}'),))]
        session.speak()
        asked = await session.next(ToolAsked)
        await no_connection(fake, session)
        if early:
            session.brain.tool_result(asked.call_id, "Ana is busy.")
        fake.wire.gate.set()
        await second_connection(fake)
        if not early:
            session.brain.tool_result(asked.call_id, "Ana is busy.")
        await session.next(ReplyFinished)
        assert "Ana is busy." in told_in_words(fake, fake.talk)
        assert "transfer_call" in told_in_words(fake, fake.talk)


@each_vendor
async def test_what_we_say_while_there_is_no_connection_is_told_later(wire: BrainWire) -> None:
    async with wire.call() as (fake, session):
        await no_connection(fake, session)
        session.brain.told("Um momento.", "pt-BR")
        fake.wire.gate.set()
        await second_connection(fake)
        await fake.until(lambda: "Um momento." in told_in_words(fake, fake.talk))


@each_vendor
async def test_a_brain_that_takes_over_knows_the_call(wire: BrainWire) -> None:
    history = (ChatMessage(Role.USER, "Meu nome é Bia."), ChatMessage(Role.ASSISTANT, "Olá, Bia."))
    async with wire.call(told=briefing(history=history)) as (fake, _):
        await fake.until(lambda: "Olá, Bia." in told_in_words(fake, fake.talk))
        assert "Meu nome é Bia." in told_in_words(fake, fake.talk)


async def test_a_handle_that_gemini_has_forgotten() -> None:
    async with GEMINI.call() as (fake, session):
        await one_turn(session)
        fake.handles.clear()
        await fake.goes_away(fake.talk)
        await fake.until(lambda: len(fake.talks) == 3 and bool(fake.talk.received))
        assert "quero pagar minha conta" in told_in_words(fake, fake.talk)
        await one_turn(session, 2)


async def test_only_what_was_heard_is_carried_over() -> None:
    async with OPENAI.call() as (fake, session):
        fake.replies = [Said("Temos muitos horários livres.", 1000, hangs_after=5)]
        session.speak()
        began = await session.next(ReplyBegan)
        await session.until(lambda: len(session.audio(began.reply_id)) > 4000)
        session.brain.interrupted(began.reply_id, 200, "Temos muitos")
        await session.next(ReplyFinished)
        fake.talk.cut()
        await second_connection(fake)
        words = told_in_words(fake, fake.talk)
        assert "Temos muitos …" in words
        assert "livres" not in words


@each_vendor
async def test_a_line_that_is_dead_without_a_word_is_noticed(wire: BrainWire) -> None:
    """Half open: no reset, no close, only silence. The heartbeat finds it."""
    async with wire.call(limits=QUICK.__class__(tick_s=0.02, heartbeat_s=0.15)) as (fake, session):
        fake.talk.connection.transport.pause_reading()
        await second_connection(fake)
        await session.until(lambda: session.counts.connections == ["first", "dropped"])
        fake.talks[0].connection.transport.abort()
