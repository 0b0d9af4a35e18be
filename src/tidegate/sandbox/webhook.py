"""A service of the user's own that receives signed calls, as Standard Webhooks 1.0 describes them."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.exchange import Platform, Reply, decline, exchange
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.queries import query
from tidegate.sandbox.store import now

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(Platform):
    """Mounted at `/webhook/{destination}`. Keeps every call it can verify, repeated ones too."""

    connector = "webhook"

    def routes(self) -> list[web.RouteDef]:
        path = f"/{self.connector}/{{destination}}"
        return [web.post(path, self.receive), web.route("*", path, self.other)]

    def throttled(self, fault: Fault) -> Reply:
        words = {"message": fault.reason or "Too Many Requests"}
        return Reply(fault.status or 429, words, {"Retry-After": str(math.ceil(fault.after))})

    def failed(self, fault: Fault) -> Reply:
        status = fault.status or 500
        return Reply(status, {"message": fault.reason or HTTPStatus(status).phrase})

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        missing = [name for name in _HEADERS if name not in headers]
        if missing:
            return await self._decline(request, 400, f"missing header: {', '.join(missing)}")
        try:
            text = body.decode()
            Webhook(SECRET).verify(text, headers, json_parse=False)
        except WebhookVerificationError as fault:
            return await self._decline(request, 401, str(fault))
        except ValueError:
            return await self._decline(request, 401, "the signature cannot be read")
        try:
            kind = _type(text)
        except ValueError:
            return await self._decline(request, 400, "the body is not JSON")
        values = {
            "destination": request.match_info["destination"],
            "webhook_id": headers["webhook-id"],
            "type": kind,
            "body": text,
            "headers": json.dumps(headers),
            "now": now(),
        }

        def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
            if refused:
                fault = refused[0]
                return Reply(fault.status or 400, {"message": fault.reason or "not acceptable"})
            connection.execute(query("webhooks", "add"), values)
            return Reply(204, accepted=1)

        return await exchange(request, self, "receive", [(values["webhook_id"], text)], apply)

    async def other(self, request: web.Request) -> web.Response:
        reply = Reply(405, {"message": "POST only"}, {"Allow": "POST"})
        return await decline(request, self.connector, request.method, reply)

    async def _decline(self, request: web.Request, status: int, words: str) -> web.Response:
        return await decline(request, self.connector, "receive", Reply(status, {"message": words}))


def _type(text: str) -> str:
    body = json.loads(text)
    return str(body.get("type", "")) if isinstance(body, dict) else ""
