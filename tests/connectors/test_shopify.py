"""A Shopify shop whose customers are tagged as the segment says, and have codes of their own; held to its schema."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.sandbox import SECRET
from tidegate.sandbox.emulation import TOKEN_PATH
from tidegate.sandbox.platforms.shopify import Shopify as Platform
from tidegate.testing import Answer, Asked, EmulatedWire, GraphqlChecker, HttpWire, NetworkContract
from tidegate.testing.claims import Claims
from tidegate.testing.described import Described
from tidegate.testing.descriptions import Description

from .conftest import ROOT, SPECS

Shopify = registry.load("shopify", ROOT)
TAG = Target("list", "vip")
CUSTOMERS = Target("object", "customer")
CODES = Target("object", "discount_code")
AT = "/admin/api/2026-07/graphql.json"

# What the cut of Shopify's schema leaves out, as in admin_2026-07 of the npm package @shopify/dev-mcp 1.16.0.
LEFT_OUT = """
extend type QueryRoot { codeDiscountNodeByCode(code: String!): DiscountCodeNode }
extend type Mutation {
  metafieldsDelete(metafields: [MetafieldIdentifierInput!]!): MetafieldsDeletePayload
  discountCodeBasicCreate(basicCodeDiscount: DiscountCodeBasicInput!): DiscountCodeBasicPayload
  discountCodeBasicUpdate(basicCodeDiscount: DiscountCodeBasicInput!, id: ID!): DiscountCodeBasicPayload
  discountCodeDelete(id: ID!): DiscountCodeDeletePayload
}
input MetafieldIdentifierInput { ownerId: ID! namespace: String! key: String! }
type MetafieldsDeletePayload { userErrors: [UserError!]! }
type DiscountCodeNode { id: ID! }
type DiscountUserError { code: String field: [String!] message: String! }
type DiscountCodeBasicPayload { codeDiscountNode: DiscountCodeNode userErrors: [DiscountUserError!]! }
type DiscountCodeDeletePayload { deletedCodeDiscountId: ID userErrors: [DiscountUserError!]! }
input DiscountCodeBasicInput {
  appliesOncePerCustomer: Boolean code: String context: DiscountContextInput customerGets: DiscountCustomerGetsInput
  endsAt: DateTime startsAt: DateTime title: String usageLimit: Int
}
enum DiscountBuyerSelection { ALL }
input DiscountContextInput @oneOf { all: DiscountBuyerSelection customers: DiscountCustomersInput }
input DiscountCustomersInput { add: [ID!] remove: [ID!] }
input DiscountCustomerGetsInput { items: DiscountItemsInput value: DiscountCustomerGetsValueInput }
input DiscountItemsInput { all: Boolean }
input DiscountCustomerGetsValueInput @oneOf { discountAmount: DiscountAmountInput percentage: Float }
input DiscountAmountInput { amount: Decimal appliesOnEachItem: Boolean }
"""


def _schema() -> GraphqlChecker | None:
    path = SPECS / "shopify.graphql"
    return GraphqlChecker(path.read_text(encoding="utf-8"), LEFT_OUT, path=AT) if path.is_file() else None


SCHEMA = _schema()


def held_to_the_schema(asked: Asked) -> None:
    """Each operation is one that Shopify's schema allows, with variables of the types that it names."""
    if SCHEMA is not None and asked.path != TOKEN_PATH:
        SCHEMA(asked)


def given(wire: Any, **more: Any) -> dict[str, Any]:
    return {"shop": "sweets.myshopify.com", "access_token": SECRET, "base_url": wire.url, **more}


class TestContract(NetworkContract):
    kind = Shopify
    secrets = (SECRET,)
    emulation = Platform
    target = TAG
    description = "shopify.graphql"
    description_base = AT
    description_more = LEFT_OUT

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


class TestClaimsOfCustomers(Claims, Described):
    """Of what the network does to a call, the tags have shown everything."""

    kind = Shopify
    secrets = (SECRET,)
    target = CUSTOMERS
    description = "shopify.graphql"
    description_base = AT
    description_more = LEFT_OUT

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    def row(self, number: int) -> Row:
        # People whom the shop does not know yet.
        traits = {"first_name": f"P{number}", "custom.n": f"{number}"}
        return Row(f"p{number}", {"email": f"p{number}@example.invalid"}, traits)


class TestClaimsOfDiscountCodes(TestClaimsOfCustomers):
    target = CODES

    def row(self, number: int) -> Row:
        day = f"2026-12-{10 + number}T00:00:00Z"
        traits = {"ends_at": day, "starts_at": "2026-11-01T00:00:00Z", "usage_limit": 2, "percentage": 15.0}
        return Row(f"p{number}", {"code": f"BACK-{number}"}, traits)


@asynccontextmanager
async def shopify(wire: Any = None, **settings: Any) -> AsyncIterator[tuple[Connector, Any]]:
    async with wire or EmulatedWire(Platform, watch=held_to_the_schema) as wire, aiohttp.ClientSession() as session:
        connector = Shopify(Shopify.Settings.model_validate(given(wire, **settings)))
        await connector.open(session)
        yield connector, wire


def said(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.verdict, outcome.reason) for outcome in outcomes]


ADA, BOB = Row("ada", {"email": "ada@example.com"}), Row("bob", {"phone": "+12025550100"})
STRANGER = Row("eve", {"email": "eve@example.invalid"})


async def test_every_call_carries_the_apps_token_where_shopify_looks_for_it() -> None:
    async with shopify() as (connector, wire):
        await connector.upsert(TAG, [ADA])
    assert {asked.headers.get("x-shopify-access-token") for asked in wire.asked} == {SECRET}
    assert {asked.path for asked in wire.asked} == {AT}


async def test_customers_are_tagged_and_untagged_and_keep_their_other_tags() -> None:
    async with shopify() as (connector, wire):
        outcomes = await connector.upsert(TAG, [ADA, STRANGER, BOB, Row("kay", {"customer_id": "77"})])
        await connector.upsert(Target("list", "other"), [ADA])
        assert said(outcomes) == [("accepted", ""), ("rejected", "not_found"), ("accepted", ""), ("accepted", "")]
        assert outcomes[3].provider_id == "gid://shopify/Customer/77"
        removed = await connector.remove(TAG, [ADA, STRANGER])
        assert said(removed) == [("accepted", "")] * 2
        tags = [one.get("tags") for one in wire.shelf.all("customer").values()]
    assert tags == [["other"], ["vip"], ["vip"]]


async def test_fields_and_metafields_are_set_emptied_and_typed() -> None:
    async with shopify(metafield_types={"custom.birthday": "date"}) as (connector, wire):
        traits = {
            "first_name": "Ada",
            "custom.n": 3,
            "custom.vip": True,
            "custom.tags": ["a"],
            "custom.birthday": "1815-12-10",
        }
        [outcome] = await connector.upsert(CUSTOMERS, [Row("ada", ADA.identifiers, traits)])
        sent = wire.asked[-1].json()["variables"]["input0"]
        [again] = await connector.upsert(
            CUSTOMERS, [Row("ada", ADA.identifiers, {"first_name": None, "custom.n": None})]
        )
        [held] = wire.shelf.all("customer").values()
    assert said([outcome, again]) == [("accepted", "")] * 2
    assert {one["key"]: (one["type"], one["value"]) for one in sent["metafields"]} == {
        "n": ("number_integer", "3"),
        "vip": ("boolean", "true"),
        "tags": ("json", '["a"]'),
        "birthday": ("date", "1815-12-10"),
    }
    assert set(held) == {"id", "email", "custom.vip", "custom.tags", "custom.birthday"}


async def test_a_customer_who_is_not_there_is_made_or_missed_as_was_asked() -> None:
    eve = Row("eve", STRANGER.identifiers, {"first_name": "Eve"})
    async with shopify() as (connector, wire):
        [missed] = await connector.upsert(Target("object", "customer", "update"), [eve])
        [made] = await connector.upsert(Target("object", "customer", "create"), [eve])
        [kept] = await connector.upsert(
            Target("object", "customer", "create"), [Row("e", eve.identifiers, {"note": "x"})]
        )
        held = list(wire.shelf.all("customer").values())
    assert said([missed, made, kept]) == [("rejected", "not_found"), ("accepted", ""), ("accepted", "")]
    assert [(one["email"], one["first_name"], one.get("note")) for one in held] == [
        ("eve@example.invalid", "Eve", None)
    ]


async def test_a_code_is_for_one_customer_once_and_is_changed_not_made_again() -> None:
    row = Row("ada", {"code": "BACK-1", "email": "ada@example.com"}, {"percentage": 15})
    async with shopify() as (connector, wire):
        [made] = await connector.upsert(CODES, [row])
        offer = wire.asked[-1].json()["variables"]["basicCodeDiscount0"]
        changed = Row("ada", row.identifiers, {"amount": 5, "ends_at": "2026-12-31T00:00:00Z"})
        [again] = await connector.upsert(CODES, [changed])
        update = wire.asked[-1].json()["variables"]
        await connector.remove(CODES, [row])
        assert wire.shelf.all("discount_code") == {}
    assert made.provider_id == again.provider_id == update["id0"]
    owner = next(iter(offer["context"]["customers"]["add"]))
    assert owner.startswith("gid://shopify/Customer/")
    assert offer["customerGets"] == {"value": {"percentage": 0.15}, "items": {"all": True}}
    assert (offer["code"], offer["title"], offer["usageLimit"]) == ("BACK-1", "BACK-1", 1)
    assert offer["appliesOncePerCustomer"] is True
    assert update["basicCodeDiscount0"] == {
        "customerGets": {
            "value": {"discountAmount": {"amount": "5", "appliesOnEachItem": False}},
            "items": {"all": True},
        },
        "endsAt": "2026-12-31T00:00:00Z",
    }


async def test_a_code_for_nobody_known_is_not_made_for_everybody() -> None:
    rows = [
        Row("eve", {"code": "BACK-2", "email": "eve@example.invalid"}, {"percentage": 15}),
        Row("all", {"code": "ALL-1"}, {"percentage": 15}),
        Row("none", {"email": "ada@example.com"}, {"percentage": 15}),
    ]
    async with shopify() as (connector, wire):
        outcomes = await connector.upsert(CODES, rows)
        assert [one["code"] for one in wire.shelf.all("discount_code").values()] == ["ALL-1"]
    assert said(outcomes) == [("rejected", "not_found"), ("accepted", ""), ("rejected", "no_identifier")]


async def test_of_rows_in_one_call_each_has_the_answer_to_its_own_alias() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.json()["query"].startswith("query"):
            return Answer(200, {"data": {f"r{n}": {"id": f"gid://shopify/Customer/{n}"} for n in range(4)}})
        data = {
            "r0": {"node": {"id": "x"}, "userErrors": []},
            "r1": {"node": None, "userErrors": [{"field": ["tags"], "message": "too many tags on ada@example.com"}]},
            "r2": None,
        }
        errors = [{"message": "oops", "path": ["r2"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
        return Answer(200, {"data": data, "errors": errors})

    async with shopify(HttpWire(answer)) as (connector, _):
        outcomes = await connector.upsert(TAG, [ADA, ADA, ADA, ADA])
    assert said(outcomes) == [("accepted", ""), ("rejected", "refused"), ("retry", "unavailable"), ("retry", "garbled")]
    assert outcomes[1].detail == "tags too many tags on (address)"


@pytest.mark.parametrize("operation", ["upsert", "remove"])
async def test_a_scope_that_the_app_lacks_is_told_of_each_row_and_is_no_rows_fault(operation: str) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.json()["query"].startswith("query"):
            return Answer(200, {"data": {f"r{n}": {"id": f"gid://shopify/Customer/{n}"} for n in range(2)}})
        denied = {"message": "Access denied for tagsAdd field.", "extensions": {"code": "ACCESS_DENIED"}}
        errors = [{**denied, "path": [f"r{n}"]} for n in range(2)]
        return Answer(200, {"data": {"r0": None, "r1": None}, "errors": errors})

    async with shopify(HttpWire(answer)) as (connector, _):
        with pytest.raises(Closed, match="unauthorized"):
            await getattr(connector, operation)(TAG, [ADA, BOB])


async def test_what_breaks_within_shopify_is_not_the_codes_fault() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.json()["query"].startswith("query"):
            return Answer(200, {"data": {"r0": None, "r1": None}})
        codes = ("INTERNAL_ERROR", "TOO_LONG")
        errors = [{"code": code, "field": ["basicCodeDiscount", "code"], "message": "no"} for code in codes]
        data = {f"r{n}": {"codeDiscountNode": None, "userErrors": [error]} for n, error in enumerate(errors)}
        return Answer(200, {"data": data})

    rows = [Row(person, {"code": f"BACK-{person}"}, {"percentage": 15}) for person in ("ada", "bob")]
    async with shopify(HttpWire(answer)) as (connector, _):
        outcomes = await connector.upsert(CODES, rows)
    assert said(outcomes) == [("retry", "internal_error"), ("rejected", "too_long")]


async def test_a_bucket_that_is_empty_is_waited_for_as_long_as_it_takes_to_fill() -> None:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 50, "restoreRate": 100.0}
    said = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": 250, "throttleStatus": status}},
    }
    async with shopify(HttpWire(lambda asked: Answer(200, said))) as (connector, _):
        with pytest.raises(Retryable) as raised:
            await connector.upsert(TAG, [ADA])
    assert (raised.value.reason, raised.value.after) == ("throttled", 2.0)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(401, {"errors": "[API] Invalid API key"}), Closed, "unauthorized"),
        (Answer(402, {"errors": "Unavailable Shop"}), Closed, "shop_frozen"),
        (Answer(404, {"errors": "Not Found"}), Closed, "no_shop"),
        (Answer(423, {"errors": "locked"}), Closed, "shop_locked"),
        (Answer(430, "", {"retry-after": "9"}), Retryable, "throttled"),
        (Answer(200, {"errors": [{"message": "x", "extensions": {"code": "ACCESS_DENIED"}}]}), Closed, "unauthorized"),
        (Answer(200, {"errors": [{"message": "x", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}), Refused, "refused"),
        (Answer(200, {"errors": "?"}), Retryable, "garbled"),
        (Answer(200, ["?"]), Retryable, "garbled"),
        (Answer(200, {"data": None}), Retryable, "garbled"),
    ],
)
async def test_every_other_answer_means_one_thing(answer: Answer, kind: type[DestinationError], reason: str) -> None:
    async with shopify(HttpWire(lambda asked: answer)) as (connector, _):
        with pytest.raises(kind) as raised:
            await connector.upsert(TAG, [ADA])
    assert (type(raised.value), raised.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("target", "row", "words"),
    [
        (Target("list", "a, b"), ADA, "a comma separates tags"),
        (Target("object", "order"), ADA, "the objects are"),
        (CUSTOMERS, Row("ada", ADA.identifiers, {"shoe_size": 4}), "shoe_size"),
        (CODES, Row("ada", {"code": "X"}, {"price": 4}), "price"),
    ],
)
async def test_what_a_shop_cannot_express_is_said(target: Target, row: Row, words: str) -> None:
    async with shopify() as (connector, _):
        with pytest.raises(Unsupported, match=words):
            await connector.upsert(target, [row])


async def test_an_apps_own_credentials_are_exchanged_for_a_token() -> None:
    more = {"access_token": None, "client_id": "app", "client_secret": SECRET}
    async with EmulatedWire(Platform, watch=held_to_the_schema) as wire, aiohttp.ClientSession() as session:
        settings = {**given(wire, **more), "token_url": wire.url + TOKEN_PATH}
        connector = Shopify(Shopify.Settings.model_validate(settings))
        await connector.open(session)
        assert "Sandbox" in await connector.prove()
    assert wire.asked[0].path == TOKEN_PATH
    assert wire.asked[0].form()["grant_type"] == "client_credentials"


@pytest.mark.parametrize("names", [(), ("client_id",), ("access_token", "client_id", "client_secret")])
def test_there_is_one_way_in(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="give either"):
        Shopify.Settings.model_validate({"shop": "sweets.myshopify.com", **dict.fromkeys(names, "x")})
