"""Two tenants attack each other on every route: nothing of the other is shown, and nothing of it changes."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.routes import Route, live_routes, scope_of, send
from tests.component.api.tenants import CLARA, TenantSetUp, ready_document
from tests.component.api.voices import CallerVoice


@pytest.fixture(scope="module")
def victim(clinic: TenantSetUp, caller: CallerVoice, owner: Owner) -> dict[str, str]:
    """One uuid of everything that a domain has: settings, a stored call with its delivery, a call that lives."""
    stored = PhoneCall(clinic.admin).answer()
    stored.say(caller.says("quanto custa a consulta"))
    conversation = stored.end()
    living = PhoneCall(clinic.admin).answer()
    living.say(caller.says("quanto custa a consulta"))
    delivery = _delivered(owner, clinic.domain_uuid)
    return {
        "call_uuid": str(living.call_uuid),
        "ref": "reply-0001",
        "conversation_uuid": conversation,
        "outbox_uuid": str(delivery),
        "secretary_uuid": clinic.ids["secretary:8000"],
        "version": "1",
        "destination_uuid": clinic.ids["destination:financeiro"],
        "rule_uuid": clinic.ids["rule"],
        "provider_uuid": clinic.ids["provider"],
        "webhook_uuid": clinic.ids["webhook"],
        "token_uuid": clinic.ids["token"],
        "document_uuid": ready_document(clinic, "segredo.txt", "O segredo da clinica fica no cofre azul."),
        "name": "country",
    }


@pytest.fixture(scope="module")
def attacked(anonymous: ApiClient) -> list[Route]:
    """Every route that names something by its uuid."""
    found = live_routes(anonymous)
    return [route for route in found if any(name.endswith("_uuid") for name in route.parameters)]


@pytest.fixture(params=["its own token", "the token of the PBX"])
def attacker(request: pytest.FixtureRequest, rival: TenantSetUp, pbx: ApiClient) -> ApiClient:
    """Whoever holds all rights in the other domain."""
    return rival.admin if request.param == "its own token" else pbx.acting(pbx.token, rival.domain_uuid)


def test_what_belongs_to_another_domain_is_not_there(
    attacker: ApiClient, attacked: list[Route], victim: dict[str, str], clinic: TenantSetUp, owner: Owner
) -> None:
    before = owner.all_of(clinic.domain_uuid)
    for route in attacked:
        assert_error(send(attacker, route, victim), 404, code="not_found")
    assert owner.all_of(clinic.domain_uuid) == before


def test_naming_the_other_domain_as_well_is_refused_at_the_door(
    rival: TenantSetUp, attacked: list[Route], victim: dict[str, str], clinic: TenantSetUp, owner: Owner
) -> None:
    before = owner.all_of(clinic.domain_uuid)
    astray = rival.admin.acting(rival.admin.token, clinic.domain_uuid)
    for route in attacked:
        assert_error(send(astray, route, victim), 403, code="forbidden")
    assert owner.all_of(clinic.domain_uuid) == before


def test_no_list_shows_anything_of_the_other_domain(
    attacker: ApiClient, anonymous: ApiClient, victim: dict[str, str], clinic: TenantSetUp
) -> None:
    theirs = {*victim.values(), *clinic.ids.values(), str(clinic.domain_uuid), clinic.name} - {"1", "country"}
    lists = [
        route
        for route in live_routes(anonymous)
        if route.method == "GET"
        and not route.parameters
        and scope_of(route) == "read"
        and "/api/" in route.path
    ]
    assert len(lists) >= 9
    for route in lists:
        if route.path.endswith("/domains") and attacker.domain_uuid is not None:
            continue  # the PBX's own token knows all of its domains
        response = send(attacker, route, victim)
        assert response.status_code == 200
        shown = [secret for secret in theirs if secret in response.text]
        assert shown == [], route.name


def test_searching_for_the_other_domains_words_numbers_and_secretaries_finds_nothing(
    rival: TenantSetUp, clinic: TenantSetUp, victim: dict[str, str]
) -> None:
    for wanted in (
        {"text": "consulta"},
        {"caller_number": "+5511987654321"},
        {"secretary_uuid": victim["secretary_uuid"]},
    ):
        assert clinic.admin.get("/conversations", **wanted)["conversations"]
        assert rival.admin.get("/conversations", **wanted)["conversations"] == []


def test_the_other_domains_documents_answer_nothing_here(
    attacker: ApiClient, clinic: TenantSetUp, victim: dict[str, str]
) -> None:
    asked = {"question": "onde fica o segredo da clinica"}
    assert clinic.admin.post("/knowledge/search", asked)["hits"]
    assert attacker.post("/knowledge/search", asked)["hits"] == []
    theirs = {**asked, "secretary_uuid": victim["secretary_uuid"]}
    response = attacker.send("POST", "/knowledge/search", json=theirs)
    assert response.status_code in (200, 404)
    assert "cofre" not in response.text


def test_nothing_can_be_tied_to_what_the_other_domain_has(
    rival: TenantSetUp, victim: dict[str, str], owner: Owner
) -> None:
    before = owner.all_of(rival.domain_uuid)
    rule = {"intent": "x", "phrases": ["roubar"], "destination_uuid": victim["destination_uuid"]}
    own = {"intent": "x", "phrases": ["roubar"], "destination_uuid": rival.ids["destination:sales"]}
    for path, body, field in (
        ("/transfer-rules", rule, "destination_uuid"),
        ("/transfer-rules", {**own, "secretary_uuid": victim["secretary_uuid"]}, "secretary_uuid"),
        (
            "/transfer-destinations",
            {"name": "roubo", "number": "1", "secretary_uuid": victim["secretary_uuid"]},
            "secretary_uuid",
        ),
    ):
        response = rival.admin.send("POST", path, json=body)
        assert response.status_code in (400, 404), response.text
        assert_error(response, response.status_code, field=field)
    assert owner.all_of(rival.domain_uuid) == before


def test_a_secretary_cannot_speak_with_the_other_domains_provider(
    rival: TenantSetUp, victim: dict[str, str]
) -> None:
    settings = {
        **CLARA,
        "dtmf": {},
        "fallback": {"kind": "hangup"},
        "providers": {"tts": [victim["provider_uuid"]]},
    }
    draft = {"name": "Ladra", "extension": "8666", "settings": settings}
    made = rival.admin.send("POST", "/secretaries", json=draft)
    assert_error(made, 400, field="settings.providers.tts.0")


def test_a_call_under_the_others_uuid_is_another_call(
    clinic: TenantSetUp, rival: TenantSetUp, caller: CallerVoice, owner: Owner
) -> None:
    theirs = PhoneCall(clinic.admin).answer()
    answered = theirs.say(caller.says("qual é o preço da consulta"))
    assert answered["said"]
    mine = PhoneCall(rival.admin, call_uuid=theirs.call_uuid)
    assert_error(mine.send_turn(1, digits="0"), 404)
    assert mine.set_up()["secretary"]["name"] == "Oliver"
    eavesdropped = mine.next_turn(no_input=True)
    assert eavesdropped["heard"] == ""
    assert eavesdropped["said"] not in ("", answered["said"])
    mine.end()
    assert theirs.send_turn(1, digits="0").json() == answered
    assert theirs.press("1")["said"]
    theirs.end()
    names = owner.rows(
        "SELECT domain_uuid, turn_count FROM v_voice_conversations WHERE call_uuid = $1", theirs.call_uuid
    )
    assert {(row["domain_uuid"], int(row["turn_count"])) for row in names} == {
        (clinic.domain_uuid, 2),
        (rival.domain_uuid, 1),
    }


def test_a_long_reply_is_fetched_only_by_the_domain_that_it_was_spoken_for(
    clinic: TenantSetUp, rival: TenantSetUp
) -> None:
    """Replies over 40,000 bytes wait to be fetched in pieces."""
    theirs = PhoneCall(clinic.admin).answer()
    audio = theirs.press("7")["audio"]  # an unknown key: all that the caller can ask for
    assert audio["content"] is None
    path = f"/calls/{theirs.call_uuid}/audio/{audio['ref']}"
    assert clinic.admin.get(path)["bytes"] == audio["bytes"]
    mine = PhoneCall(rival.admin, call_uuid=theirs.call_uuid)
    assert_error(rival.admin.send("GET", path), 404)
    mine.set_up()
    assert_error(rival.admin.send("GET", path), 404)
    mine.end()
    theirs.end()


def test_shared_folders_of_two_domains_are_apart(clinic: TenantSetUp, rival: TenantSetUp) -> None:
    call_uuid = uuid4()
    theirs = PhoneCall(clinic.admin, transport="shared", call_uuid=call_uuid)
    mine = PhoneCall(rival.admin, transport="shared", call_uuid=call_uuid)
    folders = [one.set_up()["folder"] for one in (theirs, mine)]
    assert folders[0] != folders[1]
    response = mine.send_turn(1, audio={"file": "utterance-0001.wav"})
    assert_error(response, 404)
    for name in ("../../x.wav", "/etc/passwd", "greeting.wav\x00", "%2e%2e.wav"):
        assert_error(mine.send_turn(1, audio={"file": name}), 400, field="audio.file")
    theirs.end()
    mine.end()


def test_forgetting_a_caller_forgets_nothing_of_the_other_domain(
    attacker: ApiClient, victim: dict[str, str], clinic: TenantSetUp, owner: Owner
) -> None:
    before = owner.all_of(clinic.domain_uuid)
    attacker.post("/conversations/erase", {"caller_number": "+5511987654321"})
    assert owner.all_of(clinic.domain_uuid) == before
    assert clinic.admin.get(f"/conversations/{victim['conversation_uuid']}")["secretary_name"] == "Clara"


def _delivered(owner: Owner, domain_uuid: UUID) -> UUID:
    """Waits, so that no delivery changes rows during the attack."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        rows = owner.rows(
            "SELECT voice_outbox_uuid, delivery_status FROM v_voice_outbox WHERE domain_uuid = $1",
            domain_uuid,
        )
        if rows and all(row["delivery_status"] == "delivered" for row in rows):
            return UUID(str(rows[0]["voice_outbox_uuid"]))
        time.sleep(0.1)
    raise AssertionError(f"not delivered: {rows}")
