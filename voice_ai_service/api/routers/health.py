"""For load balancers and monitoring: alive, ready, and the figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from voice_ai_service import __version__
from voice_ai_service.api.admission import Visitor, knocking
from voice_ai_service.api.service import Parts
from voice_ai_service.readiness import is_ready
from voice_ai_service.tenancy.tenant import Scope

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str
    version: str


class CheckAnswer(BaseModel):
    name: str
    required: bool
    ok: bool
    problem: str | None
    fix: str | None


class Ready(BaseModel):
    """`ready` is false as soon as a required check fails; the others say what works less well."""

    ready: bool
    checks: list[CheckAnswer]


@router.get("/health", summary="The process is alive; asks nothing else")
async def health() -> Health:
    return Health(status="ok", version=__version__)


@router.get(
    "/ready",
    summary="Whether calls can be served, and what is missing",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Something required is missing"}},
)
async def ready(parts: Parts) -> JSONResponse:
    findings = await parts.readiness.examine()
    answer = Ready(
        ready=is_ready(findings),
        checks=[
            CheckAnswer(
                name=one.name,
                required=one.required,
                ok=one.problem is None,
                problem=one.problem,
                fix=one.fix,
            )
            for one in findings
        ],
    )
    return JSONResponse(answer.model_dump(), status_code=200 if answer.ready else 503)


@router.get(
    "/metrics",
    summary="Prometheus text",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(_visitor: Annotated[Visitor, Depends(knocking(Scope.METRICS))], parts: Parts) -> Response:
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)
