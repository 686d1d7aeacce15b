from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.call_control import RingRequest
from realtime_bridge.esl import grammar
from realtime_bridge.esl.dial_strings import CallersChannel, dial_string, originate
from voice_ai_service.calls.destinations import Destination, DestinationKind
from voice_ai_service.errors import InvalidInput

Rule = Callable[[str], str]
RULES: list[Rule] = [
    grammar.number,
    grammar.domain,
    grammar.context,
    grammar.path,
    grammar.variable_name,
    grammar.variable_value,
    grammar.stream_url,
    grammar.ipv4,
]
HOSTILE = "\n\r\0 \t,'\"\\${}[]<>|&;`^()!"
ANY_TEXT = st.text(st.one_of(st.sampled_from(HOSTILE + "/.:@*#+-_"), st.characters()), max_size=60)
NEW, OLD = UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222")


def passes(rule: Rule, text: str) -> bool:
    try:
        assert rule(text) == text
    except InvalidInput:
        return False
    return True


class TestRules:
    @pytest.mark.parametrize("rule", RULES)
    @given(text=ANY_TEXT)
    def test_what_passes_means_nothing_to_a_parser(self, rule: Rule, text: str) -> None:
        if passes(rule, text):
            assert not set(text) & set(HOSTILE)
            assert text.isascii()

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("hostile", [*HOSTILE, "\nevent all\n", "\u2028", "\x85", "é"])
    def test_one_bad_character_is_enough(self, rule: Rule, hostile: str) -> None:
        for place in ("?1001", "1001?", "10?01", "?", "/10?01", "ws://a/?b"):
            assert not passes(rule, place.replace("?", hostile))

    @pytest.mark.parametrize(
        ("rule", "good"),
        [
            (grammar.number, "+5511987654321"),
            (grammar.number, "*991001"),
            (grammar.domain, "demo.local"),
            (grammar.context, "public"),
            (grammar.path, "/tmp/5a8f_0.tmp.r8"),
            (grammar.variable_value, ""),
            (grammar.variable_name, "hangup_after_bridge"),
            (grammar.stream_url, "ws://10.0.0.1:8080/stream/5a8f-1?token=a-b_c.d~e"),
            (grammar.ipv4, "127.0.0.1"),
            (grammar.sound, "local_stream://default"),
            (grammar.sound, "tone_stream://%(400,4600,440);loops=-1"),
        ],
    )
    def test_what_is_needed_passes(self, rule: Rule, good: str) -> None:
        assert passes(rule, good)

    @pytest.mark.parametrize(
        ("rule", "bad"),
        [
            (grammar.path, "/tmp/../etc/passwd"),
            (grammar.path, "relative"),
            (grammar.path, "//x"),
            (grammar.path, "/tmp/.hidden"),
            (grammar.domain, "-x"),
            (grammar.ipv4, "256.1.1.1"),
            (grammar.ipv4, "1.2.3"),
            (grammar.stream_url, "http://x/"),
            (grammar.stream_url, "ws://u:p@x/"),
            (grammar.stream_url, "ws://x/?" + "a" * 5000),
            (grammar.number, "1" * 33),
            (grammar.number, "1+1"),
            (grammar.sound, "shell_stream://ls"),
            (grammar.sound, "local_stream://x y"),
            (grammar.variable_name, "1x"),
        ],
    )
    def test_what_only_looks_right_does_not(self, rule: Rule, bad: str) -> None:
        assert not passes(rule, bad)

    @given(ANY_TEXT)
    def test_a_streams_text_stays_inside_its_quotes(self, text: str) -> None:
        try:
            quoted = grammar.stream_text(text)
        except InvalidInput:
            return
        assert quoted == f"'{text}'"
        assert not set(text) & set("'\\\n\r\0")

    @given(ANY_TEXT)
    def test_a_shown_name_is_letters_and_little_else(self, text: str) -> None:
        shown = grammar.shown_name(text)
        assert len(shown) <= 40
        assert all(letter.isalnum() or letter in " .-" for letter in shown)

    def test_a_shown_name_keeps_what_people_are_called(self) -> None:
        assert grammar.shown_name("João da Silva-Sá Jr.") == "João da Silva-Sá Jr."
        assert grammar.shown_name("x',origination_uuid=1}") == "x origination uuid 1"

    @pytest.mark.parametrize("port", [0, -1, 65536])
    def test_ports(self, port: int) -> None:
        with pytest.raises(InvalidInput):
            grammar.port(port)


def request(
    kind: DestinationKind = DestinationKind.EXTENSION,
    number: str = "1001",
    domain_name: str = "demo.local",
    *,
    caller_number: str = "",
    caller_name: str = "",
) -> RingRequest:
    destination = Destination(OLD, "x", (), kind, number)
    return RingRequest(
        NEW, destination, domain_name, OLD, caller_number=caller_number, caller_name=caller_name
    )


class TestDialStrings:
    def test_an_extension_is_called_at_its_contact(self) -> None:
        assert dial_string(request().destination, "demo.local", "public") == "user/1001@demo.local"

    @pytest.mark.parametrize(
        "kind", [kind for kind in DestinationKind if kind is not DestinationKind.EXTENSION]
    )
    def test_everything_else_through_the_dial_plan(self, kind: DestinationKind) -> None:
        destination = request(kind, "+5511999").destination
        assert dial_string(destination, "demo.local", "ctx") == "loopback/+5511999/ctx"

    def test_the_whole_command(self) -> None:
        caller = CallersChannel(
            "public", {"domain_uuid": "d-1", "toll_allow": "", "domain_name": "demo.local"}
        )
        assert originate(request(caller_number="+5511", caller_name="Ana Sá"), caller) == (
            "originate {origination_uuid=11111111-1111-4111-8111-111111111111,originate_timeout=25,call_timeout=25,"
            "origination_caller_id_number=+5511,origination_caller_id_name='Ana Sá',"
            "voice_secretary_for=22222222-2222-4222-8222-222222222222,ignore_early_media=true,hangup_after_bridge=true,"
            "park_timeout=120,send_silence_when_idle=-1,playback_terminators=none,loopback_bowout=false,domain_uuid=d-1,"
            "domain_name=demo.local,loopback_export='domain_uuid,domain_name'}user/1001@demo.local &park()"
        )

    @given(number=ANY_TEXT, domain=ANY_TEXT, context=ANY_TEXT, name=ANY_TEXT, caller=ANY_TEXT)
    def test_no_text_of_others_changes_the_command(
        self, number: str, domain: str, context: str, name: str, caller: str
    ) -> None:
        wanted = request(number=number, domain_name=domain, caller_name=name, caller_number=caller)
        try:
            command = originate(wanted, CallersChannel(context))
        except InvalidInput:
            return
        block, _, dialled = command.removeprefix("originate {").partition("}")
        assert dialled == f"user/{number}@{domain} &park()"
        assert "{" not in block
        assert "\n" not in command
        assert block.count("'") in (0, 2)
        assert block.count("origination_uuid=") == 1

    def test_what_a_caller_is_called_never_stops_the_call(self) -> None:
        command = originate(request(caller_name="',}{", caller_number="anonymous"), CallersChannel("public"))
        assert "caller_id" not in command
