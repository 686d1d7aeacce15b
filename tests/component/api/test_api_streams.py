"""Calls that a bridge serves: set up and ended over HTTP, with a bridge played at the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.conftest import BRIDGE_URL, Platform
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import OPEN, TenantSetUp, make_tenant
from tests.fakes.calls import exchange, greeting
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.live_calls import LiveCalls, Snapshot
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.stream_tickets import (
    RedeemedTicket,
    StreamOptions,
    StreamTickets,
    TicketRefusal,
)
from voice_ai_service.db.pool import Database

STREAM = {"sample_rate_hz": 16000, "playout": "socket", "control": "socket"}
REALTIME, AUTO, CLOSED, TURN = "8701", "8702", "8703", "8704"
LIMIT = 3


@dataclass
class PlayedBridge:
    """What a bridge process does at the database."""

    background: BackgroundLoop
    database: Database

    def redeem(self, call_uuid: UUID, ticket: str) -> RedeemedTicket | TicketRefusal:
        return self.background.run(StreamTickets(self.database).redeem(call_uuid, ticket, "played"))

    def takes(self, call: PhoneCall) -> RedeemedTicket:
        found = self.redeem(call_uuid_of(call), ticket_of(call.opened))
        assert isinstance(found, RedeemedTicket)
        return found

    def talks(self, ticket: RedeemedTicket) -> None:
        ticket.state.turns += [greeting(), exchange(1, "bom dia", "Bom dia, em que posso ajudar?")]
        self.background.run(LiveCalls(self.database).save(Snapshot.of(ticket.state)))

    def stores(self, ticket: RedeemedTicket) -> UUID:
        ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=ticket.state.started_at)
        conversation = build(ticket.state, ending, secretary_name="Clara")
        return self.background.run(ConversationRepository(self.database).store(conversation))

    def dies(self, ticket: RedeemedTicket) -> None:
        self.background.run(
            StreamTickets(self.database).let_go(ticket.domain_uuid, ticket.call_uuid, "played")
        )


def ticket_of(opened: dict[str, Any]) -> str:
    url: str = opened["stream"]["url"]
    return parse_qs(urlsplit(url).query)["token"][0]


def call_uuid_of(call: PhoneCall) -> UUID:
    """The name that the service gave the call."""
    return UUID(call.opened["call_uuid"])


@pytest.fixture(scope="module")
def bridge(platform: Platform, background: BackgroundLoop) -> Iterator[PlayedBridge]:
    database = background.run(Database.connect(platform.database.service))
    yield PlayedBridge(background, database)
    background.run(database.close())


@pytest.fixture(scope="module")
def tenant(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    made = make_tenant(owner, pbx, "streamed.example", max_concurrent_calls=LIMIT)
    for extension, mode in ((REALTIME, "realtime"), (AUTO, "auto"), (TURN, "turn"), (CLOSED, "realtime")):
        settings = {} if extension == CLOSED else {"hours": OPEN}
        draft = {"name": f"S{extension}", "extension": extension, "mode": mode, "settings": settings}
        secretary = made.admin.post("/secretaries", draft)["secretary_uuid"]
        made.admin.post(f"/secretaries/{secretary}/publish", {"note": "first"})
    return made


@pytest.fixture
def call(tenant: TenantSetUp) -> Iterator[PhoneCall]:
    """A call to the realtime secretary; its place is free afterwards."""
    made = PhoneCall(tenant.admin, REALTIME)
    yield made
    if made.opened:
        made.call_uuid = call_uuid_of(made)
        made.send_end()


@pytest.mark.parametrize("extension", [REALTIME, AUTO])
def test_a_call_that_can_stream_is_the_bridges(call: PhoneCall, bridge: PlayedBridge, extension: str) -> None:
    call.extension = extension
    opened = call.set_up(stream=STREAM)
    assert (opened["mode"], opened["decision"], opened["audio"]) == ("realtime", "answer", None)
    assert opened["said"]
    assert opened["apology"]["bytes"] > 0
    assert opened["fallback"]["type"]
    assert opened["stream"].pop("url").startswith(f"{BRIDGE_URL}/stream/{call.call_uuid}?token=")
    assert opened["stream"] == {"sample_rate_hz": 16000, "expires_s": 30}


def test_the_bridge_finds_the_call_behind_the_ticket(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    found = bridge.takes(call)
    assert (found.call_uuid, found.channel_uuid) == (call.call_uuid, call.call_uuid)
    assert found.options == StreamOptions(sample_rate_hz=16000, playout="socket", control="socket")
    state = found.state
    assert (state.mode, state.turns, state.caller_number, state.called_number) == (
        "realtime",
        [],
        call.caller_number,
        REALTIME,
    )
    assert bridge.redeem(call.call_uuid, ticket_of(call.opened)) is TicketRefusal.USED


@pytest.mark.parametrize(
    ("extension", "more"),
    [(REALTIME, {}), (REALTIME, {"stream": None}), (AUTO, {}), (TURN, {"stream": STREAM})],
)
def test_otherwise_it_is_a_call_in_turns(call: PhoneCall, extension: str, more: dict[str, Any]) -> None:
    call.extension = extension
    opened = call.set_up(**more)
    assert (opened["mode"], opened["stream"]) == ("turn", None)
    assert opened["audio"]["bytes"] > 0
    assert call.press("1")["said"]


def test_a_closed_office_answers_in_turns(call: PhoneCall) -> None:
    call.extension = CLOSED
    opened = call.set_up(stream=STREAM)
    assert (opened["mode"], opened["decision"], opened["stream"]) == ("turn", "closed", None)
    assert opened["audio"]["bytes"] > 0


@pytest.mark.parametrize(
    "stream",
    [
        {"sample_rate_hz": 48000},
        {"channels": 3},
        {"playout": "uuid_broadcast"},
        {"control": "x"},
        {"more": 1},
        1,
    ],
)
def test_a_stream_is_one_that_the_bridge_knows(call: PhoneCall, stream: Any) -> None:
    assert call.send_set_up(stream=stream).status_code == 400


def test_a_repeated_set_up_gets_the_same_call_and_a_new_ticket(call: PhoneCall, bridge: PlayedBridge) -> None:
    first, second = call.set_up(stream=STREAM), call.set_up(stream=STREAM)
    assert first["call_uuid"] == second["call_uuid"] == str(call.call_uuid)
    assert bridge.redeem(call.call_uuid, ticket_of(first)) is TicketRefusal.UNKNOWN
    bridge.takes(call)


def test_a_channel_that_comes_again_is_another_call_on_the_same_channel(
    call: PhoneCall, bridge: PlayedBridge
) -> None:
    call.set_up(stream=STREAM)
    first = bridge.takes(call)
    call.set_up(stream=STREAM)
    second = bridge.takes(call)
    assert second.call_uuid != first.call_uuid
    assert second.channel_uuid == first.channel_uuid == call.call_uuid
    first_uuid = bridge.stores(first)
    assert call.end() == str(first_uuid)


def test_a_call_whose_socket_never_opened_goes_on_in_turns(call: PhoneCall, bridge: PlayedBridge) -> None:
    ticket = ticket_of(call.set_up(stream=STREAM))
    opened = call.set_up()
    assert (opened["mode"], opened["call_uuid"]) == ("turn", str(call.call_uuid))
    assert bridge.redeem(call.call_uuid, ticket) is TicketRefusal.UNKNOWN
    assert call.press("1")["said"]


def test_turns_and_failed_transfers_are_not_for_a_call_that_a_bridge_leads(call: PhoneCall) -> None:
    call.set_up(stream=STREAM)
    assert call.send_turn(1, digits="1").status_code == 409
    path = f"/calls/{call.call_uuid}/events"
    failed = {"type": "transfer_failed", "cause": "NO_ANSWER"}
    assert call.api.send("POST", path, json=failed).status_code == 409
    for event in ({"type": "answered"}, {"type": "played", "turn": 0, "played_ms": 5}):
        assert call.event(event) == {"said": "", "action": None, "audio": None}


# The end


def test_the_bridge_stored_it_before_the_end(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    found = bridge.takes(call)
    bridge.talks(found)
    stored = bridge.stores(found)
    assert call.end() == call.end("error") == str(stored)
    assert call.api.get(f"/conversations/{stored}")["mode"] == "realtime"


def test_the_bridge_stores_it_while_the_end_waits(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    found = bridge.takes(call)
    bridge.talks(found)
    stored: list[UUID] = []
    storing = threading.Timer(0.4, lambda: stored.append(bridge.stores(found)))
    storing.start()
    answered = call.end()
    storing.join()
    assert answered == str(stored[0])


def test_a_bridge_that_takes_long_is_not_overtaken(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    found = bridge.takes(call)
    bridge.talks(found)
    assert call.send_end().json() == {"conversation_uuid": None}
    assert bridge.redeem(call.call_uuid, ticket_of(call.opened)) is TicketRefusal.USED
    stored = bridge.stores(found)
    assert call.end() == str(stored)


def test_the_bridge_died_and_the_journal_is_stored(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    found = bridge.takes(call)
    bridge.talks(found)
    bridge.dies(found)
    uuid = call.end("fallback", hangup_cause="NORMAL_CLEARING", duration_ms=9_000)
    detail = call.api.get(f"/conversations/{uuid}")
    assert (detail["mode"], detail["end_reason"], detail["duration_ms"]) == ("realtime", "fallback", 9_000)
    assert [message["text"] for message in detail["messages"]][1:] == [
        "bom dia",
        "Bom dia, em que posso ajudar?",
    ]
    # Should it live after all, it stores nothing twice.
    assert bridge.stores(found) == UUID(uuid)


def test_a_call_whose_socket_never_opened_is_stored_at_its_end(call: PhoneCall, bridge: PlayedBridge) -> None:
    call.set_up(stream=STREAM)
    uuid = call.end("fallback")
    assert call.api.get(f"/conversations/{uuid}")["messages"] == []
    assert bridge.redeem(call.call_uuid, ticket_of(call.opened)) is TicketRefusal.UNKNOWN


def test_the_place_is_the_calls_until_the_pbx_says_that_it_is_over(
    tenant: TenantSetUp, bridge: PlayedBridge
) -> None:
    calls = [PhoneCall(tenant.admin, REALTIME) for _ in range(LIMIT)]
    assert {one.set_up(stream=STREAM)["decision"] for one in calls} == {"answer"}
    found = bridge.takes(calls[0])
    bridge.stores(found)
    above = PhoneCall(tenant.admin, REALTIME)
    opened = above.set_up(stream=STREAM)
    assert (opened["decision"], opened["mode"], opened["stream"]) == ("busy", "turn", None)
    above.end("secretary_hangup")
    calls[0].end()
    last = PhoneCall(tenant.admin, REALTIME)
    assert last.set_up(stream=STREAM)["decision"] == "answer"
    for one in (*calls[1:], last):
        one.end()


def test_an_end_for_a_call_that_never_was(tenant: TenantSetUp) -> None:
    never = PhoneCall(tenant.admin, REALTIME, call_uuid=uuid4())
    assert never.send_end().status_code == 404
