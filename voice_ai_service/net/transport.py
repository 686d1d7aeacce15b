"""An HTTP client for addresses that tenants typed in: it connects to a checked address, and to no other.

The check sits where the socket is opened, below connection pools, redirects and TLS: the host name stays what
it was for `Host`, SNI and the certificate.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import httpcore
import httpx

from voice_ai_service.net.addresses import Address, Network
from voice_ai_service.net.guard import check_port, resolve_public

_ERRORS: Final[dict[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to names after checking every address they have.

    Args:
        allowed_networks: May be reached although private.
        plain: These connections are not encrypted: only the allowed networks then.
    """

    def __init__(self, allowed_networks: Collection[Network], *, plain: bool) -> None:
        self._networks = allowed_networks
        self._plain = plain
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        check_port(port)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the name has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)

    async def _addresses(self, host: str, port: int, timeout: float | None) -> tuple[Address, ...]:
        try:
            async with asyncio.timeout(timeout):
                return await resolve_public(host, port, self._networks, plain=self._plain)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the name could not be resolved") from error


class GuardedTransport(httpx.AsyncBaseTransport):
    """Raises AddressRefused instead of connecting to a place that tenants must not reach."""

    def __init__(
        self,
        allowed_networks: Collection[Network] = (),
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 100,
        keepalive_s: float = 30.0,
    ) -> None:
        context = ssl_context or httpx.create_ssl_context()
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=max_connections,
                keepalive_expiry=keepalive_s,
                network_backend=CheckedNetwork(allowed_networks, plain=scheme == "http"),
            )
            for scheme in ("http", "https")
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pool = self._pools.get(request.url.scheme)
        if pool is None:
            raise httpx.UnsupportedProtocol("only http and https addresses can be called", request=request)
        wire = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _httpx_errors(request):
            answer = await pool.handle_async_request(wire)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, request), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


def guarded_client(
    allowed_networks: Collection[Network] = (), *, timeout_s: float, ssl_context: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    """A client that follows no redirect and uses no proxy of the environment. The caller closes it."""
    return httpx.AsyncClient(
        transport=GuardedTransport(allowed_networks, ssl_context=ssl_context),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,  # a proxy would resolve names itself, behind the check
    )


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors(self._request):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _httpx_errors(self._request):
            await self._answer.aclose()


@contextmanager
def _httpx_errors(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[type(error)](str(error), request=request) from error
