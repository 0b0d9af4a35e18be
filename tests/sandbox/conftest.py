"""A sandbox that is up, and the tools that talk to it over the wire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from tidegate.sandbox import SECRET, Fault, Sandbox
from tidegate.sandbox.credentials import account
from tidegate.sandbox.faults import set_fault

SID = account("AC", "tests")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(sandbox, session)


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


class Client:
    """What a delivery would say to the platforms, and what a person would look at."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    def fault(self, **values: Any) -> None:
        set_fault(self.sandbox.store, Fault(**values))

    async def mail(self, to: str = "ada@example.com", *, subject: str = "Hello", key: str = "k1", **more: Any) -> str:
        """Send an e-mail; returns the server's last words."""
        timeout = more.pop("timeout", 5)
        return await self.deliver(letter(to, subject=subject, key=key, **more), patience=timeout)

    async def deliver(self, mail: EmailMessage, *, patience: float = 5) -> str:
        """The same with an e-mail of one's own."""
        host, port = self.sandbox.smtp
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, timeout=patience) as smtp:
            sent = await smtp.send_message(mail)
        return sent[1]

    async def text(
        self, to: str = "+447700900123", body: str = "Hello", *, token: str = SECRET, sid: str = SID, **more: str
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        form = {"To": to, "From": "+12025550100", "Body": body, **more}
        url = f"{self.sandbox.http_url}/twilio/2010-04-01/Accounts/{sid}/Messages.json"
        headers = {"Authorization": aiohttp.encode_basic_auth(sid, token)}
        filled = {name: value for name, value in form.items() if value}
        async with self.session.post(url, data=filled, headers=headers) as answer:
            return answer.status, await answer.json(), answer

    async def twilio(self, path: str, **params: str) -> tuple[int, Any]:
        url = f"{self.sandbox.http_url}/twilio/2010-04-01/Accounts/{SID}{path}"
        headers = {"Authorization": aiohttp.encode_basic_auth(SID, SECRET)}
        async with self.session.get(url, params=params, headers=headers) as answer:
            return answer.status, await answer.json()

    async def graph(self, method: str, path: str, **fields: Any) -> tuple[int, Any]:
        """A Graph API call with form fields, values that are not text as JSON."""
        form = {"access_token": SECRET}
        form |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        url = f"{self.sandbox.http_url}/meta_custom_audiences/v25.0/{path}"
        inside: dict[str, Any] = {"params": form} if method == "GET" else {"data": form}
        async with self.session.request(method, url, **inside) as answer:
            return answer.status, await answer.json()

    async def audience(self, name: str = "VIP customers", account: str = "act_1") -> str:
        status, body = await self.graph(
            "POST",
            f"{account}/customaudiences",
            name=name,
            subtype="CUSTOM",
            customer_file_source="USER_PROVIDED_ONLY",
        )
        assert status == 200, body
        return str(body["id"])

    async def put(self, audience: str, *people: str, method: str = "POST", phones: bool = False) -> dict[str, Any]:
        """Add people by the hash of their address (and of their name as a telephone), or with DELETE remove."""
        schema = ["EMAIL", "PHONE"] if phones else ["EMAIL"]
        rows = [[sha256(f"{who}@example.com"), *([sha256(who)] if phones else [])] for who in people]
        status, body = await self.graph(method, f"{audience}/users", payload={"schema": schema, "data": rows})
        assert status == 200, body
        return dict(body)

    async def on(self, audience: str) -> set[str]:
        """The hashed addresses on a list."""
        members = await self.api(f"/api/lists/{listed(audience)}/members?count=10000")
        return {member["identifiers"].get("email", "") for member in members}

    async def api(self, path: str) -> Any:
        async with self.session.get(f"{self.sandbox.http_url}{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def page(self, path: str) -> tuple[int, str]:
        async with self.session.get(f"{self.sandbox.http_url}{path}", headers={"Accept": "text/html"}) as answer:
            return answer.status, await answer.text()

    async def inbox(self, query: str = "") -> list[dict[str, Any]]:
        return list((await self.api(f"/api/messages{query}"))["messages"])


def listed(audience: str) -> str:
    """How the page knows an audience."""
    return f"meta_custom_audiences:{audience}"


def letter(
    to: str, *, subject: str = "Hello", key: str = "k1", body: str = "Hello", html: str | None = "<p>Hello</p>"
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Shop <shop@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{key}@shop.example.com>"
    message.set_content(body)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message
