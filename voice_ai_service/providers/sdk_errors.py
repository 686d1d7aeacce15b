"""What the SDKs of OpenAI and Anthropic raise, as errors of ours.

Both SDKs are made by the same generator and have the same exceptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.providers.sdk_http import library_of
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors, clipped
from voice_ai_service.providers.vendor_errors import retry_after_s as retry_after_s


class SdkErrors(VendorErrors):
    """Maps one SDK's exceptions for one provider. `name` is its registry name."""

    def __init__(self, sdk: ModuleType, name: str, clock: Clock) -> None:
        super().__init__(name, clock)
        self._sdk = sdk
        self._library = library_of(sdk)

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Nothing of the SDK, of its HTTP library or of its JSON leaves this block."""
        try:
            yield
        except self._sdk.APIError as error:
            raise self._of_api(error) from error
        except self._library.TimeoutException as error:
            raise self.timeout(error) from error
        except (self._library.TransportError, self._library.StreamError) as error:
            raise self.gone(error) from error
        except (json.JSONDecodeError, UnicodeDecodeError, self._library.DecodingError) as error:
            raise self.protocol("It sent something that is not its format.", error) from error
        except InvalidInput as error:
            raise self.address(error) from error

    def _of_api(self, error: Any) -> ProviderError:
        status = getattr(error, "status_code", None)
        if isinstance(error, self._sdk.APITimeoutError):
            return self.timeout(error)
        if isinstance(error, self._sdk.APIConnectionError):
            refused = next((cause for cause in _causes(error) if isinstance(cause, InvalidInput)), None)
            return self.address(refused) if refused else self.gone(error)
        if isinstance(error, self._sdk.APIResponseValidationError):
            return self.protocol("The answer has the wrong shape.", error)
        if status is None or status < 300:
            return self.in_stream(str(_error_type(error)), clipped(error))
        return self.of_answer(
            Refusal(
                status,
                error.response.headers,
                clipped(error),
                code=getattr(error, "code", None),
                param=getattr(error, "param", None),
            )
        )


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
