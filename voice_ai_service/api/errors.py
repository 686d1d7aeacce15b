"""One shape for every error, whoever raised it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from voice_ai_service.errors import LimitReached, ProviderError, Unauthenticated, VoiceAiError
from voice_ai_service.metrics import Metrics

log = structlog.get_logger()


class ErrorDetail(BaseModel):
    """
    Attributes:
        code: A word of ours, stable: `invalid_input`, `not_found` ...
        message: One sentence.
        field: The input that is wrong, as the caller spells it.
        fix: What to do about it.
        request_id: Also in the header `X-Request-ID` and in every log line of the request.
    """

    code: str
    message: str
    field: str | None = None
    fix: str | None = None
    request_id: str | None = None


class ErrorAnswer(BaseModel):
    error: ErrorDetail


class BodyRefusedError(HTTPException):
    """A body that is not read to its end. An HTTPException, since FastAPI hides all others behind a 400."""

    def __init__(self, status: int, code: str, message: str, *, field: str, fix: str) -> None:
        super().__init__(status, message)
        self.code = code
        self.field = field
        self.fix = fix


def body_refusal(error: BodyRefusedError, request_id: str | None) -> JSONResponse:
    log.info("request refused", code=error.code, status=error.status_code, field=error.field)
    detail = ErrorDetail(
        code=error.code, message=error.detail, field=error.field, fix=error.fix, request_id=request_id
    )
    # What is still on its way is not read.
    return JSONResponse(
        ErrorAnswer(error=detail).model_dump(),
        status_code=error.status_code,
        headers={"Connection": "close"},
    )


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "A field is wrong; `error.field` names it"},
    401: {"model": ErrorAnswer, "description": "No credential, or one that is not known"},
    403: {"model": ErrorAnswer, "description": "The credential does not reach this domain or verb"},
    404: {"model": ErrorAnswer, "description": "Not there, or not in this domain"},
    405: {"model": ErrorAnswer, "description": "Not a verb of this route"},
    408: {"model": ErrorAnswer, "description": "The body did not arrive in time"},
    409: {"model": ErrorAnswer, "description": "Contradicts what is stored or said elsewhere in the request"},
    413: {"model": ErrorAnswer, "description": "Larger than the tenant's limit"},
    415: {"model": ErrorAnswer, "description": "Not a kind of content that is understood"},
    429: {"model": ErrorAnswer, "description": "A limit; `Retry-After` says how long to wait"},
    500: {"model": ErrorAnswer, "description": "A fault of the service; its log knows the request's id"},
    502: {"model": ErrorAnswer, "description": "A speech or language provider failed"},
    503: {"model": ErrorAnswer, "description": "A part of this service is not there"},
    504: {"model": ErrorAnswer, "description": "A provider did not answer in time"},
}


def answer_for(
    error: VoiceAiError, request_id: str | None, beside: Mapping[str, Any] | None = None
) -> JSONResponse:
    """Logs the refusal and puts it into `ErrorAnswer`, with `beside` as further fields."""
    log.info("request refused", code=error.code, status=error.status, field=error.field)
    if error.detail:
        log.debug("request refused: detail", detail=error.detail)
    detail = ErrorDetail(
        code=error.code, message=error.message, field=error.field, fix=error.fix, request_id=request_id
    )
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, LimitReached | ProviderError) and error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    content = {**ErrorAnswer(error=detail).model_dump(), **(beside or {})}
    return JSONResponse(content, status_code=error.status, headers=headers or None)


def install(app: FastAPI, metrics: Metrics) -> None:
    """Registers the handlers that turn every error into `ErrorAnswer`."""

    @app.exception_handler(VoiceAiError)
    async def ours(request: Request, error: VoiceAiError) -> JSONResponse:
        if isinstance(error, LimitReached):
            metrics.limited.labels("requests").inc()
        return answer_for(error, _request_id(request))

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        field, message = first_problem(error.errors())
        log.info("request refused", code="invalid_input", status=400, field=field)
        detail = ErrorDetail(
            code="invalid_input",
            message=message,
            field=field,
            fix="See /docs for what the field takes",
            request_id=_request_id(request),
        )
        return JSONResponse(ErrorAnswer(error=detail).model_dump(), status_code=400)

    @app.exception_handler(BodyRefusedError)
    async def body(request: Request, error: BodyRefusedError) -> JSONResponse:
        return body_refusal(error, _request_id(request))

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 400: "invalid_input"}
        detail = ErrorDetail(
            code=codes.get(error.status_code, "http_error"),
            message=str(error.detail),
            # The framework's only reason for a 400 is a body that it could not read.
            field="body" if error.status_code == 400 else None,
            request_id=_request_id(request),
        )
        return JSONResponse(
            ErrorAnswer(error=detail).model_dump(), status_code=error.status_code, headers=error.headers
        )


def unexpected(error: Exception, request_id: str) -> JSONResponse:
    """A fault of ours: told in full to the log, and to the client only where to look."""
    log.error("request failed", exc_info=error)
    detail = ErrorDetail(
        code="internal",
        message="This is a fault of the service, not of the request",
        fix="Look for the request id in the service's log",
        request_id=request_id,
    )
    return JSONResponse(ErrorAnswer(error=detail).model_dump(), status_code=500)


def first_problem(errors: Sequence[Any]) -> tuple[str, str]:
    """The dotted field and a sentence for the first of pydantic's errors.

    Validators of a whole object begin their message with the field they mean and a colon; it joins the path.
    """
    if not errors:
        return "body", "The request could not be read"
    problem = errors[0]
    if problem.get("type") == "json_invalid":
        return "body", f"This is not JSON, from character {problem['loc'][-1]} on"
    parts = [str(part) for part in problem.get("loc", ())]
    if parts and parts[0] in ("body", "query", "path", "header"):
        del parts[0]
    message = str(problem.get("msg", "is not valid")).removeprefix("Value error, ")
    named, colon, rest = message.partition(": ")
    if colon and " " not in named:
        parts.append(named)
        message = rest
    return ".".join(part for part in parts if part != "[key]") or "body", message[:1].upper() + message[1:]


def _request_id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)
