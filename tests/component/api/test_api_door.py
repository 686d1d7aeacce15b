"""No route lets anybody in without a credential, past its scope, or into a domain that is not its own."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.routes import (
    ANYWHERE,
    BODIES,
    OF_THE_CREDENTIAL,
    OPEN_ROUTES,
    Route,
    live_routes,
    scope_of,
    send,
)
from tests.component.api.tenants import ALL_SCOPES, TenantSetUp


@pytest.fixture(scope="module")
def routes(anonymous: ApiClient) -> list[Route]:
    """All that need a credential."""
    found = live_routes(anonymous)
    assert {(route.method, route.path) for route in found} >= OPEN_ROUTES
    return [route for route in found if (route.method, route.path) not in OPEN_ROUTES]


@pytest.fixture(scope="module")
def domain_routes(routes: list[Route]) -> list[Route]:
    """All that belong to a domain."""
    return [route for route in routes if route.name not in OF_THE_CREDENTIAL]


def test_every_route_that_takes_a_body_has_an_example_here(routes: list[Route]) -> None:
    assert {route.name for route in routes if route.takes_body} == set(BODIES)
    assert {name for route in routes for name in route.parameters} == set(ANYWHERE)


def test_health_and_readiness_need_no_credential(anonymous: ApiClient) -> None:
    assert anonymous.http.get("/health").json()["status"] == "ok"
    assert anonymous.http.get("/ready").json()["ready"] is True


def test_without_a_credential_every_route_answers_401(anonymous: ApiClient, routes: list[Route]) -> None:
    for route in routes:
        assert_error(send(anonymous, route, ANYWHERE), 401, field="Authorization")


def test_without_a_credential_not_even_a_broken_body_is_looked_at(
    anonymous: ApiClient, domain_routes: list[Route]
) -> None:
    for route in domain_routes:
        path = route.filled(dict.fromkeys(ANYWHERE, "%00"))
        response = anonymous.send(
            route.method, path, content=b"{broken", headers={"Content-Type": "application/json"}
        )
        assert_error(response, 401, field="Authorization")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer vai_" + "A" * 43},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer " + "x" * 20_000},
        {"X-API-Key": "nonsense"},
        {"X-API-Key": ""},
        {"X-API-Key": "vai_" + "ç" * 43},
        {"X-API-Key": "vai_' OR 1=1 --" + "x" * 32},
    ],
    ids=["empty", "basic", "nonsense", "unknown", "jwt", "long", "key", "no key", "not ascii", "sql"],
)
def test_a_malformed_or_unknown_credential_answers_401(
    anonymous: ApiClient, domain_routes: list[Route], headers: dict[str, str]
) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    for route in domain_routes[::7]:
        request = anonymous.http.build_request(
            route.method, "/api/v1" + route.filled(ANYWHERE), headers=encoded
        )
        assert_error(anonymous.http.send(request), 401)


def test_the_right_token_in_the_other_header_works_and_two_that_differ_do_not(clinic: TenantSetUp) -> None:
    token = clinic.admin.token
    assert token is not None
    anonymous = clinic.admin.acting(None)
    assert anonymous.send("GET", "/settings", headers={"X-API-Key": token}).status_code == 200
    both = {"X-API-Key": token, "Authorization": "Bearer vai_" + "B" * 43}
    assert_error(anonymous.send("GET", "/settings", headers=both), 401, field="X-API-Key")


def test_a_token_without_the_scope_of_a_route_is_refused(clinic: TenantSetUp, routes: list[Route]) -> None:
    without = {scope: clinic.acting(*(one for one in ALL_SCOPES if one != scope)) for scope in ALL_SCOPES}
    for route in routes:
        scope = scope_of(route)
        error = assert_error(send(without[scope], route, ANYWHERE), 403, code="forbidden")
        assert scope in error["message"], route.name


def test_a_token_with_only_the_scope_of_a_route_passes_the_door(
    clinic: TenantSetUp, routes: list[Route]
) -> None:
    only = {scope: clinic.acting(scope) for scope in ALL_SCOPES}
    harmless = [route for route in routes if route.method == "GET" or scope_of(route) == "read"]
    for route in harmless:
        response: httpx.Response = send(only[scope_of(route)], route, ANYWHERE)
        assert response.status_code in (200, 404), f"{route.name}: {response.status_code}"


def test_a_pbx_token_must_name_the_domain(pbx: ApiClient, domain_routes: list[Route]) -> None:
    for route in domain_routes:
        assert_error(send(pbx, route, ANYWHERE), 400, field="X-Domain-UUID")


@pytest.mark.parametrize(
    "text", ["clinic.example", "{}", "12345678-1234-1234-1234-12345678901g", "' OR 1=1", ""]
)
def test_a_malformed_domain_is_named_as_the_field_that_is_wrong(
    pbx: ApiClient, domain_routes: list[Route], text: str
) -> None:
    named = ApiClient(pbx.http, pbx.token, headers={"X-Domain-UUID": text})
    for route in domain_routes[:: 1 if text == "{}" else 9]:
        assert_error(send(named, route, ANYWHERE), 400, field="X-Domain-UUID")


def test_a_domain_that_does_not_exist_or_is_switched_off_answers_404(
    pbx: ApiClient, domain_routes: list[Route], switched_off: TenantSetUp
) -> None:
    for domain_uuid in (uuid4(), switched_off.domain_uuid):
        named = pbx.acting(pbx.token, domain_uuid)
        for route in domain_routes:
            assert_error(send(named, route, ANYWHERE), 404, field="domain_uuid")


def test_the_token_of_a_domain_that_was_switched_off_opens_nothing(
    switched_off: TenantSetUp, domain_routes: list[Route]
) -> None:
    for route in domain_routes:
        assert_error(send(switched_off.admin, route, ANYWHERE), 404)


def test_header_and_body_must_name_the_same_domain(
    pbx: ApiClient, domain_routes: list[Route], clinic: TenantSetUp, rival: TenantSetUp
) -> None:
    named = pbx.acting(pbx.token, clinic.domain_uuid)
    with_body = [route for route in domain_routes if route.names_a_domain_in_its_body]
    assert len(with_body) == 7
    for route in with_body:
        response = send(named, route, ANYWHERE, domain_uuid=str(rival.domain_uuid))
        assert_error(response, 409, field="domain_uuid")


def test_uuid_and_name_of_a_set_up_must_mean_the_same_domain(
    pbx: ApiClient, clinic: TenantSetUp, rival: TenantSetUp
) -> None:
    body = {"call_uuid": str(uuid4()), "called_number": "8000"}
    both = {**body, "domain_uuid": str(clinic.domain_uuid), "domain_name": rival.name}
    assert_error(pbx.send("POST", "/calls", json=both), 409, field="domain_name")
    unknown = pbx.send("POST", "/calls", json={**body, "domain_name": "nobody.example"})
    assert_error(unknown, 404, field="domain_name")


def test_a_domains_token_does_not_reach_another_domain(
    clinic: TenantSetUp, rival: TenantSetUp, domain_routes: list[Route]
) -> None:
    astray = clinic.admin.acting(clinic.admin.token, rival.domain_uuid)
    for route in domain_routes:
        assert_error(send(astray, route, ANYWHERE), 403, field="domain_uuid")
    for route in domain_routes:
        if route.names_a_domain_in_its_body:
            response = send(clinic.admin, route, ANYWHERE, domain_uuid=str(rival.domain_uuid))
            assert_error(response, 403, field="domain_uuid")


def test_a_revoked_token_stops_working_at_once_in_this_process(clinic: TenantSetUp) -> None:
    issued = clinic.admin.post("/tokens", {"name": "short", "scopes": ["read"]})
    reader = clinic.admin.acting(issued["token"])
    assert reader.send("GET", "/settings").status_code == 200
    clinic.admin.ok("DELETE", f"/tokens/{issued['token_uuid']}")
    assert_error(reader.send("GET", "/settings"), 401)


def test_a_credential_sees_only_the_domains_that_it_reaches(
    pbx: ApiClient, clinic: TenantSetUp, rival: TenantSetUp, switched_off: TenantSetUp
) -> None:
    own = clinic.admin.get("/domains")["domains"]
    assert own == [{"domain_uuid": str(clinic.domain_uuid), "domain_name": clinic.name}]
    names = {domain["domain_name"] for domain in pbx.get("/domains")["domains"]}
    assert {clinic.name, rival.name} <= names
    assert switched_off.name not in names
    assert_error(switched_off.admin.send("GET", "/domains"), 404)


def test_what_is_not_there_has_the_same_shape(clinic: TenantSetUp) -> None:
    assert_error(clinic.admin.send("GET", "/nowhere"), 404)
    response = clinic.admin.send("PATCH", "/settings")
    assert_error(response, 405)
    assert "GET" in response.headers["allow"]
