"""Google's Speech-to-Text v2 `recognize` and the token endpoint of service accounts, as their references say."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.recogniser_vendor import VENDOR_WORDS

KEY = "google-correct"
PATH = "/v2/projects/secretary-1/locations/global/recognizers/_:recognize"
_TOKEN = "ya29.correct"
_EMAIL = "secretary@secretary-1.iam.gserviceaccount.com"


@lru_cache(maxsize=1)
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_file() -> str:
    """A service account's, as Google Cloud gives it."""
    pem = _private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "secretary-1",
            "private_key_id": "kid-1",
            "private_key": pem.decode(),
            "client_email": _EMAIL,
            "token_uri": "http://169.254.169.254/token",
        }
    )


def granted(request: Received) -> Answer:
    """POST /token (RFC 7523)."""
    form = dict(parse_qsl(request.body.decode()))
    if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
        return json_answer({"error": "unsupported_grant_type"}, 400)
    audience = "https://oauth2.googleapis.com/token"
    try:
        said = jwt.decode(form["assertion"], _private_key().public_key(), ["RS256"], audience=audience)
    except jwt.PyJWTError:
        return json_answer({"error": "invalid_grant", "error_description": VENDOR_WORDS}, 401)
    assert said["iss"] == _EMAIL
    assert said["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    return json_answer({"access_token": _TOKEN, "expires_in": 3599, "token_type": "Bearer"})


def recognised(request: Received, text: str) -> Answer:
    if request.path == "/token":
        return granted(request)
    has_key = request.headers.get("x-goog-api-key") == KEY
    if not has_key and request.headers.get("authorization") != f"Bearer {_TOKEN}":
        return error(401, "UNAUTHENTICATED")
    asked = request.json
    decoding = asked["config"]["explicitDecodingConfig"]
    one_language = asked["config"]["languageCodes"] == ["pt-BR"]
    if request.path != PATH or decoding["encoding"] != "LINEAR16" or not one_language:
        return error(400, "INVALID_ARGUMENT")
    assert base64.b64decode(asked["content"], validate=True)
    metadata = {"totalBilledDuration": "1s"}
    return json_answer({"results": [_result(text)], "metadata": metadata} if text else {"metadata": metadata})


def _result(text: str) -> dict[str, Any]:
    listed = []
    for at, one in enumerate(text.split()):
        start = {"startOffset": f"{0.25 * at:.3f}s"} if at else {}
        listed.append({**start, "endOffset": f"{0.25 * at + 0.2:.3f}s", "word": one})
    best = {"transcript": text, "confidence": 0.9, "words": listed}
    return {"alternatives": [best], "resultEndOffset": "1s", "languageCode": "pt-br"}


def error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer({"error": {"code": status, "message": VENDOR_WORDS, "status": code}}, status, headers)
