"""Misbehaviour to order: each kind of fault, on each platform, seen by a real client."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import aiosmtplib
import pytest
from pydantic import ValidationError

from tests.sandbox.conftest import Client, sha256
from tests.sandbox.test_webhooks import call
from tidegate.sandbox import Fault

GONE = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)


class TestTexts:
    async def test_some_numbers_are_refused_and_others_not(self, client: Client) -> None:
        client.fault(kind="refuse", connector="twilio", match="+4477009001*")

        refused, error, _ = await client.text("+447700900123")
        accepted, _, _ = await client.text("+447700900999")

        assert (refused, error["code"], accepted) == (400, 21610, 201)
        assert [row["recipient"] for row in await client.inbox()] == ["+447700900999"]

    async def test_throttled_for_so_many_calls_then_no_more(self, client: Client) -> None:
        client.fault(kind="throttle", connector="twilio", times=2, after=3)

        answers = [await client.text() for _ in range(3)]

        assert [status for status, _, _ in answers] == [429, 429, 201]
        assert answers[0][1]["code"] == 20429
        assert answers[0][2].headers["Retry-After"] == "3"
        assert len(await client.inbox()) == 1

    @pytest.mark.parametrize("status", [500, 503])
    async def test_an_error_takes_nothing(self, client: Client, status: int) -> None:
        client.fault(kind="error", status=status, times=1)

        got, error, _ = await client.text()

        assert (got, error["status"]) == (status, status)
        assert await client.inbox() == []

    @pytest.mark.parametrize(("accept", "kept"), [(0, 0), ("all", 1)], ids=["before", "after"])
    async def test_silence_before_or_after_accepting(self, client: Client, accept: int | str, kept: int) -> None:
        client.fault(kind="hang", accept=accept, hold=30)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.text(), 0.5)

        assert len(await client.inbox()) == kept

    @pytest.mark.parametrize("kind", ["close", "cut"])
    async def test_an_accepted_text_whose_answer_never_arrives(self, client: Client, kind: str) -> None:
        client.fault(kind=kind, accept="all", times=1)

        with pytest.raises(GONE):
            await client.text()

        assert len(await client.inbox()) == 1
        assert (await client.text())[0] == 201

    async def test_an_answer_that_means_nothing(self, client: Client) -> None:
        client.fault(kind="garbage", accept="all", times=1)

        with pytest.raises(ValueError, match=r".*"):
            await client.text()

        assert len(await client.inbox()) == 1

    async def test_a_page_instead_of_an_answer(self, client: Client) -> None:
        client.fault(kind="html", times=1)

        with pytest.raises(aiohttp.ContentTypeError) as page:
            await client.text()

        assert page.value.status == 502
        assert await client.inbox() == []


class TestLists:
    async def test_refused_rows_are_counted_as_invalid_and_the_others_are_on_the_list(self, client: Client) -> None:
        vips = await client.audience()
        client.fault(kind="refuse", match=sha256("grace@example.com"))

        body = await client.put(vips, "ada", "grace")

        assert (body["num_received"], body["num_invalid_entries"]) == (2, 1)
        assert await client.on(vips) == {sha256("ada@example.com")}

    async def test_every_third_row_is_refused_across_calls(self, client: Client) -> None:
        vips = await client.audience()
        client.fault(kind="refuse", connector="meta_custom_audiences", every=3)

        counts = [(await client.put(vips, *people))["num_invalid_entries"] for people in ("ab", "cd", "efg")]

        assert counts == [0, 1, 1]

    async def test_a_share_of_people_is_refused_always_the_same_ones(self, client: Client) -> None:
        vips = await client.audience()
        people = [f"p{number}" for number in range(200)]
        client.fault(kind="refuse", share=0.3, seed=7)

        first = await client.put(vips, *people)
        again = await client.put(vips, *people)

        assert 30 <= first["num_invalid_entries"] <= 90
        assert again["invalid_entry_samples"] == first["invalid_entry_samples"]

    async def test_the_connection_breaks_after_two_rows_of_the_batch(self, client: Client) -> None:
        vips = await client.audience()
        client.fault(kind="close", accept=2, times=1)

        with pytest.raises(GONE):
            await client.put(vips, "ada", "grace", "edsger")

        assert await client.on(vips) == {sha256("ada@example.com"), sha256("grace@example.com")}

    async def test_throttled_as_graph_says_it(self, client: Client) -> None:
        client.fault(kind="throttle", after=90, times=1)
        url = f"{client.sandbox.http_url}/meta_custom_audiences/v25.0/act_1/customaudiences"

        async with client.session.get(url) as unsigned:
            assert unsigned.status == 401  # who cannot sign in does not use a fault up
        status, body = await client.graph("GET", "act_1/customaudiences")

        assert (status, body["error"]["code"], body["error"]["is_transient"]) == (400, 80003, True)

    async def test_a_list_created_in_silence_exists(self, client: Client) -> None:
        client.fault(kind="close", accept="all", times=1)

        with pytest.raises(GONE):
            await client.audience("VIPs")

        assert [row["name"] for row in await client.api("/api/lists")] == ["VIPs"]


class TestMail:
    async def test_some_addresses_are_refused_and_others_not(self, client: Client) -> None:
        client.fault(kind="refuse", connector="smtp", match="ADA@*")

        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
            await client.mail("ada@example.com")
        await client.mail("grace@example.com")

        assert refusal.value.recipients[0].code == 550
        assert [row["recipient"] for row in await client.inbox()] == ["grace@example.com"]

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ({"kind": "throttle"}, 450),
            ({"kind": "error"}, 451),
            ({"kind": "error", "at": "dot"}, 451),
            ({"kind": "error", "at": "rcpt"}, 451),
            ({"kind": "error", "at": "mail", "code": 421}, 421),
            ({"kind": "error", "code": 554, "reason": "No"}, 554),
        ],
        ids=str,
    )
    async def test_a_message_put_off_is_not_kept_and_the_next_one_is(
        self, client: Client, fault: dict[str, object], code: int
    ) -> None:
        client.fault(**fault, times=1)

        with pytest.raises(aiosmtplib.SMTPException) as refusal:
            await client.mail()
        found = getattr(refusal.value, "code", None) or refusal.value.recipients[0].code  # type: ignore[attr-defined]
        await client.mail("grace@example.com")

        assert found == code
        assert [row["recipient"] for row in await client.inbox()] == ["grace@example.com"]

    @pytest.mark.parametrize(
        ("fault", "kept"),
        [
            ({"kind": "close", "at": "connect"}, 0),
            ({"kind": "close", "at": "mail"}, 0),
            ({"kind": "close", "at": "rcpt"}, 0),
            ({"kind": "close"}, 0),
            ({"kind": "close", "at": "dot"}, 0),
            ({"kind": "close", "accept": "all"}, 1),
            ({"kind": "cut", "accept": "all"}, 1),
        ],
        ids=str,
    )
    async def test_the_connection_breaks_at_any_step(self, client: Client, fault: dict[str, object], kept: int) -> None:
        client.fault(**fault, times=1)

        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await client.mail()

        assert len(await client.inbox()) == kept
        await client.mail(key="k2")
        assert len(await client.inbox()) == kept + 1

    @pytest.mark.parametrize(("accept", "kept"), [(0, 0), ("all", 1)], ids=["before", "after"])
    async def test_silence_before_or_after_the_final_dot_was_answered(
        self, client: Client, accept: int | str, kept: int
    ) -> None:
        client.fault(kind="hang", accept=accept, hold=30, times=1)

        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await client.mail(timeout=0.5)

        assert len(await client.inbox()) == kept

    async def test_the_third_message_of_a_connection_meets_the_fault(self, client: Client) -> None:
        client.fault(kind="close", connector="smtp", skip=2, times=1)

        for number in range(2):
            await client.mail(f"p{number}@example.com")
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await client.mail("p2@example.com")

        assert len(await client.inbox()) == 2


class TestWebhooks:
    async def test_throttled_broken_and_refused(self, client: Client) -> None:
        client.fault(kind="throttle", times=1)
        client.fault(kind="refuse", match="*12347*", times=1)
        client.fault(kind="error", times=1)

        assert [(await call(client))[0] for _ in range(4)] == [429, 500, 400, 204]

    async def test_taken_but_never_answered(self, client: Client) -> None:
        client.fault(kind="close", accept="all", times=1)

        with pytest.raises(GONE):
            await call(client)

        assert len(await client.api("/api/webhooks")) == 1


class TestControl:
    async def test_faults_are_set_seen_and_cleared_over_http(self, client: Client) -> None:
        url = f"{client.sandbox.http_url}/control/faults"
        async with client.session.post(url, json={"kind": "error", "connector": "twilio", "times": 3}) as answer:
            assert answer.status == 201
        await client.text()

        (left,) = await client.api("/control/faults")
        async with client.session.delete(url, params={"connector": "twilio"}) as answer:
            assert answer.status == 204

        assert (left["kind"], left["left"]) == ("error", 2)
        assert (await client.text())[0] == 201

    async def test_a_fault_for_one_connector_leaves_the_others_alone(self, client: Client) -> None:
        client.fault(kind="error", connector="twilio")

        await client.mail()
        await client.audience()

        assert (await client.text())[0] == 500

    async def test_a_fault_that_cannot_be_is_answered_with_what_is_wrong(self, client: Client) -> None:
        url = f"{client.sandbox.http_url}/control/faults"
        async with client.session.post(url, json={"kind": "explode"}) as answer:
            assert answer.status == 422
            assert "kind" in await answer.text()

    async def test_a_web_page_elsewhere_cannot_give_orders(self, client: Client) -> None:
        url = f"{client.sandbox.http_url}/control/reset"
        async with client.session.post(url, data={"a": "b"}) as form:
            assert form.status == 415
        async with client.session.get(client.sandbox.http_url, headers={"Host": "evil.example"}) as rebound:
            assert rebound.status == 421

    def test_rows_are_chosen_in_one_way_only(self) -> None:
        with pytest.raises(ValidationError, match="one of match, every and share"):
            Fault(kind="refuse", match="*", every=2)

    async def test_every_call_is_logged_with_its_answer_and_its_fault(self, client: Client) -> None:
        client.fault(kind="close", connector="smtp", accept="all", times=1)
        client.fault(kind="throttle", connector="twilio", times=1)
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await client.mail()
        await client.text()
        await client.text()
        await client.text(token="guess")

        logged = await client.api("/control/calls")

        assert [(one["connector"], one["status"], one["accepted"], one["fault"]) for one in logged] == [
            ("smtp", 0, 1, "close"),
            ("twilio", 429, 0, "throttle"),
            ("twilio", 201, 1, ""),
            ("twilio", 401, 0, ""),
        ]

    async def test_a_reset_forgets_what_was_received_and_every_fault(self, client: Client) -> None:
        await client.mail()
        await client.put(await client.audience(), "ada")
        client.fault(kind="error")
        async with client.session.post(f"{client.sandbox.http_url}/control/reset", json={}) as answer:
            assert answer.status == 204

        totals = await client.api("/api/totals")
        counted = ("messages", "lists", "records", "webhooks", "faults")
        assert totals == {**dict.fromkeys(counted, 0), "newest": None, "clock": None}
        assert await client.inbox("?q=hello") == []
        await client.mail()
        assert len(await client.inbox("?q=hello")) == 1


async def test_stopping_does_not_wait_for_those_it_keeps_waiting(client: Client) -> None:
    client.fault(kind="hang", hold=600)
    waiting = [asyncio.create_task(client.text()), asyncio.create_task(client.mail(timeout=600))]
    await asyncio.sleep(0.3)

    began = time.monotonic()
    await asyncio.to_thread(client.sandbox.__exit__, None, None, None)
    await asyncio.gather(*waiting, return_exceptions=True)

    assert time.monotonic() - began < 5
