"""Which addresses a tenant's URL may lead to. Pure.

Python's own `is_global` follows the registries of the interpreter's release date and calls NAT64, 6to4 and
multicast addresses global, so the ranges stand here: IANA's special-purpose registries (RFC 6890), everything
outside global unicast in IPv6 (RFC 4291), and public addresses that clouds answer on inside a machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent, on a public address
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF assignments, Teredo among them: it hides an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4: hides an IPv4 address
        "3fff::/20",
    )
)
_V4_INSIDE_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64, RFC 6052: an IPv6-only network sees every public IPv4 host there
    )
)


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Whether the operator named a network that holds the address."""
    real = _unwrapped(address)
    return any(real in network for network in networks if network.version == real.version)


def is_public(address: Address) -> bool:
    """Whether anyone on the Internet could reach the address: what a tenant may ask us to call."""
    real = _unwrapped(address)
    if isinstance(real, IPv4Address):
        return not any(real in network for network in _REFUSED_V4)
    if real.scope_id is not None or real not in _GLOBAL_UNICAST_V6:
        return False
    return not any(real in network for network in _REFUSED_V6)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address) and address.scope_id is None:
        for network in _V4_INSIDE_V6:
            if address in network:
                return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
