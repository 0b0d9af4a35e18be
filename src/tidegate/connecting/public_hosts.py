"""Keeps calls to addresses that came with the data away from machines of one's own network.

Where people bring the address that is called (a browser's push service), one of them may bring that of a database
or of the cloud's metadata service. What a name stands for is judged when it is resolved for the connection, so a
name that means one machine now and another one a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublic(OSError):
    """A host that is not to be called."""


class PublicOnly(AbstractResolver):
    """Resolves names that stand for public machines alone. `refused` are the other names that it was asked for."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver
        self.refused: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._resolver is None:
            self._resolver = aiohttp.DefaultResolver()
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(is_public(one["host"]) for one in found):
            self.refused.add(host)
            raise NotPublic(None, "the name does not stand for a public machine")
        return found

    async def close(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()


def session(like: aiohttp.ClientSession, resolver: PublicOnly, **more: Any) -> aiohttp.ClientSession:
    """A session with the time-outs of `like`. An address in figures is not resolved: ask `is_public` beforehand."""
    pool = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=True, **more)
    return aiohttp.ClientSession(connector=pool, timeout=like.timeout, cookie_jar=aiohttp.DummyCookieJar())


def is_public(host: str) -> bool:
    """Whether a host is a public address, or a name (which says nothing yet).

    >>> is_public("10.0.0.7"), is_public("::ffff:127.0.0.1"), is_public("push.example.net")
    (False, False, True)
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        # Other ways to write an IPv4 address (`0x7f.1`, `2130706433`) are names to us, and addresses to a resolver.
        return not host.rpartition(".")[2].isdigit() and not host.lower().startswith("0x")
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
    return address.is_global and not address.is_multicast
