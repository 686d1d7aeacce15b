"""OmniPlay as its contract has it (facts: `POST /api/voice-webhook`): strict about credential, company and body."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.fakes.webhook_receiver import Received, Reply, WebhookReceiver

PATH = "/api/voice-webhook"
FIELDS: dict[str, type | tuple[type, ...]] = {
    "event": str,
    "call_uuid": str,
    "domain_uuid": str,
    "caller_id": str,
    "secretary_name": str,
    "duration_seconds": int,
    "transcript": list,
    "resolution": str,
    "transferred_to": (str, type(None)),
}
RESOLUTIONS = {"transferred", "completed", "abandoned", "message", "failed", "closed", "busy"}


class Omniplay(WebhookReceiver):
    """`calls`: the body of each call it accepted. `refused`: why it did not accept the others."""

    def __init__(self, *, token: str, company: str) -> None:
        super().__init__()
        self.token = token
        self.company = company
        self.calls: dict[UUID, dict[str, Any]] = {}
        self.repeated: list[UUID] = []
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def reply_to(self, received: Received) -> Reply:
        if self.replies:
            return self.replies.pop(0)
        problem = self._problem(received)
        if problem is not None:
            self.refused.append(problem)
            return Reply(401 if problem == "credential" else 422)
        call_uuid = UUID(received.json["call_uuid"])
        if call_uuid in self.calls:
            self.repeated.append(call_uuid)
        self.calls[call_uuid] = received.json
        return Reply(200)

    def _problem(self, received: Received) -> str | None:
        headers, body = received.headers, received.json
        if headers.get("authorization") != f"Bearer {self.token}":
            return "credential"
        if received.path != PATH:
            return "path"
        if headers.get("x-company-id") != self.company or not headers.get("x-service-name"):
            return "headers"
        if set(body) != set(FIELDS):
            return f"fields {sorted(set(body) ^ set(FIELDS))}"
        for name, kind in FIELDS.items():
            if not isinstance(body[name], kind):
                return f"type of {name}"
        if body["event"] != "call_completed" or body["resolution"] not in RESOLUTIONS:
            return "event or resolution"
        if any(set(line) != {"role", "text", "timestamp"} for line in body["transcript"]):
            return "transcript"
        return None
