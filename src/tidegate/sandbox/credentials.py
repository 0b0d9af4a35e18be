"""The one secret the sandbox knows. It guards nothing: it makes connectors sign in as they would elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache

#: Accepted as password, token and signing key alike; in the form that webhooks' keys have.
SECRET = "whsec_" + base64.b64encode(b"the sandbox keeps no secrets").decode()


def account(prefix: str, name: str) -> str:
    """An account's number as Twilio writes them: two letters and 32 hexadecimal digits, the same for a name."""
    return prefix + hashlib.sha256(f"sandbox {name}".encode()).hexdigest()[:32]


def number(name: str) -> str:
    """An account's number as Meta writes them: 15 digits."""
    return str(10**14 + int(hashlib.sha256(f"sandbox {name}".encode()).hexdigest(), 16) % (9 * 10**14))


@cache
def service_account() -> str:
    """A key file as Google hands them out. The key is made when it is first asked for, in each process anew."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    as_text = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": "sandbox",
        "private_key": key.private_bytes(*as_text).decode(),
        "client_email": "sandbox@sandbox.iam.gserviceaccount.com",
    }
    return json.dumps(made)


def signing_key() -> str:
    """A private key on P-256 as sites that push have one: 32 bytes in base64url (RFC 8292)."""
    return base64.urlsafe_b64encode(hashlib.sha256(SECRET.encode()).digest()).decode().rstrip("=")
