"""What an e-mail says, checked and ready for the form that a provider wants it in: MIME, or the fields of an API."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

import idna

from tidegate.connector import Message
from tidegate.errors import Closed, DestinationError, Refused

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_URL = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")


class Unsendable(ValueError):
    """The message cannot be an e-mail; its text says why, without personal data."""


class SenderRefused(Refused):
    """The platform sends nothing for this sender."""

    def whose(self, *, own: bool) -> DestinationError:
        """Of a message that has a sender of its `own` it is the fault; else the destination has no good one."""
        return self if own else Closed(self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, which may be empty, and an address whose domain is in its ASCII form (RFC 5891)."""

    name: str
    address: str

    def __str__(self) -> str:
        """As a header shows it, in Unicode: `"Shop, Ltd." <hello@example.com>`."""
        quoted = re.sub(r'(["\\])', r"\\\1", self.name)
        return f'"{quoted}" <{self.address}>' if self.name else formataddr(("", self.address))


@dataclass(frozen=True, slots=True)
class Letter:
    """`text` or `html` may be empty, not both. `headers` are those of one-click unsubscribing (RFC 2369, 8058)."""

    key: str
    sender: Mailbox
    to: str
    reply_to: Mailbox | None
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]

    @property
    def utf8(self) -> bool:
        """Whether an address needs a server that takes more than ASCII (RFC 6531)."""
        return not (self.sender.address + self.to + (self.reply_to.address if self.reply_to else "")).isascii()


def letter(message: Message, *, sender: str, reply_to: str | None) -> Letter:
    """`sender` and `reply_to` are defaults (`Shop <hello@example.com>` or an address) for a content without its
    own. No value holds a line break where one would begin another header. Raises Unsendable."""
    content = message.content
    answers = content.get("reply_to") or reply_to
    text, html = str(content.get("text") or ""), str(content.get("html") or "")
    if not text and not html:
        raise Unsendable("there is neither text nor html")
    return Letter(
        message.key,
        mailbox(content.get("from") or sender),
        _ascii_domain(message.to.strip()),
        mailbox(answers) if answers else None,
        one_line(str(content["subject"])),
        text,
        html,
        _unsubscribe(content.get("unsubscribe_url")),
    )


def mailbox(text: str) -> Mailbox:
    """Of `Shop <hello@example.com>`. Raises Unsendable."""
    name, address = parseaddr(one_line(text))
    return Mailbox(name, _ascii_domain(address))


def one_line(text: str) -> str:
    return " ".join(text.split())


def tag(key: str, longest: int = 256) -> str:
    """A message key in the letters that tags may have (A-Z, a-z, 0-9, `-`, `_`): base64url without padding, or
    the SHA-256 in hexadecimal where that would be longer than `longest`."""
    found = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return found if len(found) <= longest else hashlib.sha256(key.encode()).hexdigest()


def clipped(key: str, longest: int) -> str:
    """A message key as it is, or its SHA-256 in hexadecimal where it is longer than `longest`."""
    return key if len(key) <= longest else hashlib.sha256(key.encode()).hexdigest()


def _unsubscribe(url: str | None) -> dict[str, str]:
    if not url:
        return {}
    if not _URL.fullmatch(url):
        raise Unsendable("unsubscribe_url is not a URL that can stand in a header")
    found = {"List-Unsubscribe": f"<{url}>"}
    if url.startswith("https:"):  # RFC 8058 asks for HTTPS
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _ascii_domain(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise Unsendable("not an e-mail address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise Unsendable("the domain of the e-mail address is not valid") from None
