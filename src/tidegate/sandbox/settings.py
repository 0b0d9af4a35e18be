"""How any destination is pointed at the sandbox: a rule over its connector's settings, not one for each connector.

- `base_url`, and every other `..._url` or `..._host` that is required or whose default is an address, leads to
  `/CONNECTOR` of the sandbox; one that ends in `token_url` to its token endpoint; `url` to `/CONNECTOR/DESTINATION`.
- A mail server's `host` and `port` are the sandbox's; a `folder` is one of its own.
- Secrets are the sandbox's one secret, or a key where the setting is one.
- What the environment would give is made up; an optional setting is left out where it can be. The rest stays.

A setting may say for itself what it is in the sandbox, in words that may hold `{base}` (http://HOST/CONNECTOR),
`{name}` (the destination's) and `{secret}`:

    shop: str = Field(json_schema_extra={"sandbox": "{name}.myshopify.com"})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from tidegate.connector import Connector
from tidegate.errors import Problem, SpecError
from tidegate.sandbox import samples
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.endpoints import Endpoints
from tidegate.spec.objects import DestinationSpec

_SENDERS = {"email": "Tidegate sandbox <shop@example.com>", "sms": "+12025550100", "whatsapp": "whatsapp:+12025550100"}


def settings_for(spec: DestinationSpec, connector: type[Connector], endpoints: Endpoints) -> dict[str, Any]:
    """The settings of a destination, leading to the sandbox; keys as in the file.

    Raises SpecError for a connector without a setting that says where it calls or writes (it would call the real
    platform), and for settings that no made-up value fits.
    """
    fields = {field.alias or name: field for name, field in connector.Settings.model_fields.items()}
    places = dict(_places(spec, connector, fields, endpoints))
    if not any(key in ("folder", "host") or str(place).startswith(endpoints.http_url) for key, place in places.items()):
        words = "has no setting that says where it calls or writes (base_url, url, host, folder), so it cannot be led"
        raise _problem(spec, f"the connector {spec.connector} {words} to the sandbox")
    fault: ValidationError | None = None
    for leave_out in (True, False):
        settings = {**_given(spec, connector, fields, leave_out=leave_out), **places}
        try:
            connector.Settings.model_validate(settings)
        except ValidationError as wrong:
            fault = fault or wrong
        else:
            return settings
    assert fault is not None
    found = fault.errors(include_url=False, include_context=False, include_input=False)
    words = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}".removeprefix(": ") for error in found)
    raise _problem(spec, f"the sandbox finds no settings that the connector {spec.connector} takes: {words}")


def _places(
    spec: DestinationSpec, connector: type[Connector], fields: Mapping[str, FieldInfo], endpoints: Endpoints
) -> Iterator[tuple[str, Any]]:
    """The settings that say where the connector calls or writes."""
    base = f"{endpoints.http_url}/{spec.connector}"
    for key, field in fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, Mapping) and "sandbox" in extra:
            own = extra["sandbox"]
            yield key, own.format(base=base, name=spec.name, secret=SECRET) if isinstance(own, str) else own
        elif key == "url":
            yield key, f"{base}/{spec.name}"
        elif key.endswith("token_url"):
            yield key, f"{base}/oauth/token"
        elif key == "base_url" or (key.endswith(("_url", "_host")) and _calls(field)):
            yield key, base
        elif key == "folder":
            yield key, str(endpoints.files / spec.name)
        elif key == "host" and connector.channel_of(spec.settings) == "email":
            yield key, endpoints.smtp[0]
            yield from (("port", endpoints.smtp[1]), *([("tls", "none")] if "tls" in fields else []))


def _calls(field: FieldInfo) -> bool:
    """Whether an address in the settings is one that the connector calls, not one that it hands on."""
    return field.is_required() or str(field.default).startswith(("http://", "https://"))


def _given(
    spec: DestinationSpec, connector: type[Connector], fields: Mapping[str, FieldInfo], *, leave_out: bool
) -> dict[str, Any]:
    """What the file says, secrets and what is left to the environment made up."""
    required = {key: None for key, field in fields.items() if samples.is_secret(field) and field.is_required()}
    settings: dict[str, Any] = {}
    for key, value in {**required, **spec.settings}.items():
        field = fields.get(key)
        if field is not None and samples.is_secret(field):
            settings[key] = samples.secret(key)
        elif not samples.unresolved(value):
            settings[key] = samples.filled(value)
        elif key == "from":
            settings[key] = _SENDERS.get(connector.channel_of(spec.settings), "sandbox")
        elif field is None or field.is_required() or not leave_out:
            settings[key] = samples.sample(key, field, spec.name)
    return {key: value for key, value in settings.items() if value is not None}


def _problem(spec: DestinationSpec, words: str) -> SpecError:
    return SpecError(Problem("tidegate.yml", spec.line, spec.name, words))
