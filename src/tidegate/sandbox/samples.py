"""Made-up values for settings that the environment would give: any that the setting takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_args
from uuid import NAMESPACE_DNS, uuid5

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tidegate.sandbox.credentials import SECRET, account, number, service_account, signing_key

_UNRESOLVED = re.compile(r"\$\{[^}]*\}|^\s*secret:")
#: Settings that mean more than their type says.
_SHAPED: Mapping[str, Callable[[str], str]] = {
    "account_sid": lambda name: account("AC", name),
    "messaging_service_sid": lambda name: account("MG", name),
    "ad_account": lambda name: f"act_{number(name)}",
    "app_id": lambda name: str(uuid5(NAMESPACE_DNS, name)),
    "phone_number_id": number,
    "subject": lambda name: "mailto:shop@example.com",
}
#: Secrets that are keys, and must be some.
_KEYS: Mapping[str, Callable[[], str]] = {
    "service_account": service_account,
    "service_account_key": service_account,
    "private_key": lambda: str(json.loads(service_account())["private_key"]),
    "vapid_private_key": signing_key,
}


def unresolved(value: Any) -> bool:
    """Whether a value of the file is left to the environment."""
    return isinstance(value, str) and _UNRESOLVED.search(value) is not None


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def secret(key: str) -> str:
    """What a secret setting is given: the sandbox's one secret, or a key where it must be one."""
    return _KEYS.get(key, lambda: SECRET)()


def sample(key: str, field: FieldInfo | None, destination: str) -> Any:
    """A value that the setting takes, the same for a destination; None where none of ours fits."""
    if field is None:
        return "sandbox"
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    check: TypeAdapter[Any] = TypeAdapter(kind)
    for candidate in _candidates(key, field, destination):
        try:
            check.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    return None


def _candidates(key: str, field: FieldInfo, destination: str) -> Iterator[Any]:
    if key in _SHAPED:
        yield _SHAPED[key](destination)
    yield from (choice for choice in get_args(field.annotation) if isinstance(choice, str))
    digits = number(destination)
    yield from ("sandbox", digits, f"act_{digits}", account("AC", destination), str(uuid5(NAMESPACE_DNS, destination)))
    yield from ("https://example.com", "shop@example.com", "+12025550100", "sandbox.example.com", "us1", "v1")
    yield from (1, 100, 1000, 1.0, ["sandbox"], {"sandbox": "sandbox"})


def filled(value: Any) -> Any:
    """A mapping or list of the file, what is left to the environment within it made up."""
    if isinstance(value, Mapping):
        return {key: filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    return "sandbox" if unresolved(value) else value
