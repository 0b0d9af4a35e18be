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
_BEGINNING = 4_000


@dataclass(frozen=True, slots=True)
class Glance:
    """`text` is what can be searched; `begins` what a mail program shows beside the subject: the HTML's beginning,
    where there is any, with the words that only a preview shows."""

    message_id: str
    sender: str
    subject: str
    text: str
    begins: str

    @property
    def preview(self) -> str:
        return " ".join(self.begins[: 4 * _PREVIEW].split())[:_PREVIEW]


def glance(raw: bytes) -> Glance:
    """Read an e-mail as far as an inbox needs it; what cannot be decoded is replaced, never an error."""
    mail = email.message_from_bytes(raw)
    text, markup = _contents(mail)
    return Glance(
        _header(mail, "message-id").strip("<> "),
        _header(mail, "from"),
        _header(mail, "subject"),
        text if text.strip() else plain(markup),
        plain(markup[max(markup.find("<body"), 0) :][:_BEGINNING]) if markup else text,
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


def _contents(mail: Message) -> tuple[str, str]:
    """The first text that is not empty, and the first HTML."""
    text = markup = ""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_filename():
            continue
        content = _decoded(part)[:_SEARCHED]
        if kind == "text/plain":
            text = text if text.strip() else content
        else:
            markup = markup or content
    return text, markup


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")
