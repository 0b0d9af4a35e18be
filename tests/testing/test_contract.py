"""The contract tests are themselves tested: a connector that keeps its promises passes, one that breaks one fails."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests.sandbox.papers import Papers, Platform
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import DestinationError, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract, settled
from tidegate.testing.contract import ConnectorContract

CONVERGES = "test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice"


class TestPapers(NetworkContract):
    kind = Papers
    emulation: type[Emulation] = Platform
    secrets = (SECRET,)
    target = Target("object", "reader")

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"token": SECRET, "base_url": wire.url}

    def row(self, number: int) -> Row:
        return replace(super().row(number), traits={"score": number, "city": "Łódź"})


class SaysYesToAll(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        await super().upsert(target, rows)
        return [Outcome.accepted()] * len(rows)


class Forgetful(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return (await super().upsert(target, rows))[:1]


class AnswersBackwards(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return (await super().upsert(target, rows))[::-1]


class TakesMoreThanThePlatform(Papers):
    @property
    def limits(self) -> Limits:
        return Limits(batch=101)


class SaysItsToken(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        try:
            return await super().upsert(target, rows)
        except Retryable as fault:
            raise Retryable(fault.reason, f"with {self.settings.token.get_secret_value()}") from None


class LogsItsToken(Papers):
    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self.log = logging.getLogger("tidegate")

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        self.log.debug("signed with %s", self.settings.token.get_secret_value())
        return await super().upsert(target, rows)


class OpenSettings(ConnectorSettings):
    token: str
    base_url: str


class ShowsItsToken(Papers):
    Settings = OpenSettings


class CannotBeStopped(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        try:
            return await super().upsert(target, rows)
        except asyncio.CancelledError:
            return [Outcome.retry("cancelled")] * len(rows)


class TakesACutForAYes(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        try:
            return await super().upsert(target, rows)
        except Retryable as fault:
            if fault.reason == "cut_off":
                return [Outcome.accepted()] * len(rows)
            raise


class RemovesNobody(Papers):
    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [Outcome.accepted()] * len(rows)


class EmptiesWhatIsNotMentioned(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        every = {"score": None, "city": None}
        return await super().upsert(target, [replace(row, traits={**every, **row.traits}) for row in rows])


class DropsNulls(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        kept = [{name: value for name, value in row.traits.items() if value is not None} for row in rows]
        return await super().upsert(
            target, [replace(row, traits=traits) for row, traits in zip(rows, kept, strict=True)]
        )


class TakesTheStatusForTheFact(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        try:
            return await super().upsert(target, rows)
        except Retryable as fault:
            if fault.reason in ("garbled", "empty"):
                return [Outcome.accepted()] * len(rows)
            raise


class BlamesTheRow(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        try:
            return await super().upsert(target, rows)
        except DestinationError as fault:
            return [Outcome.rejected(fault.reason)] * len(rows)


class Fragile(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        found = await self._call("POST", "/v3/readers", {"readers": [{"email": row.person} for row in rows]})
        return [Outcome.rejected("refused") for _ in found["errors"]] or [Outcome.accepted()] * len(rows)


class Talkative(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        logging.getLogger("tidegate").info("writing %s", rows[0].identifiers["email"])
        return await super().upsert(target, rows)


class AlwaysLater(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [Outcome.pending("j1")] * len(rows)

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        return [Outcome.pending(job)] * len(rows)


class AsksByDoing(Papers):
    can_validate = True

    async def validate_rows(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self.upsert(target, rows)


class CreatesWhoIsThere(Papers):
    writes = frozenset({"upsert", "create", "update"})


class ProvesByWriting(Papers):
    async def prove(self) -> str:
        await self._call("POST", "/v3/readers", {"readers": [{"email": "x@example.com"}]})
        return "fine"


@pytest.mark.parametrize(
    ("kind", "test", "more"),
    [
        (SaysYesToAll, "test_rows_that_are_refused_are_named_and_the_others_taken", {}),
        (AnswersBackwards, "test_rows_that_are_refused_are_named_and_the_others_taken", {}),
        (Forgetful, "test_every_row_has_one_outcome", {}),
        (TakesMoreThanThePlatform, "test_the_largest_batch_is_taken", {}),
        (CannotBeStopped, "test_a_call_can_be_cancelled_and_the_next_one_works", {}),
        (SaysItsToken, "test_nothing_secret_or_personal_comes_to_light", {}),
        (LogsItsToken, "test_nothing_secret_or_personal_comes_to_light", {}),
        (ShowsItsToken, "test_secrets_do_not_show_in_its_settings", {}),
        (TakesACutForAYes, CONVERGES, {"faults": ("cut",)}),
        (RemovesNobody, "test_the_platform_holds_what_it_was_given", {}),
        (EmptiesWhatIsNotMentioned, "test_none_empties_a_field_and_what_is_not_mentioned_stays", {}),
        (DropsNulls, "test_none_empties_a_field_and_what_is_not_mentioned_stays", {}),
        (TakesTheStatusForTheFact, "test_a_fault_never_passes_for_success_or_refusal", {"fault": "garbage"}),
        (TakesTheStatusForTheFact, "test_a_fault_never_passes_for_success_or_refusal", {"fault": "empty"}),
        (BlamesTheRow, "test_a_fault_never_passes_for_success_or_refusal", {"fault": "throttled"}),
        (BlamesTheRow, "test_a_fault_never_passes_for_success_or_refusal", {"fault": "cut_after"}),
        (BlamesTheRow, "test_wrong_credentials_are_the_destinations_fault_and_no_rows", {}),
        (Fragile, "test_json_of_another_shape_is_survived", {}),
        (Talkative, "test_nothing_secret_or_personal_comes_to_light", {}),
        (AlwaysLater, "test_every_row_has_one_outcome", {}),
        (AsksByDoing, "test_asking_whether_it_would_be_taken_changes_nothing", {}),
        (CreatesWhoIsThere, "test_create_leaves_alone_who_is_there", {}),
        (CreatesWhoIsThere, "test_update_makes_nobody", {}),
        (ProvesByWriting, "test_it_proves_its_credentials_in_words", {}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
async def test_a_broken_promise_is_noticed(
    kind: type[Connector], test: str, more: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    contract = type("Contract", (TestPapers,), {"kind": kind, **more})()
    wanted = inspect.signature(getattr(contract, test)).parameters
    async with EmulatedWire(Platform) as wire, contract.opened(wire) as connector:
        given: dict[str, Any] = {"connector": connector, "wire": wire, **more}
        given |= {name: request.getfixturevalue(name) for name in wanted if name not in given}

        async def held() -> None:
            found = getattr(contract, test)(**{name: given[name] for name in wanted})
            if inspect.isawaitable(found):
                await found

        with pytest.raises((AssertionError, pytest.fail.Exception, DestinationError)):
            await held()


class Jobs(Platform):
    """Takes readers at once and judges them when it is asked a second time."""

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/v3/readers", "submit", self.submit),
            Route("GET", "/v3/jobs/{id}", "ask", self.ask),
            *[route for route in super().routes() if route.path != "/v3/readers"],
        ]

    def submit(self, call: Call) -> Answer:
        answer = self.upsert(call)
        id = str(call.shelf.number())
        call.shelf.put("_jobs", id, {"asked": 0, "answer": answer.body})
        return Answer(202, {"job": id}, took=answer.took)

    def ask(self, call: Call) -> Answer:
        job = call.shelf.get("_jobs", call.parts["id"])
        if job is None:
            return Answer(404, {"message": "no such job"})
        call.shelf.put("_jobs", call.parts["id"], {**job, "asked": job["asked"] + 1})
        return Answer(200, job["answer"] if job["asked"] else {"errors": "later"})


class PapersLater(Papers):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        given = [{"email": row.identifiers["email"], **row.traits} for row in rows]
        found = await self._call("POST", "/v3/readers", {"readers": given})
        if not isinstance(found.get("job"), str):
            raise Retryable("garbled", "no job told")
        return [Outcome.pending(found["job"])] * len(rows)

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        found = await self._call("GET", f"/v3/jobs/{job}")
        if found.get("errors") == "later":
            return [Outcome.pending(job)] * len(rows)
        return self._judged(found, len(rows))


class TestPapersLater(TestPapers):
    kind = PapersLater
    emulation = Jobs

    async def test_jobs_are_waited_for(self, connector: Connector, wire: EmulatedWire) -> None:
        outcomes = await settled(connector, self._target, [self.row(1), self.row(2)])
        assert [outcome.verdict for outcome in outcomes] == ["accepted"] * 2
        assert [asked.method for asked in wire.asked] == ["POST", "GET", "GET"]


async def test_a_connector_without_an_emulation_says_what_is_missing(tmp_path: Any) -> None:
    class Bare(ConnectorContract):
        pass

    with pytest.raises(NotImplementedError):
        Bare().settings(None)


async def test_what_the_wire_holds_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    async with EmulatedWire(Platform) as wire, TestPapers().opened(wire) as connector:
        before = wire.everything()
        await connector.upsert(Target("object", "reader"), [TestPapers().row(1)])
        assert wire.everything() != before
        assert wire.taken == 1
        wire.order(kind="refuse", match="person.1@*", reason="no")
        [outcome] = await connector.upsert(Target("object", "reader"), [TestPapers().row(1)])
        assert (outcome.verdict, wire.taken) == ("rejected", 1)
