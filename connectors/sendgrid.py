"""E-mail through Twilio SendGrid, and its marketing contacts and lists kept equal to a segment.

Contacts are taken into a job, which is asked after until each row is judged. SendGrid knows no idempotency key for
mail: a call in doubt stays in doubt. As documented on twilio.com/docs/sendgrid/api-reference, read 2026-11.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connecting.letter import Letter, Mailbox, SenderRefused, Unsendable, letter
from tidegate.connecting.lists import NamedLists
from tidegate.connector import (
    Connector,
    ConnectorSettings,
    Identifier,
    Limits,
    Message,
    Outcome,
    Row,
    Target,
    one_by_one,
)
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

# A call takes 30,000 contacts, or 6 MB (contacts/add-or-update-a-contact); a removal first asks for the ids, 100
# addresses a call (contacts/get-contacts-by-emails), and a call may not take minutes.
LARGEST_CALL, LARGEST_SEARCH = 1000, 100
#: seconds until a job is asked after
_POLL = 10.0

RESERVED = {
    "first_name",
    "last_name",
    "address_line_1",
    "address_line_2",
    "city",
    "state_province_region",
    "postal_code",
    "country",
}
IDENTIFIERS = {"email": Identifier("email")}


class SendgridSettings(ConnectorSettings):
    api_key: SecretStr
    sender: str | None = Field(None, alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins. Lists need none."""
    reply_to: str | None = None
    unsubscribe_group: int | None = None
    """A suppression group of SendGrid: who left it there gets no mail."""
    base_url: BaseUrl = "https://api.sendgrid.com"
    """`https://api.eu.sendgrid.com` for a subuser in the European region."""


class Sendgrid(Connector):
    channel = "email"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    Settings = SendgridSettings
    settings: SendgridSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=LARGEST_CALL, concurrency=16, messages=1)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._lists = NamedLists(self._all_lists, self._create_list)
        self._fields: dict[str, str] | None = None
        self._looking = asyncio.Lock()

    async def prove(self) -> str:
        scopes = (await self._call("GET", "scopes")).object("scopes")["scopes"]
        if not isinstance(scopes, list):
            raise Retryable("garbled", "SendGrid does not say what the key may do")
        if "mail.send" not in scopes and self.settings.sender:
            raise Closed("unauthorized", "SendGrid says that this key may not send mail")
        return f"SendGrid knows the key, which may do {len(scopes)} things"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        known = [row for row in rows if row.identifiers.get("email")]
        fields = await self._custom_fields({name for row in known for name in row.traits} - RESERVED)
        judged: dict[str, Outcome] = {}
        contacts = []
        for row in known:
            if missing := sorted(set(row.traits) - RESERVED - set(fields)):
                judged[row.person] = Outcome.rejected("no_such_field", f"SendGrid has no field {', '.join(missing)}")
            else:
                contacts.append(_contact(row, fields))
        if contacts:
            body: dict[str, Any] = {"contacts": contacts}
            if target.mode == "list":
                body["list_ids"] = [await self._lists.id(target.name, create=True)]
            job = (await self._call("PUT", "marketing/contacts", json=body)).told("job_id")
            judged = {row.person: Outcome.pending(job, _POLL) for row in known} | judged
        return [judged.get(row.person) or _no_address() for row in rows]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        list_id = await self._lists.id(target.name, create=False) if target.mode == "list" else None
        if target.mode == "list" and list_id is None:
            return [Outcome.accepted() for _ in rows]
        # Whom SendGrid does not know is on no list of it.
        outcomes = {row.identifiers.get("email", "").lower(): Outcome.accepted() for row in rows}
        for some in _searches([email for email in outcomes if email]):
            ids = await self._ids(some)
            if not ids:
                continue
            if target.mode == "list":
                asked = {"contact_ids": ",".join(ids.values())}
                (await self._call("DELETE", f"marketing/lists/{list_id}/contacts", params=asked)).told("job_id")
            else:
                asked = {"ids": ",".join(ids.values())}
                job = (await self._call("DELETE", "marketing/contacts", params=asked)).told("job_id")
                outcomes |= dict.fromkeys(ids, Outcome.pending(job, _POLL))
        return [outcomes[row.identifiers.get("email", "").lower()] for row in rows]

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        try:
            found = (await self._call("GET", f"marketing/contacts/imports/{quote(job, safe='')}")).json()
        except _NotFound:
            return [Outcome.retry("job_gone")] * len(rows)
        status = found.get("status") if isinstance(found, dict) else None
        results = (found.get("results") or {}) if isinstance(found, dict) else {}
        if status == "completed":
            return [Outcome.accepted(job)] * len(rows)
        if status not in ("errored", "failed"):
            return [Outcome.pending(job, _POLL)] * len(rows)
        wrong = await self._wrong(str(results.get("errors_url") or ""))
        named = {row.person for row in rows if _line_of(row, wrong)}
        if status == "failed" and not named:
            return [Outcome.rejected("import_failed", "SendGrid could use none of the rows")] * len(rows)
        doubted = [row for row in rows if row.person not in named]
        there: set[str] | None = None
        if doubted and not removing and not wrong:
            # Something was refused, and SendGrid does not say what: what is there now was not.
            emails = [row.identifiers["email"].lower() for row in doubted]
            there = {email for some in _searches(emails) for email in await self._ids(some)}
        return [_imported(row, job, _line_of(row, wrong), there) for row in rows]

    async def _send(self, message: Message) -> Outcome:
        if self.settings.sender is None and not message.content.get("from"):
            raise Closed("no_sender", "the destination has no `from`, and neither has the message")
        try:
            found = letter(message, sender=self.settings.sender or "", reply_to=self.settings.reply_to)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        mail = _mail(found)
        if self.settings.unsubscribe_group is not None:
            mail["asm"] = {"group_id": self.settings.unsubscribe_group}
        try:
            reply = await self._call("POST", "mail/send", json=mail, safe=False)
        except _NotFound as fault:
            raise Closed("bad_address", fault.detail) from None
        except SenderRefused as fault:
            raise fault.whose(own=bool(message.content.get("from"))) from None
        # 202 without a body; a 200 is of the sandbox mode, or of somebody else.
        number = reply.headers.get("x-message-id")
        if reply.status != 202 or not number:
            raise doubtful(False, "garbled", f"HTTP {reply.status} without the id of a message")
        return Outcome.accepted(number)

    async def _ids(self, emails: Sequence[str]) -> dict[str, str]:
        """The ids of those that SendGrid knows, by address."""
        try:
            reply = await self._call("POST", "marketing/contacts/search/emails", json={"emails": list(emails)})
        except _NotFound:
            return {}
        result = reply.object("result")["result"]
        if not isinstance(result, dict):
            raise Retryable("garbled", f"HTTP {reply.status} without a result")
        contacts = {email.lower(): one.get("contact") for email, one in result.items() if isinstance(one, dict)}
        return {email: str(one["id"]) for email, one in contacts.items() if isinstance(one, dict) and one.get("id")}

    async def _wrong(self, errors_url: str) -> list[str]:
        """The lines of the file that names the rows of a job that were refused."""
        if not errors_url:
            return []
        # A link that carries its own permission, for a while: without our key, whose fault it is not once that is over.
        url = urljoin(f"{self.settings.base_url}/", errors_url)
        try:
            reply = await call(
                self.session, "GET", url, safe_to_repeat=True, judge=_link_is_dead, hide=(errors_url,), rows=0
            )
        except _NotFound:
            return []
        return reply.body.decode("utf-8", "replace").splitlines()[1:]

    async def _custom_fields(self, names: set[str]) -> dict[str, str]:
        async with self._looking:
            if names and self._fields is None:
                found = (await self._call("GET", "marketing/field_definitions")).object()
                self._fields = {str(one["name"]): str(one["id"]) for one in found.get("custom_fields") or []}
            return self._fields or {}

    async def _create_list(self, name: str) -> str:
        return (await self._call("POST", "marketing/lists", json={"name": name})).told("id")

    async def _all_lists(self) -> dict[str, str]:
        found: dict[str, str] = {}
        asked = {"page_size": "1000"}
        while True:
            page = (await self._call("GET", "marketing/lists", params=asked)).object("result")
            if not isinstance(page["result"], list):
                raise Retryable("garbled", "the lists of the account are not a list")
            found |= {str(one["name"]): str(one["id"]) for one in page["result"] if isinstance(one, dict)}
            token = parse_qs(urlsplit(str((page.get("_metadata") or {}).get("next") or "")).query).get("page_token")
            if not token or token[0] == asked.get("page_token"):
                return found
            asked["page_token"] = token[0]

    async def _call(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None, safe: bool = True
    ) -> Reply:
        return await call_with(
            self.settings.api_key,
            self.session,
            method,
            f"{self.settings.base_url}/v3/{path}",
            safe_to_repeat=safe,
            json=json,
            params=params,
            judge=_judge,
        )


class _NotFound(Refused):
    pass


def _searches(emails: Sequence[str]) -> Iterator[Sequence[str]]:
    return (emails[begin : begin + LARGEST_SEARCH] for begin in range(0, len(emails), LARGEST_SEARCH))


def _mail(found: Letter) -> dict[str, Any]:
    # Plain text must come first (mail-send).
    bodies = (("text/plain", found.text), ("text/html", found.html))
    mail: dict[str, Any] = {
        "personalizations": [{"to": [{"email": found.to}], "custom_args": {"tidegate_key": found.key}}],
        "from": _person(found.sender),
        "subject": found.subject,
        "content": [{"type": kind, "value": body} for kind, body in bodies if body],
    }
    if found.reply_to:
        mail["reply_to"] = _person(found.reply_to)
    if found.headers:
        mail["headers"] = dict(found.headers)
    return mail


def _person(one: Mailbox) -> dict[str, str]:
    return {"email": one.address, **({"name": one.name} if one.name else {})}


def _contact(row: Row, fields: Mapping[str, str]) -> dict[str, Any]:
    plain = {name: "" if value is None else str(value) for name, value in row.traits.items() if name in RESERVED}
    custom = {fields[name]: value for name, value in row.traits.items() if name not in RESERVED}
    return {"email": row.identifiers["email"], **plain, **({"custom_fields": custom} if custom else {})}


def _line_of(row: Row, lines: Sequence[str]) -> str:
    # As a whole: `lee@example.com` is a part of `ashlee@example.com`, too.
    address = re.compile(rf"(?<![\w.+-]){re.escape(row.identifiers['email'])}(?![\w-]|\.\w)", re.IGNORECASE)
    return next((line for line in lines if address.search(line)), "")


def _imported(row: Row, job: str, line: str, there: set[str] | None) -> Outcome:
    if line:
        return Outcome.rejected("import_error", mask(line, [row.identifiers["email"]]))
    if there is not None and row.identifiers["email"].lower() not in there:
        return Outcome.rejected("import_error", "SendGrid does not say why")
    return Outcome.accepted(job)


def _no_address() -> Outcome:
    return Outcome.rejected("no_identifier", "no e-mail address")


def _link_is_dead(reply: Reply) -> DestinationError | None:
    return _NotFound("not_found", f"HTTP {reply.status}") if reply.status in (400, 401, 403, 404, 410) else None


def _judge(reply: Reply) -> DestinationError | None:
    errors = reply.peek("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    words, field = str(first.get("message") or ""), str(first.get("field") or "")
    said = mask(f"HTTP {reply.status} {field} {words}", reply.hide)
    if reply.status == 429:
        return Retryable("throttled", said, reply.until("x-ratelimit-reset"))
    if reply.status == 404:
        return _NotFound("not_found", said)
    if "maximum credits exceeded" in words.lower():
        return Closed("not_enough_credits", said)
    if field.startswith("from") or "verified sender identity" in words.lower():
        return SenderRefused("bad_sender", said)
    if reply.status != 400:
        return None
    return Refused(
        "bad_recipient" if ".to." in field or "does not contain a valid address" in words else "bad_message", said
    )
