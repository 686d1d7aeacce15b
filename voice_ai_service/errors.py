"""The error tree. Every error that may cross a folder's border is one of these.

VoiceAiError
├── InvalidInput         400  a field is wrong; says which and what would be right
├── Unauthenticated      401  no credential, or one we do not know
├── Forbidden            403  a credential that does not reach this domain or this verb
├── NotFound             404
├── Conflict             409  two statements that contradict each other, or a name that is taken
├── TooLarge             413
├── UnsupportedMedia     415
├── LimitReached         429  with the seconds to wait
├── Unavailable          503  a part of ours is not there (database, queue full)
└── ProviderError        502  see below; `retryable` is decided where the error is made
    ├── ProviderTimeout      504  retryable
    ├── ProviderUnavailable  502  retryable: connection refused, 5xx, cut stream
    ├── ProviderBusy         503  retryable elsewhere: 429, with the seconds to wait
    ├── ProviderRefused      502  not retryable: bad credential, bad model, bad voice
    └── ProviderProtocol     502  not retryable: it answered what its contract does not allow

Messages are for the person who made the request. They hold no secret, no provider's own text, no transcript
and no telephone number: those travel in `detail`, which is only ever logged at debug.
"""

from __future__ import annotations

from typing import ClassVar


class VoiceAiError(Exception):
    """Base of all errors of ours.

    Args:
        message: One sentence for the person who made the request.
        field: The input's name as the caller of the API spells it, dotted for nested ones.
        fix: What to do about it, one sentence.
        detail: For debug logs only; never shown.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, field: str | None = None, fix: str | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.fix = fix
        self.detail = detail


class InvalidInput(VoiceAiError):
    status, code = 400, "invalid_input"


class Unauthenticated(VoiceAiError):
    status, code = 401, "unauthenticated"


class Forbidden(VoiceAiError):
    status, code = 403, "forbidden"


class NotFound(VoiceAiError):
    status, code = 404, "not_found"


class Conflict(VoiceAiError):
    status, code = 409, "conflict"


class TooLarge(VoiceAiError):
    status, code = 413, "too_large"


class UnsupportedMedia(VoiceAiError):
    status, code = 415, "unsupported_media"


class LimitReached(VoiceAiError):
    """A rate, concurrency or budget limit. `retry_after_s` is None when waiting does not help."""

    status, code = 429, "limit_reached"

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        field: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, field=field, fix=fix)
        self.retry_after_s = retry_after_s


class Unavailable(VoiceAiError):
    status, code, retryable = 503, "unavailable", True


class ProviderError(VoiceAiError):
    """A speech, language or embedding provider failed. `provider` is its registry name, safe to show."""

    status, code = 502, "provider_error"

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        detail: str | None = None,
        retry_after_s: float | None = None,
        field: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, field=field, fix=fix, detail=detail)
        self.provider = provider
        self.retry_after_s = retry_after_s


class ProviderTimeout(ProviderError):
    status, code, retryable = 504, "provider_timeout", True


class ProviderUnavailable(ProviderError):
    status, code, retryable = 502, "provider_unavailable", True


class ProviderBusy(ProviderError):
    status, code, retryable = 503, "provider_busy", True


class ProviderRefused(ProviderError):
    status, code = 502, "provider_refused"


class ProviderProtocol(ProviderError):
    status, code = 502, "provider_protocol"
