"""Against the signatures of AWS's published Signature Version 4 test suite, and AWS's own SDK."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.net.aws_signature import AwsKey, AwsRequest, AwsService, signed_headers

KEY = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = "example.amazonaws.com"


@pytest.mark.parametrize(
    ("method", "target", "signature"),
    [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
    ],
)
def test_published_signatures(method: str, target: str, signature: str) -> None:
    headers = signed_headers(KEY, AwsService("service", "us-east-1"), AwsRequest(method, HOST, target), AT)
    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


@given(
    st.from_regex(r"(/[A-Za-z0-9._~%:-]{1,12}){1,3}", fullmatch=True).filter(
        lambda path: not any(part in (".", "..") for part in path.split("/"))
    ),
    st.lists(st.from_regex(r"[a-z]{1,5}=[A-Za-z0-9]{0,5}", fullmatch=True), max_size=3),
    st.binary(max_size=50),
    st.none() | st.from_regex(r"[A-Za-z0-9+/=]{1,40}", fullmatch=True),
)
def test_the_vendors_sdk_signs_the_same(path: str, query: list[str], body: bytes, token: str | None) -> None:
    target = path + ("?" + "&".join(query) if query else "")
    key = AwsKey("AKID", "secret/+", token)
    ours = signed_headers(key, AwsService("bedrock", "sa-east-1"), AwsRequest("POST", HOST, target, body), AT)
    theirs = AWSRequest("POST", f"https://{HOST}{target}", data=body)
    theirs.context["timestamp"] = "20150830T123600Z"
    signer = SigV4Auth(Credentials("AKID", "secret/+", token), "bedrock", "sa-east-1")
    theirs.headers["X-Amz-Date"] = "20150830T123600Z"
    if token is not None:
        theirs.headers["X-Amz-Security-Token"] = token
    canonical = signer.canonical_request(theirs)
    signature = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    assert ours["Authorization"].endswith(f"Signature={signature}")
    assert ours.get("X-Amz-Security-Token") == token


def test_a_key_says_no_secret() -> None:
    assert "wJalr" not in repr(KEY)
    assert "lent" not in repr(AwsKey("AKID", "secret", "lent"))
