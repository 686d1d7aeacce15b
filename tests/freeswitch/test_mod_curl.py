"""The simulated PBX reads mod_curl's argument as the real mod_curl does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.freeswitch.conftest import FreeSwitch
from voice_ai_service.simulated_caller.curl_command import parse

pytestmark = pytest.mark.freeswitch

ARGUMENTS = [
    'post {"a":"b c","n":[1,2]}',
    'post \'{"a":"b c"}\'',
    'post {"a":"b%20c"}',
    'post {"a":"b\\sc"}',
    'post {"a":"100%"}',
    'post {"a":"%2541"}',
    'post {"a":"\\"b\\""}',
    'post {"a":"\\\\x"}',
    "post it's",
    "post a''b",
    "post 'a b'c",
    "post %",
    "post %zz%4",
    "post a\\tb",
    "json content-type text/x append_headers X-One:1 append_headers X-Two:2 post x",
    "append_headers Expect: content-type application/json post {}",
    "timeout 3 connect-timeout 1 put data",
    "delete x",
    "get",
    "post a   ",
    "   post   a",
]


class Echo(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.seen: list[tuple[str, bytes, dict[str, str]]] = []


class _Keep(BaseHTTPRequestHandler):
    def _keep(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        assert isinstance(self.server, Echo)
        self.server.seen.append((self.command.lower(), body, dict(self.headers.items())))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = _keep  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_the_same_request_comes_out(freeswitch: FreeSwitch, echo: Echo, argument: str) -> None:
    line = f"http://127.0.0.1:{echo.server_address[1]}/ {argument}"
    echo.seen.clear()
    freeswitch.esl.api(f"curl {line}")
    command = parse(line.encode())
    assert command is not None
    ((method, body, headers),) = echo.seen
    assert (method, body) == (command.method, command.body)
    for header in command.headers:
        name, _, value = header.partition(":")
        assert headers.get(name, "") == value
    if command.content_type:
        assert headers["Content-Type"] == command.content_type
