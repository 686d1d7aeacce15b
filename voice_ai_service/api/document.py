"""The OpenAPI document, corrected to what the service really does."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from voice_ai_service.api.gate import OPEN_PATHS

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of this service, or a JWT"},
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same token where a header's value may have no space",
    },
}
_ONLY_BEHIND_THE_DOOR = frozenset({"400", "401", "403", "404", "409", "413", "415", "429", "502", "504"})


def document_truly(app: FastAPI) -> None:
    """What FastAPI cannot know: the door, and that a malformed request is a 400 in our own shape."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    for path, verbs in document["paths"].items():
        for operation in verbs.values():
            responses: dict[str, Any] = operation["responses"]
            responses.pop("422", None)
            if path not in OPEN_PATHS:
                operation["security"] = [{name: []} for name in _SCHEMES]
                continue
            for status in _ONLY_BEHIND_THE_DOOR & responses.keys():
                del responses[status]
    components = document["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["securitySchemes"] = _SCHEMES
    return document
