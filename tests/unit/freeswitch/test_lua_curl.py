"""What Lua hands to mod_curl, taken apart as mod_curl does it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.simulated_caller.curl_command import CurlCommand, parse, separate

DOMAIN = "11111111-1111-4111-8111-111111111111"


class Api:
    """Stands where FreeSWITCH's API is: keeps the argument, answers as told."""

    def __init__(self, lua: Any, answer: bytes) -> None:
        self.arguments: list[bytes] = []
        self.answer = answer
        self.table = lua.runtime.table()
        self.table[b"execute"] = self._execute

    def _execute(self, _self: Any, name: bytes, argument: bytes) -> bytes:
        assert name == b"curl"
        self.arguments.append(argument)
        return self.answer

    def command(self) -> CurlCommand:
        command = parse(self.arguments[-1])
        assert command is not None
        return command


def request(lua: Any, api: Api, **fields: Any) -> Any:
    table = lua.runtime.table()
    defaults = {"url": "http://127.0.0.1:8100/x", "token": "t", "connect_timeout_s": 2, "timeout_s": 9}
    for name, value in {**defaults, **fields}.items():
        table[name.encode()] = value.encode() if isinstance(value, str) else value
    found = lua.module("curl")[b"request"](api.table, table)
    return found if isinstance(found, tuple) else (found,)


@given(text=st.text(), digits=st.text())
def test_any_body_arrives_byte_by_byte(lua: Any, text: str, digits: str) -> None:
    body = json.dumps({"said": text, "digits": digits}, ensure_ascii=False).encode("utf-8", "replace")
    api = Api(lua, b'{"exit_code":"0","status_code":"200","body":"{}"}')
    request(lua, api, body=body)
    assert api.command().body == body


@given(body=st.binary().filter(lambda content: b"\0" not in content))
def test_a_body_is_one_word_without_quoting_whatever_it_holds(lua: Any, body: bytes) -> None:
    encoded = lua.module("curl")[b"encode_body"](body)
    assert separate(encoded) == ([encoded] if body else [])
    assert not set(encoded) & set(b" '\\\n\r\t\0")


def test_a_post_says_what_it_is_and_does_not_wait_for_100_continue(lua: Any) -> None:
    api = Api(lua, b'{"exit_code":"0","status_code":"200","body":"{}"}')
    request(lua, api, body=b"{}", domain_uuid=DOMAIN)
    assert api.command() == CurlCommand(
        url="http://127.0.0.1:8100/x", method="post", body=b"{}", content_type="application/json", as_json=True,
        headers=("X-API-Key:t", f"X-Domain-UUID:{DOMAIN}", "Expect:"), timeout_s=9, connect_timeout_s=2,
    )  # fmt: skip


def test_without_a_body_it_gets(lua: Any) -> None:
    api = Api(lua, b'{"exit_code":"0","status_code":"200","body":"{}"}')
    request(lua, api)
    assert (api.command().method, api.command().body) == ("get", b"")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8100/x post y", "http://h/'", "file:///etc/passwd", "http://h/\\s", "http://h/a b", "", "http://",
     "http://h/\n", "ftp://h/"],
)  # fmt: skip
def test_an_address_that_is_more_than_a_url_is_never_sent(lua: Any, url: str) -> None:
    api = Api(lua, b"{}")
    assert request(lua, api, url=url)[0] is None
    assert not api.arguments


@pytest.mark.parametrize("token", ["a b", "a'b", "", "a\nb", "a\\sb", "ç"])
def test_a_token_that_would_break_the_header_is_never_sent(lua: Any, token: str) -> None:
    api = Api(lua, b"{}")
    assert request(lua, api, token=token)[0] is None
    assert not api.arguments


def test_a_domain_that_is_no_uuid_is_left_out(lua: Any) -> None:
    api = Api(lua, b'{"exit_code":"0","status_code":"200","body":"{}"}')
    request(lua, api, domain_uuid="x append_headers X-Admin:1 post {}")
    assert api.command().headers == ("X-API-Key:t",)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b'{"exit_code":"28","status_code":"0"}', 0),
        (b'{"exit_code":"7","status_code":"0"}', -1),
        (b'{"exit_code":"6","status_code":"0"}', -1),
        (b'{"exit_code":"23","status_code":"200","body":"{"}', 0),
        (b'{"exit_code":"0","status_code":"503","body":"{\\"error\\":{}}"}', 503),
        (b'{"exit_code":"0","status_code":"200","body":"<html>"}', 200),
        (b'{"exit_code":"0","status_code":"200"}', 200),
        (b'{"exit_code":"0","status_code":"200","body":"[}"}', 200),
        (b"", 400),
        (b"-ERR", 400),
    ],
)
def test_what_is_no_answer_is_told_apart(lua: Any, answer: bytes, status: int) -> None:
    found = request(lua, Api(lua, answer), body=b"{}")
    assert (found[0], found[1]) == (None, status)


def test_a_good_answer_is_decoded(lua: Any) -> None:
    answer = {"exit_code": "0", "status_code": "201", "body": '{"said":"olá \\"x\\""}', "headers": []}
    found = request(lua, Api(lua, json.dumps(answer).encode()), body=b"{}")
    assert (found[0][b"said"], found[1]) == ('olá "x"'.encode(), 201)
