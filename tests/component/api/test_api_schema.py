"""The OpenAPI document is true: whatever it allows or forbids, the answer is one that it describes."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.component.api.api_client import ApiClient
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.routes import OPEN_ROUTES
from tests.component.api.service_process import COMMAND
from tests.component.api.tenants import TenantSetUp, fill_rival, make_tenant
from voice_ai_service.app import create_app
from voice_ai_service.settings import Settings

CASES = 3
"""A route and mode; some hundreds in all."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    """A domain of its own: what comes of it does not matter to anybody."""
    tenant = make_tenant(owner, pbx, "fuzzed.example")
    fill_rival(tenant)
    tenant.ids["secretary_uuid"] = tenant.ids["secretary:8000"]
    tenant.ids["destination_uuid"] = tenant.ids["destination:sales"]
    return tenant


# The document that the service serves, as the last test here makes sure.
DOCUMENT = create_app(Settings()).openapi()
OPERATIONS: list[Any] = [
    found.ok()  # type: ignore[union-attr]  # our own document has no broken operation
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_one_that_the_document_describes(
    operation: Any, mode: GenerationMode, platform: Platform, fuzzed: TenantSetUp
) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        # Another domain, or none that exists, is the business of other tests.
        case.headers = {
            name: value for name, value in (case.headers or {}).items() if name != "x-domain-uuid"
        }
        for name in (case.path_parameters or {}).keys() & fuzzed.ids.keys():
            # Half of them lead to something that is there, or every answer would be a 404.
            if len(str(case.as_curl_command())) % 2:
                case.path_parameters[name] = fuzzed.ids[name]
        headers = {"Authorization": f"Bearer {fuzzed.admin.token}"}
        case.call_and_validate(base_url=platform.url, headers=headers, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        pytest.skip("nothing about this route can be invalid")


def test_every_route_names_its_door_and_its_errors(anonymous: ApiClient) -> None:
    document = anonymous.http.get("/openapi.json").json()
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            is_open = (verb.upper(), path) in OPEN_ROUTES
            assert ("security" in operation) is not is_open, path
            assert operation["summary"]
            assert "422" not in operation["responses"]
            assert is_open or {"400", "401", "403", "404", "429"} <= operation["responses"].keys()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "api_key"}


def test_the_command_prints_the_document_that_the_service_serves(anonymous: ApiClient) -> None:
    printed = subprocess.run([COMMAND, "openapi"], capture_output=True, check=True, timeout=60).stdout
    assert json.loads(printed) == anonymous.http.get("/openapi.json").json()
