"""The admin tries one provider: it answers by itself, or says why not; nobody stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import HEARD, Cloud, cloud_domain
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.tenants import TenantSetUp
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import KEY

OUTCOMES = {"stt": HEARD, "llm": "Atendemos de segunda a sexta.", "tts": "2000 ms", "embeddings": "8"}


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


def provider_of(cloud: Cloud, kind: str) -> dict[str, object]:
    rows = cloud.tenant.admin.get("/providers")["providers"]
    return next(row for row in rows if row["kind"] == kind)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_each_kind_does_something_real(cloud: Cloud, kind: str) -> None:
    trial = cloud.tenant.admin.post(f"/providers/{provider_of(cloud, kind)['provider_uuid']}/try", {})
    assert trial["outcome"] == OUTCOMES[kind]
    assert trial["provider"] == "openai_compatible"
    assert 0 < trial["first_ms"] <= trial["total_ms"]


@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_failure_is_told_and_nobody_stands_in(cloud: Cloud, kind: str, platform: Platform) -> None:
    body = b'{"error": {"message": "SECRET-OF-THE-PROVIDER"}}'
    cloud.provider.fault = lambda _: Answer(401, {"content-type": "application/json"}, (body,), whole=True)
    answer = cloud.tenant.admin.send("POST", f"/providers/{provider_of(cloud, kind)['provider_uuid']}/try")
    assert_error(answer, 502)
    assert "SECRET-OF-THE-PROVIDER" not in answer.text + platform.service.log_text()
    assert KEY not in answer.text


def test_a_disabled_one_and_anothers_are_not_tried(cloud: Cloud, clinic: TenantSetUp) -> None:
    row = provider_of(cloud, "llm")
    path = f"/providers/{row['provider_uuid']}"
    assert_error(clinic.admin.send("POST", f"{path}/try"), 404)
    assert_error(cloud.tenant.admin.send("POST", f"/providers/{uuid4()}/try"), 404)
    kept = {name: row[name] for name in ("kind", "name", "settings")}
    cloud.tenant.admin.put(path, {**kept, "enabled": False})
    assert_error(cloud.tenant.admin.send("POST", f"{path}/try"), 400, field="provider_uuid")


def test_the_catalogue_says_what_each_takes(clinic: TenantSetUp) -> None:
    listed = clinic.admin.get("/providers/catalogue")["providers"]
    openai = next(one for one in listed if (one["kind"], one["name"]) == ("tts", "openai"))
    assert {"model", "voice"} <= openai["settings_schema"]["properties"].keys()
