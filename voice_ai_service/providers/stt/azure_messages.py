"""Azure Speech's messages over WebSocket: headers as in HTTP, then JSON or, in binary ones, audio. Pure.

Microsoft documents no schema of it; this follows `WebsocketMessageFormatter` of its open-source Speech SDK (MIT).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_LINE: Final = "\r\n"
_SIZE_BYTES: Final = 2


class AzureBroken(ValueError):
    """What came is no message."""


@dataclass(frozen=True, slots=True)
class AzureMessage:
    """`path`: what kind it is, in lower case. `said`: its JSON object; empty where it has none."""

    path: str
    said: Mapping[str, Any]


def text_message(path: str, request_id: str, said: Mapping[str, Any], at: datetime) -> str:
    head = _head(path, request_id, "application/json; charset=utf-8", at)
    return f"{head}{_LINE}{json.dumps(said, ensure_ascii=False, separators=(',', ':'))}"


def audio_message(request_id: str, samples: bytes, at: datetime, *, content_type: str | None = None) -> bytes:
    """`content_type`: of the first one, which begins with a WAV header. Without samples: no more audio comes."""
    head = _head("audio", request_id, content_type, at).encode("ascii")
    return len(head).to_bytes(_SIZE_BYTES, "big") + head + samples


def parse_message(message: str | bytes) -> AzureMessage:
    """Raises AzureBroken."""
    if isinstance(message, bytes):
        raise AzureBroken("a recogniser sends no audio")
    head, separator, body = message.partition(_LINE * 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in head.split(_LINE))
        if colon
    }
    if not separator or "path" not in headers:
        raise AzureBroken("no headers, or none that says what it is")
    try:
        said = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise AzureBroken("its body is not JSON") from error
    if not isinstance(said, dict):
        raise AzureBroken("its body is no object")
    return AzureMessage(headers["path"].lower(), said)


def _head(path: str, request_id: str, content_type: str | None, at: datetime) -> str:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    lines = [f"Path: {path}", f"X-RequestId: {request_id}", f"X-Timestamp: {stamp}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return _LINE.join((*lines, ""))
