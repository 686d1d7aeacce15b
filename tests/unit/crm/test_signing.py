from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from voice_ai_service.crm.signing import SigningSecrets, checked_secret, new_secret, sign
from voice_ai_service.errors import InvalidInput

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.text(st.characters(codec="utf-8")), st.binary(min_size=24, max_size=64))
def test_the_public_library_verifies_what_we_sign(body: str, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = sign([secret], "msg_1", datetime.now(UTC), body).as_dict()
    Webhook(secret).verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + "x", headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers | {"webhook-id": "msg_2"}, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers, json_parse=False)


def test_the_specification_s_own_example() -> None:
    """From the specification's reference tests (standard-webhooks/standard-webhooks)."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert headers.signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers.timestamp == 1614265330


def test_while_a_secret_is_rotated_both_verify() -> None:
    old = SigningSecrets(current=new_secret())
    new = old.rotated(NOW, timedelta(days=1))
    headers = sign(new.valid_at(NOW), "msg_1", datetime.now(UTC), "{}").as_dict()
    assert headers["webhook-signature"].count("v1,") == 2
    Webhook(old.current).verify("{}", headers)
    Webhook(new.current).verify("{}", headers)


def test_after_the_rotation_only_the_new_one_signs() -> None:
    new = SigningSecrets(current=new_secret()).rotated(NOW, timedelta(days=1))
    assert new.valid_at(NOW + timedelta(days=1)) == (new.current,)
    assert len(new.valid_at(NOW + timedelta(hours=23))) == 2


def test_secrets_survive_their_sealed_form() -> None:
    secrets = SigningSecrets(current=new_secret()).rotated(NOW, timedelta(days=1))
    assert SigningSecrets.parse(secrets.dump()) == secrets
    bare = new_secret()
    assert SigningSecrets.parse(bare) == SigningSecrets(current=bare)


@pytest.mark.parametrize(
    "text", ["", "{}", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", '{"current": 1}', "secret"]
)
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        SigningSecrets.parse(text)


def test_made_secrets_are_secrets_and_differ() -> None:
    assert checked_secret(new_secret()) != new_secret()
