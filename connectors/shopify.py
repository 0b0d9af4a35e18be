"""A Shopify shop: customers tagged, their fields and metafields set, and discount codes made for them.

GraphQL Admin API. The rows of a call are aliases of one operation, so each has an answer of its own; most refusals
are `userErrors` within a 200. Everything is by customer or code, so every call may be repeated.
As documented on shopify.dev/docs/api/admin-graphql/2026-07, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.bearer import Access, call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.oauth import ClientCredentials
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.mask import mask

#: a mutation costs 10 points, and "a single query may not exceed a cost of 1,000 points" (usage/limits)
LARGEST_CALL = 25

IDENTIFIERS = {
    "email": Identifier("email"),
    "phone": Identifier("phone"),
    "customer_id": Identifier("plain"),
    "code": Identifier("plain"),
}
CUSTOMER, DISCOUNT = "customer", "discount_code"
FIELDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "note": "note",
    "locale": "locale",
    "tax_exempt": "taxExempt",
}
OFFER = {"percentage", "amount", "title", "starts_at", "ends_at", "usage_limit", "once_per_customer"}

# What each operation takes and answers with; `$` stands for the position of the row.
OPERATIONS = {
    "customerByIdentifier": ("identifier: CustomerIdentifierInput!", "id"),
    "codeDiscountNodeByCode": ("code: String!", "id"),
    "tagsAdd": ("id: ID!, tags: [String!]!", "node { id } userErrors { field message }"),
    "tagsRemove": ("id: ID!, tags: [String!]!", "node { id } userErrors { field message }"),
    "customerCreate": ("input: CustomerInput!", "customer { id } userErrors { field message }"),
    "customerUpdate": ("input: CustomerInput!", "customer { id } userErrors { field message }"),
    "customerDelete": ("input: CustomerDeleteInput!", "deletedCustomerId userErrors { field message }"),
    "metafieldsDelete": ("metafields: [MetafieldIdentifierInput!]!", "userErrors { field message }"),
    "discountCodeBasicCreate": (
        "basicCodeDiscount: DiscountCodeBasicInput!",
        "codeDiscountNode { id } userErrors { code field message }",
    ),
    "discountCodeBasicUpdate": (
        "id: ID!, basicCodeDiscount: DiscountCodeBasicInput!",
        "codeDiscountNode { id } userErrors { code field message }",
    ),
    "discountCodeDelete": ("id: ID!", "deletedCodeDiscountId userErrors { code field message }"),
}
QUERIES = {"customerByIdentifier", "codeDiscountNodeByCode"}

CLOSED = {"ACCESS_DENIED": "unauthorized", "SHOP_INACTIVE": "shop_inactive"}
#: HTTP: the shop is frozen, the address is no shop's, the shop is locked (usage/response-codes)
CLOSED_STATUS = {402: "shop_frozen", 404: "no_shop", 423: "shop_locked"}

Asked = Mapping[int, Mapping[str, Any]]


class ShopifySettings(ConnectorSettings):
    shop: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$", json_schema_extra={"sandbox": "shop.myshopify.com"}
    )
    access_token: SecretStr | None = None
    """Of an app that is installed in the shop, `shpat_...`; or give `client_id` and `client_secret`."""
    client_id: str | None = None
    client_secret: SecretStr | None = None
    metafield_types: dict[str, str] = Field(default_factory=dict)
    """Types of metafields that are not what their values look like: `{custom.birthday: date}`."""
    api_version: str = Field("2026-07", pattern=r"^\d{4}-\d{2}$")
    token_url: str | None = Field(None, pattern=r"^https?://")
    base_url: BaseUrl | None = None

    @model_validator(mode="after")
    def _one_access(self) -> Self:
        if (self.access_token, self.client_id, self.client_secret).count(None) != (2 if self.access_token else 1):
            raise ValueError("give either `access_token`, or `client_id` and `client_secret`")
        return self


class Shopify(Connector):
    channel = "crm"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = ShopifySettings
    settings: ShopifySettings

    @property
    def limits(self) -> Limits:
        # 100 points a second on the smaller plans (apis/graphql-admin/rate-limits); a call costs about 300.
        return Limits(batch=LARGEST_CALL, concurrency=2, per_second=1 / 3)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        known = self.settings
        self._base = known.base_url or f"https://{known.shop}"
        self._access: Access | None = known.access_token
        if known.client_secret is not None:
            token_url = known.token_url or f"{self._base}/admin/oauth/access_token"
            self._access = ClientCredentials(token_url, known.client_id or "", known.client_secret.get_secret_value())

    async def prove(self) -> str:
        found = await self._post("query { shop { name } }", {})
        shop = (found.get("data") or {}).get("shop")
        if not isinstance(shop, dict):
            raise Retryable("garbled", "an answer without the shop")
        return f"the shop {mask(str(shop.get('name')))} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._tag("tagsAdd", target.name, rows)
        return await (self._discounts if _kind(target) == DISCOUNT else self._customers)(target, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._tag("tagsRemove", target.name, rows)
        if _kind(target) == CUSTOMER:
            ids, judged = await self._ids(rows)
            gone = {at: {"input": {"id": id}} for at, id in ids.items() if id}
            judged |= await self._change("customerDelete", gone)
        else:
            nodes, judged = await self._nodes(rows)
            judged |= await self._change("discountCodeDelete", {at: {"id": id} for at, id in nodes.items() if id})
        # Whoever is not in the shop is removed already.
        return [judged.get(at, Outcome.accepted()) for at in range(len(rows))]

    async def _tag(self, operation: str, tag: str, rows: Sequence[Row]) -> list[Outcome]:
        if "," in tag:
            raise Unsupported("bad_tag", f"{tag}: to Shopify, a comma separates tags")
        ids, judged = await self._ids(rows)
        judged |= await self._change(operation, {at: {"id": id, "tags": [tag]} for at, id in ids.items() if id})
        nobody = Outcome.accepted() if operation == "tagsRemove" else _not_found("customer")
        return [judged.get(at, nobody) for at in range(len(rows))]

    async def _customers(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        ids, judged = await self._ids(rows)
        new, known, emptied = {}, {}, {}
        for at, row in enumerate(rows):
            if at not in ids:
                continue
            fields, empty = self._fields(row)
            if ids[at] is None:
                contact = {name: row.identifiers[name] for name in ("email", "phone") if row.identifiers.get(name)}
                if target.write == "update" or not contact:
                    judged[at] = _not_found("customer")
                else:
                    new[at] = {"input": {**contact, **fields}}
            elif target.write != "create":
                known[at] = {"input": {"id": ids[at], **fields}}
                if empty:
                    emptied[at] = {"metafields": [{"ownerId": ids[at], **one} for one in empty]}
        for operation, asked in (("customerCreate", new), ("customerUpdate", known), ("metafieldsDelete", emptied)):
            outcomes = await self._change(operation, asked)
            judged |= {at: one for at, one in outcomes.items() if at not in judged or one.verdict != "accepted"}
        return [judged.get(at, Outcome.accepted()) for at in range(len(rows))]

    async def _discounts(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        nodes, judged = await self._nodes(rows)
        named = {at: row for at, row in enumerate(rows) if at in nodes and _address(row) is not None}
        ids, wrong = await self._ids(list(named.values()))
        order = list(named)
        judged |= {order[at]: outcome for at, outcome in wrong.items()}
        judged |= {order[at]: _not_found("customer") for at, id in ids.items() if id is None}
        owners = {order[at]: id for at, id in ids.items()}
        new, known = {}, {}
        for at, node in nodes.items():
            if at in judged:
                continue
            offer = _offer(rows[at], owners.get(at), new=node is None)
            if node is None and target.write == "update":
                judged[at] = _not_found("discount code")
            elif node is None:
                new[at] = {"basicCodeDiscount": offer}
            elif target.write != "create" and offer:
                known[at] = {"id": node, "basicCodeDiscount": offer}
        judged |= await self._change("discountCodeBasicCreate", new)
        judged |= await self._change("discountCodeBasicUpdate", known)
        return [judged.get(at, Outcome.accepted()) for at in range(len(rows))]

    def _fields(self, row: Row) -> tuple[dict[str, Any], list[dict[str, str]]]:
        """What `customerUpdate` takes, and the metafields to delete, since they cannot be empty."""
        fields: dict[str, Any] = {}
        metafields, empty = [], []
        for name, value in row.traits.items():
            namespace, dot, key = name.rpartition(".")
            if name in FIELDS:
                fields[FIELDS[name]] = value
            elif not dot:
                raise Unsupported(
                    "no_field", f"{name}: not one of {', '.join(FIELDS)}, nor a metafield (custom.{name})"
                )
            elif value is None:
                empty.append({"namespace": namespace, "key": key})
            else:
                kind = self.settings.metafield_types.get(name) or _type(value)
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                metafields.append({"namespace": namespace, "key": key, "type": kind, "value": text})
        return {**fields, **({"metafields": metafields} if metafields else {})}, empty

    async def _ids(self, rows: Sequence[Row]) -> tuple[dict[int, str | None], dict[int, Outcome]]:
        """Customers of the rows by position (None: the shop has no such customer), and rows that name nobody."""
        asked = {at: {"identifier": found} for at, row in enumerate(rows) if (found := _address(row)) is not None}
        unnamed = Outcome.rejected("no_identifier", "none of the values to find a customer by is usable")
        return await self._look_up("customerByIdentifier", asked), {
            at: unnamed for at in range(len(rows)) if at not in asked
        }

    async def _nodes(self, rows: Sequence[Row]) -> tuple[dict[int, str | None], dict[int, Outcome]]:
        asked = {at: {"code": row.identifiers["code"]} for at, row in enumerate(rows) if row.identifiers.get("code")}
        unnamed = Outcome.rejected("no_identifier", "a discount needs its `code`")
        return await self._look_up("codeDiscountNodeByCode", asked), {
            at: unnamed for at in range(len(rows)) if at not in asked
        }

    async def _look_up(self, operation: str, asked: Asked) -> dict[int, str | None]:
        found = await self._run(operation, asked)
        broken = next((one for one in found.values() if isinstance(one, DestinationError)), None)
        if broken is not None:
            raise broken
        return {at: one.get("id") if isinstance(one, dict) else None for at, one in found.items()}

    async def _change(self, operation: str, asked: Asked) -> dict[int, Outcome]:
        judged: dict[int, Outcome] = {}
        for at, one in (await self._run(operation, asked)).items():
            if isinstance(one, DestinationError):
                judged[at] = Outcome.of(one)
            elif not isinstance(one, dict) or not isinstance(one.get("userErrors"), list):
                judged[at] = Outcome.retry("garbled", detail=f"{operation} answered without userErrors")
            elif one["userErrors"]:
                first = one["userErrors"][0] if isinstance(one["userErrors"][0], dict) else {}
                where = ".".join(map(str, first.get("field") or []))
                reason = str(first.get("code") or "refused").lower()
                said = mask(f"{where} {first.get('message') or ''}".strip())
                # "Unexpected internal error happened" (DiscountErrorCode): Shopify's fault, not the row's.
                broken = reason == "internal_error"
                judged[at] = Outcome.retry(reason, detail=said) if broken else Outcome.rejected(reason, said)
            else:
                node = next((value["id"] for value in one.values() if isinstance(value, dict) and "id" in value), None)
                judged[at] = Outcome.accepted(node)
        return judged

    async def _run(self, operation: str, asked: Asked) -> dict[int, Any]:
        """The answer of each alias, or the error that befell it."""
        if not asked:
            return {}
        takes, answers = OPERATIONS[operation]
        kinds = dict(part.split(": ") for part in takes.split(", "))
        given = {(at, name): value for at, values in asked.items() for name, value in values.items()}
        head = ", ".join(f"${name}{at}: {kinds[name]}" for at, name in given)
        fields = [
            f"r{at}: {operation}({', '.join(f'{name}: ${name}{at}' for name in values)}) {{ {answers} }}"
            for at, values in asked.items()
        ]
        kind = "query" if operation in QUERIES else "mutation"
        query = f"{kind} ({head}) {{ {' '.join(fields)} }}"
        found = await self._post(query, {f"{name}{at}": value for (at, name), value in given.items()})
        data = found.get("data") if isinstance(found.get("data"), dict) else {}
        faults = {error["path"][0]: _fault(error) for error in found.get("errors") or [] if error.get("path")}
        closed = next((fault for fault in faults.values() if isinstance(fault, Closed)), None)
        if closed is not None:
            # A scope that is missing is told of each field: the app is at fault, no row is.
            raise closed
        missing = Retryable("garbled", f"{operation} was not answered")
        return {at: faults.get(f"r{at}") or data.get(f"r{at}", missing) for at in asked}

    async def _post(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        assert self._access is not None
        reply = await call_with(
            self._access,
            self.session,
            "POST",
            f"{self._base}/admin/api/{self.settings.api_version}/graphql.json",
            safe_to_repeat=True,
            sign=lambda token: {"X-Shopify-Access-Token": token},
            json={"query": query, "variables": dict(variables)},
            judge=_judge,
        )
        found = reply.object()
        errors = found.get("errors")
        if not ("data" in found or errors):
            raise Retryable("garbled", f"HTTP {reply.status} without data")
        if isinstance(errors, list) and all(isinstance(error, dict) for error in errors):
            whole = [error for error in errors if not error.get("path")]
            if whole:
                raise _fault(whole[0], found)
        elif errors:
            raise Retryable("garbled", "errors that are not a list of errors")
        return found


def _kind(target: Target) -> str:
    if target.name not in (CUSTOMER, DISCOUNT):
        raise Unsupported("no_object", f"{target.name}: the objects are {CUSTOMER} and {DISCOUNT}")
    return target.name


def _not_found(what: str) -> Outcome:
    return Outcome.rejected("not_found", f"the shop has no such {what}")


def _address(row: Row) -> dict[str, str] | None:
    """The customer of a row as Shopify looks one up, by the identifier that is given first."""
    name, value = next(((n, v) for n, v in row.identifiers.items() if v and n != "code"), ("", ""))
    if name == "customer_id":
        return {"id": value if value.startswith("gid://") else f"gid://shopify/Customer/{value}"}
    return {{"email": "emailAddress", "phone": "phoneNumber"}[name]: value} if name else None


def _type(value: Any) -> str:
    kinds = {bool: "boolean", int: "number_integer", float: "number_decimal", str: "single_line_text_field"}
    kind = kinds.get(type(value), "json")
    return "multi_line_text_field" if kind.startswith("single") and "\n" in value else kind


def _offer(row: Row, owner: str | None, *, new: bool) -> dict[str, Any]:
    """What the traits say of a discount; a new one has the defaults of the connector's page besides."""
    said = dict(row.traits)
    if unknown := sorted(set(said) - OFFER):
        raise Unsupported("no_field", f"{', '.join(unknown)}: a discount code has {', '.join(sorted(OFFER))}")
    offer: dict[str, Any] = {}
    if new:
        starts = {"starts_at": datetime.now(UTC).isoformat(timespec="seconds")}
        said = {"title": row.identifiers["code"], "usage_limit": 1, "once_per_customer": True, **starts, **said}
        context = {"customers": {"add": [owner]}} if owner else {"all": "ALL"}
        offer = {"code": row.identifiers["code"], "context": context}
    if said.get("percentage") is not None:
        offer["customerGets"] = {"value": {"percentage": float(said["percentage"]) / 100}, "items": {"all": True}}
    elif said.get("amount") is not None:
        amount = {"amount": str(said["amount"]), "appliesOnEachItem": False}
        offer["customerGets"] = {"value": {"discountAmount": amount}, "items": {"all": True}}
    plain = {"title": "title", "starts_at": "startsAt", "ends_at": "endsAt", "usage_limit": "usageLimit"}
    offer |= {there: said[here] for here, there in plain.items() if here in said}
    return offer | ({"appliesOncePerCustomer": said["once_per_customer"]} if "once_per_customer" in said else {})


def _fault(error: Mapping[str, Any], found: Mapping[str, Any] | None = None) -> DestinationError:
    code = str((error.get("extensions") or {}).get("code") or "")
    said = mask(f"{code} {error.get('message') or ''}")
    if code == "THROTTLED":
        return Retryable("throttled", said, _refilled(found or {}))
    if code in CLOSED:
        return Closed(CLOSED[code], said)
    return Retryable("unavailable", said) if code == "INTERNAL_SERVER_ERROR" else Refused("refused", said)


def _refilled(found: Mapping[str, Any]) -> float | None:
    """Seconds until the bucket holds what the call costs (usage/limits, "GraphQL Admin API rate limits")."""
    try:
        cost = found["extensions"]["cost"]
        status = cost["throttleStatus"]
        return max(0.0, (cost["requestedQueryCost"] - status["currentlyAvailable"]) / status["restoreRate"])
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def _judge(reply: Reply) -> DestinationError | None:
    if reply.status in CLOSED_STATUS:
        return Closed(CLOSED_STATUS[reply.status], f"HTTP {reply.status} {reply.detail}")
    # 430 is Shopify's own, for calls that look like an attack.
    return Retryable("throttled", f"HTTP 430 {reply.detail}", reply.after) if reply.status == 430 else None
