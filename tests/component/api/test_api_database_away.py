"""The database goes in mid-call: callers are answered, readiness says what is missing, nothing said is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.background import BackgroundLoop
from tests.component.api.conftest import Platform
from tests.component.api.other_services import CutOff, with_a_line
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import TenantSetUp
from tests.component.api.voices import CallerVoice

ASKS_PRICE = "quanto custa a consulta"


@pytest.fixture(scope="module")
def cut_off(platform: Platform, background: BackgroundLoop) -> Iterator[CutOff]:
    with with_a_line(platform, background) as cut_off:
        yield cut_off


@pytest.fixture(scope="module")
def api(cut_off: CutOff, clinic: TenantSetUp) -> Iterator[ApiClient]:
    client = ApiClient.of(cut_off.service.url, clinic.admin.token)
    yield client
    client.http.close()


def test_a_call_goes_on_and_is_stored_when_the_database_is_back(
    cut_off: CutOff, api: ApiClient, caller: CallerVoice
) -> None:
    call = PhoneCall(api).answer()
    call.say(caller.says(ASKS_PRICE))
    cut_off.cut()
    try:
        during = call.press("1")
        assert during["audio"]["duration_ms"] > 500
        heard = call.say(caller.says(ASKS_PRICE))
        assert heard["said"].startswith("A consulta custa")
        assert_error(call.send_end(), 503, code="unavailable")
    finally:
        cut_off.mend()
    detail = api.get(f"/conversations/{call.end()}")
    assert (detail["turn_count"], detail["resolution"]) == (3, "completed")
    assert [one["text"] for one in detail["messages"] if one["speaker"] == "caller"] == [
        ASKS_PRICE,
        "",
        ASKS_PRICE,
    ]


def test_readiness_tells_what_is_missing_and_the_process_lives(cut_off: CutOff, api: ApiClient) -> None:
    api.get("/settings")
    cut_off.cut()
    try:
        ready = api.http.get("/ready")
        assert ready.status_code == 503
        checks = {check["name"]: check for check in ready.json()["checks"]}
        assert ready.json()["ready"] is False
        assert (checks["database"]["ok"], checks["database"]["required"]) == (False, True)
        assert checks["database"]["problem"]
        assert checks["disk"]["ok"] is True
        assert api.http.get("/health").status_code == 200
        assert_error(api.send("GET", "/conversations"), 503, code="unavailable")
    finally:
        cut_off.mend()
    assert api.http.get("/ready").json()["ready"] is True
    assert api.send("GET", "/conversations").status_code == 200
    lines = cut_off.service.log_lines()
    assert [line for line in lines if line["level"] == "error" and "exception" in line] == []
