"""WhatsApp's Cloud API, as far as sending goes (developers.facebook.com, business-messaging, v23.0, 2026-11)."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_COMMON = {"messaging_product", "recipient_type", "to", "type", "context"}
_WORDS = {
    131009: "Parameter value is not valid",
    131008: "Required parameter is missing",
    131026: "Message undeliverable",
    132001: "Template name does not exist in the translation",
    130429: "Rate limit hit",
    100: "Invalid parameter",
}


class WhatsApp(Emulation):
    connector = "whatsapp"

    def routes(self) -> Sequence[Route]:
        number = r"/{version:v\d+\.\d+}/{number:\d+}"
        return [
            Route("POST", f"{number}/messages", "send message", self.message),
            Route("GET", number, "show number", self.number),
        ]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        # As Meta does: a 400, and nothing in the headers unless somebody in between adds it.
        said = super().throttled(after)
        return Answer(400, _error(130429, "Cloud API message throughput has been reached."), said.headers)

    def failed(self, status: int) -> Answer:
        code = 131016 if status == 503 else 131000
        words = "Service unavailable" if status == 503 else "Something went wrong"
        return Answer(status, _error(code, "Message failed to send due to an unknown error.", words))

    def unauthorized(self) -> Answer:
        return Answer(401, _error(190, "", "Invalid OAuth access token - Cannot parse access token"))

    def number(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        known = {"id": call.parts["number"], "display_phone_number": "+1 202-555-0100"}
        return Answer(200, {**known, "verified_name": "Tidegate's sandbox", "quality_rating": "GREEN"})

    def message(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        if not isinstance(given, dict) or given.get("messaging_product") != "whatsapp":
            raise _bad(100, "The parameter messaging_product is required.")
        to, kind = given.get("to"), given.get("type", "text")
        if not isinstance(to, str) or not _NUMBER.fullmatch(to):
            raise _bad(131009, "The recipient's number is not valid.")
        if unknown := set(given) - _COMMON - {kind}:
            raise _bad(100, f"Unexpected key '{min(unknown)}' on param.")
        text, details = _content(kind, given.get(kind))
        taken = call.take([[to]])
        if taken.refused:
            code = taken.codes.get(0, 131026)
            return Answer(400, _error(code, taken.refused[0]))
        identity = "wamid." + base64.b64encode(secrets.token_bytes(36)).decode()
        if taken.good:
            call.shelf.keep("whatsapp", to, sender=call.parts["number"], text=text, details=details, id=identity)
        contact = {"input": to, "wa_id": to.removeprefix("+")}
        sent = {"id": identity, "message_status": "accepted"}
        body = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}
        return Answer(200, body, took=len(taken.good))


def _content(kind: str, given: Any) -> tuple[str, dict[str, Any]]:
    """What a person would read, as far as it can be told without the template; and what stands beside it."""
    if not isinstance(given, dict):
        raise _bad(131008, f"The parameter {kind} is required.")
    if kind == "text":
        return _limited(given.get("body"), 4096, "text['body']"), {}
    if kind == "image":
        if not str(given.get("link", "")).startswith(("https://", "http://")):
            raise _bad(131009, "image['link'] is not a valid address.")
        return _limited(given.get("caption", " "), 1024, "caption").strip(), {"image": given["link"]}
    if kind == "template":
        return _template(given)
    raise _bad(131009, f"type {kind} is not one that the sandbox knows.")


def _template(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    name, language = given.get("name"), given.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not isinstance(name, str) or not isinstance(code, str):
        raise _bad(131008, "template['name'] and template['language']['code'] are required.")
    if not _TEMPLATE.fullmatch(name) or not _LANGUAGE.fullmatch(code):
        raise _bad(132001, f"template name ({name}) does not exist in {code}")
    filled: dict[str, str] = {}
    for component in given.get("components") or ():
        for place, parameter in enumerate(component.get("parameters") or (), 1):
            value = parameter.get("text") or (parameter.get("image") or {}).get("link")
            if not value:
                raise _bad(131008, f"a parameter of the {component.get('type')} is missing or empty.")
            filled[parameter.get("parameter_name") or f"{component['type']} {place}"] = value
    details = {"template": name, "language": code, **({"parameters": filled} if filled else {})}
    return "\n".join([f"{name} ({code})", *(f"{place}: {value}" for place, value in filled.items())]), details


def _limited(text: Any, longest: int, called: str) -> str:
    if not isinstance(text, str) or not text:
        raise _bad(131008, f"The parameter {called} is required.")
    if len(text) > longest:
        raise _bad(100, f"Param {called} must be at most {longest} characters long.")
    return text


def _bad(code: int, details: str) -> Declined:
    return Declined(Answer(400, _error(code, details)))


def _error(code: int, details: str, words: str = "") -> dict[str, Any]:
    title = f"(#{code}) {words or _WORDS.get(code, 'Invalid parameter')}"
    error: dict[str, Any] = {"message": title, "type": "OAuthException", "code": code, "fbtrace_id": "AsAnDbOx"}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return {"error": error}
