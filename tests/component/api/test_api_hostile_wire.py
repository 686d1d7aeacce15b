"""Clients that misbehave below HTTP: they drip, lie about lengths, send bombs, and never stop."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from tests.component.api.api_client import assert_error
from tests.component.api.conftest import REQUEST_TIMEOUT_S, Platform
from tests.component.api.tenants import TenantSetUp

LIMIT_BYTES = 30 * 1024 * 1024
_PATIENCE_S = REQUEST_TIMEOUT_S + 15


@dataclass
class Dripping:
    """Sends a beginning, then a byte every now and then, until the service has enough of it."""

    port: int
    beginning: bytes
    drop: bytes
    answer: bytes = b""
    took_s: float | None = None
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._drip, name="slow loris")
        self._thread.start()

    def wait(self) -> None:
        self._thread.join(_PATIENCE_S + 5)

    def _drip(self) -> None:
        began = time.monotonic()
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=5)) as line:
            line.sendall(self.beginning)
            line.settimeout(0.3)
            while time.monotonic() - began < _PATIENCE_S:
                try:
                    received = line.recv(65536)
                except TimeoutError:
                    with suppress(OSError):
                        line.sendall(self.drop)
                    continue
                except ConnectionError:
                    received = b""
                if not received:
                    self.took_s = time.monotonic() - began
                    return
                self.answer += received


def head(tenant: TenantSetUp, *lines: str, path: str = "/api/v1/chat") -> bytes:
    first = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {tenant.admin.token}"]
    return "\r\n".join([*first, "Content-Type: application/json", *lines, "", ""]).encode()


@pytest.fixture(scope="module", autouse=True)
def dripping(platform: Platform, clinic: TenantSetUp) -> Iterator[dict[str, Dripping]]:
    """All at once and beside the other tests, since each takes its time."""
    port = platform.service.port
    lines = {
        "nothing": Dripping(port, b"", b""),
        "a head": Dripping(port, b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
        "empty lines": Dripping(port, b"\r\n", b"\r\n"),
        "a body": Dripping(port, head(clinic, "Content-Length: 5000"), b" "),
        "chunks": Dripping(port, head(clinic, "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
    }
    yield lines
    for line in lines.values():
        line.wait()


def exchange(platform: Platform, sent: bytes, *more: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to raw bytes; `more` goes out until the service hangs up."""
    with closing(socket.create_connection(("127.0.0.1", platform.service.port), timeout=20)) as line:
        line.sendall(sent)
        with suppress(ConnectionError):
            for piece in more:
                line.sendall(piece)
        received = b""
        with suppress(ConnectionError):
            while not _is_whole(received) and (piece := line.recv(65536)):
                received += piece
    top, _, body = received.partition(b"\r\n\r\n")
    first, *rest = top.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in rest)
    return int(first.split(" ")[1]) if first else 0, headers, body


def _is_whole(received: bytes) -> bool:
    top, blank, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", top, re.IGNORECASE)
    return bool(blank) and found is not None and len(body) >= int(found[1])


def assert_refused(answer: tuple[int, dict[str, str], bytes], status: int, name: str) -> None:
    assert answer[0] == status, answer
    error = json.loads(answer[2])["error"]
    assert error["field"] == name
    assert answer[1]["x-request-id"] == error["request_id"]
    assert answer[1]["connection"] == "close"


def test_a_body_that_says_that_it_is_too_large_is_not_read(platform: Platform, clinic: TenantSetUp) -> None:
    assert_refused(exchange(platform, head(clinic, f"Content-Length: {LIMIT_BYTES + 1}")), 413, "body")


def test_a_body_that_does_not_say_it_is_cut_off(platform: Platform, clinic: TenantSetUp) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = exchange(platform, head(clinic, "Transfer-Encoding: chunked"), *[chunk] * 40)
    if answer[0]:  # the answer may be lost when the line is cut while we still send
        assert_refused(answer, 413, "body")
    _still_well(platform)


def test_an_upload_that_lies_about_its_length_is_cut_off(platform: Platform, clinic: TenantSetUp) -> None:
    """What follows the declared end is another request, and not a valid one."""
    answer = exchange(platform, head(clinic, "Content-Length: 2") + b"{}garbage\r\n\r\n")
    assert answer[0] == 400
    _still_well(platform)


def test_a_stranger_is_told_so_before_the_body_is_sent(platform: Platform) -> None:
    sent = b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    assert_refused(exchange(platform, sent), 401, "Authorization")


def test_a_compressed_body_is_not_inflated(platform: Platform, clinic: TenantSetUp) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    for encoding in ("gzip", "deflate", "br", "zstd", "GZIP, gzip"):
        response = clinic.admin.send(
            "POST",
            "/chat",
            content=bomb,
            headers={"Content-Type": "application/json", "Content-Encoding": encoding},
        )
        assert_error(response, 415, field="Content-Encoding")
    sent = head(clinic, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n"
    assert exchange(platform, sent)[0] in (0, 400)


def test_a_head_that_never_ends_is_cut_off(platform: Platform) -> None:
    begun = b"GET /health HTTP/1.1\r\nHost: x\r\n"
    lines = [b"X-%d: %b\r\n" % (number, b"a" * 8000) for number in range(100)]
    assert exchange(platform, begun, *lines)[0] == 0
    assert exchange(platform, begun + b"X-One: ", *[b"a" * 65536] * 20)[0] == 0
    _still_well(platform)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    ],
    ids=["tls", "version", "method", "two lengths", "negative", "length and chunked", "chunk"],
)
def test_what_is_not_http_harms_nobody(platform: Platform, sent: bytes) -> None:
    assert exchange(platform, sent)[0] in (0, 400, 401)
    _still_well(platform)


def test_forms_with_too_many_parts_are_refused(clinic: TenantSetUp) -> None:
    boundary = "x"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    for content in (part * 5000, "garbage", f"--{boundary}\r\n\r\n"):
        response = clinic.admin.send("POST", "/transcribe", content=content.encode(), headers=headers)
        assert_error(response, 400)


def test_a_request_id_of_the_clients_is_kept_only_if_it_is_harmless(clinic: TenantSetUp) -> None:
    kept = clinic.admin.send("GET", "/settings", headers={"X-Request-ID": "trace-1.2_3"})
    assert kept.headers["x-request-id"] == "trace-1.2_3"
    for text in ("a" * 65, "a b", "a\tb", '{"a"}', ""):
        replaced = clinic.admin.send("GET", "/settings", headers={"X-Request-ID": text})
        assert re.fullmatch(r"[0-9a-f]{32}", replaced.headers["x-request-id"])


@pytest.mark.parametrize("name", ["nothing", "a head", "empty lines"])
def test_who_never_finishes_a_head_is_hung_up_on(dripping: dict[str, Dripping], name: str) -> None:
    line = dripping[name]
    line.wait()
    assert line.took_s is not None, "still connected"
    assert line.took_s > REQUEST_TIMEOUT_S / 2
    assert line.answer == b""


@pytest.mark.parametrize("name", ["a body", "chunks"])
def test_who_drips_a_body_is_told_and_hung_up_on(dripping: dict[str, Dripping], name: str) -> None:
    line = dripping[name]
    line.wait()
    assert line.took_s is not None, "still connected"
    assert line.took_s > REQUEST_TIMEOUT_S / 2
    assert b" 408 " in line.answer.split(b"\r\n")[0]
    assert json.loads(line.answer.partition(b"\r\n\r\n")[2])["error"]["field"] == "body"


def _still_well(platform: Platform) -> None:
    assert exchange(platform, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
