"""JWTs of an external issuer, with real keys and a fake wire to its key set."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.fakes.clock import VirtualClock
from voice_ai_service import errors
from voice_ai_service.tenancy.jwt import REFRESH_AT_MOST_EVERY_S, REFRESH_EVERY_S, JwtIssuer, JwtVerifier
from voice_ai_service.tenancy.tenant import Credential, Scope

ISSUER = JwtIssuer("https://login.example/jwks", "https://login.example", "voice-ai")
DOMAIN = uuid4()

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public_entry(private: Any, key_id: str | None, **more: str) -> dict[str, Any]:
    algorithm: dict[type, Any] = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    kind = next(a for type_, a in algorithm.items() if isinstance(private, type_))
    entry: dict[str, Any] = json.loads(kind.to_jwk(private.public_key()))
    return {**entry, **({} if key_id is None else {"kid": key_id}), **more}


@dataclass
class Issuer:
    """What stands at the other end: a key set that can change, fail and be counted."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    asked: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert str(request.url) == ISSUER.jwks_url
        content = self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()
        return httpx.Response(self.status, content=content)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def issuer() -> Issuer:
    return Issuer([public_entry(RSA_KEY, "rsa"), public_entry(EC_KEY, "ec"), public_entry(ED_KEY, "ed")])


@pytest.fixture
async def verifier(issuer: Issuer, clock: VirtualClock) -> AsyncIterator[JwtVerifier]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(issuer.answer)) as client:
        yield JwtVerifier(ISSUER, client, clock)


Sign = Callable[..., str]


@pytest.fixture
def sign(clock: VirtualClock) -> Sign:
    def sign_claims(
        key: Any = RSA_KEY,
        algorithm: str = "RS256",
        key_id: str | None = "rsa",
        drop: str = "",
        **claims: Any,
    ) -> str:
        body = {
            "iss": ISSUER.issuer,
            "aud": ISSUER.audience,
            "sub": "someone",
            "exp": int(clock.now().timestamp()) + 600,
            "domain_uuid": str(DOMAIN),
            "scope": "calls read elsewhere:write",
            **claims,
        }
        body.pop(drop, None)
        return jwt.encode(body, key, algorithm, headers={} if key_id is None else {"kid": key_id})

    return sign_claims


async def refused(verifier: JwtVerifier, token: str) -> str:
    with pytest.raises(errors.Unauthenticated) as caught:
        await verifier.verify(token)
    return caught.value.message


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"),
    [(RSA_KEY, "RS256", "rsa"), (RSA_KEY, "PS512", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")],
)
async def test_accepted(verifier: JwtVerifier, sign: Sign, key: Any, algorithm: str, key_id: str) -> None:
    credential = await verifier.verify(sign(key, algorithm, key_id))
    assert credential == Credential("someone", DOMAIN, frozenset({Scope.CALLS, Scope.READ}))


@pytest.mark.parametrize("claim", ["scopes", "scp"])
async def test_scopes_as_a_list(verifier: JwtVerifier, sign: Sign, claim: str) -> None:
    credential = await verifier.verify(sign(drop="scope", **{claim: ["admin", 7, "unknown"]}))
    assert credential.scopes == {Scope.ADMIN}


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "domain_uuid"])
async def test_a_claim_that_must_be_there(verifier: JwtVerifier, sign: Sign, claim: str) -> None:
    await refused(verifier, sign(drop=claim))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-service"},
        {"domain_uuid": "00000000-0000-0000-0000-000000000000"},
        {"domain_uuid": "*"},
        {"domain_uuid": ["a"]},
        {"domain_uuid": None},
        {"exp": "soon"},
        {"nbf": "now"},
    ],
)
async def test_a_claim_that_is_wrong(verifier: JwtVerifier, sign: Sign, claims: dict[str, Any]) -> None:
    try:
        token = sign(**claims)
    except TypeError:
        pytest.skip("the library does not even make such a token")
    await refused(verifier, token)


async def test_it_runs_out(verifier: JwtVerifier, sign: Sign, clock: VirtualClock) -> None:
    token = sign()
    clock.tick(600 + 29)
    await verifier.verify(token)
    clock.tick(2)
    assert "run out" in await refused(verifier, token)


async def test_it_is_not_valid_yet(verifier: JwtVerifier, sign: Sign, clock: VirtualClock) -> None:
    token = sign(nbf=int(clock.now().timestamp()) + 100)
    assert "not valid yet" in await refused(verifier, token)
    clock.tick(80)
    await verifier.verify(token)


async def test_signed_by_somebody_else(verifier: JwtVerifier, sign: Sign) -> None:
    await refused(verifier, sign(rsa.generate_private_key(65537, 2048)))
    await refused(verifier, sign(EC_KEY, "ES256", "rsa"))
    header, claims, signature = sign().split(".")
    other = base64.urlsafe_b64encode(json.dumps({"domain_uuid": str(uuid4())}).encode()).rstrip(b"=").decode()
    await refused(verifier, f"{header}.{other}.{signature}")
    await refused(verifier, f"{header}.{claims}.")


async def test_no_shared_secret_and_no_signature_at_all(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer
) -> None:
    secret = "a secret that the issuer published by mistake, long enough"
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    issuer.keys.append({"kty": "oct", "kid": "shared", "k": encoded})
    await refused(verifier, sign(secret, "HS256", "shared"))
    await refused(verifier, sign(secret, "HS256", "rsa"))
    await refused(verifier, sign(None, "none", "rsa"))


async def test_keys_that_are_not_for_signing_or_not_for_this_algorithm(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer
) -> None:
    issuer.keys[:] = [public_entry(EC_KEY, "enc", use="enc"), public_entry(RSA_KEY, "rsa", alg="RS512")]
    await refused(verifier, sign(EC_KEY, "ES256", "enc"))
    await refused(verifier, sign())
    await verifier.verify(sign(RSA_KEY, "RS512"))


async def test_one_key_without_an_id(verifier: JwtVerifier, sign: Sign, issuer: Issuer) -> None:
    issuer.keys[:] = [public_entry(RSA_KEY, None)]
    await verifier.verify(sign(key_id=None))


async def test_a_key_that_nobody_can_read_does_not_spoil_the_others(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer
) -> None:
    issuer.keys[:0] = [{"kty": "RSA", "kid": "broken", "n": "?", "e": "?"}, "no key at all", {"kty": 7}]  # type: ignore[list-item]
    await verifier.verify(sign())


async def test_an_unknown_key_asks_the_issuer_but_not_for_everyone(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer, clock: VirtualClock
) -> None:
    await verifier.verify(sign())
    assert issuer.asked == 1
    fresh = ec.generate_private_key(ec.SECP256R1())
    issuer.keys.append(public_entry(fresh, "fresh"))
    for _ in range(20):
        await refused(verifier, sign(fresh, "ES256", "fresh"))
    assert issuer.asked == 1
    clock.tick(REFRESH_AT_MOST_EVERY_S)
    await verifier.verify(sign(fresh, "ES256", "fresh"))
    assert issuer.asked == 2


async def test_many_at_first_ask_once(verifier: JwtVerifier, sign: Sign, issuer: Issuer) -> None:
    token = sign()
    found = await asyncio.gather(*(verifier.verify(token) for _ in range(10)))
    assert len(found) == 10
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b'{"keys": {}}', b'{"keys": []}', b"x" * (2 * 1024 * 1024)]
)
async def test_an_issuer_that_answers_nonsense_leaves_us_what_we_have(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer, clock: VirtualClock, body: bytes
) -> None:
    await verifier.verify(sign())
    issuer.body = body
    clock.tick(REFRESH_AT_MOST_EVERY_S)
    await refused(verifier, sign(key_id="unknown"))
    assert issuer.asked == 2
    await verifier.verify(sign())


async def test_an_issuer_that_is_away(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.status = 503
    await refused(verifier, sign())
    issuer.status = 200
    clock.tick(REFRESH_AT_MOST_EVERY_S)
    await verifier.verify(sign())


async def test_keys_are_fetched_ahead_and_a_withdrawn_one_ends(
    verifier: JwtVerifier, sign: Sign, issuer: Issuer
) -> None:
    clock = VirtualClock(auto=False)
    async with httpx.AsyncClient(transport=httpx.MockTransport(issuer.answer)) as client:
        fresh = JwtVerifier(ISSUER, client, clock)
        running = asyncio.create_task(fresh.run())
        await clock.advance(1)
        assert issuer.asked == 1
        await fresh.verify(sign())
        issuer.keys[:] = [public_entry(EC_KEY, "ec")]
        await clock.advance(REFRESH_EVERY_S)
        assert issuer.asked == 2
        await refused(fresh, sign())
        running.cancel()


@pytest.mark.parametrize("text", ["", "a.b.c", "..", "é.é.é", "eyJhbGciOiJub25lIn0..", "x" * 9000])
async def test_text_that_is_no_token(verifier: JwtVerifier, text: str) -> None:
    await refused(verifier, text)


async def test_the_domain_is_a_uuid(verifier: JwtVerifier, sign: Sign) -> None:
    credential = await verifier.verify(sign(domain_uuid=str(DOMAIN).upper(), sub=None, drop="sub"))
    assert credential.domain_uuid == UUID(str(DOMAIN))
    assert credential.credential_id == "jwt"
