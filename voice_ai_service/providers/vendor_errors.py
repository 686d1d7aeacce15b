"""A vendor's failure as an error of ours: the one place where statuses and kinds of errors are judged.

The vendor's text goes to `detail` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from voice_ai_service.clock import Clock
from voice_ai_service.errors import (
    InvalidInput,
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)

MAX_DETAIL: Final = 500
_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_FILTERED: Final = frozenset({"content_filter", "content_policy_violation"})
_FIELDS: Final = frozenset({"model", "voice", "dimensions", "language"})
_BUSY_STATUS: Final = frozenset({429, 529})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer as the vendor gave it. `headers` in lower case; `code` and `param` where it names them."""

    status: int
    headers: Mapping[str, str]
    detail: str
    code: object = None
    param: object = None


class VendorErrors:
    """For one provider. `name` is its registry name."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock

    def protocol(self, what: str, error: object = None) -> ProviderProtocol:
        """It answered what its contract does not allow."""
        return ProviderProtocol(
            f"The provider {self._name} answered wrongly.",
            provider=self._name,
            detail=f"{what} {error or ''}".strip(),
        )

    def cut(self) -> ProviderUnavailable:
        """The answer ended before its end."""
        return ProviderUnavailable(f"The provider {self._name} broke off its answer.", provider=self._name)

    def timeout(self, error: object) -> ProviderTimeout:
        return ProviderTimeout(
            f"The provider {self._name} took too long.", provider=self._name, detail=clipped(error)
        )

    def gone(self, error: object) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"The provider {self._name} cannot be reached or failed.",
            provider=self._name,
            detail=clipped(error),
        )

    def address(self, error: InvalidInput) -> ProviderRefused:
        """The policy for addresses refused to connect."""
        return ProviderRefused(
            f"The provider {self._name} has an address that must not be reached.",
            provider=self._name,
            field="settings.base_url",
            fix=error.fix,
            detail=error.message,
        )

    def filtered(self, detail: str) -> ProviderRefused:
        """Its filter refuses what was said to it; another vendor's may not."""
        return self._refused("refuses to answer this", detail, field="content")

    def of_answer(self, refusal: Refusal) -> ProviderError:
        """An answer whose status is no success."""
        status, detail = refusal.status, refusal.detail
        if refusal.code in _FILTERED and 400 <= status < 500:
            return self.filtered(detail)
        if status == 402:
            return self._no_credit(detail)
        if status in (401, 403):
            return self._refused(
                "refuses the key", detail, field="secret", fix="Check the key, and what the account may use."
            )
        if status == 404:
            return self._refused(
                "does not know the model or the address",
                detail,
                field="settings.model",
                fix="Check model and address.",
            )
        if status in _BUSY_STATUS or (status == 503 and "retry-after" in refusal.headers):
            return self._busy(refusal)
        if status in (408, 504):
            return self.timeout(detail)
        if status >= 500:
            return self.gone(detail)
        if status < 400:
            return self.protocol("It answered with a redirect.", detail)
        field = f"settings.{refusal.param}" if refusal.param in _FIELDS else None
        return self._refused("refuses the request", detail, field=field)

    def in_stream(self, kind: str, detail: str) -> ProviderError:
        """An error event in a stream that had begun well. `kind`: the vendor's type, or a status in its place."""
        if len(kind) == 3 and kind.isdecimal() and kind.isascii() and kind >= "400":
            return self.of_answer(Refusal(int(kind), {}, detail))
        if "rate_limit" in kind or "overloaded" in kind:
            return ProviderBusy(f"The provider {self._name} is busy.", provider=self._name, detail=detail)
        if "invalid_request" in kind or "authentication" in kind or "permission" in kind:
            return self._refused("refuses the request", detail)
        return self.gone(detail)

    def _busy(self, refusal: Refusal) -> ProviderError:
        if refusal.code in _NO_CREDIT:
            return self._no_credit(refusal.detail)
        return ProviderBusy(
            f"The provider {self._name} is busy.",
            provider=self._name,
            detail=refusal.detail,
            retry_after_s=retry_after_s(refusal.headers, self._clock.now()),
        )

    def _no_credit(self, detail: str) -> ProviderRefused:
        return self._refused(
            "has no credit left", detail, field="secret", fix="Top up the provider's account."
        )

    def _refused(
        self, does: str, detail: str, *, field: str | None = None, fix: str | None = None
    ) -> ProviderRefused:
        return ProviderRefused(
            f"The provider {self._name} {does}.", provider=self._name, detail=detail, field=field, fix=fix
        )


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to stay away, from `Retry-After` (RFC 9110 section 10.2.3: seconds or a date) or its millisecond kin."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if value.replace(".", "", 1).isdecimal() and value.isascii():
            return float(value) * scale
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def clipped(error: object) -> str:
    return str(error)[:MAX_DETAIL]
