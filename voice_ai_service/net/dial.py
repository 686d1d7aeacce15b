"""Who opens `net.http1`'s connections: to a tenant's address after checking it, or to a vendor's own."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from voice_ai_service.net.addresses import Network
from voice_ai_service.net.guard import check_port, resolve_public
from voice_ai_service.net.http1 import Origin

_MAX_HEAD_BYTES: Final = 16 * 1024


class GuardedDialer:
    """For addresses that tenants typed in: resolves, checks every address, and connects to none but a checked one.

    Raises AddressRefused (from `dial`) instead of connecting to a place that tenants must not reach. No proxy: it
    would resolve names itself, behind the check.
    """

    def __init__(self, allowed_networks: Collection[Network], ssl_context: ssl.SSLContext) -> None:
        self._networks = allowed_networks
        self._ssl = ssl_context

    async def dial(self, origin: Origin, connection: asyncio.Protocol) -> None:
        check_port(origin.port)
        plain = origin.scheme == "http"
        try:
            addresses = await resolve_public(origin.host, origin.port, self._networks, plain=plain)
        except UnicodeError as error:
            raise OSError("the name could not be resolved") from error
        failure = OSError("the name has no address")
        for address in addresses:
            try:
                await _connect(connection, str(address), origin, self._ssl)
            except OSError as error:
                failure = error
            else:
                return
        raise failure


class VendorDialer:
    """For a vendor's own address, by way of the environment's proxy for https where there is one."""

    def __init__(self, ssl_context: ssl.SSLContext) -> None:
        self._ssl = ssl_context

    async def dial(self, origin: Origin, connection: asyncio.Protocol) -> None:
        proxy = proxy_for(origin)
        if proxy is None:
            await _connect(connection, origin.host, origin, self._ssl)
            return
        tunnel = await _tunnel(proxy, origin)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: connection, sock=tunnel, ssl=self._ssl, server_hostname=origin.host
            )
        except BaseException:
            tunnel.close()
            raise


def proxy_for(origin: Origin) -> SplitResult | None:
    """The environment's proxy for an https origin: `HTTPS_PROXY`, `ALL_PROXY`, less `NO_PROXY`."""
    if origin.scheme != "https":
        return None
    proxies = getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or proxy_bypass(f"{origin.host}:{origin.port}"):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


async def _connect(connection: asyncio.Protocol, host: str, origin: Origin, context: ssl.SSLContext) -> None:
    encrypted = origin.scheme == "https"
    await asyncio.get_running_loop().create_connection(
        lambda: connection,
        host,
        origin.port,
        ssl=context if encrypted else None,
        server_hostname=origin.host if encrypted else None,
    )


async def _tunnel(proxy: SplitResult, origin: Origin) -> socket.socket:
    """A socket behind the proxy's CONNECT (RFC 9110 9.3.6). Raises OSError."""
    if proxy.scheme != "http" or not proxy.hostname:
        raise OSError("only http proxies can be used")
    loop = asyncio.get_running_loop()
    target = f"{origin.host}:{origin.port}"
    found = await loop.getaddrinfo(proxy.hostname, proxy.port or 80, type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    tunnel = socket.socket(family, kind, protocol)
    try:
        tunnel.setblocking(False)
        tunnel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(tunnel, address)
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{_authorization(proxy)}\r\n"
        await loop.sock_sendall(tunnel, head.encode("latin-1"))
        await _agreed(loop, tunnel)
    except BaseException:
        tunnel.close()
        raise
    return tunnel


async def _agreed(loop: asyncio.AbstractEventLoop, tunnel: socket.socket) -> None:
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await loop.sock_recv(tunnel, 4096)
        answer += data
        if not data or len(answer) > _MAX_HEAD_BYTES:
            raise OSError("the proxy gave no answer")
    status = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or status[1][:1] != b"2":
        raise OSError("the proxy refused")


def _authorization(proxy: SplitResult) -> str:
    if proxy.username is None:
        return ""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
