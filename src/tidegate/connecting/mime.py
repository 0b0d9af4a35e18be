"""An e-mail as bytes, ready for any provider that takes MIME (RFC 5322, 2045 to 2047, 2369, 8058, 6532)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from tidegate.connecting.letter import Letter, Unsendable, letter
from tidegate.connector import Message

__all__ = ["Mail", "Unsendable", "build", "message_id"]

# 76 is what RFC 2045 allows a quoted-printable line; the library's own default of 78 is for headers.
_BODY = SMTP.clone(max_line_length=76)


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
    found = letter(message, sender=sender, reply_to=reply_to)
    mail = EmailMessage(policy=_BODY)
    mail["Subject"] = found.subject
    mail["From"] = str(found.sender)
    mail["To"] = found.to
    if found.reply_to:
        mail["Reply-To"] = str(found.reply_to)
    mail["Date"] = format_datetime(message.at)
    _bodies(mail, found)
    identity = message_id(found.key, key, found.sender.address.rpartition("@")[2])
    # Written by hand: the library would turn a long URL into encoded words, which no mail program follows.
    unfolded = {"Message-ID": identity, **found.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in unfolded.items()).encode()
    content = head + mail.as_bytes(policy=SMTPUTF8 if found.utf8 else SMTP)
    return Mail(found.sender.address, found.to, identity, content, found.utf8)


def message_id(message_key: str, key: bytes, domain: str) -> str:
    """Always the same, and telling nothing without `key`; with its angle brackets."""
    return f"<{hmac.new(key, message_key.encode(), hashlib.sha256).hexdigest()[:40]}@{domain}>"


def _bodies(mail: EmailMessage, found: Letter) -> None:
    # Quoted-printable survives every relay: no line too long, no eight-bit byte, no lone dot.
    if found.text:
        mail.set_content(found.text, cte="quoted-printable")
    if found.text and found.html:
        mail.add_alternative(found.html, subtype="html", cte="quoted-printable")
    elif found.html:
        mail.set_content(found.html, subtype="html", cte="quoted-printable")
