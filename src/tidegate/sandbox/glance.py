"""What an inbox shows of an e-mail before it is opened, read fast: thousands arrive a second."""

from __future__ import annotations

import contextlib
import email
import html
import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message

_TAG = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SEARCHED = 20_000
_PREVIEW = 160


@dataclass(frozen=True, slots=True)
class Glance:
    """`text` is what can be searched; `preview` its beginning, on one line."""

    message_id: str
    sender: str
    subject: str
    text: str

    @property
    def preview(self) -> str:
        return " ".join(self.text[: 4 * _PREVIEW].split())[:_PREVIEW]


def glance(raw: bytes) -> Glance:
    """Read an e-mail as far as an inbox needs it; what cannot be decoded is replaced, never an error."""
    mail = email.message_from_bytes(raw)
    return Glance(
        _header(mail, "message-id").strip("<> "), _header(mail, "from"), _header(mail, "subject"), _text(mail)
    )


def plain(markup: str) -> str:
    """HTML as a search or a preview reads it."""
    return html.unescape(_TAG.sub(" ", markup))


def _header(mail: Message, name: str) -> str:
    value = mail.get(name)
    if value is None:
        return ""
    words = str(value)
    if "=?" in words:
        with contextlib.suppress(LookupError, UnicodeError, ValueError):
            words = str(make_header(decode_header(words)))
    return " ".join(words.split())


def _text(mail: Message) -> str:
    found = ""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_filename():
            continue
        content = _decoded(part)[:_SEARCHED]
        if kind == "text/plain" and content.strip():
            return content
        found = found or plain(content)
    return found


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")
