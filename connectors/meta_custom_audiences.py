"""Customer lists in Meta's Marketing API: custom audiences kept equal to a segment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from tidegate.connector import Connector, ConnectorSettings, Identifier


class Settings(ConnectorSettings):
    ad_account: str = Field(pattern=r"^act_\d+$")
    access_token: SecretStr
    api_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$")
    customer_file_source: Literal["USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"] = (
        "USER_PROVIDED_ONLY"
    )
    base_url: str = "https://graph.facebook.com"


IDENTIFIERS = {
    "email": Identifier("email", "sha256"),
    "phone": Identifier("phone_digits", "sha256"),
    "first_name": Identifier("name", "sha256"),
    "last_name": Identifier("name", "sha256"),
    "city": Identifier("city", "sha256"),
    "state": Identifier("state", "sha256"),
    "postcode": Identifier("postcode", "sha256"),
    "country": Identifier("country", "sha256"),
    "date_of_birth": Identifier("date_of_birth", "sha256"),
    "gender": Identifier("gender", "sha256"),
    "mobile_advertiser_id": Identifier("mobile_advertiser_id"),
    "external_id": Identifier("plain"),
}


class MetaCustomAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    identifiers = IDENTIFIERS
    Settings = Settings
