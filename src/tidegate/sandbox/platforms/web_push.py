"""A browser's push service (RFC 8030, 8291, 8292). It opens what was sealed for subscriptions that it gave away itself.

A real push service cannot read what it passes on; this one can where `subscription` made the keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from tidegate.connector import Target
from tidegate.sandbox.emulation import SECRET, Answer, Call, Declined, Emulation, Route, Shelf

_VAPID = re.compile(r"vapid\s+t=([\w.-]+)\s*,\s*k=([\w-]+)")
_LARGEST = 4096


class WebPush(Emulation):
    connector = "web_push"

    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/push/{subscription}", "push", self.push)]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        return Answer(429, "Too Many Requests", {**super().throttled(after).headers, "Content-Type": "text/plain"})

    def failed(self, status: int) -> Answer:
        return Answer(status, {"code": status, "errno": 999, "error": "Server error"})

    def unauthorized(self) -> Answer:
        return Answer(401, {"code": 401, "errno": 110, "error": "Unauthorized", "message": "missing VAPID"})

    def push(self, call: Call) -> Answer:
        endpoint, headers = call.parts["subscription"], call.headers
        _check_vapid(headers.get("authorization", ""), endpoint)
        if not headers.get("ttl", "").isdigit():
            raise _bad(400, 111, "Missing TTL header")
        if headers.get("content-encoding") != "aes128gcm" or len(call.asked.body) < 86 + 17:
            raise _bad(400, 110, "Invalid aes128gcm body")
        if len(call.asked.body) > _LARGEST:
            raise _bad(413, 104, f"This message is intended for a body of at most {_LARGEST} bytes")
        taken = call.take([[endpoint]])
        if taken.refused:
            return Answer(410, {"code": 410, "errno": 106, "error": "Gone", "message": taken.refused[0]})
        identity = secrets.token_urlsafe(16)
        if taken.good:
            title, text, details = _opened(call.asked.body, endpoint)
            sender = urlsplit(endpoint).hostname or ""
            call.shelf.keep("web_push", endpoint, sender=sender, subject=title, text=text, details=details, id=identity)
        place = {"Location": f"{_origin(endpoint)}/message/{identity}", "TTL": headers["ttl"]}
        return Answer(201, b"", place, took=len(taken.good))


def subscription(name: str) -> str:
    """What a browser would have given for a person: JSON, with keys that this push service can open."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    endpoint = f"https://push.example.net/push/{name}"
    key, auth = _keys(endpoint)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _encoded(public), "auth": _encoded(auth)}
    return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})


def _keys(endpoint: str) -> tuple[Any, bytes]:
    from cryptography.hazmat.primitives.asymmetric import ec

    seed = hashlib.sha512(f"{SECRET} {endpoint}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(seed[:31]), ec.SECP256R1()), seed[-16:]


def _opened(body: bytes, endpoint: str) -> tuple[str, str, dict[str, Any]]:
    """Title, text and what else there is, as far as it can be read here."""
    import http_ece

    key, auth = _keys(endpoint)
    try:
        found = json.loads(http_ece.decrypt(body, private_key=key, auth_secret=auth, version="aes128gcm"))
        notification = found["notification"]
    except Exception:
        # Sealed for somebody else, as in a real push service.
        return "", f"(sealed: {len(body)} bytes that only the browser can open)", {}
    names = {"navigate": "url", "image": "image", "data": "data"}
    more = {called: notification[name] for name, called in names.items() if name in notification}
    return str(notification["title"]), str(notification["body"]), more


def _check_vapid(authorization: str, endpoint: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    found = _VAPID.fullmatch(authorization)
    if not found:
        raise _bad(401, 109, "Request did not validate: missing VAPID")
    try:
        signed, _, signature = found[1].rpartition(".")
        raw = _decoded(signature)
        numbers = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(found[2]))
        key.verify(numbers, signed.encode(), ec.ECDSA(SHA256()))
        claims = json.loads(_decoded(signed.partition(".")[2]))
    except (ValueError, binascii.Error, InvalidSignature):
        raise _bad(403, 110, "Invalid VAPID signature") from None
    if claims.get("aud") != _origin(endpoint):
        raise _bad(403, 110, "VAPID aud is not this push service")
    if not time.time() < claims.get("exp", 0) <= time.time() + 86_400 + 60:
        raise _bad(403, 110, "VAPID exp is past, or more than 24 hours ahead")
    if not str(claims.get("sub", "")).startswith(("mailto:", "https:")):
        raise _bad(403, 110, "VAPID sub is no contact")


def _origin(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _bad(status: int, errno: int, words: str) -> Declined:
    return Declined(Answer(status, {"code": status, "errno": errno, "error": "Error", "message": words}))
