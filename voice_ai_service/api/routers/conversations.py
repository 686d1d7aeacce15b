"""What was said: stored calls."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.moment import Moment
from voice_ai_service.api.service import Parts
from voice_ai_service.calls.numbers import caller_number
from voice_ai_service.conversations.outcome import Resolution
from voice_ai_service.conversations.recordings import is_link
from voice_ai_service.conversations.stored import ConversationFilter
from voice_ai_service.errors import Conflict, InvalidInput, NotFound

router = APIRouter(prefix="/conversations", tags=["conversations"])

MAX_AUDIO_BYTES = 128 * 1024 * 1024
AudioRef = Annotated[
    str,
    Path(
        max_length=200, description="An `audio_ref`, or `recording`", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
    ),
]
_NO_NUL = r"^[^\x00]*$"


class MessageAnswer(BaseModel):
    index: int
    turn: int
    speaker: str
    text: str
    heard_text: str | None
    language: str | None
    confidence: float | None
    digits: str
    spoken_at: datetime
    audio_ref: str | None
    audio_ms: int
    played_ms: int | None
    barged_in: bool
    action: str | None
    intent: str | None
    latency_ms: dict[str, float]
    providers: dict[str, str]
    prompt_tokens: int
    completion_tokens: int
    sources: list[str]
    tools: list[dict[str, Any]]


class ConversationAnswer(BaseModel):
    conversation_uuid: UUID
    call_uuid: UUID
    secretary_uuid: UUID | None
    secretary_name: str
    secretary_version: int
    mode: str
    caller_number: str
    called_number: str
    language: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration_ms: int
    turn_count: int
    resolution: Resolution
    end_reason: str
    hangup_cause: str | None
    transferred_to: str | None
    message_text: str | None
    message_audio_ref: str | None
    recording_ref: str | None
    latency_ms: dict[str, dict[str, float]]
    providers: dict[str, list[str]]
    prompt_tokens: int
    completion_tokens: int
    cost_cents: float | None
    summary: str | None


class ConversationDetailAnswer(ConversationAnswer):
    messages: list[MessageAnswer]


class ConversationPageAnswer(BaseModel):
    """Newest first; `next_cursor` is null on the last page."""

    conversations: list[ConversationAnswer]
    next_cursor: str | None


class EraseRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    caller_number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class Erased(BaseModel):
    """How much is gone. A call that is going on now is stored when it ends: erase again then."""

    conversations: int
    messages: int
    audio_files: int
    events: int
    callers: int
    live_calls: int


@router.get("", summary="Stored calls, newest first")
async def page(
    tenant: Reader,
    parts: Parts,
    started_from: Moment | None = None,
    started_before: Moment | None = None,
    caller: Annotated[
        str | None,
        Query(
            alias="caller_number",
            max_length=64,
            pattern=_NO_NUL,
            description="In E.164, or as dialled at home",
        ),
    ] = None,
    secretary_uuid: UUID | None = None,
    resolution: Resolution | None = None,
    text: Annotated[
        Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)] | None,
        Query(description="In both sides' words"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ConversationPageAnswer:
    wanted = ConversationFilter(
        started_from=started_from,
        started_before=started_before,
        caller_number=(caller_number(caller, tenant.country) or caller) if caller else None,
        secretary_uuid=secretary_uuid,
        resolution=resolution,
        text=text,
        cursor=cursor,
        limit=limit,
    )
    found = await parts.conversations.page(tenant.domain_uuid, wanted)
    return ConversationPageAnswer(
        conversations=[ConversationAnswer.model_validate(asdict(one)) for one in found.conversations],
        next_cursor=found.next_cursor,
    )


@router.post("/erase", summary="Forget everything of one caller: rows, vectors, audio, undelivered events")
async def erase(asked: EraseRequest, tenant: Admin, parts: Parts) -> Erased:
    number = caller_number(asked.caller_number, tenant.country)
    if not number:
        raise InvalidInput(
            "This is not a number", field="caller_number", fix="Digits, with a leading + abroad"
        )
    return Erased.model_validate(asdict(await parts.retention.erase_caller(tenant.domain_uuid, number)))


@router.get(
    "/{conversation_uuid}/audio/{ref}",
    summary="Audio that a conversation or one of its messages refers to",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def audio(conversation_uuid: UUID, ref: AudioRef, tenant: Reader, parts: Parts) -> Response:
    found = await parts.conversations.find(tenant.domain_uuid, conversation_uuid)
    kept = {message.audio_ref for message in found.messages}
    kept |= {found.conversation.recording_ref, found.conversation.message_audio_ref}
    if ref == "recording" and found.conversation.recording_ref:
        ref = found.conversation.recording_ref
    if is_link(ref):
        raise Conflict("The recording lies in the object store", field="ref", fix="Fetch it there")
    if ref not in kept:
        raise NotFound("The conversation has no such audio", field="ref")
    content = await parts.recordings.read(
        tenant.domain_uuid, found.conversation.call_uuid, ref, MAX_AUDIO_BYTES
    )
    return Response(content, media_type="audio/wav", headers={"X-Content-Type-Options": "nosniff"})


@router.get("/{conversation_uuid}", summary="One call with all that was said")
async def detail(conversation_uuid: UUID, tenant: Reader, parts: Parts) -> ConversationDetailAnswer:
    found = await parts.conversations.find(tenant.domain_uuid, conversation_uuid)
    return ConversationDetailAnswer.model_validate(
        {**asdict(found.conversation), "messages": [asdict(message) for message in found.messages]}
    )
