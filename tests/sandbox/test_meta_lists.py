"""Meta's custom audiences, as far as the sandbox speaks them: who is on a list, and who is refused why."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.conftest import Client, listed, sha256
from tidegate.sandbox import SECRET


def hashes(*people: str) -> set[str]:
    return {sha256(f"{who}@example.com") for who in people}


async def test_a_list_holds_who_was_added_and_not_removed(client: Client) -> None:
    vips = await client.audience()

    added = await client.put(vips, "ada", "grace", "edsger")
    await client.put(vips, "grace", "nobody", method="DELETE")

    assert (added["num_received"], added["num_invalid_entries"], added["audience_id"]) == (3, 0, vips)
    assert await client.on(vips) == hashes("ada", "edsger")


async def test_adding_somebody_twice_changes_nothing(client: Client) -> None:
    vips = await client.audience()

    await client.put(vips, "ada")
    await client.put(vips, "ada", "ada")

    assert len(await client.api(f"/api/lists/{listed(vips)}/members")) == 1
    assert await client.api(f"/api/lists/{listed(vips)}/days") == {
        next(iter(await _days(client, vips))): {"add": 1, "remove": 0}
    }


async def test_a_changed_telephone_is_the_same_member_and_a_changed_address_another_one(client: Client) -> None:
    vips = await client.audience()
    schema = ["EMAIL", "PHONE"]

    for email, phone in (("ada@old.example", "1"), ("ada@old.example", "2"), ("ada@new.example", "2")):
        data = [[sha256(email), sha256(phone)]]
        await client.graph("POST", f"{vips}/users", payload={"schema": schema, "data": data})

    members = await client.api(f"/api/lists/{listed(vips)}/members")
    assert [member["identifiers"] for member in members] == [
        {"email": sha256("ada@new.example"), "phone": sha256("2")},
        {"email": sha256("ada@old.example"), "phone": sha256("2")},
    ]


async def test_removing_one_of_two_who_share_a_telephone_leaves_the_other(client: Client) -> None:
    vips = await client.audience()
    schema = ["EMAIL", "PHONE"]
    ada, grace = [sha256("ada"), sha256("1")], [sha256("grace"), sha256("1")]
    await client.graph("POST", f"{vips}/users", payload={"schema": schema, "data": [ada, grace]})

    await client.graph("DELETE", f"{vips}/users", payload={"schema": schema, "data": [grace]})
    await client.graph("DELETE", f"{vips}/users", payload={"schema": schema, "data": [grace]})

    assert await client.on(vips) == {sha256("ada")}


async def test_somebody_can_be_removed_by_any_identifier_they_were_given_by(client: Client) -> None:
    vips = await client.audience()
    await client.put(vips, "ada", phones=True)

    await client.graph("DELETE", f"{vips}/users", payload={"schema": "PHONE_SHA256", "data": [sha256("ada")]})

    assert await client.on(vips) == set()


async def test_people_of_the_same_town_are_not_the_same_person(client: Client) -> None:
    vips = await client.audience()
    rows = [[sha256("ada"), sha256("london")], [sha256("grace"), sha256("london")]]

    await client.graph("POST", f"{vips}/users", payload={"schema": ["FN", "CT"], "data": rows})

    assert len(await client.api(f"/api/lists/{listed(vips)}/members")) == 2


async def test_what_is_not_a_hash_is_counted_as_invalid_and_not_on_the_list(client: Client) -> None:
    vips = await client.audience()
    data = [["ada@example.com"], [sha256("grace@example.com")], [sha256("x").upper()], ["", "too many"]]

    status, body = await client.graph("POST", f"{vips}/users", payload={"schema": ["EMAIL"], "data": data})

    assert (status, body["num_received"], body["num_invalid_entries"]) == (200, 4, 3)
    assert set(body["invalid_entry_samples"]) == {"0", "2", "3"}
    assert await client.on(vips) == hashes("grace")


async def test_a_session_keeps_its_number_and_json_bodies_work_as_forms_do(client: Client) -> None:
    vips = await client.audience()
    session = {"session_id": 42, "batch_seq": 1, "last_batch_flag": True}
    payload = {"schema": "EMAIL_SHA256", "data": [sha256("ada@example.com")]}
    url = f"{client.sandbox.http_url}/meta_custom_audiences/v25.0/{vips}/users"

    async with client.session.post(
        url, json={"payload": payload, "session": session}, headers={"Authorization": f"Bearer {SECRET}"}
    ) as answer:
        body = await answer.json()

    assert body["session_id"] == "42"
    assert await client.on(vips) == hashes("ada")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, "payload is required"),
        ({"schema": ["EMAIL"]}, "schema and data"),
        ({"schema": ["SHOE_SIZE"], "data": [["44"]]}, "Invalid schema"),
        ({"schema": ["EMAIL"], "data": []}, "a list of rows"),
        ({"schema": ["EMAIL"], "data": [["x"]] * 10_001}, "At most 10000"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_payload_that_cannot_be_read_is_refused_whole(client: Client, payload: object, words: str) -> None:
    vips = await client.audience()

    status, body = await client.graph("POST", f"{vips}/users", **({"payload": payload} if payload else {}))

    assert (status, body["error"]["code"]) == (400, 100)
    assert words in body["error"]["message"]
    assert await client.on(vips) == set()


async def test_an_unknown_list_is_graphs_error_100(client: Client) -> None:
    status, body = await client.graph("GET", "123")

    error = body["error"]
    assert (status, error["code"], error["error_subcode"], error["type"]) == (400, 100, 33, "GraphMethodException")
    assert error["fbtrace_id"]


@pytest.mark.parametrize(("token", "code"), [("guess", 190), ("", 104)])
async def test_without_the_right_token_nothing_is_done(client: Client, token: str, code: int) -> None:
    status, body = await client.graph("POST", "act_1/customaudiences", access_token=token, name="VIPs")

    assert (status, body["error"]["type"], body["error"]["code"]) == (401, "OAuthException", code)
    assert await client.api("/api/lists") == []


async def test_a_list_needs_a_name_and_where_its_people_come_from(client: Client) -> None:
    _, nameless = await client.graph("POST", "act_1/customaudiences", customer_file_source="USER_PROVIDED_ONLY")
    _, sourceless = await client.graph("POST", "act_1/customaudiences", name="VIPs")

    assert "name" in nameless["error"]["message"]
    assert "customer_file_source" in sourceless["error"]["message"]


async def test_an_account_lists_its_own_lists_with_the_fields_asked_for_page_by_page(client: Client) -> None:
    ids = [await client.audience(f"list {number}") for number in range(3)]
    await client.audience("somebody else's", account="act_2")

    _, first = await client.graph("GET", "act_1/customaudiences", fields="id,name", limit="2")
    after = first["paging"]["cursors"]["after"]
    _, second = await client.graph("GET", "act_1/customaudiences", limit="2", after=after)

    assert first["data"] == [{"name": f"list {number}", "id": ids[number]} for number in range(2)]
    assert second["data"] == [{"id": ids[2]}]
    assert SECRET not in first["paging"]["next"]
    assert "next" not in second["paging"]


async def test_a_list_can_be_renamed_and_deleted(client: Client) -> None:
    vips = await client.audience()
    await client.put(vips, "ada")

    renamed = await client.graph("POST", vips, name="Best customers", description="by spend")
    _, shown = await client.graph("GET", vips, fields="name,description,approximate_count_lower_bound")
    deleted = await client.graph("DELETE", vips)
    gone, _ = await client.graph("GET", vips)

    assert renamed == deleted == (200, {"success": True})
    assert (shown["name"], shown["description"]) == ("Best customers", "by spend")
    assert shown["approximate_count_lower_bound"] == 1000  # small lists are all shown so, as Meta does
    assert gone == 400


async def test_a_path_that_is_not_there_is_graphs_error_2500(client: Client) -> None:
    status, body = await client.graph("GET", "act_1/campaigns")

    assert (status, body["error"]["code"]) == (400, 2500)


async def test_ten_thousand_rows_go_in_one_call(client: Client) -> None:
    vips = await client.audience()
    data = [[sha256(str(number))] for number in range(10_000)]

    _, body = await client.graph("POST", f"{vips}/users", payload=json.dumps({"schema": ["EMAIL"], "data": data}))

    assert body["num_received"] == 10_000
    assert len(await client.on(vips)) == 10_000


async def _days(client: Client, audience: str) -> dict[str, dict[str, int]]:
    return dict(await client.api(f"/api/lists/{listed(audience)}/days"))
