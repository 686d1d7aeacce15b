"""mod_curl's reading of its argument, as FreeSWITCH 1.11.1 was seen to do it; tests/freeswitch asks it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.simulated_caller.curl_command import MAX_ARGUMENTS, parse, separate, url_decode

BODIES = [
    (b'post {"a":"b c","n":[1,2]}', b'{"a":"b'),
    (b'post \'{"a":"b c"}\'', b'{"a":"b c"}'),
    (b'post {"a":"b%20c"}', b'{"a":"b c"}'),
    (b'post {"a":"b\\sc"}', b'{"a":"b c"}'),
    (b'post {"a":"100%"}', b'{"a":"100%"}'),
    (b'post {"a":"%2541"}', b'{"a":"%41"}'),
    (b'post {"a":"\\"b\\""}', b'{"a":""b""}'),
    (b"post it's", b"it's"),
    (b"post a''b", b"ab"),
    (b"post %", b"%"),
    (b"post", b""),
]


@pytest.mark.parametrize(("words", "body"), BODIES)
def test_a_body_is_cut_quoted_and_decoded_as_mod_curl_does_it(words: bytes, body: bytes) -> None:
    command = parse(b"http://h/ " + words)
    assert command is not None
    assert (command.method, command.body) == ("post", body)


def test_options_come_in_any_order_before_the_method() -> None:
    command = parse(
        b"http://h/ timeout 9 json append_headers A:1 connect-timeout 2 append_headers B:x content-type text/x put z"
    )
    assert command is not None
    assert (command.timeout_s, command.connect_timeout_s, command.as_json) == (9, 2, True)
    assert (command.headers, command.content_type) == (("A:1", "B:x"), "text/x")
    assert (command.method, command.body) == ("put", b"z")


def test_a_time_out_that_is_no_number_is_none() -> None:
    command = parse(b"http://h/ timeout soon get")
    assert command is not None
    assert command.timeout_s is None


def test_more_words_than_mod_curl_takes_are_nothing() -> None:
    assert parse(b"http://h/ " + b"x " * MAX_ARGUMENTS) is None
    assert parse(b"") is None


def test_no_more_headers_than_mod_curl_takes() -> None:
    command = parse(b"http://h/ " + b"append_headers A:1 " * 12 + b"get")
    assert command is not None
    assert len(command.headers) == 10


@given(st.binary(max_size=40))
def test_nothing_breaks_the_reading(argument: bytes) -> None:
    parse(argument)
    assert url_decode(argument).count(b"\0") == 0
    assert all(len(word) <= len(argument) for word in separate(argument))
