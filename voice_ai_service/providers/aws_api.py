"""What AWS's services have in common: regions, two kinds of keys, and error answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import StringConstraints

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.net.aws_signature import AwsKey, AwsRequest, AwsService, signed_headers
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, Signing

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]

_WRONG_KEY: Final = frozenset(
    {
        *("UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"),
        *("IncompleteSignatureException", "MissingAuthenticationTokenException"),
    }
)
_TOO_LATE: Final = frozenset({"ModelTimeoutException"})
_BUSY: Final = frozenset({"ThrottlingException", "TooManyRequestsException"})


def aws_key(name: str, secret: str | None) -> AwsKey:
    """From `<access key id>:<secret access key>[:<session token>]`. Raises ProviderRefused; `name`: the registry's."""
    parts = (secret or "").split(":", 2)
    if len(parts) < 2 or not all(parts):
        raise ProviderRefused(
            f"The provider {name} needs a whole AWS key.",
            provider=name,
            field="secret",
            fix="Send access key id and secret access key with a colon between them.",
        )
    return AwsKey(parts[0], parts[1], parts[2] if len(parts) == 3 else None)


def aws_credentials(
    name: str, secret: str | None, service: AwsService, clock: Clock
) -> tuple[Mapping[str, str], Signing | None]:
    """Headers of every request, or what signs each. A secret without a colon is an API key, which Bedrock gives.

    Raises:
        ProviderRefused: It is neither.
    """
    if secret and ":" not in secret:
        return {"Authorization": f"Bearer {secret}"}, None
    key = aws_key(name, secret)

    def sign(method: str, host: str, target: str, body: bytes) -> Mapping[str, str]:
        return signed_headers(key, service, AwsRequest(method, host, target, body), clock.now())

    return {}, sign


def as_aws_says(failed: FailedAnswer) -> Refusal:
    """The kind of an error is a header, with a namespace behind a colon; statuses alone do not tell enough."""
    kind = failed.headers.get("x-amzn-errortype", "").partition(":")[0]
    status = failed.status
    if kind in _WRONG_KEY:
        status = 401
    elif kind in _TOO_LATE:
        status = 408
    elif kind in _BUSY:
        status = 429
    return Refusal(status, failed.headers, failed.detail)
