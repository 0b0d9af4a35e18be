"""Notifications to browsers: sealed for each, signed by the site, and never sent into one's own network."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tidegate import registry
from tidegate.connecting import public_hosts
from tidegate.connecting.exchange import Exchange, watching
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import signing_key
from tidegate.sandbox.platforms.web_push import WebPush as Platform
from tidegate.sandbox.platforms.web_push import subscription
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

WebPush = registry.load("web_push", ROOT)
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABlc2VjcmV0"


def settings(wire: HttpWire, **more: Any) -> dict[str, Any]:
    base = {"vapid_private_key": signing_key(), "subject": "mailto:shop@example.com", "base_url": wire.url}
    return {**base, **more}


class TestContract(NetworkContract):
    kind = WebPush
    secrets = (signing_key(),)
    emulation = Platform
    description = "web_push.json"
    status_is_enough = True
    known_by_address = False

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return settings(wire)

    def message(self, number: int) -> Message:
        return replace(super().message(number), to=subscription(f"browser-{number}"))


class Browser:
    """Somebody's subscription, with the private half of its keys."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen  bytes.."
        self.endpoint = endpoint

    def subscription(self, **more: Any) -> str:
        public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": encoded(public), "auth": encoded(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys, **more})

    def opens(self, body: bytes) -> Any:
        return json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"))


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def notice(to: str, **content: Any) -> Message:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    return Message(
        "audience:stock:p1:1:0:0", "p1", "web_push", to, at, {"title": "Back", "text": "The lamp", **content}
    )


async def send(chosen: Mapping[str, Any], *messages: Message) -> list[Outcome]:
    connector: Connector = WebPush(WebPush.Settings.model_validate(chosen))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)
        finally:
            await connector.close()


def answering(status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> HttpWire:
    return HttpWire(lambda asked: Answer(status, body, headers or {}))


async def test_only_the_browser_can_read_what_it_gets() -> None:
    browser = Browser()
    picture = "https://shop.example.com/lamp.png"
    message = notice(
        browser.subscription(), text="Żółć 🎉", url="https://shop.example.com/7", image=picture, data={"a": "1"}
    )
    async with answering(201) as wire:
        await send(settings(wire), message, notice(browser.subscription()))
    first, second = wire.asked
    assert browser.opens(first.body) == {
        "web_push": 8030,
        "notification": {
            "title": "Back",
            "body": "Żółć 🎉",
            "navigate": "https://shop.example.com/7",
            "image": picture,
            "data": {"a": "1"},
        },
    }
    assert browser.opens(second.body) == {"notification": {"title": "Back", "body": "The lamp"}}
    assert b"lamp" not in first.body
    with pytest.raises(http_ece.ECEException):
        Browser().opens(first.body)


async def test_each_message_is_sealed_with_a_key_of_its_own() -> None:
    to = Browser().subscription()
    async with answering(201) as wire:
        await send(settings(wire), notice(to), notice(to))
    first, second = wire.asked
    assert first.body[:86] != second.body[:86]


async def test_the_site_signs_for_the_push_service_and_for_hours_only() -> None:
    async with answering(201) as wire:
        await send(settings(wire, ttl=60, urgency="high"), notice(Browser().subscription()))
    [asked] = wire.asked
    scheme, _, rest = asked.headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    signed, _, signature = given["t"].rpartition(".")
    raw = decoded(signature)
    numbers = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(given["k"]))
    public.verify(numbers, signed.encode(), ec.ECDSA(SHA256()))
    claims = json.loads(decoded(signed.split(".")[1]))
    assert scheme == "vapid"
    assert (claims["aud"], claims["sub"]) == ("https://updates.push.services.mozilla.com", "mailto:shop@example.com")
    assert time.time() < claims["exp"] < time.time() + 24 * 3600
    assert (asked.headers["ttl"], asked.headers["urgency"]) == ("60", "high")
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert asked.path.endswith(quote(ENDPOINT, safe="")) or asked.path.endswith(quote(ENDPOINT, safe=":"))


async def test_the_signing_key_may_be_pem() -> None:
    raw = ec.derive_private_key(int.from_bytes(decoded(signing_key())), ec.SECP256R1())
    pem = raw.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(settings(wire, vapid_private_key=pem), notice(subscription("ada")))
    assert outcome.verdict == "accepted"


async def test_the_sandbox_opens_what_was_sealed_for_its_own_subscriptions() -> None:
    async with EmulatedWire(Platform) as wire:
        await send(settings(wire), notice(subscription("ada"), data={"order": "7"}), notice(Browser().subscription()))
        own, other = wire.shelf.messages()
    assert (own["subject"], own["text"], own["details"]) == ("Back", "The lamp", {"data": {"order": "7"}})
    assert own["to"] == "https://push.example.net/push/ada"
    assert other["text"].startswith("(sealed: ")


async def test_a_push_service_names_the_message() -> None:
    async with answering(201, headers={"location": "https://push.example.net/m/gAAA%3D"}) as wire:
        [outcome] = await send(settings(wire), notice(Browser().subscription()))
    assert outcome == Outcome.accepted("gAAA%3D")


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason"),
    [
        (404, "", "rejected", "unregistered"),
        (410, {"code": 410, "errno": 106}, "rejected", "unregistered"),
        (413, "", "rejected", "too_long"),
        (400, "UnauthorizedRegistration", "rejected", "other_key"),
        (403, "the VAPID credentials do not correspond to the credentials used to subscribe", "rejected", "other_key"),
        (400, {"reason": "VapidPkHashMismatch"}, "rejected", "other_key"),
        (400, "something else", "rejected", "http_400"),
        (500, "", "unknown", "http_500"),
        (503, "", "unknown", "unavailable"),
        (406, "", "retry", "busy"),
    ],
)
async def test_every_answer_means_one_thing(status: int, body: Any, verdict: str, reason: str) -> None:
    async with answering(status, body) as wire:
        [outcome] = await send(settings(wire), notice(Browser().subscription()))
    assert (outcome.verdict, outcome.reason) == (verdict, reason)


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        "[]",
        '"x"',
        "{}",
        json.dumps({"endpoint": ENDPOINT}),
        json.dumps({"endpoint": ENDPOINT, "keys": {"p256dh": "AAAA", "auth": "AAAA"}}),
        json.dumps({"endpoint": ENDPOINT, "keys": {"p256dh": encoded(b"\4" + b"x" * 64), "auth": encoded(b"x" * 16)}}),
        Browser("ftp://push.example.net/x").subscription(),
        Browser("https://user:pass@push.example.net/x").subscription(),
        Browser("https://[::1/x").subscription(),
        Browser("push.example.net/x").subscription(),
    ],
)
async def test_what_is_no_subscription_is_not_called(broken: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(settings(wire), notice(broken))
    assert (outcome.verdict, outcome.reason) == ("rejected", "bad_subscription")
    assert wire.asked == []


async def test_a_subscription_that_has_expired_is_not_called() -> None:
    expired = Browser().subscription(expirationTime=int(time.time() * 1000) - 1000)
    lasting = Browser().subscription(expirationTime=int(time.time() * 1000) + 60_000)
    async with answering(201) as wire:
        gone, there = await send(settings(wire), notice(expired), notice(lasting))
    assert (gone.verdict, gone.reason, there.verdict) == ("rejected", "unregistered", "accepted")


async def test_what_is_too_long_for_a_push_service_is_not_called_and_what_just_fits_is() -> None:
    room = 4096 - 86 - 16 - 1 - len(json.dumps({"notification": {"title": "Back", "body": ""}}, separators=(",", ":")))
    async with EmulatedWire(Platform) as wire:
        fits, too_long = await send(
            settings(wire),
            notice(subscription("ada"), text="x" * room),
            notice(subscription("ada"), text="x" * (room + 1)),
        )
    assert (fits.verdict, too_long.verdict, too_long.reason) == ("accepted", "rejected", "too_long")
    assert [len(asked.body) for asked in wire.asked] == [4096]


class Names:
    """A resolver that knows what the test says."""

    def __init__(self, **known: str) -> None:
        self.known = {name.replace("_", "."): address for name, address in known.items()}

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        address = self.known[host]
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://metadata.example/x",
    ],
)
async def test_nobody_can_have_us_call_a_machine_of_our_own_network(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(metadata_example="169.254.169.254")
    monkeypatch.setattr(public_hosts.aiohttp, "DefaultResolver", lambda: names)
    given = {"vapid_private_key": signing_key(), "subject": "mailto:shop@example.com"}

    [outcome] = await send(given, notice(Browser(endpoint).subscription()))

    assert (outcome.verdict, outcome.reason) == ("rejected", "not_public")


async def test_a_plain_http_endpoint_is_not_called() -> None:
    given = {"vapid_private_key": signing_key(), "subject": "mailto:shop@example.com"}
    [outcome] = await send(given, notice(Browser("http://push.example.net/x").subscription()))
    assert (outcome.verdict, outcome.reason) == ("rejected", "bad_subscription")


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [(401, "rejected", "forbidden"), (403, "rejected", "forbidden"), (429, "retry", "busy")],
)
def test_somebody_elses_host_cannot_close_the_destination(status: int, verdict: str, reason: str) -> None:
    judge = WebPush._send.__globals__["_judge"]
    reply = type("Reply", (), {"status": status, "detail": "no", "body": b"no"})()

    assert judge(reply, True) is None  # a known service: the general rules, which close and slow down
    outcome = Outcome.of(judge(reply, False))
    assert (outcome.verdict, outcome.reason, outcome.after) == (verdict, reason, None)


async def test_the_endpoint_does_not_show() -> None:
    async with HttpWire(lambda asked: Answer(400, f"you asked for {asked.path} and {ENDPOINT}")) as wire:
        [outcome] = await send(settings(wire), notice(Browser().subscription()))
    assert "gAAAAABlc2VjcmV0" not in outcome.detail


@pytest.mark.parametrize("key", ["", "AAAA", "no key at all"])
def test_what_is_no_key_is_told_when_the_file_is_read(key: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in base64url"):
        WebPush.Settings.model_validate({"vapid_private_key": key, "subject": "mailto:shop@example.com"})


async def test_a_pem_that_is_none_closes_the_destination() -> None:
    broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
    async with EmulatedWire(Platform) as wire:
        with pytest.raises(Closed) as raised:
            await send(settings(wire, vapid_private_key=broken), notice(subscription("ada")))
    assert "AAAA" not in str(raised.value)
    assert [asked.path for asked in wire.asked] == []


async def test_the_log_of_requests_does_not_tell_whose_browser_it_was() -> None:
    told: list[Exchange] = []
    watching.set(told.append)
    async with answering(201) as wire:
        await send(settings(wire), notice(Browser().subscription()))
    assert len(told) == 1
    assert "gAAAAABlc2VjcmV0" not in repr(told)
