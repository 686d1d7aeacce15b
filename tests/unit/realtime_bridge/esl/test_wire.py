from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.esl.wire import MAX_HEAD_BYTES, Message, MessageReader, PbxEvent, WireFault
from tests.fakes.event_socket import event_plain

REPLY = b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
API = b"Content-Type: api/response\nContent-Length: 6\n\ntrue\n\n"
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_0123456789", min_size=1, max_size=20)
# FreeSWITCH's values are C strings of UTF-8.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def read(data: bytes, sizes: list[int]) -> list[Message]:
    """In pieces of these sizes, then the rest."""
    reader, at = MessageReader(), 0
    messages: list[Message] = []
    for size in sizes:
        messages += reader.feed(data[at : at + size])
        at += size
    return messages + list(reader.feed(data[at:]))


class TestMessageReader:
    @given(st.lists(st.integers(0, 40), max_size=40))
    def test_messages_are_the_same_however_the_bytes_are_cut(self, sizes: list[int]) -> None:
        stream = REPLY + API + event_plain({"Event-Name": "DTMF", "DTMF-Digit": "#"}, "a\n\nb") + REPLY
        whole = read(stream, [])
        assert [message.content_type for message in whole] == [
            "command/reply",
            "api/response",
            "text/event-plain",
            "command/reply",
        ]
        assert read(stream, sizes) == whole

    def test_a_body_may_hold_empty_lines(self) -> None:
        (message,) = read(API, [])
        assert message.body == b"true\n\n"

    @pytest.mark.parametrize("length", [b"-1", b"x", b"1e3", "١".encode(), b"99999999999"])
    def test_an_impossible_length_ends_the_connection(self, length: bytes) -> None:
        with pytest.raises(WireFault):
            read(b"Content-Length: " + length + b"\n\n", [])

    def test_a_head_that_never_ends_is_not_kept_for_ever(self) -> None:
        with pytest.raises(WireFault):
            read(b"x" * (MAX_HEAD_BYTES + 1), [])

    @given(st.binary(max_size=200), st.lists(st.integers(0, 20), max_size=10))
    def test_any_bytes_give_messages_or_a_fault(self, data: bytes, sizes: list[int]) -> None:
        with contextlib.suppress(WireFault):
            read(data, sizes)


def event(headers: dict[str, str], body: str = "") -> PbxEvent:
    (message,) = read(event_plain(headers, body), [])
    return PbxEvent(message.body)


class TestPbxEvent:
    def test_a_callers_name_writes_no_headers(self) -> None:
        victim, own = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
        forged = event(
            {"Unique-ID": own, "Caller-Caller-ID-Name": f"x\nUnique-ID: {victim}\nEvent-Name: DTMF"}
        )
        assert forged.get("Unique-ID") == own
        assert forged.name == ""
        assert victim in forged.get("Caller-Caller-ID-Name")

    def test_nor_by_encoding_it_himself(self) -> None:
        forged = event({"Unique-ID": "own", "Caller-Caller-ID-Name": "x%0AUnique-ID: victim"})
        assert forged.get("Unique-ID") == "own"
        assert forged.get("Caller-Caller-ID-Name") == "x%0AUnique-ID: victim"

    def test_the_first_of_a_name_counts(self) -> None:
        assert PbxEvent(b"Unique-ID: one\nUnique-ID: two\n\n").get("Unique-ID") == "one"

    @given(st.dictionaries(NAMES.filter(lambda name: name != "Content-Length"), VALUES, max_size=8), VALUES)
    def test_every_value_comes_back_as_it_was(self, headers: dict[str, str], body: str) -> None:
        found = event({"Event-Name": "X", **headers}, body)
        for name, value in headers.items():
            # The one text that FreeSWITCH itself uses for nothing.
            assert found.get(name) == ("" if value == "_undef_" else value)
        assert found.body == body

    def test_a_custom_event_goes_by_its_subclass(self) -> None:
        custom = event(
            {"Event-Name": "CUSTOM", "Event-Subclass": "mod_audio_stream::play"}, '{"file":"/tmp/x"}'
        )
        assert custom.name == "mod_audio_stream::play"
        assert custom.body == '{"file":"/tmp/x"}'
