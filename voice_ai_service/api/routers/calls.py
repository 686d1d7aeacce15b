"""Calls in turn mode, as the PBX drives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Body, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from voice_ai_service.api.admission import CallsTenant, CallsVisitor, Reader
from voice_ai_service.api.errors import ErrorAnswer, answer_for
from voice_ai_service.api.service import Parts
from voice_ai_service.errors import NotFound
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES
from voice_ai_service.turn_mode.wire import (
    AudioPiece,
    CallEvent,
    CallSetup,
    EndAnswer,
    EndRequest,
    EventAnswer,
    RefusedCall,
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


class RefusedCallAnswer(ErrorAnswer, RefusedCall):
    """`error` says why; the rest is for the caller."""


@router.post(
    "/calls",
    summary="Set a call up, before it is answered",
    response_model=SetupAnswer,
    responses={
        404: {"model": RefusedCallAnswer, "description": "Nobody answers there; play `audio`, hang up"}
    },
)
async def set_up(
    asked: CallSetup, visitor: CallsVisitor, parts: Parts, request: Request
) -> SetupAnswer | JSONResponse:
    structlog.contextvars.bind_contextvars(call_uuid=str(asked.call_uuid))
    domain_uuid: UUID | None = None
    try:
        tenant = await visitor.admit(asked.domain_uuid, asked.domain_name)
        domain_uuid = tenant.domain_uuid
        return await parts.set_up(tenant, asked)
    except NotFound as error:
        refused = await parts.refuse(domain_uuid)
        return answer_for(error, request.state.request_id, refused.model_dump(mode="json"))


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
    structlog.contextvars.bind_contextvars(call_uuid=str(call_uuid))
    # The call must live in this tenant.
    await parts.turn_mode.sessions.load(tenant.domain_uuid, call_uuid)
    replies = parts.turn_mode.replies
    if "audio/wav" in accept:
        return Response(await replies.whole(tenant.domain_uuid, call_uuid, ref), media_type="audio/wav")
    piece = await replies.piece(tenant.domain_uuid, call_uuid, ref, offset=offset, length=length)
    return JSONResponse(piece.model_dump())
