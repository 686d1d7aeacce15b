"""What an operator sees of calls: figures for each stage, logs that tell everything but what was said."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import HEARD, MODEL_SAYS, Cloud, cloud_domain
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import ADDRESS, TenantSetUp, add_secretary, make_tenant, ready_document
from tests.component.api.voices import CallerVoice
from voice_ai_service.metrics import Metrics

ASKS_PRICE = "quanto custa a consulta"
NUMBER = "+5511976543210"
UNTOUCHED = {"voice_ai_audio_store_errors"}
"""Families that no call of this scenario touches; a full disk does."""
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Scenario:
    """One call with everything, and what else happens in a day."""

    call: PhoneCall
    request_ids: set[str]
    spoken: set[str]


@pytest.fixture(scope="module")
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def scenario(
    clinic: TenantSetUp, caller: CallerVoice, owner: Owner, pbx: ApiClient, cloud: Cloud
) -> Scenario:
    seen: list[tuple[str, str]] = []
    clinic.admin.http.event_hooks["response"] = [
        lambda response: seen.append((response.headers["x-request-id"], str(response.request.url)))
    ]
    call = PhoneCall(clinic.admin, "8001", caller_number=NUMBER).answer()
    said = {call.opened["said"]}
    first = call.say(caller.says(ASKS_PRICE), previous={"played_ms": 2000})
    call.event({"type": "played", "turn": 1, "played_ms": 500, "barged_in": True})
    second = call.say(caller.says("xpto blablabla"))
    long = PhoneCall(clinic.admin).answer().press("7")
    assert long["audio"]["content"] is None
    last = call.press("0")
    call.end("transferred")
    clinic.admin.http.event_hooks["response"] = []
    said |= {one["said"] for one in (first, second, last)}
    _a_day(clinic, caller, owner, pbx, cloud)
    asked = {request_id for request_id, url in seen if "/calls" in url or "/turn" in url}
    return Scenario(call, asked, said | {ASKS_PRICE, first["heard"]})


def _a_day(clinic: TenantSetUp, caller: CallerVoice, owner: Owner, pbx: ApiClient, cloud: Cloud) -> None:
    """A model's turn, a document's answer, a full house, a caller for nobody, somebody who asks too often."""
    model = cloud.call()
    assert model.say(caller.says(ASKS_PRICE))["said"] == "".join(MODEL_SAYS)
    model.end()
    ready_document(clinic, "preços.txt", "O estacionamento custa dez reais.")
    PhoneCall(clinic.admin, "4321").send_set_up()
    crowded = make_tenant(owner, pbx, "crowded.example", max_concurrent_calls=0)
    add_secretary(crowded, "8000", {"languages": ["en"]})
    assert PhoneCall(crowded.admin).set_up()["decision"] == "busy"
    crowded.operator.put("/settings/requests_per_minute", {"value": 1})
    assert {crowded.admin.send("GET", "/calls").status_code for _ in range(4)} >= {429}


@pytest.fixture(scope="module")
def figures(scenario: Scenario, clinic: TenantSetUp) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Sample name to labels to value, once the CRM was told."""
    text = _metrics_text(clinic)
    until = time.monotonic() + 15
    while "voice_ai_webhook_deliveries_total{" not in text and time.monotonic() < until:
        time.sleep(0.1)
        text = _metrics_text(clinic)
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_every_family_is_there_and_counts_what_happened(
    figures: dict[str, dict[tuple[tuple[str, str], ...], float]],
) -> None:
    for family in Metrics().registry.collect():
        if family.name in UNTOUCHED:
            continue
        suffixes = {"counter": "_total", "histogram": "_count", "gauge": ""}
        samples = figures.get(family.name + suffixes[family.type], {})
        assert samples, family.name
        if family.type != "gauge":
            assert sum(samples.values()) > 0, family.name


def test_the_stages_of_all_turns_add_up_to_their_time(
    figures: dict[str, dict[tuple[tuple[str, str], ...], float]],
) -> None:
    within = {"llm_first_token", "tts_first_byte"}
    stages = {dict(labels)["stage"]: value for labels, value in figures["voice_ai_stage_seconds_sum"].items()}
    assert {"stt", "llm", "tts", "other", "retrieval"} <= stages.keys()
    total = sum(figures["voice_ai_turn_seconds_sum"].values())
    assert sum(value for stage, value in stages.items() if stage not in within) == pytest.approx(
        total, rel=0.05
    )


def test_no_figure_names_a_tenant_a_call_or_a_number(scenario: Scenario, clinic: TenantSetUp) -> None:
    text = _metrics_text(clinic)
    assert UUID_TEXT.search(text) is None
    assert NUMBER not in text
    assert len(text) < 200_000


def test_a_call_that_is_over_is_not_served_any_more(clinic: TenantSetUp) -> None:
    before = _live_calls(clinic)
    call = PhoneCall(clinic.admin).answer()
    assert _live_calls(clinic) == before + 1
    call.end()
    call.end()
    assert _live_calls(clinic) == before


def test_every_line_is_json_with_a_level_and_a_time(platform: Platform, scenario: Scenario) -> None:
    lines = platform.service.log_lines()
    assert len(lines) > 20
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert {line["level"] for line in lines} <= {"info", "warning", "error"}
    _, after = _log_before_and_after_the_start(platform)
    assert [line for line in after.splitlines() if not line.startswith("{")] == [], (
        "only the start speaks to people"
    )


def test_one_search_gives_the_whole_call(platform: Platform, scenario: Scenario, clinic: TenantSetUp) -> None:
    lines = platform.service.log_lines()
    mine = [line for line in lines if line.get("call_uuid") == str(scenario.call.call_uuid)]
    events = [line["event"] for line in mine]
    assert (events[0], events[-1]) == ("call set up", "call stored")
    assert events.count("turn answered") == 3
    assert [line["turn"] for line in mine if line["event"] == "turn answered"] == [1, 2, 3]
    assert all(line["domain_uuid"] == str(clinic.domain_uuid) for line in mine)
    assert all("request_id" in line for line in mine)


def test_every_line_of_a_calls_request_names_the_call(platform: Platform, scenario: Scenario) -> None:
    lines = [line for line in platform.service.log_lines() if line.get("request_id") in scenario.request_ids]
    assert len(lines) >= 5
    assert [line for line in lines if "call_uuid" not in line] == []


def test_no_line_tells_what_was_said_who_called_or_any_secret(
    platform: Platform, scenario: Scenario, clinic: TenantSetUp, pbx: ApiClient, cloud: Cloud
) -> None:
    before, text = _log_before_and_after_the_start(platform)
    secrets = {clinic.admin.token, cloud.tenant.admin.token, clinic.webhook_secret}
    assert before.count(str(pbx.token)) == 1, "printed once, for the operator"
    for told in {*scenario.spoken, HEARD, ADDRESS, NUMBER, NUMBER[1:], NUMBER[3:], pbx.token, *secrets}:
        assert str(told) not in text, told


def _log_before_and_after_the_start(platform: Platform) -> tuple[str, str]:
    """Up to the line that says that the service is ready, and from then on; the latest start, if there were several."""
    text = platform.service.log_text()
    ready = text.index("\n", text.rindex("Ready after")) + 1
    return text[:ready], text[ready:]


def _metrics_text(tenant: TenantSetUp) -> str:
    response = tenant.admin.http.get("/metrics", headers={"Authorization": f"Bearer {tenant.admin.token}"})
    assert response.status_code == 200
    return response.text


def _live_calls(tenant: TenantSetUp) -> float:
    (line,) = [one for one in _metrics_text(tenant).splitlines() if one.startswith("voice_ai_live_calls{")]
    return float(line.split(" ")[1])
