"""An S3 store on loopback: path-style buckets, put, list and delete, as clients of S3-compatible stores use them.

It checks that requests are signed (AWS Signature Version 4) with the known key's name and a body that is the signed
one; it does not compute the signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.fakes.http_server import Answer, Received, serving

ACCESS_KEY, SECRET_KEY, BUCKET = "AKIATEST", "not-a-secret", "voice"
_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass
class S3Server:
    """
    Attributes:
        objects: By key.
        failures: Statuses that the next requests get instead of an answer; 0: cut off in the middle.
        stuck: Requests are read and never answered.
        page: How many keys a list has at most.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    stuck: bool = False
    page: int = 1000
    requests: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with serving(self._respond) as address:
            yield address

    async def _respond(self, request: Received) -> Answer:
        target = urlsplit(request.path)
        self.requests.append(f"{request.method} {target.path}")
        if self.stuck:
            return Answer(silent=True)
        if self.failures:
            status = self.failures.pop(0)
            return Answer(cut_after=0) if status == 0 else _error(status, "SlowDown")
        if not _is_signed(request):
            return _error(403, "SignatureDoesNotMatch")
        bucket, _, key = unquote(target.path.lstrip("/")).partition("/")
        if bucket != BUCKET:
            return _error(404, "NoSuchBucket")
        asked = parse_qs(target.query, keep_blank_values=True)
        match request.method:
            case "PUT" if key:
                self.objects[key] = request.body
                self.types[key] = request.headers.get("content-type", "")
                return Answer(headers={"etag": f'"{hashlib.md5(request.body).hexdigest()}"'}, whole=True)
            case "GET" if asked.get("list-type") == ["2"]:
                return self._list(asked["prefix"][0], asked.get("continuation-token", [""])[0])
            case "POST" if "delete" in asked:
                return self._delete(request.body)
        return _error(501, "NotImplemented")

    def _list(self, prefix: str, after: str) -> Answer:
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        shown, more = keys[: self.page], len(keys) > self.page
        rows = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in shown)
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        return _xml(
            f"<ListBucketResult {_XMLNS}><IsTruncated>{str(more).lower()}</IsTruncated>{rows}{token}"
            "</ListBucketResult>"
        )

    def _delete(self, body: bytes) -> Answer:
        for element in ElementTree.fromstring(body).iter():
            if element.tag.endswith("Key"):
                self.objects.pop(element.text or "", None)
        return _xml(f"<DeleteResult {_XMLNS}></DeleteResult>")


def _is_signed(request: Received) -> bool:
    authorization = request.headers.get("authorization", "")
    if not authorization.startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/"):
        return False
    return request.headers.get("x-amz-content-sha256") == hashlib.sha256(request.body).hexdigest()


def _xml(text: str, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/xml"}, (text.encode(),), whole=True)


def _error(status: int, code: str) -> Answer:
    return _xml(f"<Error><Code>{code}</Code><Message>no</Message></Error>", status)
