"""Requests that cannot be meant: the answer names the field, nothing is stored, and no text does harm."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.component.api.api_client import assert_error
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, heard_in
from tests.component.api.tenants import CLARA, OPEN, TenantSetUp, add_secretary
from voice_ai_service.api.routers.settings import OPERATORS

STRANGE = [
    'O\'Brien "Jr"; DROP TABLE v_voice_secretaries; --',
    "Clínica 😀 São João",
    "\u202eevil\u202c שלום مرحبا",
    "<script>alert(1)</script>",
    "${jndi:ldap://x} {{7*7}} %s %n",
    "'; system('id'); '",
]
CANNOT_BE_STORED = ["nul\x00inside", "\ud800 alone"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{broken", "body"),
        (b"", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"[" * 100_000, "body"),
        (b'{"extension": "8000", "text": ' + b"9" * 10_000 + b"}", "body"),
        (b'{"extension": "8000", "text": 5}', "text"),
        (b'{"extension": "8000"}', "text"),
        (b'{"extension": "8000", "text": "x", "more": 1}', "more"),
        (b"\xef\xbb\xbf{}", "extension"),
        (b"\xff\xfe", "body"),
    ],
    ids=[
        "broken",
        "empty",
        "list",
        "null",
        "deep",
        "huge number",
        "number",
        "missing",
        "unknown",
        "bom",
        "bytes",
    ],
)
def test_a_malformed_body_is_named(clinic: TenantSetUp, body: bytes, field: str) -> None:
    response = clinic.admin.send("POST", "/chat", content=body, headers={"Content-Type": "application/json"})
    assert_error(response, 400, field=field)


def test_another_kind_of_content_is_not_guessed_at(clinic: TenantSetUp) -> None:
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        response = clinic.admin.send(
            "POST", "/chat", content=b'{"extension":"8000","text":"x"}', headers={"Content-Type": kind}
        )
        assert response.status_code in (400, 415)
        assert_error(response, response.status_code)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/synthesize", {"text": "a" * 100_000}, "text"),
        ("/synthesize", {"text": ""}, "text"),
        ("/synthesize", {"text": "oi", "language": "tlh"}, "language"),
        ("/synthesize", {"text": "oi", "voice": "nobody"}, "voice"),
        ("/synthesize", {"text": "oi", "voice": "../../../etc/passwd"}, "voice"),
        ("/synthesize", {"text": "oi", "speed": 9}, "speed"),
        ("/synthesize", {"text": "oi", "sample_rate_hz": 44100}, "sample_rate_hz"),
        ("/synthesize", {"text": "oi", "encoding": "OPUS"}, "encoding"),
        ("/chat", {"extension": "8000", "text": "a" * 100_000}, "text"),
        ("/chat", {"extension": "4321", "text": "oi"}, "called_number"),
        ("/chat", {"extension": "8000; rm", "text": "oi"}, "extension"),
        ("/chat", {"extension": "8000", "text": "oi", "language": "xx"}, "language"),
        ("/chat", {"extension": "8000", "text": "oi", "history": [{"heard": "x"}] * 100}, "history"),
        ("/calls", {"call_uuid": "no", "called_number": "8000"}, "call_uuid"),
        ("/calls", {"call_uuid": str(uuid4()), "called_number": "sip:evil@x"}, "called_number"),
        (
            "/calls",
            {"call_uuid": str(uuid4()), "called_number": "8000", "caller_number": "9" * 65},
            "caller_number",
        ),
        (
            "/calls",
            {"call_uuid": str(uuid4()), "called_number": "8000", "audio_transport": "x"},
            "audio_transport",
        ),
        ("/turn", {"call_uuid": str(uuid4()), "turn": 0, "digits": "1"}, "turn"),
        ("/turn", {"call_uuid": str(uuid4()), "turn": 1, "digits": "1$"}, "digits"),
        ("/settings/time_zone", {"value": "Mars/Phobos"}, "time_zone"),
        ("/settings/country", {"value": "Brasil"}, "country"),
        ("/settings/no_such_thing", {"value": 1}, "no_such_thing"),
    ],
)
def test_a_value_that_does_not_exist_is_named(
    clinic: TenantSetUp, path: str, body: dict[str, Any], field: str
) -> None:
    response = clinic.admin.send("PUT" if path.startswith("/settings") else "POST", path, json=body)
    assert response.status_code in (400, 404)
    assert_error(response, response.status_code, field=field)


@pytest.mark.parametrize("value", [0, "many", None])
def test_a_limit_that_is_none_is_named(clinic: TenantSetUp, value: object) -> None:
    response = clinic.operator.send("PUT", "/settings/requests_per_minute", json={"value": value})
    assert_error(response, 400, field="requests_per_minute")


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_domain_does_not_raise_its_own_limits(clinic: TenantSetUp, name: str) -> None:
    before = clinic.admin.get("/settings")
    response = clinic.admin.send("PUT", f"/settings/{name}", json={"value": 1_000_000})
    assert_error(response, 403, field="name")
    assert clinic.admin.get("/settings") == before


def test_a_languages_list_is_checked_too(clinic: TenantSetUp) -> None:
    response = clinic.admin.send("POST", "/transcribe", files={"audio": b"x"}, data={"languages": "pt-BR,xx"})
    assert response.status_code in (400, 415)
    assert_error(response, response.status_code)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"languages": []}, "settings.languages"),
        ({"languages": ["pt-BR", "pt-BR"]}, "settings.languages"),
        ({"languages": ["tlh"]}, "settings.languages.0"),
        ({"greeting": {"en": "hello"}}, "settings.greeting.pt-BR"),
        ({"fallback": {"kind": "transfer"}}, "settings.fallback.destination"),
        ({"fallback": {"kind": "transfer", "destination": "nowhere"}}, "settings.fallback.destination"),
        ({"dtmf": {"1": {"action": "transfer", "destination": "nowhere"}}}, "settings.dtmf.1.destination"),
        ({"dtmf": {"A": {"action": "hours"}}}, "settings.dtmf.A"),
        (
            {"hours": {"always_open": True, "week": {"mon": [{"opens": "08:00", "closes": "18:00"}]}}},
            "settings.hours",
        ),
        (
            {"hours": {"week": {"mon": [{"opens": "25:00", "closes": "18:00"}]}}},
            "settings.hours.week.mon.0.opens",
        ),
        ({"hours": {"week": {"feb": []}}}, "settings.hours.week.feb"),
        ({"hours": {"time_zone": "Mars/Phobos", "week": {}}}, "settings.hours.time_zone"),
        ({"hours": {"holidays_country": "ZZ"}}, "settings.hours"),
        ({"limits": {"max_turns": 0}}, "settings.limits.max_turns"),
        ({"persona": "x" * 8001}, "settings.persona"),
        (
            {"facts": [{"topic": "x", "questions": {}, "answer": {"en": "y"}}]},
            "settings.facts.0.answer.pt-BR",
        ),
        ({"no_such_setting": 1}, "settings.no_such_setting"),
    ],
)
def test_a_secretary_that_contradicts_itself_is_not_kept(
    clinic: TenantSetUp, owner: Owner, settings: dict[str, Any], field: str
) -> None:
    count = "SELECT count(*) FROM v_voice_secretaries"
    before = owner.value(count)
    draft = {"name": "X", "extension": "8777", "settings": settings}
    response = clinic.admin.send("POST", "/secretaries", json=draft)
    error = assert_error(response, 400)
    assert error["field"].startswith(field), error
    assert owner.value(count) == before


@pytest.mark.parametrize("text", STRANGE)
def test_strange_names_are_kept_as_they_are_and_spoken(clinic: TenantSetUp, text: str, owner: Owner) -> None:
    settings = {"languages": ["pt-BR"], "hours": OPEN, "business_name": text, "persona": text}
    made = add_secretary(clinic, "8778", settings, name=text)
    try:
        draft = clinic.admin.get(f"/secretaries/{made}")["draft"]
        assert (draft["name"], draft["settings"]["business_name"]) == (text, text)
        call = PhoneCall(clinic.admin, "8778", caller_number=text[:64])
        opened = call.set_up(caller_name=text)
        assert opened["secretary"]["name"] == text
        assert (
            heard_in(opened["audio"]).duration_ms > 500
            if opened["audio"]["content"]
            else opened["audio"]["bytes"]
        )
        detail = clinic.admin.get(f"/conversations/{call.end()}")
        assert detail["secretary_name"] == text
        assert set(detail["caller_number"]) <= set("0123456789*#+")
    finally:
        clinic.admin.ok("DELETE", f"/secretaries/{made}")
    assert owner.value("SELECT count(*) FROM v_voice_secretaries WHERE secretary_name = $1", text) == 0


@pytest.mark.parametrize("text", CANNOT_BE_STORED, ids=["nul", "surrogate"])
@pytest.mark.parametrize(
    ("verb", "path", "body", "field"),
    [
        ("POST", "/secretaries", {"name": "?", "extension": "8779"}, "name"),
        (
            "POST",
            "/secretaries",
            {"name": "x", "extension": "8779", "settings": {"persona": "?"}},
            "settings.persona",
        ),
        ("POST", "/transfer-destinations", {"name": "?x", "number": "1"}, "name"),
        ("POST", "/webhooks", {"name": "?", "url": "https://crm.example.com/"}, "name"),
        ("POST", "/tokens", {"name": "?", "scopes": ["read"]}, "name"),
        ("POST", "/transfer-rules/try", {"text": "?"}, "text"),
        ("POST", "/chat", {"extension": "8000", "text": "?"}, "text"),
        ("POST", "/synthesize", {"text": "?"}, "text"),
        (
            "POST",
            "/calls",
            {"call_uuid": str(uuid4()), "called_number": "8000", "caller_name": "?"},
            "caller_name",
        ),
    ],
)
def test_text_that_no_database_keeps_is_refused_by_name(
    clinic: TenantSetUp, text: str, verb: str, path: str, body: dict[str, Any], field: str
) -> None:
    content = _json_with(body, text)
    response = clinic.admin.send(verb, path, content=content, headers={"Content-Type": "application/json"})
    assert_error(response, 400, field=field)


def test_strange_text_in_a_query_finds_nothing(clinic: TenantSetUp) -> None:
    for text in ("' OR 1=1 --", "\u202ezzz", "\\", "%_%", "a" * 200):
        assert clinic.admin.get("/conversations", text=text)["conversations"] == []
    for name, value in (("text", "\x00"), ("caller_number", "\x00"), ("cursor", "\x00"), ("limit", "0")):
        assert_error(clinic.admin.send("GET", "/conversations", params={name: value}), 400)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday", "2026-01-01T00:00:00", "1e300"],
)
def test_a_moment_that_never_was_is_named(clinic: TenantSetUp, moment: str) -> None:
    for name in ("started_from", "started_before"):
        assert_error(clinic.admin.send("GET", "/conversations", params={name: moment}), 400, field=name)
    replay = clinic.admin.send("POST", "/webhooks/deliveries/replay", json={"since": moment})
    assert_error(replay, 400, field="since")
    token = {"name": "x", "scopes": ["read"], "expires_at": moment}
    assert_error(clinic.admin.send("POST", "/tokens", json=token), 400, field="expires_at")


@pytest.mark.parametrize(
    "extension", ["4321", "8010", "8011"], ids=["unknown", "never published", "switched off"]
)
def test_who_calls_nobody_hears_a_sentence(clinic: TenantSetUp, extension: str, owner: Owner) -> None:
    call = PhoneCall(clinic.admin, extension)
    response = call.send_set_up()
    assert_error(response, 404, field="called_number")
    refused = response.json()
    assert (refused["decision"], refused["action"]["type"]) == ("refused", "hangup")
    assert "Não é possível" in refused["said"]
    assert "cannot" in refused["said"]
    assert 2000 < heard_in(refused["audio"]).duration_ms == refused["audio"]["duration_ms"]
    assert_error(call.send_end(), 404)
    assert owner.value("SELECT count(*) FROM v_voice_conversations WHERE call_uuid = $1", call.call_uuid) == 0


def test_who_calls_a_domain_that_is_not_there_hears_it_too(pbx: Any) -> None:
    response = pbx.send(
        "POST",
        "/calls",
        json={"call_uuid": str(uuid4()), "called_number": "8000", "domain_name": "nobody.example"},
    )
    assert_error(response, 404, field="domain_name")
    assert heard_in(response.json()["audio"]).duration_ms > 2000


def test_an_unknown_voice_is_replaced_by_the_engines_own(clinic: TenantSetUp) -> None:
    made = add_secretary(clinic, "8780", {**CLARA, "voices": {"pt-BR": "nobody"}})
    call = PhoneCall(clinic.admin, "8780").answer()
    assert call.opened["audio"]["duration_ms"] > 1000
    assert call.press("1")["audio"]["duration_ms"] > 500
    call.end()
    clinic.admin.ok("DELETE", f"/secretaries/{made}")


def _json_with(body: dict[str, Any], text: str) -> bytes:
    escaped = json.dumps(text)[1:-1]
    return json.dumps(body).replace("?", escaped).encode()
