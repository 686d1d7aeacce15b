"""What the SDKs of OpenAI and Anthropic raise, as errors of ours: the one place where a vendor's failure is judged.

Both SDKs are made by the same generator and have the same exceptions. The vendor's text goes to `detail` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any, Final

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
from voice_ai_service.providers.sdk_http import library_of

_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_FIELDS: Final = frozenset({"model", "voice", "dimensions", "language"})
_BUSY_STATUS: Final = frozenset({429, 529})
_MAX_DETAIL: Final = 500


class SdkErrors:
    """Maps one SDK's exceptions for one provider. `name` is its registry name."""

    def __init__(self, sdk: ModuleType, name: str, clock: Clock) -> None:
        self._sdk = sdk
        self._library = library_of(sdk)
        self._name = name
        self._clock = clock

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Nothing of the SDK, of its HTTP library or of its JSON leaves this block."""
        try:
            yield
        except self._sdk.APIError as error:
            raise self._of_api(error) from error
        except self._library.TimeoutException as error:
            raise self._timeout(error) from error
        except (self._library.TransportError, self._library.StreamError) as error:
            raise self._gone(error) from error
        except (json.JSONDecodeError, UnicodeDecodeError, self._library.DecodingError) as error:
            raise self.protocol("It sent something that is not its format.", error) from error
        except InvalidInput as error:
            raise self._address(error) from error

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

    def _of_api(self, error: Any) -> ProviderError:
        status = getattr(error, "status_code", None)
        if isinstance(error, self._sdk.APITimeoutError):
            return self._timeout(error)
        if isinstance(error, self._sdk.APIConnectionError):
            refused = next((cause for cause in _causes(error) if isinstance(cause, InvalidInput)), None)
            return self._address(refused) if refused else self._gone(error)
        if isinstance(error, self._sdk.APIResponseValidationError):
            return self.protocol("The answer has the wrong shape.", error)
        if status is None or status < 300:
            return self._in_stream(error)
        return self._of_status(error, status)

    def _of_status(self, error: Any, status: int) -> ProviderError:
        detail = _clipped(error)
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
        if status in _BUSY_STATUS or (status == 503 and "retry-after" in error.response.headers):
            return self._busy(error, detail)
        if status in (408, 504):
            return self._timeout(error)
        if status >= 500:
            return self._gone(error)
        if status < 400:
            return self.protocol("It answered with a redirect.", error)
        field = getattr(error, "param", None)
        return self._refused(
            "refuses the request", detail, field=f"settings.{field}" if field in _FIELDS else None
        )

    def _busy(self, error: Any, detail: str) -> ProviderError:
        if getattr(error, "code", None) in _NO_CREDIT:
            return self._refused(
                "has no credit left", detail, field="secret", fix="Top up the provider's account."
            )
        return ProviderBusy(
            f"The provider {self._name} is busy.",
            provider=self._name,
            detail=detail,
            retry_after_s=retry_after_s(error.response.headers, self._clock.now()),
        )

    def _in_stream(self, error: Any) -> ProviderError:
        """An error event in a stream that had begun well: there is no status, only the vendor's type."""
        kind = str(_error_type(error))
        if "rate_limit" in kind or "overloaded" in kind:
            return ProviderBusy(
                f"The provider {self._name} is busy.", provider=self._name, detail=_clipped(error)
            )
        if "invalid_request" in kind or "authentication" in kind or "permission" in kind:
            return self._refused("refuses the request", _clipped(error))
        return self._gone(error)

    def _refused(
        self, does: str, detail: str, *, field: str | None = None, fix: str | None = None
    ) -> ProviderRefused:
        return ProviderRefused(
            f"The provider {self._name} {does}.", provider=self._name, detail=detail, field=field, fix=fix
        )

    def _address(self, error: InvalidInput) -> ProviderRefused:
        return ProviderRefused(
            f"The provider {self._name} has an address that must not be reached.",
            provider=self._name,
            field="settings.base_url",
            fix=error.fix,
            detail=error.message,
        )

    def _timeout(self, error: object) -> ProviderTimeout:
        return ProviderTimeout(
            f"The provider {self._name} took too long.", provider=self._name, detail=_clipped(error)
        )

    def _gone(self, error: object) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"The provider {self._name} cannot be reached or failed.",
            provider=self._name,
            detail=_clipped(error),
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


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _error_type(error: Any) -> object:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            return inner.get("type") or inner.get("code") or ""
    return getattr(error, "type", None) or ""


def _clipped(error: object) -> str:
    return str(error)[:_MAX_DETAIL]
