"""Text messages through Twilio's Programmable Messaging API (2010-04-01)."""

from __future__ import annotations

from pydantic import Field, SecretStr

from tidegate.connector import Connector, ConnectorSettings


class Settings(ConnectorSettings):
    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: SecretStr
    sender: str | None = Field(None, alias="from")
    """A number in E.164, a short code or an alphanumeric sender; or give `messaging_service_sid`."""
    messaging_service_sid: str | None = Field(None, pattern=r"^MG[0-9a-fA-F]{32}$")
    status_callback: str | None = None
    base_url: str = "https://api.twilio.com"


class Twilio(Connector):
    channel = "sms"
    modes = frozenset({"send"})
    Settings = Settings
