"""What a receiver's answer means for an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

_TRY_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class Verdict(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    """Tried again for a day: 5xx, 408, 425, 429, no answer."""
    REFUSED = "refused"
    """Tried again a few times only: other 4xx, redirects, private addresses, unreadable secrets."""
    GONE = "gone"
    """410: the receiver says that nobody lives there. The event is dead and the webhook is switched off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Attributes:
        reason: For the list of deliveries; our words.
        status_code: None when there was no answer.
        retry_after_s: What the receiver asked for.
    """

    verdict: Verdict
    reason: str
    status_code: int | None = None
    retry_after_s: float | None = None


def judge(status_code: int, headers: Mapping[str, str], now: datetime) -> Answer:
    """Judge an HTTP answer by its status; bodies are never read for it."""
    if 200 <= status_code < 300:
        return Answer(Verdict.DELIVERED, "", status_code)
    retry_after_s = retry_after(headers.get("retry-after"), now)
    if status_code == HTTPStatus.GONE:
        return Answer(Verdict.GONE, "the receiver says that it is gone (410)", status_code)
    if 300 <= status_code < 400:
        reason = f"the receiver redirects ({status_code}), and redirects are not followed"
        return Answer(Verdict.REFUSED, reason, status_code)
    if 400 <= status_code < 500 and status_code not in _TRY_LATER:
        return Answer(Verdict.REFUSED, f"the receiver refused it ({status_code})", status_code, retry_after_s)
    return Answer(Verdict.FAILED, f"the receiver answered {status_code}", status_code, retry_after_s)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3); None if unreadable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
