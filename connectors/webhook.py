"""Signed HTTP calls to a service of one's own, as Standard Webhooks 1.0 describes them."""

from __future__ import annotations

from pydantic import Field, SecretStr

from tidegate.connector import Connector, ConnectorSettings, Identifier


class Settings(ConnectorSettings):
    url: str = Field(pattern=r"^https?://")
    secret: SecretStr
    """`whsec_` and the key in base64; 24 to 64 bytes."""


PLAIN = (
    "external_id",
    "first_name",
    "last_name",
    "city",
    "state",
    "postcode",
    "country",
    "date_of_birth",
    "gender",
    "mobile_advertiser_id",
)
IDENTIFIERS = {
    "email": Identifier("email"),
    "phone": Identifier("phone"),
    **{name: Identifier("plain") for name in PLAIN},
}


class Webhook(Connector):
    channel = "webhook"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    idempotent_send = True
    Settings = Settings
