"""What OpenAI's error objects mean to us. Codes are its own; nothing of its text is ours to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.messages import text

EXPIRED: Final = "session_expired"
ACTIVE_ALREADY: Final = "conversation_already_has_active_response"

_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_BUSY: Final = frozenset({"rate_limit_exceeded", "server_overloaded", "overloaded", "tokens", "requests"})
_BAD_KEY: Final = frozenset(
    {"invalid_api_key", "authentication_error", "permission_error", "permission_denied"}
)
_NO_MODEL: Final = frozenset({"model_not_found", "unsupported_model"})
_FIELDS: Final = {
    "session.audio.output.voice": ("voice", "Choose a voice that the provider has."),
    "session.audio.input.transcription.model": ("settings.transcription_model", "Check the model's name."),
    "session.audio.input.transcription.language": ("language", None),
}


def fatal(error: Mapping[str, Any]) -> bool:
    """Ends the conversation whenever it comes; all others are of one request."""
    return not {text(error, "code"), text(error, "type")}.isdisjoint(
        _NO_CREDIT | _BUSY | _BAD_KEY | _NO_MODEL
    )


def judged(name: str, error: Mapping[str, Any]) -> ProviderError:
    code, kind, param = text(error, "code"), text(error, "type"), text(error, "param")
    detail = f"{kind} {code} {param} {text(error, 'message')}"
    names = {code, kind}
    if not names.isdisjoint(_NO_CREDIT):
        return faults.no_credit(name, detail)
    if not names.isdisjoint(_BUSY):
        return faults.busy(name, detail)
    if not names.isdisjoint(_BAD_KEY):
        return faults.bad_key(name, detail)
    if not names.isdisjoint(_NO_MODEL):
        return faults.no_model(name, detail)
    if kind == "invalid_request_error":
        field, fix = _FIELDS.get(param, (None, None))
        return faults.refused(name, "refuses the request", detail=detail, field=field, fix=fix)
    return faults.gone(name, detail)
