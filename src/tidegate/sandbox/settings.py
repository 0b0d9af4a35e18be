"""How any destination is pointed at the sandbox: a rule over its connector's settings, not one for each connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args
from uuid import NAMESPACE_DNS, uuid5

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tidegate.connector import Connector
from tidegate.errors import Problem, SpecError
from tidegate.sandbox.credentials import SECRET, account, number, service_account, signing_key
from tidegate.sandbox.endpoints import Endpoints
from tidegate.spec.objects import DestinationSpec

_UNRESOLVED = re.compile(r"\$\{[^}]*\}|^secret:")
_PLACES = ("base_url", "url", "host", "folder")
#: Settings whose value has a shape of its own; for those that are left to the environment in the file.
_SHAPED: Mapping[str, Callable[[str], str]] = {
    "account_sid": lambda name: account("AC", name),
    "messaging_service_sid": lambda name: account("MG", name),
    "ad_account": lambda name: f"act_{number(name)}",
    "app_id": lambda name: str(uuid5(NAMESPACE_DNS, name)),
    "phone_number_id": number,
    "subject": lambda name: "mailto:shop@example.com",
    "url": lambda name: "https://example.com",
    "base_url": lambda name: "https://example.com",
}
#: Secrets that are keys, and must be some.
_KEYS: Mapping[str, Callable[[], str]] = {"service_account": service_account, "vapid_private_key": signing_key}
_SENDERS = {"email": "Tidegate sandbox <shop@example.com>", "sms": "+12025550100", "whatsapp": "whatsapp:+12025550100"}


def settings_for(spec: DestinationSpec, connector: type[Connector], endpoints: Endpoints) -> dict[str, Any]:
    """The settings of a destination, leading to the sandbox; keys as in the file.

    Addresses and secrets are replaced, values that the environment would give are made up, the rest stays.
    Raises SpecError for a connector without a setting that says where it calls or writes: it would call the
    real platform.
    """
    fields = {field.alias or name: field for name, field in connector.Settings.model_fields.items()}
    settings = {key: _sample(spec, connector, key, fields.get(key), value) for key, value in spec.settings.items()}
    for key, field in fields.items():
        if key not in settings and _secret(field) and field.is_required():
            settings[key] = _KEYS.get(key, lambda: SECRET)()
    settings = {key: value for key, value in settings.items() if value is not None}

    places = {
        "base_url": f"{endpoints.http_url}/{spec.connector}",
        "token_url": f"{endpoints.http_url}/{spec.connector}/oauth/token",
        "url": f"{endpoints.http_url}/{spec.connector}/{spec.name}",
        "host": endpoints.smtp[0],
        "folder": str(endpoints.files / spec.name),
    }
    if not any(place in fields for place in _PLACES):
        words = f"the connector {spec.connector} has none of the settings {', '.join(_PLACES)}, so it cannot be led"
        raise SpecError(Problem("tidegate.yml", spec.line, spec.name, f"{words} to the sandbox"))
    settings.update({key: place for key, place in places.items() if key in fields})
    if "host" in fields:
        settings.update({"port": endpoints.smtp[1], "tls": "none"} if "tls" in fields else {"port": endpoints.smtp[1]})
    return settings


def _sample(spec: DestinationSpec, connector: type[Connector], key: str, field: FieldInfo | None, value: Any) -> Any:
    """A value as the sandbox wants it; None where the setting is better left out."""
    if field is not None and _secret(field):
        return _KEYS.get(key, lambda: SECRET)()
    if not isinstance(value, str) or not _UNRESOLVED.search(value):
        return value
    if field is not None and not field.is_required() and key != "from":
        return None
    if key == "from":
        return _SENDERS.get(connector.channel_of(spec.settings), "sandbox")
    return _SHAPED[key](spec.name) if key in _SHAPED else "sandbox"


def _secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)
