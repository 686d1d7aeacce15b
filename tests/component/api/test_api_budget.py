"""What a domain spends, and what happens when it may spend no more: through the shipped service."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import Cloud, cloud_domain
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.voices import CallerVoice

RECHECK_S = 5.5
"""`FactoryLimits.recheck_s` and a little."""


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


def test_usage_names_the_model(cloud: Cloud, owner: Owner, caller: CallerVoice) -> None:
    call = cloud.call()
    call.say(caller.says("vocês abrem no sábado"))
    call.end()
    rows = owner.rows("SELECT * FROM v_voice_usage WHERE domain_uuid = $1", cloud.tenant.domain_uuid)
    models = {row["provider_kind"]: row["provider_model"] for row in rows}
    assert models == {"stt": "whisper-1", "llm": "gpt-4.1-mini", "tts": "tts-1"}


def test_a_domain_without_a_budget_left_hears_so_and_is_not_answered(cloud: Cloud) -> None:
    cloud.tenant.operator.put("/settings/monthly_budget_cents", {"value": 0})
    set_up = PhoneCall(cloud.tenant.admin).set_up()
    assert (set_up["decision"], set_up["reason"]) == ("closed", "fallback_budget")
    assert "não posso continuar esta ligação" in set_up["said"]
    assert set_up["audio"]["duration_ms"] > 500


def test_a_budget_that_ends_in_mid_call_ends_the_call_in_words(cloud: Cloud, caller: CallerVoice) -> None:
    call = cloud.call()
    cloud.tenant.operator.put("/settings/monthly_budget_cents", {"value": 0})
    time.sleep(RECHECK_S)  # the process that serves the call learns of it by then
    asked = len(cloud.provider.requests)
    answer = call.say(caller.says("vocês abrem no sábado"))
    assert "não posso continuar esta ligação" in answer["said"]
    assert answer["action"]["type"] != "continue"
    assert len(cloud.provider.requests) == asked


def test_only_the_operator_decides_it(cloud: Cloud) -> None:
    for name, value in (("monthly_budget_cents", 5), ("budget_action", "warn")):
        assert_error(cloud.tenant.admin.send("PUT", f"/settings/{name}", json={"value": value}), 403)
    changed = cloud.tenant.operator.put("/settings/budget_action", {"value": "stop"})
    assert changed["budget_action"] == "stop"
    wrong = cloud.tenant.operator.send("PUT", "/settings/budget_action", json={"value": "explode"})
    assert_error(wrong, 400, field="budget_action")
