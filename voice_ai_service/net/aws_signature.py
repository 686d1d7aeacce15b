"""AWS Signature Version 4 for one request whose body is known. Pure.

Source: AWS, "Create a signed AWS API request". The path is encoded twice, as every service but S3 wants it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class AwsKey:
    """`session_token`: only for keys that were lent for a time."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AwsService:
    """`name` as signatures know it: Bedrock's runtime is `bedrock`."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """`target`: path and query as they are sent, encoded; `host` as in the `Host` header."""

    method: str
    host: str
    target: str
    body: bytes = b""


def signed_headers(key: AwsKey, service: AwsService, request: AwsRequest, at: datetime) -> Mapping[str, str]:
    """The headers that the request needs beside `Host`. `at`: now, in UTC."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    signed = {"host": request.host, "x-amz-date": stamp}
    sent = {"X-Amz-Date": stamp}
    if key.session_token is not None:
        signed["x-amz-security-token"] = sent["X-Amz-Security-Token"] = key.session_token
    names = ";".join(sorted(signed))
    scope = f"{stamp[:8]}/{service.region}/{service.name}/aws4_request"
    canonical = _canonical(request, signed, names)
    to_sign = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_signing_key(key, service, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={key.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return sent


def presigned_target(
    key: AwsKey, service: AwsService, request: AwsRequest, at: datetime, *, expires_s: int
) -> str:
    """The request's target with the signature in its query: for WebSockets, whose first request is all that is signed.

    Source: AWS, "Amazon Transcribe: setting up a WebSocket stream". The target's query must be encoded already.
    """
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{service.region}/{service.name}/aws4_request"
    asked = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if key.session_token is not None:
        asked["X-Amz-Security-Token"] = key.session_token
    query = "&".join(f"{name}={quote(value, safe=_UNRESERVED)}" for name, value in asked.items())
    target = f"{request.target}{'&' if '?' in request.target else '?'}{query}"
    whole = AwsRequest(request.method, request.host, target, request.body)
    canonical = _canonical(whole, {"host": request.host}, "host")
    to_sign = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_signing_key(key, service, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{target}&X-Amz-Signature={signature}"


def _canonical(request: AwsRequest, signed: Mapping[str, str], names: str) -> str:
    path, _, query = request.target.partition("?")
    pairs = sorted(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    return "\n".join(
        (
            request.method,
            quote(path or "/", safe=f"/{_UNRESERVED}"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _signing_key(key: AwsKey, service: AwsService, day: str) -> bytes:
    made = f"AWS4{key.secret_access_key}".encode()
    for part in (day, service.region, service.name, "aws4_request"):
        made = hmac.new(made, part.encode(), hashlib.sha256).digest()
    return made
