"""Request bodies as the values that a description speaks of: JSON, forms of both kinds, and text."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from tidegate.sandbox.asked import Asked

Plain = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def read_body(asked: Asked, media: str, schema: Mapping[str, Any], plain: Plain) -> Any:
    """The body as a value of the schema; `plain` resolves a schema's references. Raises ValueError."""
    if media.startswith("text/"):
        return asked.body.decode()
    if media == "application/octet-stream":
        return asked.body.decode("latin-1")  # one character a byte, so that its length is what is said of it
    if media.endswith("urlencoded"):
        return _form(parse_qsl(asked.body.decode(), keep_blank_values=True, strict_parsing=True), schema, plain)
    if media == "multipart/form-data":
        return _form(_parts(asked), schema, plain)
    return json.loads(asked.body)


def coerced(text: str, schema: Mapping[str, Any]) -> Any:
    """Parameters and forms are text; what the description calls a number or a boolean is read as one."""
    kind = schema.get("type")
    if kind in ("integer", "number"):
        try:
            return int(text) if kind == "integer" else float(text)
        except ValueError:
            return text
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text


def _form(fields: Sequence[tuple[str, str]], schema: Mapping[str, Any], plain: Plain) -> dict[str, Any]:
    properties = plain(schema).get("properties", {})
    found: dict[str, Any] = {}
    for name, text in fields:
        kind = plain(properties.get(name, {}))
        if kind.get("type") == "array":
            found.setdefault(name, []).append(coerced(text, plain(kind.get("items", {}))))
        elif name in found:
            raise ValueError(f"{name} twice")
        else:
            found[name] = coerced(text, kind)
    return found


def _parts(asked: Asked) -> list[tuple[str, str]]:
    """The fields of a multipart body (RFC 7578), of a file its content; bytes as Latin-1."""
    head = b"content-type: " + asked.headers.get("content-type", "").encode() + b"\r\n\r\n"
    whole = email.message_from_bytes(head + asked.body, policy=email.policy.HTTP)
    if not whole.is_multipart():
        raise ValueError("it has no parts")
    found = []
    for part in whole.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            text = content.decode("latin-1") if isinstance(content, bytes) else ""
            found.append((str(part.get_param("name", header="content-disposition")), text))
    return found
