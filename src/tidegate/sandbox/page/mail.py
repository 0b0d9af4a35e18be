"""An e-mail taken apart for reading: its headers, its text, its HTML and what is attached."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage

_CID = re.compile(r"""cid:([^"'()\s>]+)""", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_OUTERMOST = re.compile(r"<(?:!doctype\b[^>]*>\s*<)?html\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Mail:
    """`html` is None where there is none; pictures within the mail are put into it as data."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]

    def header(self, name: str) -> str:
        return next((value for given, value in self.headers if given.lower() == name.lower()), "")


def read(raw: bytes) -> Mail:
    """Take an e-mail apart; what cannot be decoded is replaced, never an error."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text: str | None = None
    html: str | None = None
    attachments = []
    pictures = {}
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        name = part.get_filename()
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if kind == "text/html" and html is None and name is None:
            html = _decoded(part, content)
        elif kind == "text/plain" and text is None and name is None:
            text = _decoded(part, content)
        else:
            attachments.append(Attachment(name or "without a name", kind, len(content)))
            if kind.startswith("image/") and (cid := str(part.get("content-id", "")).strip("<> ")):
                pictures[cid] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    if html is not None and pictures:
        html = _CID.sub(lambda found: pictures.get(found[1], found[0]), html)
    return Mail(tuple(_headers(message)), text, html, tuple(attachments))


def opening_links_apart(html: str) -> str:
    """The same HTML, its links opening a new tab instead of the frame that it is shown in."""
    base = '<base target="_blank">'
    for place in (_HEAD, _OUTERMOST):
        if found := place.search(html):
            return html[: found.end()] + base + html[found.end() :]
    return base + html


def _headers(message: EmailMessage) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name in message.keys():  # noqa: SIM118 - a header may come twice
        if any(name == known for known, _ in found):
            continue
        for value in message.get_all(name, []):
            found.append((name, " ".join(str(value).split())))
    return found


def _decoded(part: EmailMessage, content: bytes) -> str:
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
