"""The HTTP client that a vendor's SDK is given: its own library's kind, connecting only where tenants may."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Collection
from types import ModuleType
from typing import Any, Final

import httpx

from voice_ai_service.net.addresses import Network
from voice_ai_service.net.transport import GuardedTransport
from voice_ai_service.providers.entry import StageTimeouts

_KEEPALIVE_S: Final = 60.0
"""Longer than a caller usually thinks: the next turn finds the connection open."""
_MAX_CONNECTIONS: Final = 200
_WRITE_S: Final = 10.0
_SENT: Final = frozenset(
    {
        *("host", "authorization", "x-api-key", "accept", "accept-encoding", "user-agent", "connection"),
        *("content-type", "content-length", "transfer-encoding", "anthropic-version", "anthropic-beta"),
    }
)
"""Headers that go to an address a tenant typed in. SDKs add what the operator's environment says, such as an
organisation's name or headers of a company proxy: none of a tenant's business."""


def library_of(sdk: ModuleType) -> ModuleType:
    """The HTTP library that this version of an SDK is built on: httpx, or its successor."""
    for base in sdk.DefaultAsyncHttpxClient.__mro__:
        if base.__name__ == "AsyncClient":
            return sys.modules[base.__module__.partition(".")[0]]
    raise RuntimeError(f"{sdk.__name__} has no HTTP client that we know")


def http_client(
    sdk: ModuleType, base_url: str | None, timeouts: StageTimeouts, allowed: Collection[Network]
) -> Any:
    """The SDK's client closes it. Reads the machine's certificates and imports: call it in a thread."""
    importlib.import_module("anyio")  # else the pool imports it when the first caller waits for an answer
    if base_url is None:
        return _vendor_client(sdk, timeouts)
    return _guarded_client(sdk, timeouts, allowed)


def _vendor_client(sdk: ModuleType, timeouts: StageTimeouts) -> Any:
    """For the vendor's own address: the environment's proxies are used."""
    library = library_of(sdk)
    limits = library.Limits(max_connections=_MAX_CONNECTIONS, keepalive_expiry=_KEEPALIVE_S)
    return library.AsyncClient(limits=limits, timeout=wait_limits(library, timeouts), follow_redirects=False)


def _guarded_client(sdk: ModuleType, timeouts: StageTimeouts, allowed: Collection[Network]) -> Any:
    """For a `base_url`: no proxy, no redirect, and only to addresses that tenants may reach."""
    library = library_of(sdk)
    inner = GuardedTransport(allowed, max_connections=_MAX_CONNECTIONS, keepalive_s=_KEEPALIVE_S)
    return library.AsyncClient(
        transport=_transport(library, inner),
        timeout=wait_limits(library, timeouts),
        follow_redirects=False,
        trust_env=False,
    )


def wait_limits(library: ModuleType, timeouts: StageTimeouts, read_s: float | None = None) -> Any:
    """`read_s`: the longest silence of the server, where a request knows it."""
    return library.Timeout(
        connect=timeouts.connect_s,
        read=read_s if read_s is not None else timeouts.stall_s,
        write=_WRITE_S,
        pool=timeouts.connect_s,
    )


def _transport(library: ModuleType, inner: GuardedTransport) -> Any:
    """`inner` as a transport of another library, with that library's errors."""

    class Body(library.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, answer: httpx.Response, request: Any) -> None:
            self._answer = answer
            self._request = request
            # One for all readers: OpenAI's SDK reads a stream's rest with a second loop, to keep the connection.
            self._parts = aiter(answer.stream)  # type: ignore[arg-type]

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for part in self._parts:
                    yield part
            except httpx.TransportError as error:
                raise translated(error, self._request) from error

        async def aclose(self) -> None:
            try:
                await self._parts.aclose()  # type: ignore[attr-defined]
            finally:
                await self._answer.stream.aclose()  # type: ignore[union-attr]

    class Transport(library.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        async def handle_async_request(self, request: Any) -> Any:
            outgoing = httpx.Request(
                request.method,
                str(request.url),
                headers=[(name, value) for name, value in request.headers.raw if _may_go(name)],
                stream=request.stream,
                extensions=request.extensions,
            )
            try:
                answer = await inner.handle_async_request(outgoing)
            except httpx.TransportError as error:
                raise translated(error, request) from error
            return library.Response(
                answer.status_code,
                headers=answer.headers.raw,
                stream=Body(answer, request),
                extensions=answer.extensions,
            )

        async def aclose(self) -> None:
            await inner.aclose()

    def translated(error: httpx.TransportError, request: Any) -> Exception:
        kind: type[Exception] = getattr(library, type(error).__name__, library.TransportError)
        return kind(str(error), request=request)  # type: ignore[call-arg]

    return Transport()


def _may_go(name: bytes) -> bool:
    return name.decode("ascii").lower() in _SENT
