"""The fakes speak, and are spoken to, as the vendors' own models of their wires say.

OpenAI's and Google's SDKs have types for every event; where one is not installed its test says so.
"""

from __future__ import annotations

import importlib
import json
from typing import Any, get_args

import openai.types.realtime as openai_types
import pytest
from pydantic import BaseModel, TypeAdapter

from realtime_bridge.providers.seam import ReplyAudio, ReplyBegan, ReplyFinished, ToolAsked
from tests.contract.realtime_brains.wires import ELEVENLABS, GEMINI, OPENAI, OPENAI_WIDE, BrainWire, Session
from tests.fakes.websocket_vendor import Said, Talk

TOOL = ("transfer_call", '{"destination": "Ana"}')


async def whole_call(wire: BrainWire) -> tuple[list[Any], list[Any]]:
    """Everything that both sides said in a call with all there is: what the vendor sent, what it was sent."""
    sent: list[Any] = []

    async with wire.call() as (fake, session):
        raw = Talk.raw

        async def raw_and_kept(talk: Talk, message: str | bytes) -> None:
            sent.append(json.loads(message))
            await raw(talk, message)

        async def send_and_kept(talk: Talk, message: dict[str, Any]) -> None:
            await raw_and_kept(talk, json.dumps(message))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Talk, "raw", raw_and_kept)
            patch.setattr(Talk, "send", send_and_kept)
            await everything(wire, fake, session)
        return sent, list(fake.talk.received)


async def everything(wire: BrainWire, fake: Any, session: Session) -> None:
    session.brain.told("Bom dia!", "pt-BR")
    session.begin(100)
    session.brain.abandoned()
    fake.replies = [Said(audio_ms=400, tools=(TOOL,)), Said(), Said(audio_ms=1500, hangs_after=3)]
    session.speak()
    asked = await session.next(ToolAsked)
    session.brain.tool_result(asked.call_id, "Busy.")
    done = await session.next(ReplyFinished, 2)
    for reply in session.of(ReplyBegan):
        session.brain.heard(reply.reply_id, 400)
    session.brain.keys("1")
    began = await session.next(ReplyBegan, 3)
    await session.until(lambda: any(one.reply_id == began.reply_id for one in session.of(ReplyAudio)))
    session.begin()
    session.brain.interrupted(began.reply_id, 100, "Bom")
    session.end()
    if wire is ELEVENLABS:
        await fake.interrupts(fake.talk)
    await session.next(ReplyFinished, 3)
    session.brain.nobody_spoke()
    session.brain.hold(True)
    assert done is not None


def validated(kind: Any, message: Any) -> None:
    """Strictly, through JSON; a field that the type does not know is refused as well."""
    parsed = TypeAdapter(kind).validate_json(json.dumps(message), strict=True)
    unknown(message, parsed, "")


def unknown(message: Any, parsed: Any, where: str) -> None:
    if isinstance(parsed, BaseModel) and isinstance(message, dict):
        for name, value in message.items():
            extra = (parsed.model_extra or {}).keys()
            assert name not in extra, f"{where}.{name} is not in the vendor's model"
            field = getattr(parsed, name, None)
            if field is not None:
                unknown(value, field, f"{where}.{name}")
    elif isinstance(parsed, list) and isinstance(message, list):
        for one, other in zip(message, parsed, strict=True):
            unknown(one, other, f"{where}[]")


def by_type(events: Any) -> dict[str, Any]:
    kinds = get_args(get_args(events)[0])
    return {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in kinds}


SERVER = by_type(openai_types.RealtimeServerEvent)
CLIENT = by_type(openai_types.RealtimeClientEvent)


@pytest.mark.parametrize("wire", [OPENAI, OPENAI_WIDE], ids=lambda wire: wire.name)
async def test_openai(wire: BrainWire) -> None:
    sent, received = await whole_call(wire)
    for event in sent:
        validated(SERVER[event["type"]], event)
    for event in received:
        validated(CLIENT[event["type"]], event)
    kinds = {event["type"] for event in received}
    assert {"session.update", "input_audio_buffer.append", "input_audio_buffer.clear", "input_audio_buffer.commit",
            "conversation.item.create", "conversation.item.truncate", "response.create",
            "response.cancel"} <= kinds  # fmt: skip


async def test_gemini() -> None:
    try:
        types = importlib.import_module("google.genai.types")
    except ImportError:
        pytest.skip("google-genai is not installed")
    sent, received = await whole_call(GEMINI)
    for message in sent:
        snake = types.LiveServerMessage.model_validate(message)
        assert set(message) <= {types_name(name) for name in types.LiveServerMessage.model_fields}
        assert snake.model_dump(exclude_none=True)
    kinds = {
        "setup": types.LiveClientSetup,
        "realtimeInput": types.LiveClientRealtimeInput,
        "clientContent": types.LiveClientContent,
        "toolResponse": types.LiveClientToolResponse,
    }
    for message in received:
        ((kind, body),) = message.items()
        if kind == "setup":  # the SDK adds this one by hand
            types.RealtimeInputConfig.model_validate(body.pop("realtimeInputConfig"))
        kinds[kind].model_validate(body)  # the SDK's models forbid what they do not know
    assert {kind for message in received for kind in message} == set(kinds)


def types_name(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.title() for word in rest)
