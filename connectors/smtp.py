"""E-mail over SMTP (RFC 5321), to any provider's relay."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from tidegate.connector import Connector, ConnectorSettings


class Settings(ConnectorSettings):
    host: str
    port: int | None = Field(None, ge=1, le=65535)
    """465 with `tls: tls`, 587 with `tls: starttls`, 25 without, unless given."""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, for a relay of one's own."""
    username: str | None = None
    password: SecretStr | None = None
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    message_id_key: SecretStr | None = None
    connections: int = Field(4, ge=1, le=100)
    timeout: float = Field(30.0, gt=0)


class Smtp(Connector):
    channel = "email"
    modes = frozenset({"send"})
    Settings = Settings
