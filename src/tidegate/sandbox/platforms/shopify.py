"""Shopify's GraphQL Admin API, as far as the connector's operations go: aliases of one field, all values as variables.

The shop knows everybody who is asked for as a customer, but for addresses that end in `.invalid`: a shop without
customers would show nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_ALIAS = re.compile(r"(r\d+): (\w+)\(([^)]*)\)")
_LARGEST_COST, _BUCKET, _RATE = 1_000, 2_000.0, 100.0
_ADDRESSES = {"emailAddress": "email", "phoneNumber": "phone", "id": "id"}
_OFFER = {"title": "title", "startsAt": "starts_at", "endsAt": "ends_at", "usageLimit": "usage_limit"}
_FIELDS = {"firstName": "first_name", "lastName": "last_name", "taxExempt": "tax_exempt"}

Given = Mapping[str, Any]


class Shopify(Emulation):
    connector = "shopify"

    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/admin/api/{version}/graphql.json", "graphql", self.run)]

    def run(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        asked = call.json()
        query, variables = str(asked["query"]), asked["variables"]
        calls = [
            (alias, field, {name: variables[value] for name, value in re.findall(r"(\w+): \$(\w+)", arguments)})
            for alias, field, arguments in _ALIAS.findall(query)
        ]
        if query.startswith("query"):
            data = {alias: self._looked_up(call.shelf, field, given) for alias, field, given in calls}
            return Answer(200, {"data": data or {"shop": {"name": "Sandbox"}}, **_cost(len(calls))})
        if 10 * len(calls) > _LARGEST_COST:
            raise Declined(Answer(200, {"errors": [_error("MAX_COST_EXCEEDED", "too costly")]}))
        taken = call.take([_addresses(call.shelf, given) for _, _, given in calls])
        data = {}
        for position, (alias, field, given) in enumerate(calls):
            if position in taken.refused:
                words = {"field": None, "message": taken.refused[position]}
                data[alias] = {"userErrors": [{**words, "code": "INVALID"}]}
            else:
                data[alias] = self._changed(call.shelf, field, given, kept=position in taken.good)
        return Answer(200, {"data": data, **_cost(10 * len(calls))}, took=len(taken.good))

    def _looked_up(self, shelf: Shelf, field: str, given: Given) -> dict[str, Any] | None:
        if field == "codeDiscountNodeByCode":
            found = shelf.find("discount_code", code=given["code"])
            return {"id": found[0][0]} if found else None
        [(name, value)] = given["identifier"].items()
        name = _ADDRESSES[name]
        found = shelf.find("customer", **{name: value})
        if not found and not str(value).endswith(".invalid"):
            id = value if name == "id" else f"gid://shopify/Customer/{10**12 + shelf.number()}"
            shelf.put("customer", id, {"id": id, name: value})
            return {"id": id}
        return {"id": found[0][0]} if found else None

    def _changed(self, shelf: Shelf, field: str, given: Given, *, kept: bool) -> dict[str, Any]:
        if field in ("discountCodeBasicCreate", "discountCodeBasicUpdate"):
            return self._discount(shelf, given, kept=kept)
        if field == "discountCodeDelete":
            if kept:
                shelf.drop("discount_code", given["id"])
            return {"deletedCodeDiscountId": given["id"], "userErrors": []}
        if field == "metafieldsDelete":
            for one in given["metafields"]:
                self._update(shelf, one["ownerId"], {f"{one['namespace']}.{one['key']}": None}, kept=kept)
            return {"userErrors": []}
        if field == "customerDelete":
            if kept:
                shelf.drop("customer", given["input"]["id"])
            return {"deletedCustomerId": given["input"]["id"], "userErrors": []}
        if field in ("tagsAdd", "tagsRemove"):
            customer = shelf.get("customer", given["id"])
            if customer is None:
                return {"node": None, "userErrors": [{"field": ["id"], "message": "resource not found"}]}
            tags = [tag for tag in customer.get("tags", []) if tag not in given["tags"]]
            tags += given["tags"] if field == "tagsAdd" else []
            return {"node": self._update(shelf, given["id"], {"tags": tags}, kept=kept), "userErrors": []}
        fields = dict(given["input"])
        id = fields.pop("id", None) or f"gid://shopify/Customer/{10**12 + shelf.number()}"
        metafields = {f"{one['namespace']}.{one['key']}": one["value"] for one in fields.pop("metafields", [])}
        named = {_FIELDS.get(name, name): value for name, value in fields.items()}
        return {"customer": self._update(shelf, id, {**named, **metafields}, kept=kept), "userErrors": []}

    def _update(self, shelf: Shelf, id: str, fields: Given, *, kept: bool) -> dict[str, str]:
        if kept:
            held = {**(shelf.get("customer", id) or {"id": id}), **fields}
            shelf.put("customer", id, {name: value for name, value in held.items() if value is not None})
        return {"id": id}

    def _discount(self, shelf: Shelf, given: Given, *, kept: bool) -> dict[str, Any]:
        offer, id = given["basicCodeDiscount"], given.get("id")
        if id is None and shelf.find("discount_code", code=offer["code"]):
            words = {"code": "TAKEN", "field": ["basicCodeDiscount", "code"], "message": "Code must be unique."}
            return {"codeDiscountNode": None, "userErrors": [words]}
        id = id or f"gid://shopify/DiscountCodeNode/{10**12 + shelf.number()}"
        value = (offer.get("customerGets") or {}).get("value") or {}
        worth = {"percentage": 100 * value["percentage"]} if "percentage" in value else {}
        worth |= {"amount": value["discountAmount"]["amount"]} if "discountAmount" in value else {}
        said = {name: offer[there] for there, name in _OFFER.items() if there in offer}
        said |= {name: offer[name] for name in ("code",) if name in offer}
        owners = ((offer.get("context") or {}).get("customers") or {}).get("add")
        if kept:
            held = {**(shelf.get("discount_code", id) or {}), **said, **worth, **({"for": owners} if owners else {})}
            shelf.put("discount_code", id, {name: value for name, value in held.items() if value is not None})
        return {"codeDiscountNode": {"id": id}, "userErrors": []}

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.name == "discount_code":
            codes = shelf.all(target.name).values()
            return {one["code"]: {name: value for name, value in one.items() if name != "code"} for one in codes}
        people = {}
        for id, one in shelf.all("customer").items():
            known = str(one.get("email") or one.get("phone") or id.rpartition("/")[2])
            traits = {name: value for name, value in one.items() if name not in ("id", "email", "phone", "tags")}
            if target.mode == "object":
                people[known] = traits
            elif target.name in one.get("tags", []):
                people[known] = {}
        return people

    def throttled(self, after: float) -> Answer:
        status = {"maximumAvailable": _BUCKET, "currentlyAvailable": 300 - after * _RATE, "restoreRate": _RATE}
        cost = {"requestedQueryCost": 300, "throttleStatus": status}
        return Answer(200, {"errors": [_error("THROTTLED", "Throttled")], "extensions": {"cost": cost}})

    def unauthorized(self) -> Answer:
        return Answer(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})


def _addresses(shelf: Shelf, given: Given) -> list[str]:
    """All values by which somebody may have ordered to refuse the row."""
    plain = [value for value in given.values() if isinstance(value, str)]
    nested = [value for one in given.values() if isinstance(one, Mapping) for value in one.values()]
    ids = [*plain, *(value for value in nested if isinstance(value, str))]
    known = [shelf.get(kind, id) or {} for kind in ("customer", "discount_code") for id in ids]
    return [*ids, *(str(one[name]) for one in known for name in ("email", "phone", "code") if name in one)]


def _cost(cost: int) -> dict[str, Any]:
    status = {"maximumAvailable": _BUCKET, "currentlyAvailable": _BUCKET - cost, "restoreRate": _RATE}
    return {"extensions": {"cost": {"requestedQueryCost": cost, "actualQueryCost": cost, "throttleStatus": status}}}


def _error(code: str, words: str) -> dict[str, Any]:
    return {"message": words, "extensions": {"code": code}}
