"""The service's wire as the simulated PBX uses it: real HTTP, mod_curl's envelope, and a log of both."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from voice_ai_service.simulated_caller.curl_command import MAX_ANSWER_BYTES, CurlCommand, parse

_DEFAULT_TIMEOUT_S: Final = 300.0
# libcurl's exit codes.
_OK, _REFUSED, _WRITE_ERROR, _TIMED_OUT, _NOTHING = 0, 7, 23, 28, 52


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    Attributes:
        path: Without the query.
        status: 0 when no answer came.
        sent_at_ms: On the line's clock.
        took_ms: Real time, from the request's first byte to the answer's last.
    """

    method: str
    path: str
    request: dict[str, Any]
    status: int
    answer: dict[str, Any]
    sent_at_ms: int
    took_ms: float


class HttpWire:
    """Every thread of the PBX may use it; `close` it when the call is over.

    Args:
        clock_ms: The line's clock.
        observe: Told of every exchange when it is over, in the thread that made it.
    """

    def __init__(
        self, clock_ms: Callable[[], int], observe: Callable[[Exchange], None] | None = None
    ) -> None:
        # A connection per request, as mod_curl makes them; no proxy of this machine's environment in between.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(limits=limits, trust_env=False)
        self._clock_ms = clock_ms
        self._observe = observe
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    def exchanges(self) -> list[Exchange]:
        """Those that came to an end, in that order."""
        with self._lock:
            return list(self._exchanges)

    def close(self) -> None:
        self._client.close()

    def curl(self, argument: bytes) -> bytes:
        """What `freeswitch.API():execute("curl", argument)` returns."""
        command = parse(argument)
        if command is None:
            return b"-ERR\ncurl url ...\n"
        began, sent_at_ms = time.perf_counter(), self._clock_ms()
        exit_code, response = self._send(command)
        body = response.content if response is not None else b""
        if len(body) > MAX_ANSWER_BYTES:
            exit_code, body = _WRITE_ERROR, b""
        status = response.status_code if response is not None else 0
        took_ms = (time.perf_counter() - began) * 1000
        self._note(command, status, body, sent_at_ms, took_ms)
        return _envelope(exit_code, status, body, response) if command.as_json else body

    def _send(self, command: CurlCommand) -> tuple[int, httpx.Response | None]:
        headers = {"User-Agent": "freeswitch-curl/1.0"}
        for header in command.headers:
            name, _, value = header.partition(":")
            if value.strip():
                headers[name.strip()] = value.strip()
        if command.content_type and command.body:
            headers["Content-Type"] = command.content_type
        timeout = httpx.Timeout(
            command.timeout_s or _DEFAULT_TIMEOUT_S, connect=command.connect_timeout_s or _DEFAULT_TIMEOUT_S
        )
        content = command.body if command.method not in ("get", "head") else None
        try:
            response = self._client.request(
                command.method.upper(), command.url, headers=headers, content=content, timeout=timeout
            )
        except httpx.TimeoutException:
            return _TIMED_OUT, None
        except httpx.ConnectError:
            return _REFUSED, None
        except (httpx.TransportError, httpx.InvalidURL):
            return _NOTHING, None
        return _OK, response

    def _note(self, command: CurlCommand, status: int, body: bytes, sent_at_ms: int, took_ms: float) -> None:
        exchange = Exchange(
            method=command.method,
            path=httpx.URL(command.url).path if command.url.startswith("http") else command.url,
            request=_object(command.body),
            status=status,
            answer=_object(body),
            sent_at_ms=sent_at_ms,
            took_ms=took_ms,
        )
        with self._lock:
            self._exchanges.append(exchange)
        if self._observe:
            self._observe(exchange)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _envelope(exit_code: int, status: int, body: bytes, response: httpx.Response | None) -> bytes:
    """mod_curl's print_json: everything a string, no body when there is none."""
    top: dict[str, object] = {"exit_code": str(exit_code), "status_code": str(status)}
    text = body.split(b"\0", 1)[0].decode("utf-8", "replace")
    if text and text != " ":
        top["body"] = text
    headers = response.headers.multi_items() if response is not None else []
    top["headers"] = [{"key": key, "value": value} for key, value in headers]
    return json.dumps(top, ensure_ascii=False, separators=(",", ":")).encode()
