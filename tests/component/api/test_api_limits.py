"""A domain's limits are its own: whoever asks too often or calls too much is told so, and nobody else notices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import TenantSetUp, add_secretary, make_tenant

PER_MINUTE = 40
PLACES = 4


@pytest.fixture(scope="module")
def hasty(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    tenant = make_tenant(owner, pbx, "hasty.example", max_concurrent_calls=PLACES)
    add_secretary(tenant, "8000", {"languages": ["en"], "hours": {"always_open": True}})
    return tenant


def test_places_for_calls_are_counted_exactly(hasty: TenantSetUp, rival: TenantSetUp) -> None:
    calls = [PhoneCall(hasty.admin) for _ in range(3 * PLACES)]
    with ThreadPoolExecutor(len(calls)) as pool:
        decisions = list(pool.map(lambda call: call.set_up()["decision"], calls))
    assert sorted(decisions) == ["answer"] * PLACES + ["busy"] * 2 * PLACES
    assert PhoneCall(rival.admin).set_up()["decision"] == "answer"
    answered = [call for call, decision in zip(calls, decisions, strict=True) if decision == "answer"]
    for call in calls:
        call.end()
    again = [PhoneCall(hasty.admin) for _ in answered]
    assert [call.set_up()["decision"] for call in again] == ["answer"] * PLACES
    for call in again:
        call.end()


def test_a_call_in_progress_goes_on_when_the_domain_is_given_less(hasty: TenantSetUp) -> None:
    call = PhoneCall(hasty.admin).answer()
    hasty.operator.put("/settings/max_concurrent_calls", {"value": 0})
    assert call.stay_silent()["action"]["type"] == "continue"
    assert PhoneCall(hasty.admin).set_up()["decision"] == "busy"
    call.end()
    hasty.operator.put("/settings/max_concurrent_calls", {"value": PLACES})


def test_who_asks_too_often_is_told_when_to_come_back(
    hasty: TenantSetUp, rival: TenantSetUp, pbx: ApiClient
) -> None:
    readers = [hasty.acting("read") for _ in range(2)]
    by_pbx = pbx.acting(pbx.token, hasty.domain_uuid)
    hasty.operator.put("/settings/requests_per_minute", {"value": PER_MINUTE})
    answers = [readers[number % 2].send("GET", "/settings") for number in range(PER_MINUTE + 20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 10 <= len(refused) <= 25
    for answer in refused:
        assert_error(answer, 429, code="limit_reached")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert_error(by_pbx.send("GET", "/settings"), 429)
    assert rival.admin.send("GET", "/settings").status_code == 200
    assert pbx.acting(pbx.token, rival.domain_uuid).send("GET", "/settings").status_code == 200
    assert hasty.admin.http.get("/health").status_code == 200


def test_callers_are_counted_apart_from_readers(hasty: TenantSetUp, rival: TenantSetUp) -> None:
    call = PhoneCall(hasty.admin)
    assert call.set_up()["decision"] == "answer"
    turns = [call.send_turn(number, no_input=True) for number in range(1, PER_MINUTE + 20)]
    assert turns[0].status_code == 200
    assert_error(next(turn for turn in turns if turn.status_code == 429), 429, code="limit_reached")
    assert PhoneCall(rival.admin).set_up()["decision"] == "answer"


def test_strangers_cannot_use_up_a_domains_requests(
    owner: Owner, pbx: ApiClient, rival: TenantSetUp, anonymous: ApiClient
) -> None:
    tenant = make_tenant(owner, pbx, "calm.example", requests_per_minute=PER_MINUTE)
    for _ in range(2 * PER_MINUTE):
        rival.admin.acting(rival.admin.token, tenant.domain_uuid).send("GET", "/settings")
        anonymous.acting(None, tenant.domain_uuid).send("GET", "/settings")
    assert tenant.admin.send("GET", "/settings").status_code == 200
