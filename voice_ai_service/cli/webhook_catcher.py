"""A receiver of webhooks on loopback, as a CRM would be: it checks the signature and keeps the first event."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

import standardwebhooks

_MAX_BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Caught:
    event_id: str
    signature_holds: bool
    fields: dict[str, Any]


class WebhookCatcher:
    """Use it with `with`. `secret` is set once the webhook exists."""

    def __init__(self) -> None:
        self.secret = ""
        self._caught: Caught | None = None
        self._arrived = threading.Event()
        catcher = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", "0")), _MAX_BODY_BYTES)
                catcher._take(self.rfile.read(length), dict(self.headers.items()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Silent: the command prints what arrived."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> Caught | None:
        """The first event, or None when none came in time."""
        self._arrived.wait(seconds)
        return self._caught

    def _take(self, body: bytes, headers: dict[str, str]) -> None:
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            standardwebhooks.Webhook(self.secret).verify(body, lower)
            holds = True
        except standardwebhooks.WebhookVerificationError:
            holds = False
        if self._caught is None:
            fields = json.loads(body)
            self._caught = Caught(lower.get("webhook-id", ""), holds, fields.get("data", fields))
            self._arrived.set()
