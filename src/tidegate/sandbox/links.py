"""The links in a message, and how they are led through the sandbox, which notes the click."""

from __future__ import annotations

import email
import email.policy
import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

_LONGEST = 2_000_000
_ANCHOR = re.compile(r"""(<a\b[^<>]*?\bhref\s*=\s*)("[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)""", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def of(channel: str, raw: bytes, details: Mapping[str, Any]) -> list[str]:
    """Where a message's links lead, each once, in order."""
    found: list[str] = []
    if channel == "email":
        for part in email.message_from_bytes(raw[:_LONGEST], policy=email.policy.default).walk():
            if part.get_content_type() not in ("text/plain", "text/html") or part.get_filename():
                continue
            payload = part.get_payload(decode=True)
            words = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            found += in_html(words) if part.get_content_type() == "text/html" else in_text(words)
    else:
        found += in_text(raw.decode("utf-8", "replace"))
        if str(details.get("url") or "").startswith(("http://", "https://")):
            found.append(str(details["url"]))
    return list(dict.fromkeys(found))


def in_html(markup: str) -> list[str]:
    urls = [html.unescape(value.strip("\"'")).strip() for _, value in _ANCHOR.findall(markup)]
    return [url for url in urls if url.lower().startswith(("http://", "https://"))]


def in_text(text: str) -> list[str]:
    return _URL.findall(text)


def led(markup: str, lead: Callable[[str], str]) -> str:
    """HTML whose links lead where `lead` says."""

    def through(found: re.Match[str]) -> str:
        url = html.unescape(found[2].strip("\"'")).strip()
        if not url.lower().startswith(("http://", "https://")):
            return found[0]
        return f'{found[1]}"{html.escape(lead(url))}"'

    return _ANCHOR.sub(through, markup)


def linked(text: str, number: int) -> Markup:
    """Text with its links to be clicked, leading through the sandbox."""
    made, end = Markup(""), 0
    for found in _URL.finditer(text):
        made += escape(text[end : found.start()])
        made += Markup('<a href="{}" target="_blank">{}</a>').format(way(number, found[0]), found[0])
        end = found.end()
    return made + escape(text[end:])


def way(number: int, url: str) -> str:
    """The sandbox's own address for a link of a message."""
    return f"/messages/{number}/go?url={quote(url, safe='')}"
