"""JWTs of an external issuer open the same door as tokens, for their domain and their scopes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.background import BackgroundLoop
from tests.component.api.conftest import Platform
from tests.component.api.other_services import another
from tests.component.api.tenants import TenantSetUp
from tests.fakes.http_server import Answer, Received, json_answer, serving

ISSUER, AUDIENCE = "https://login.example", "voice-ai"
Sign = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def api(platform: Platform, background: BackgroundLoop, key: rsa.RSAPrivateKey) -> Iterator[ApiClient]:
    """A service that trusts an issuer whose keys are published on loopback."""
    published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "use": "sig"}

    async def publish(_request: Received) -> Answer:
        return json_answer({"keys": [published]})

    issuer = serving(publish)
    address = background.enter(issuer)
    settings = {"jwt_jwks_url": f"{address}/jwks", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    service = another(platform, **settings).start()
    client = ApiClient.of(service.url)
    yield client
    client.http.close()
    service.stop_whatever_happened()
    background.leave(issuer)


@pytest.fixture
def sign(key: rsa.RSAPrivateKey, clinic: TenantSetUp) -> Sign:
    def signed(by: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        everything = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": time.time() + 300,
            "sub": "somebody",
            "scope": "read",
            "domain_uuid": str(clinic.domain_uuid),
            **claims,
        }
        return jwt.encode(everything, by or key, algorithm=algorithm, headers={"kid": "k1"})

    return signed


def test_it_opens_its_domain_for_its_scopes(api: ApiClient, sign: Sign, rival: TenantSetUp) -> None:
    reader = api.acting(sign())
    assert reader.get("/settings")["country"] == "BR"
    assert_error(reader.send("POST", "/tokens", json={"name": "x", "scopes": ["read"]}), 403)
    assert_error(api.acting(sign(), rival.domain_uuid).send("GET", "/settings"), 403, field="domain_uuid")
    administrator = api.acting(sign(scope="read admin"))
    assert administrator.send("PUT", "/settings/country", json={"value": "BR"}).status_code == 200


def test_what_the_issuer_did_not_say_opens_nothing(api: ApiClient, sign: Sign) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        sign(other),
        sign("a shared secret that is long enough", "HS256"),
        sign(exp=time.time() - 3600),
        sign(aud="somebody else"),
        sign(iss="https://evil.example"),
        sign(domain_uuid="clinic.example"),
        sign()[:-10] + "AAAAAAAAAA",
        ".".join(sign().split(".")[:2]) + ".",
    ):
        assert_error(api.acting(token).send("GET", "/settings"), 401)
    assert_error(
        api.acting(sign(domain_uuid=str(uuid4()))).send("GET", "/settings"), 404, field="domain_uuid"
    )


def test_tokens_of_this_service_still_work_beside_it(api: ApiClient, clinic: TenantSetUp) -> None:
    assert api.acting(clinic.admin.token).send("GET", "/settings").status_code == 200
