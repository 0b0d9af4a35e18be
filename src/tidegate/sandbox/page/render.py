"""Templates into responses, with the headers that keep a page from doing more than it should."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from tidegate.sandbox import faults, links
from tidegate.sandbox.store import Store

_BOLD = re.compile(r"(?<![\w*])(\*\*?)([^\s*<>][^*<>\n]*)\1(?![\w*])")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
CHANNELS = {
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "push": "Push",
    "web_push": "Web push",
    "telegram": "Telegram",
    "chat": "Chat",
    "crm": "CRM",
}
_TITLES = {
    "push": "Notification",
    "web_push": "Notification",
    "chat": "Post in a channel",
    "crm": "Campaign",
    "whatsapp": "WhatsApp message",
    "telegram": "Telegram message",
}
#: Names that are not spelt as their connector's file.
_SPELT = {
    "activecampaign": "ActiveCampaign",
    "customerio": "Customer.io",
    "fcm": "FCM",
    "hubspot": "HubSpot",
    "linkedin_audiences": "LinkedIn Audiences",
    "onesignal": "OneSignal",
    "sendgrid": "SendGrid",
    "ses": "SES",
    "smtp": "SMTP",
    "tiktok_audiences": "TikTok Audiences",
    "whatsapp": "WhatsApp",
}


def spelt(name: str) -> str:
    """A connector or a kind of record as a person would write it; one with capitals of its own stays."""
    return _SPELT.get(name) or (name.replace("_", " ").title() if name == name.lower() else name)


def day(text: str) -> str:
    """2011-10-01 as `1 Oct 2011`."""
    at = date.fromisoformat(text[:10])
    return f"{at.day} {at:%b %Y}"


def moment(text: str) -> str:
    """A stored time as `1 Oct 2011, 06:00`, UTC."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M}"


def size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 10**6 else f"{count / 10**6:.1f} MB"


def thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def bold(text: str) -> Markup:
    """What a team's channel shows in bold: `*so*` in Slack, `**so**` in Discord."""
    return Markup(_BOLD.sub(r"<strong>\2</strong>", str(escape(text))))


def query(values: Mapping[str, Any], **changes: Any) -> str:
    """`?a=b&...` of the values that are set, with changes."""
    given = {name: value for name, value in {**values, **changes}.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""


_ENVIRONMENT = Environment(
    loader=PackageLoader("tidegate.sandbox.page"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(day=day, moment=moment, size=size, thousands=thousands, from_json=json.loads, spelt=spelt)
_ENVIRONMENT.filters["bold"] = bold
_ENVIRONMENT.filters.update(linked=links.linked, way=lambda url, number: links.way(number, url))
_ENVIRONMENT.globals.update(query=query, channel_names=CHANNELS, channel_titles=_TITLES)


def page(template: str, store: Store, *, status: int = 200, **values: Any) -> web.Response:
    """A whole page. Blocks on the store: call it from a thread."""
    totals = store.read_one("store", "totals")
    assert totals is not None
    text = _ENVIRONMENT.get_template(template).render(
        totals=dict(totals), struck=faults.active(store) if totals["faults"] else [], **values
    )
    return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)
