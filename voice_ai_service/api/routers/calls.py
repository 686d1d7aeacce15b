"""Calls in turn mode, as the PBX drives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from voice_ai_service.api.admission import CallsTenant, CallsVisitor, Reader
from voice_ai_service.api.service import Parts
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES
from voice_ai_service.turn_mode.wire import (
    AudioPiece,
    CallEvent,
    CallSetup,
    EndAnswer,
    EndRequest,
    EventAnswer,
    SetupAnswer,
    TurnAnswer,
    TurnRequest,
)

router = APIRouter(tags=["calls"])


class LiveCall(BaseModel):
    call_uuid: UUID
    secretary_uuid: UUID
    started_at: datetime
    turn_count: int
    stage: str


class LiveCalls(BaseModel):
    calls: list[LiveCall]


@router.post("/calls", summary="Set a call up, before it is answered")
async def set_up(asked: CallSetup, visitor: CallsVisitor, parts: Parts) -> SetupAnswer:
    tenant = await visitor.admit(asked.domain_uuid, asked.domain_name)
    structlog.contextvars.bind_contextvars(call_uuid=str(asked.call_uuid))
    return await parts.set_up(tenant, asked)


@router.get("/calls", summary="Calls that live now")
async def live(tenant: Reader, parts: Parts) -> LiveCalls:
    found = await parts.live_calls.all(tenant.domain_uuid)
    return LiveCalls(
        calls=[
            LiveCall(
                call_uuid=call.call_uuid,
                secretary_uuid=call.secretary_uuid,
                started_at=call.started_at,
                turn_count=call.turn_count,
                stage=call.stage.value,
            )
            for call in found
        ]
    )


@router.post("/turn", summary="One turn: audio in; transcript, reply, its audio and an action out")
async def turn(asked: TurnRequest, visitor: CallsVisitor, parts: Parts) -> TurnAnswer:
    tenant = await visitor.admit(asked.domain_uuid)
    structlog.contextvars.bind_contextvars(call_uuid=str(asked.call_uuid))
    return await parts.take_turn(tenant, asked)


@router.post("/calls/{call_uuid}/events", summary="What happened between two turns")
async def event(
    call_uuid: UUID, event: Annotated[CallEvent, Body()], visitor: CallsVisitor, parts: Parts
) -> EventAnswer:
    tenant = await visitor.admit(event.domain_uuid)
    structlog.contextvars.bind_contextvars(call_uuid=str(call_uuid))
    return await parts.note_event(tenant, call_uuid, event)


@router.post("/calls/{call_uuid}/end", summary="The call is over: store it")
async def end(call_uuid: UUID, asked: EndRequest, visitor: CallsVisitor, parts: Parts) -> EndAnswer:
    tenant = await visitor.admit(asked.domain_uuid)
    structlog.contextvars.bind_contextvars(call_uuid=str(call_uuid))
    return await parts.finish(tenant, call_uuid, asked)


@router.get(
    "/calls/{call_uuid}/audio/{ref}",
    summary="A reply's audio, in pieces or as a WAV file",
    response_model=AudioPiece,
    responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def reply_audio(
    call_uuid: UUID,
    ref: str,
    tenant: CallsTenant,
    parts: Parts,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    length: Annotated[int, Query(ge=1, le=INLINE_LIMIT_BYTES)] = INLINE_LIMIT_BYTES,
    accept: Annotated[str, Header()] = "",
) -> Response:
    # The call must live in this tenant: the audio's key alone would let a guessed uuid through.
    await parts.turn_mode.sessions.load(tenant.domain_uuid, call_uuid)
    if "audio/wav" in accept:
        return Response(await parts.turn_mode.replies.whole(call_uuid, ref), media_type="audio/wav")
    piece = await parts.turn_mode.replies.piece(call_uuid, ref, offset, length)
    return JSONResponse(piece.model_dump())
