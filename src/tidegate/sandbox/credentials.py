"""The one secret the sandbox knows. It guards nothing: it makes connectors sign in as they would elsewhere."""

from __future__ import annotations

import base64
import hashlib

#: Accepted as password, token and signing key alike; in the form that webhooks' keys have.
SECRET = "whsec_" + base64.b64encode(b"the sandbox keeps no secrets").decode()


def account(prefix: str, name: str) -> str:
    """An account's number as Twilio writes them: two letters and 32 hexadecimal digits, the same for a name."""
    return prefix + hashlib.sha256(f"sandbox {name}".encode()).hexdigest()[:32]


def number(name: str) -> str:
    """An account's number as Meta writes them: 15 digits."""
    return str(10**14 + int(hashlib.sha256(f"sandbox {name}".encode()).hexdigest(), 16) % (9 * 10**14))
