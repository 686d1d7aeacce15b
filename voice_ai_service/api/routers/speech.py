"""Speech and dialogue outside a call: for integrators, and for trying a secretary out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from voice_ai_service.api.admission import SpeechVisitor
from voice_ai_service.api.service import Parts
from voice_ai_service.audio.decode import Declared
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.calls.secretary import LANGUAGES, Language
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.dialogue.model_choice import model_choice
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.turn import Heard, ReplyDone, ReplyText, TurnContext
from voice_ai_service.errors import InvalidInput, ProviderRefused, TooLarge
from voice_ai_service.providers.stt.seam import Phrase, SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.turn_mode.utterance_audio import decode_in_thread
from voice_ai_service.turn_mode.wire import ActionAnswer, Dialled

router = APIRouter(tags=["speech"])

MAX_TEXT_CHARS = 4000
MAX_AUDIO_S = 120
SpokenText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARS)]


class TranscriptAnswer(BaseModel):
    """`text` is empty where nothing was understood; `speech` says whether anybody spoke at all."""

    text: str
    language: str | None
    confidence: float | None
    speech: bool
    duration_ms: int
    provider: str | None
    latency_ms: float


class SynthesizeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    domain_uuid: UUID | None = None
    text: SpokenText
    language: Language = LANGUAGES[0]
    voice: Annotated[str, StringConstraints(max_length=200)] | None = None
    sample_rate_hz: Literal[8000, 16000] = 8000
    encoding: Encoding = Encoding.L16
    speed: float = Field(1.0, ge=0.5, le=2.0)


class ChatTurn(BaseModel):
    """One exchange before this one."""

    model_config = ConfigDict(extra="forbid")
    heard: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)] = ""
    said: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)] = ""


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    domain_uuid: UUID | None = None
    extension: Dialled
    text: SpokenText
    language: Language | None = None
    history: Annotated[list[ChatTurn], Field(max_length=20)] = Field(default_factory=list)


class ChatAnswer(BaseModel):
    said: str
    language: str
    action: ActionAnswer
    intent: str | None
    provider: str
    model: str | None
    sources: list[str]
    latency_ms: float


@router.post("/transcribe", summary="Audio to text")
async def transcribe(
    visitor: SpeechVisitor,
    parts: Parts,
    audio: Annotated[UploadFile, File(description="WAV, or raw L16, PCMU, PCMA as `encoding` says")],
    domain_uuid: Annotated[str | None, Form()] = None,
    extension: Annotated[Dialled | None, Form(description="A secretary, for what callers say to it")] = None,
    languages: Annotated[str, Form(description="BCP-47 tags, comma-separated, likeliest first")] = "",
    encoding: Annotated[Literal["WAV", "L16", "PCMU", "PCMA"], Form()] = "WAV",
    sample_rate_hz: Annotated[Literal[8000, 16000], Form()] = 8000,
) -> TranscriptAnswer:
    tenant = await visitor.admit(domain_uuid)
    if audio.size is not None and audio.size > tenant.limits.max_upload_bytes:
        raise TooLarge(
            "The audio is larger than this domain allows",
            field="audio",
            fix=f"Send at most {tenant.limits.max_upload_bytes} bytes",
        )
    content = await audio.read(tenant.limits.max_upload_bytes + 1)
    declared: Declared = "WAV" if encoding == "WAV" else Encoding(encoding)
    utterance = await decode_in_thread(content, declared, sample_rate_hz, MAX_AUDIO_S * 1000)
    spoken = _languages(languages)
    if not utterance.has_speech:
        return TranscriptAnswer(
            text="",
            language=None,
            confidence=None,
            speech=False,
            duration_ms=utterance.received_ms,
            provider=None,
            latency_ms=0.0,
        )
    phrases: tuple[Phrase, ...] = ()
    if extension is not None:
        plan = await parts.turn_mode.directory.for_call(tenant.domain_uuid, extension)
        phrases = phrases_for(plan)
        spoken = spoken or plan.secretary.settings.languages
    began = time.perf_counter()
    chain = await parts.factory.stt(tenant.domain_uuid)
    used = await chain.transcribe(utterance.audio, SttOptions(spoken or LANGUAGES, phrases))
    return TranscriptAnswer(
        text=used.value.text,
        language=used.value.language if used.value.text else None,
        confidence=used.value.confidence,
        speech=True,
        duration_ms=utterance.received_ms,
        provider=used.provider,
        latency_ms=_since(began),
    )


@router.post(
    "/synthesize",
    summary="Text to a WAV file",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def synthesize(asked: SynthesizeRequest, visitor: SpeechVisitor, parts: Parts) -> Response:
    tenant = await visitor.admit(asked.domain_uuid)
    chain = await parts.factory.tts(tenant.domain_uuid)
    options = TtsOptions(
        language=asked.language,
        voice=asked.voice,
        voice_required=True,
        sample_rate_hz=asked.sample_rate_hz,
        speed=asked.speed,
    )
    try:
        pieces = [piece async for piece in chain.stream(_one(asked.text), options)]
    except ProviderRefused as error:
        if error.field != "voice":
            raise
        raise InvalidInput(error.message, field="voice", fix=error.fix, detail=error.detail) from error
    audio = PcmAudio(b"".join(pieces), asked.sample_rate_hz)
    return Response(write_wav(audio, asked.encoding), media_type="audio/wav")


@router.post("/chat", summary="One turn in text: what the secretary would say and do")
async def chat(asked: ChatRequest, visitor: SpeechVisitor, parts: Parts) -> ChatAnswer:
    tenant = await visitor.admit(asked.domain_uuid)
    plan = await parts.turn_mode.directory.for_call(tenant.domain_uuid, asked.extension)
    secretary = plan.secretary
    now = parts.turn_mode.clock.now()
    turns = [
        TurnRecord(turn=number, started_at=now, heard=turn.heard, said=turn.said)
        for number, turn in enumerate(asked.history, 1)
    ]
    call = CallState(
        call_uuid=uuid4(),
        domain_uuid=tenant.domain_uuid,
        secretary_uuid=secretary.secretary_uuid,
        secretary_version=secretary.version,
        started_at=now,
        language=secretary.language,
        turns=turns,
    )
    context = TurnContext(
        call=call,
        turn=len(turns) + 1,
        plan=plan,
        tenant=tenant,
        heard=Heard(text=asked.text, language=asked.language),
        is_open=plan.is_open(now, tenant.time_zone),
        now=now,
        model=await model_choice(parts.factory, secretary),
        passages=parts.turn_mode.passages,
    )
    began = time.perf_counter()
    said: list[str] = []
    done: ReplyDone | None = None
    async for event in parts.dialogue.respond(context):
        if isinstance(event, ReplyText):
            said.append(event.text)
        else:
            done = event
    if done is None:
        raise RuntimeError("a reply ended without its end")
    return ChatAnswer(
        said=" ".join(said),
        language=done.language,
        action=ActionAnswer.of(done.action),
        intent=done.intent,
        provider=done.provider,
        model=done.model,
        sources=list(done.sources),
        latency_ms=_since(began),
    )


def _languages(text: str) -> tuple[str, ...]:
    tags = tuple(filter(None, (tag.strip() for tag in text.split(","))))
    for tag in tags:
        if tag not in LANGUAGES:
            raise InvalidInput(
                f"{tag[:20]!r} is not a language that is spoken here",
                field="languages",
                fix=f"One of {', '.join(LANGUAGES)}",
            )
    return tags


async def _one(text: str) -> AsyncIterator[str]:
    yield text


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
