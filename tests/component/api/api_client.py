"""What a PBX, an admin's page or an integrator sends: requests with a credential, for a domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import httpx

PREFIX = "/api/v1"


def assert_error(
    response: httpx.Response, status: int, *, field: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Every error has the one shape, whoever raised it."""
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    body = response.json()
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "field", "fix", "request_id"}
    assert error["code"]
    assert error["message"]
    assert error["request_id"] == response.headers["x-request-id"]
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    if field is not None:
        assert error["field"] == field, error
    if code is not None:
        assert error["code"] == code, error
    return error


@dataclass(frozen=True)
class ApiClient:
    """Sends as one credential; `domain_uuid` goes into the header of every request where it is set."""

    http: httpx.Client
    token: str | None = None
    domain_uuid: UUID | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, url: str, token: str | None = None, domain_uuid: UUID | None = None) -> Self:
        return cls(httpx.Client(base_url=url, timeout=30), token, domain_uuid)

    def acting(self, token: str | None, domain_uuid: UUID | None = None) -> ApiClient:
        """The same connection as somebody else."""
        return ApiClient(self.http, token, domain_uuid)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """`path` below `/api/v1` unless it begins with it or names a route outside."""
        headers = dict(self.headers)
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.domain_uuid is not None:
            headers["X-Domain-UUID"] = str(self.domain_uuid)
        headers |= options.pop("headers", {})
        return self.http.request(method, PREFIX + path, headers=headers, **options)

    def get(self, path: str, **params: Any) -> Any:
        return self.ok(
            "GET", path, params={name: value for name, value in params.items() if value is not None}
        )

    def post(self, path: str, body: object) -> Any:
        return self.ok("POST", path, json=body)

    def put(self, path: str, body: object) -> Any:
        return self.ok("PUT", path, json=body)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        response = self.send(method, path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:1000]}"
        return response.json() if response.content else None
