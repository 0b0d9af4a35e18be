"""Users, lists and API-triggered campaigns at Braze.

Braze has no static lists: a list is one value of an array attribute, which segments can filter by. Adding
a value that is there and removing one that is not change nothing, so every row may be repeated; a campaign
may not, since Braze honours no key of ours (`send_id` only groups statistics).
As documented on braze.com/docs/api (endpoints/user_data/post_user_track, .../post_user_delete,
endpoints/messaging/send_messages/post_send_triggered_campaigns, errors, api_limits), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connecting.moments import iso
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Message, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.mask import mask

# "Up to 75 total objects" (api_limits); under contracts by monthly active users (CY 24-25) "each request may batch up
# to 50 updates" (post_user_track), and Braze does not tell a caller which contract it has.
LARGEST_TRACK = 50
# "Up to 50 external_ids, user_aliases, braze_ids, email_addresses, or phone_numbers [...] in a single request"
# (post_user_delete). An address may be that of several users, and what is deleted is gone: only external_ids are used.
LARGEST_DELETE = 50
# "The recipients array may contain up to 50 objects" (post_send_triggered_campaigns)
MOST_RECIPIENTS = 50

# In the order in which Braze itself prefers them where a user object has several.
IDENTIFIERS = {
    "external_id": Identifier("plain"),
    "email": Identifier("email"),
    "phone": Identifier("phone"),
}
OBJECTS = {"user", "users"}


class BrazeSettings(ConnectorSettings):
    api_key: SecretStr
    list_attribute: str = Field("tidegate_lists", min_length=1)
    """The array attribute whose values are the lists that a user is on."""
    base_url: BaseUrl = "https://rest.iad-01.braze.com"
    """The REST endpoint of your instance (Settings, APIs and Identifiers)."""


class Braze(Connector):
    channel = "crm"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    Settings = BrazeSettings
    settings: BrazeSettings

    @property
    def limits(self) -> Limits:
        # "3,000 requests per three seconds" to /users/track; "250,000 requests per hour" for messages to given users
        # (api_limits). The lower of the two would starve the rows, so what is too much Braze says itself.
        return Limits(batch=LARGEST_TRACK, concurrency=8, per_second=1000, messages=MOST_RECIPIENTS)

    async def prove(self) -> str:
        # The only reading endpoint whose answer does not grow with the account. Needs `email.hard_bounces`.
        reply = await self._call(
            "GET", "email/hard_bounces", params={"start_date": "2020-01-01", "end_date": "2020-01-02", "limit": "1"}
        )
        _understood(reply, safe=True)
        return "Braze knows this API key"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._track(rows, lambda row: {self.settings.list_attribute: {"add": [target.name]}})
        _only_users(target)
        # "To remove a profile attribute, set it to null" (objects_filters/user_attributes_object)
        # A time is one in ISO 8601 alone (user_guide/data/activation/custom_data/data_types, read 2026-11).
        return await self._track(rows, lambda row: {name: iso(value) or value for name, value in row.traits.items()})

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            taken_off = {self.settings.list_attribute: {"remove": [target.name]}, "_update_existing_only": True}
            return await self._track(rows, lambda row: taken_off)
        _only_users(target)
        return await self._delete(rows)

    async def _track(self, rows: Sequence[Row], attributes: Callable[[Row], Mapping[str, Any]]) -> list[Outcome]:
        keyed = [place for place, row in enumerate(rows) if _who(row)]
        judged: dict[int, Outcome] = {}
        if keyed:
            body = {"attributes": [{**attributes(rows[place]), **_who(rows[place])} for place in keyed]}
            try:
                found = _understood(await self._call("POST", "users/track", json=body), safe=True)
            except _NothingValid as fault:
                found = {"errors": fault.errors}
            refused = _by_index(found.get("errors"), "attributes", len(keyed))
            judged = {
                place: Outcome.rejected(*refused[n]) if n in refused else Outcome.accepted()
                for n, place in enumerate(keyed)
            }
        return [judged.get(place) or nothing_to_match_by() for place in range(len(rows))]

    async def _delete(self, rows: Sequence[Row]) -> list[Outcome]:
        ids = [row.identifiers["external_id"] for row in rows if row.identifiers.get("external_id")]
        for start in range(0, len(ids), LARGEST_DELETE):
            reply = await self._call("POST", "users/delete", json={"external_ids": ids[start : start + LARGEST_DELETE]})
            _understood(reply, safe=True)
        missing = Outcome.rejected("no_external_id", "users are deleted by `external_id`: several may share an address")
        return [Outcome.accepted() if row.identifiers.get("external_id") else missing for row in rows]

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        judged: dict[str, Outcome] = {}
        waiting = _groups(messages)
        while waiting:
            campaign, group = waiting.pop(0)
            try:
                judged.update(await self._trigger(campaign, group))
            except _NobodyReached:
                # Each half is a call of its own, and what befalls one is not the other's fate.
                half = len(group) // 2
                waiting[:0] = [(campaign, group[:half]), (campaign, group[half:])]
            except DestinationError as fault:
                if isinstance(fault, Closed) and not judged:
                    raise
                judged.update({message.key: Outcome.of(fault) for message in group})
                if isinstance(fault, Closed):
                    break
        closed = Outcome.retry("not_tried", detail="the destination closed before this message was sent")
        return [judged.get(message.key, closed) for message in messages]

    async def _trigger(self, campaign: str, group: Sequence[Message]) -> dict[str, Outcome]:
        recipients = [
            {"external_user_id": message.person, "trigger_properties": dict(message.content.get("properties") or {})}
            for message in group
        ]
        body = {"campaign_id": campaign, "broadcast": False, "recipients": recipients}
        try:
            reply = await self._call("POST", "campaigns/trigger/send", json=body, safe_to_repeat=False)
        except Refused as fault:
            if len(group) == 1:
                return {group[0].key: Outcome.of(fault)}
            # "Any of these error codes indicate that no messages will be sent" (errors)
            raise _NobodyReached(fault.reason, fault.detail) from None
        found = _understood(reply, safe=False)
        dispatch = found.get("dispatch_id")
        try:
            refused = _by_index(found.get("errors"), "recipients", len(group))
        except Refused as fault:
            # Some were not reached and Braze does not say who: asking again would reach the others twice.
            lost = Outcome.of(fault) if len(group) == 1 else Outcome.unknown(fault.reason, fault.detail)
            return {message.key: lost for message in group}
        return {
            message.key: Outcome.rejected(*refused[n]) if n in refused else Outcome.accepted(dispatch)
            for n, message in enumerate(group)
        }

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: dict[str, str] | None = None,
        safe_to_repeat: bool = True,
    ) -> Reply:
        return await call_with(
            self.settings.api_key,
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe_to_repeat,
            json=json,
            params=params,
            judge=_judge,
        )


class _NobodyReached(Refused):
    """Of a call for several people."""


class _NothingValid(Refused):
    """Of a call in which each object is faulty, whose errors name them all the same."""

    def __init__(self, errors: list[Any], detail: str) -> None:
        super().__init__("invalid", detail)
        self.errors = errors


def _who(row: Row) -> dict[str, str]:
    return {name: row.identifiers[name] for name in IDENTIFIERS if row.identifiers.get(name)}


def _only_users(target: Target) -> None:
    if target.name.lower() not in OBJECTS:
        raise Unsupported("no_such_object", f"Braze holds users, not `{target.name}`; write `object: user`")


def _groups(messages: Iterable[Message]) -> list[tuple[str, list[Message]]]:
    """By campaign; nobody twice in one call, where Braze might take the second for the first."""
    found: dict[tuple[str, int], list[Message]] = {}
    times: dict[tuple[str, str], int] = {}
    for message in messages:
        campaign = str(message.content["campaign"])
        turn = times[campaign, message.person] = times.get((campaign, message.person), -1) + 1
        found.setdefault((campaign, turn), []).append(message)
    return [(campaign, group) for (campaign, _), group in found.items()]


def _understood(reply: Reply, *, safe: bool) -> dict[str, Any]:
    found = reply.json()
    message = found.get("message") if isinstance(found, dict) else None
    if not isinstance(message, str):
        raise doubtful(safe, "garbled", f"HTTP {reply.status} without a message")
    # "queued" (202): during maintenance the call is kept and worked off later (errors, messaging-queued)
    if message not in ("success", "queued"):
        raise Refused("refused", mask(f"HTTP {reply.status} {message}", reply.hide))
    return found


def _by_index(errors: Any, where: str, rows: int) -> dict[int, tuple[str, str]]:
    """Reason and detail of the rows that a 2xx answer calls faulty: `{"type", "input_array", "index"}` each.

    Raises Refused where an error does not say which row it means.
    """
    found: dict[int, tuple[str, str]] = {}
    for error in errors or []:
        index = error.get("index") if isinstance(error, dict) else None
        said = mask(str(error.get("type", error) if isinstance(error, dict) else error))
        if not isinstance(index, int) or not 0 <= index < rows or error.get("input_array", where) != where:
            raise Refused("partly_refused", said)
        found[index] = ("invalid", said)
    return found


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    message = str(found.get("message") or "") if isinstance(found, dict) else ""
    said = mask(f"HTTP {reply.status} {message}", reply.hide)
    if reply.status == 429:
        return Retryable("throttled", said, reply.until("x-ratelimit-reset"))
    # "404 Not Found: Unknown REST API Key" (errors, fatal errors)
    if reply.status == 404:
        return Closed("unauthorized", said)
    if reply.status == 400 and "campaign" in message.lower():
        return Refused("bad_campaign", said)
    # "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.": none of the objects is valid.
    if reply.status == 400 and isinstance(found, dict) and message.startswith("Valid data must be provided"):
        return _NothingValid(found["errors"], said) if found.get("errors") else Refused("invalid", said)
    return None
