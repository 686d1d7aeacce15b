"""Every route of the live OpenAPI document with a request that it would accept, and the scope that it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.component.api.api_client import ApiClient
from tests.component.api.phone_call import inline
from tests.component.api.tenants import CLARA
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav

OF_THE_CREDENTIAL = frozenset({"GET /metrics", "GET /api/v1/domains"})
"""What belongs to no single domain."""
OPEN_ROUTES = frozenset({("GET", "/health"), ("GET", "/ready")})
_SILENCE = PcmAudio(bytes(3200), 8000)


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    takes_body: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def names_a_domain_in_its_body(self) -> bool:
        return "domain_uuid" in BODIES.get(self.name, {})

    def filled(self, ids: Mapping[str, str]) -> str:
        """The path below `/api/v1`, with the values of `ids` in the places of its parameters."""
        return self.path.removeprefix("/api/v1").format_map(dict(ids))

    def options(self, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What httpx sends: a valid body, with `body`'s fields in place of its own."""
        if self.name in UPLOADS:
            field, name, content = UPLOADS[self.name]
            return {"data": dict(body or {}), "files": {field: (name, content)}}
        if self.name not in BODIES:
            return {}
        example = {name: value for name, value in BODIES[self.name].items() if name != "domain_uuid"}
        return {"json": json.loads(json.dumps({**example, **(body or {})}, default=str))}


def send(client: ApiClient, route: Route, ids: Mapping[str, str], **body: Any) -> Any:
    if not route.path.startswith("/api/v1"):
        headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
        return client.http.request(route.method, route.path, headers={**headers, **client.headers})
    return client.send(route.method, route.filled(ids), **route.options(body))


def live_routes(client: ApiClient) -> list[Route]:
    document = client.http.get("/openapi.json").json()
    return [
        Route(verb.upper(), path, "requestBody" in operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]


def scope_of(route: Route) -> str:
    """What a route needs, as the documentation says it: what changes settings is the administrator's."""
    path = route.path.removeprefix("/api/v1")
    if path == "/metrics":
        return "metrics"
    if route.name == "GET /api/v1/calls" or path in ("/transfer-rules/try", "/knowledge/search"):
        return "read"
    if path.startswith(("/calls", "/turn")):
        return "calls"
    if path in ("/transcribe", "/synthesize", "/chat"):
        return "speech"
    if path == "/tokens":
        return "admin"
    return "read" if route.method == "GET" else "admin"


NOBODYS = str(uuid4())
_SECRETARY = {"name": "Nova", "extension": "8999", "settings": CLARA}
_DESTINATION = {"name": "estoque", "number": "2999"}
_RULE = {"intent": "stock", "phrases": ["tem no estoque"], "destination_uuid": NOBODYS}
_PROVIDER = {"kind": "tts", "name": "openai", "secret": "sk-another-1234567890"}
_WEBHOOK = {"name": "other", "url": "https://crm.example.com/hook"}
_CALL = {"call_uuid": NOBODYS, "domain_uuid": None, "called_number": "8000"}
_TURN = {"call_uuid": NOBODYS, "domain_uuid": None, "turn": 1, "audio": inline(_SILENCE)}

BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/calls": _CALL,
    "POST /api/v1/turn": _TURN,
    "POST /api/v1/calls/{call_uuid}/events": {"type": "answered", "domain_uuid": None},
    "POST /api/v1/calls/{call_uuid}/end": {"reason": "caller_hangup", "domain_uuid": None},
    "POST /api/v1/synthesize": {"text": "bom dia", "domain_uuid": None},
    "POST /api/v1/transcribe": {"domain_uuid": None},
    "POST /api/v1/documents": {},
    "POST /api/v1/knowledge/search": {"question": "onde fica a clínica"},
    "POST /api/v1/chat": {"extension": "8000", "text": "bom dia", "domain_uuid": None},
    "POST /api/v1/secretaries": _SECRETARY,
    "PUT /api/v1/secretaries/{secretary_uuid}": _SECRETARY,
    "POST /api/v1/secretaries/{secretary_uuid}/publish": {"note": "attack"},
    "POST /api/v1/transfer-destinations": _DESTINATION,
    "PUT /api/v1/transfer-destinations/{destination_uuid}": _DESTINATION,
    "POST /api/v1/transfer-rules": _RULE,
    "PUT /api/v1/transfer-rules/{rule_uuid}": _RULE,
    "POST /api/v1/transfer-rules/try": {"text": "segunda via do boleto"},
    "POST /api/v1/providers": _PROVIDER,
    "PUT /api/v1/providers/{provider_uuid}": _PROVIDER,
    "POST /api/v1/webhooks": _WEBHOOK,
    "PUT /api/v1/webhooks/{webhook_uuid}": _WEBHOOK,
    "POST /api/v1/webhooks/deliveries/replay": {"since": "2020-01-01T00:00:00Z"},
    "POST /api/v1/conversations/erase": {"caller_number": "+5511900000000"},
    "POST /api/v1/tokens": {"name": "mine", "scopes": ["read"]},
    "PUT /api/v1/settings/{name}": {"value": "US"},
}
"""Valid bodies; `domain_uuid` is there where a route's body may name its domain."""
UPLOADS = {
    "POST /api/v1/transcribe": ("audio", "a.wav", write_wav(_SILENCE)),
    "POST /api/v1/documents": ("file", "preços.txt", b"A consulta custa trezentos reais."),
}
"""Routes that take a file: the form's field, the file's name and its content."""
ANYWHERE: dict[str, str] = {
    "call_uuid": NOBODYS,
    "ref": "greeting",
    "secretary_uuid": NOBODYS,
    "version": "1",
    "destination_uuid": NOBODYS,
    "rule_uuid": NOBODYS,
    "provider_uuid": NOBODYS,
    "conversation_uuid": NOBODYS,
    "outbox_uuid": NOBODYS,
    "document_uuid": NOBODYS,
    "webhook_uuid": NOBODYS,
    "token_uuid": NOBODYS,
    "name": "country",
}
"""Well-formed path parameters that belong to nobody."""


@dataclass
class Answers:
    """What a sweep saw: routes that did not answer as they must."""

    wrong: list[str] = field(default_factory=list)

    def expect(self, route: Route, met: bool, seen: object) -> None:
        if not met:
            self.wrong.append(f"{route.name}: {seen}")
