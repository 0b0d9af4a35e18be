"""A platform that does not exist, small enough to be read, and the connector that calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from tidegate.connecting.http import call
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Refused
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf


class Platform(Emulation):
    """Readers by e-mail address; a batch of them at most a hundred."""

    connector = "papers"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/v3/account", "fetch account", self.account),
            Route("POST", "/v3/readers", "upsert readers", self.upsert),
            Route("POST", "/v3/readers/gone", "remove readers", self.remove),
            Route("GET", "/v3/readers/{email}", "fetch reader", self.fetch),
        ]

    def account(self, call: Call) -> Answer:
        return self._signed(call) or Answer(200, {"name": "The sandbox"})

    def upsert(self, call: Call) -> Answer:
        given = self._readers(call)
        call.shelf.put("_calls", str(call.shelf.number()), {})
        taken = call.take([[one["email"]] for one in given])
        for n in taken.good:
            held = call.shelf.get("readers", given[n]["email"]) or {}
            fields = {name: value for name, value in {**held, **given[n]}.items() if value is not None}
            call.shelf.put("readers", given[n]["email"], fields)
        errors = [{"index": n, "message": why} for n, why in taken.refused.items()]
        return Answer(200, {"errors": errors}, took=len(taken.good))

    def remove(self, call: Call) -> Answer:
        given = self._readers(call)
        taken = call.take([[one["email"]] for one in given])
        for n in taken.good:
            call.shelf.drop("readers", given[n]["email"])
        return Answer(200, {"errors": []}, took=len(taken.good))

    def fetch(self, call: Call) -> Answer:
        held = call.shelf.get("readers", call.parts["email"])
        return Answer(200, held) if held else Answer(404, {"message": "no such reader"})

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return shelf.all("readers")

    def _readers(self, call: Call) -> list[dict[str, Any]]:
        declined = self._signed(call)
        if declined:
            raise Declined(declined)
        given = call.json().get("readers", [])
        if len(given) > 100:
            raise Declined(Answer(400, {"message": "at most 100 readers"}))
        return list(given)

    def _signed(self, call: Call) -> Answer | None:
        return None if call.signed() else self.unauthorized()


class Settings(ConnectorSettings):
    token: SecretStr
    base_url: str = "https://papers.example"


class Papers(Connector):
    channel = "crm"
    modes = frozenset({"object"})
    identifiers: Mapping[str, Identifier] = {"email": Identifier("email")}
    Settings = Settings
    settings: Settings

    @property
    def limits(self) -> Limits:
        return Limits(batch=100, concurrency=4)

    async def prove(self) -> str:
        reply = await self._call("GET", "/v3/account")
        return f"signed in as {reply['name']}"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        given = [{"email": row.identifiers["email"], **row.traits} for row in rows]
        return self._judged(await self._call("POST", "/v3/readers", {"readers": given}), len(rows))

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        given = [{"email": row.identifiers["email"]} for row in rows]
        return self._judged(await self._call("POST", "/v3/readers/gone", {"readers": given}), len(rows))

    def _judged(self, said: dict[str, Any], rows: int) -> list[Outcome]:
        errors = said.get("errors")
        refused = {one["index"] for one in errors if isinstance(one, dict)} if isinstance(errors, list) else None
        if refused is None:
            raise Refused("garbled", "no errors told")
        return [Outcome.rejected("refused") if n in refused else Outcome.accepted() for n in range(rows)]

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        token = self.settings.token.get_secret_value()
        reply = await call(
            self.session,
            method,
            f"{self.settings.base_url}{path}",
            safe_to_repeat=True,
            headers={"Authorization": f"Bearer {token}"},
            json=body,
            hide=(token,),
        )
        found = reply.json()
        return found if isinstance(found, dict) else {}
