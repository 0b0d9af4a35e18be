"""Which addresses may be called that came with the data."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tidegate.connecting.public_hosts import NotPublic, PublicOnly, is_public, session


class Names(AbstractResolver):
    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0) for one in self.addresses
        ]

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "[::1]",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
def test_machines_of_ones_own_network_are_not_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "a.example"])
def test_others_are(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ()])
async def test_a_name_that_stands_for_one_private_machine_is_refused(addresses: tuple[str, ...]) -> None:
    resolver = PublicOnly(Names(*addresses))

    with pytest.raises(NotPublic):
        await resolver.resolve("push.example.net")

    assert resolver.refused == {"push.example.net"}


async def test_a_public_name_is_resolved() -> None:
    resolver = PublicOnly(Names("8.8.8.8"))

    [found] = await resolver.resolve("push.example.net", 443)

    assert (found["host"], resolver.refused) == ("8.8.8.8", set())


async def test_a_session_asks_the_resolver_before_it_connects() -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as outer:
        resolver = PublicOnly(Names("127.0.0.1"))
        async with session(outer, resolver) as guarded:
            made: Any = guarded.timeout
            with pytest.raises(aiohttp.ClientConnectorError):
                await guarded.get("http://metadata.example:9/")
    assert made.total == 3
    assert resolver.refused == {"metadata.example"}
