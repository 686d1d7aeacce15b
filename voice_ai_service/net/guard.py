"""URLs that tenants type in: refused where they lead inside (server-side request forgery).

Two checks, because a name may answer differently the second time (DNS rebinding): `check_url` when the URL is
saved, so that the admin hears of a mistake at once, and `net.transport` at every connection, which is the one
that protects.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import httpx

from voice_ai_service.errors import InvalidInput
from voice_ai_service.net.addresses import Address, Network, is_allowed, is_public

MAX_URL_LENGTH: Final = 2000
_LOWEST_FREE_PORT: Final = 1024
_WEB_PORTS: Final = frozenset({80, 443})
# Ports above 1023 where another protocol could be talked into doing something by an HTTP request: the Fetch
# standard's "bad ports", plus databases and FreeSWITCH's own.
_BAD_PORTS: Final = frozenset(
    {1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5080, 5081, 5432, 6000, 6379, 6566}
    | {6665, 6666, 6667, 6668, 6669, 6679, 6697, 8021, 10080, 11211}
)
_CREDENTIALS: Final = re.compile(r"[^/?#]*//[^/?#]*@")
# Threads of their own: a tenant's dead name server holds a thread for half a minute, and the loop's default
# threads write the callers' audio.
_RESOLVER: Final = ThreadPoolExecutor(32, thread_name_prefix="resolve")
_ALLOW_FIX: Final = "name its network in VOICE_AI_ALLOWED_PRIVATE_NETWORKS if it is yours"


class AddressRefused(InvalidInput):
    """The URL leads, or could lead, to a place that tenants must not reach through us."""

    code = "address_refused"


@dataclass(frozen=True, slots=True)
class CheckedUrl:
    """What `check_url` found. `host`: ASCII, no brackets, no trailing dot; `address` if it is literal."""

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None


def check_url(url: str, allowed_networks: Collection[Network] = (), *, field: str = "url") -> CheckedUrl:
    """Check all that can be seen without asking the DNS.

    Args:
        url: As typed.
        allowed_networks: Networks that may be reached although private. Plain `http` only goes there.
        field: The input's name, for the error.

    Raises:
        AddressRefused: Not http or https, credentials in it, a host in disguise, a port of another protocol,
            a literal address that is not public, or `http` to a public one.
    """
    parsed = _parse(url, field)
    if parsed.scheme not in ("http", "https"):
        raise AddressRefused("only http and https addresses can be called", field=field)
    if parsed.userinfo or _CREDENTIALS.match(url):
        raise AddressRefused("an address must not hold a user name or password", field=field)
    host = parsed.raw_host.decode("ascii").rstrip(".")
    address = _literal(host, field)
    port = parsed.port if parsed.port is not None else (443 if parsed.scheme == "https" else 80)
    check_port(port, field=field)
    checked = CheckedUrl(str(parsed), parsed.scheme, host, port, address)
    if address is not None:
        check_address(address, allowed_networks, plain=parsed.scheme == "http", field=field)
    elif not allowed_networks:
        _check_name(checked, field)
    return checked


def check_port(port: int, *, field: str = "url") -> None:
    """Raises AddressRefused for ports where something other than a web server listens."""
    web = port in _WEB_PORTS or _LOWEST_FREE_PORT <= port <= 65535
    if not web or port in _BAD_PORTS:
        raise AddressRefused(f"port {port} cannot be called", field=field, fix="use 443 or a port above 1023")


def check_address(
    address: Address, allowed_networks: Collection[Network], *, plain: bool, field: str | None = "url"
) -> None:
    """Raises AddressRefused unless the address is public, or in one of the allowed networks.

    Args:
        plain: Without TLS. Callers' words go through it, so only to networks that the operator named.
    """
    if is_allowed(address, allowed_networks):
        return
    if not is_public(address):
        raise AddressRefused("the address leads to a private network", field=field, fix=_ALLOW_FIX)
    if plain:
        raise AddressRefused("http to a public address is not encrypted", field=field, fix="use https")


async def resolve_public(
    host: str,
    port: int,
    allowed_networks: Collection[Network] = (),
    *,
    plain: bool = False,
    field: str | None = "url",
) -> tuple[Address, ...]:
    """Ask the DNS once, in a thread, and check every answer: a private one among public ones refuses all.

    Raises:
        AddressRefused: See `check_address`.
        OSError: The name could not be resolved.
    """
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_RESOLVER, socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))
    for address in addresses:
        check_address(address, allowed_networks, plain=plain, field=field)
    return addresses


def _parse(url: str, field: str) -> httpx.URL:
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused(f"an address has at most {MAX_URL_LENGTH} characters", field=field)
    # A backslash is a slash to browsers and a user name to others; nobody needs one here.
    if any(char.isspace() or char == "\\" or ord(char) < 0x20 for char in url):
        raise AddressRefused("an address has no spaces, backslashes or control characters", field=field)
    try:
        parsed = httpx.URL(url)
        parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused(
            "this is not an address that can be called", field=field, detail=str(error)
        ) from error
    return parsed


def _literal(host: str, field: str) -> Address | None:
    """The address that a host literally is; None for a name. Refuses numbers in disguise."""
    if not host or "%" in host:
        raise AddressRefused("the address names no host", field=field)
    try:
        return ip_address(host)
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    # WHATWG URL, "ends in a number": 127.1, 0x7f.1, 2130706433 and 0177.0.0.1 are 127.0.0.1 to a resolver.
    if last.isdigit() or last.lower().startswith("0x") or ":" in host or "[" in host:
        raise AddressRefused("write a numeric address in its usual form", field=field)
    return None


def _check_name(checked: CheckedUrl, field: str) -> None:
    """Early words on what the connection would refuse anyway, while nothing private is allowed at all."""
    labels = checked.host.lower().split(".")
    if len(labels) == 1 or labels[-1] in {"localhost", "local", "internal", "localdomain"}:
        raise AddressRefused("the address leads to a private network", field=field, fix=_ALLOW_FIX)
    if checked.scheme == "http":
        raise AddressRefused("http to a public address is not encrypted", field=field, fix="use https")
