"""An e-mail as bytes, ready for any provider that takes MIME (RFC 5322, 2045 to 2047, 2369, 8058, 6532)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

import idna

from tidegate.connector import Message

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
# 76 is what RFC 2045 allows a quoted-printable line; the library's own default of 78 is for headers.
_BODY = SMTP.clone(max_line_length=76)
_URL = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")


class Unsendable(ValueError):
    """The message cannot be put into MIME; its text says why, without personal data."""


@dataclass(frozen=True, slots=True)
class Mail:
    """`sender` and `to` are for the envelope; `utf8` says that the server must offer SMTPUTF8 (RFC 6531)."""

    sender: str
    to: str
    message_id: str
    content: bytes
    utf8: bool


def build(message: Message, *, sender: str, reply_to: str | None, key: bytes) -> Mail:
    """Plain text and HTML as alternatives, CRLF line ends, no line longer than 998 bytes.

    `sender` and `reply_to` are defaults (`Shop <hello@example.com>` or an address) for a content without its
    own. The Message-ID is the same whenever the same message key is built with the same `key`, and tells
    nobody without it what the message key is. Raises Unsendable.
    """
    content = message.content
    name, address = _mailbox(content.get("from") or sender)
    to = _ascii_domain(message.to.strip())
    answers = content.get("reply_to") or reply_to
    mail = EmailMessage(policy=_BODY)
    mail["Subject"] = _line(str(content["subject"]))
    mail["From"] = _shown(name, address)
    mail["To"] = to
    if answers:
        mail["Reply-To"] = _shown(*_mailbox(answers))
    mail["Date"] = format_datetime(message.at)
    _bodies(mail, content)
    utf8 = not (address + to + (answers or "")).isascii()
    digest = hmac.new(key, message.key.encode(), hashlib.sha256).hexdigest()[:40]
    message_id = f"<{digest}@{address.rpartition('@')[2]}>"
    head = _unfolded(message_id, content.get("unsubscribe_url"))
    return Mail(address, to, message_id, head + mail.as_bytes(policy=SMTPUTF8 if utf8 else SMTP), utf8)


def _unfolded(message_id: str, unsubscribe: str | None) -> bytes:
    # Written by hand: the library would turn a long URL into encoded words, which no mail program follows.
    lines = [f"Message-ID: {message_id}"]
    if unsubscribe:
        if not _URL.fullmatch(unsubscribe):
            raise Unsendable("unsubscribe_url is not a URL that can stand in a header")
        lines.append(f"List-Unsubscribe: <{unsubscribe}>")
        if unsubscribe.startswith("https:"):  # RFC 8058 asks for HTTPS
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _bodies(mail: EmailMessage, content: Mapping[str, Any]) -> None:
    text, page = content.get("text"), content.get("html")
    if not text and not page:
        raise Unsendable("there is neither text nor html")
    # Quoted-printable survives every relay: no line too long, no eight-bit byte, no lone dot.
    if text:
        mail.set_content(str(text), cte="quoted-printable")
    if text and page:
        mail.add_alternative(str(page), subtype="html", cte="quoted-printable")
    elif page:
        mail.set_content(str(page), subtype="html", cte="quoted-printable")


def _mailbox(text: str) -> tuple[str, str]:
    """Name and address of `Shop <hello@example.com>`; the domain in its ASCII form (RFC 5891)."""
    name, address = parseaddr(_line(text))
    return name, _ascii_domain(address)


def _ascii_domain(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise Unsendable("not an e-mail address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise Unsendable("the domain of the e-mail address is not valid") from None


def _shown(name: str, address: str) -> str:
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>' if name else formataddr(("", address))


def _line(text: str) -> str:
    # A line break in a header would begin another header.
    return " ".join(text.split())
