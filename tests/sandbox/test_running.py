"""The sandbox as a process, as several, again after a death, and as what every destination is pointed at."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest
from pydantic import SecretStr

from tests.sandbox.conftest import Client
from tidegate import registry
from tidegate.connector import Connector, ConnectorSettings
from tidegate.errors import SpecError, TidegateError, WarehouseError
from tidegate.sandbox import SECRET, Endpoints, Fault, Sandbox, Store, connect, sandbox_for, settings_for
from tidegate.sandbox.faults import set_fault
from tidegate.sandbox.running import ENVIRONMENT
from tidegate.spec.objects import DestinationSpec


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """The sandbox as `python -m tidegate.sandbox`, and the endpoints it printed."""
    command = [sys.executable, "-m", "tidegate.sandbox", "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        try:
            yield running, json.loads(running.stdout.readline())
        finally:
            running.kill()


async def test_two_processes_serve_one_store(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with process(folder) as (_, there), Sandbox(folder) as here:
        other = connect(there["http_url"])
        async with aiohttp.ClientSession() as session:
            near, far = Client(here, session), Client(other, session)  # type: ignore[arg-type]
            await near.mail("ada@example.com", key="k1")
            await far.mail("grace@example.com", key="k2")
            assert [row["recipient"] for row in await far.inbox()] == ["grace@example.com", "ada@example.com"]

            set_fault(here.store, Fault(kind="error", connector="twilio", times=2))
            assert [(await client.text())[0] for client in (far, near, far)] == [500, 500, 201]

            other.set_clock(datetime(2011, 10, 1, tzinfo=UTC))
            other.label([("ada@example.com", "12347")])
            other.trace([("SM1", "winback: reminder")])
            assert [row["origin"] for row in here.store.read("store", "origins")] == ["winback: reminder"]
            await near.mail("ada@example.com", key="k3")
            assert [row["person"] for row in await near.inbox("?day=2011-10-01")] == ["12347"]


async def test_what_was_acknowledged_survives_a_kill_and_nothing_else_appears(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    acknowledged = []
    with process(folder) as (running, there):
        async with aiohttp.ClientSession() as session:
            client = Client(connect(there["http_url"]), session)  # type: ignore[arg-type]
            for number in range(60):
                acknowledged.append((await client.text(body=f"text {number}"))[1]["sid"])
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    with Sandbox(folder) as again:
        async with aiohttp.ClientSession() as session:
            kept = [row["provider_id"] for row in await Client(again, session).inbox()]
    assert kept == acknowledged[::-1]


async def test_a_restart_keeps_messages_lists_faults_and_the_clock(tmp_path: Path) -> None:
    at = datetime(2011, 12, 9, tzinfo=UTC)
    async with aiohttp.ClientSession() as session:
        with Sandbox(tmp_path) as first:
            first.set_clock(at)
            client = Client(first, session)
            await client.mail()
            audience = await client.audience()
            await client.put(audience, "ada")
            client.fault(kind="error", connector="twilio")

        with Sandbox(tmp_path) as second:
            client = Client(second, session)
            assert len(await client.inbox("?day=2011-12-09")) == 1
            assert len(await client.on(audience)) == 1
            assert (await client.text())[0] == 500


def test_a_process_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    with process(tmp_path) as (running, _):
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_the_environment_names_a_sandbox_that_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(tmp_path / "one") as one:
        monkeypatch.setenv(ENVIRONMENT, one.http_url)
        with sandbox_for(tmp_path / "two") as found:
            assert found.endpoints == one.endpoints
        assert urllib.request.urlopen(f"{one.http_url}/api/totals").status == 200
    assert not (tmp_path / "two").exists()

    monkeypatch.delenv(ENVIRONMENT)
    with sandbox_for(tmp_path / "two") as own:
        assert own.endpoints.files == tmp_path / "two" / "files"


def test_a_sandbox_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(WarehouseError, match=r"no sandbox answers at http://127\.0\.0\.1:9"):
        connect("http://127.0.0.1:9")


def test_a_port_that_is_taken_is_an_error_and_lets_go_of_everything(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "one") as one:
        taken = int(one.http_url.rpartition(":")[2])
        with pytest.raises(WarehouseError, match="cannot listen"), Sandbox(tmp_path / "two", port=taken):
            pass
    with Sandbox(tmp_path / "two", port=taken) as two:
        assert two.http_url == one.http_url


def test_a_store_of_another_version_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(lambda connection: connection.execute("pragma user_version = 99")).result()
    store.close()

    with pytest.raises(TidegateError, match="another version of Tidegate"):
        Store(tmp_path)


def test_a_change_that_fails_changes_nothing_and_harms_no_other(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def half(connection: Any) -> None:
        connection.execute("insert into labels values ('a', '1')")
        raise ValueError("half way")

    jobs = [
        store.write(half),
        store.write(lambda connection: connection.execute("insert into labels values ('b', '2')")),
    ]
    with pytest.raises(ValueError, match="half way"):
        jobs[0].result()
    jobs[1].result()
    found = store.read("store", "people", prefix="%", count=10)
    store.close()

    assert [row["person"] for row in found] == ["2"]


ENDPOINTS = Endpoints(("127.0.0.1", 2525), "http://127.0.0.1:8025", Path("/sandbox/files"))
SPECS = {
    "email": DestinationSpec(
        "email", "smtp", {"host": "${SMTP_HOST}", "from": "Shop <hello@example.com>", "password": "${SMTP_PASSWORD}"}
    ),
    "sms": DestinationSpec(
        "sms", "twilio", {"account_sid": "${SID}", "auth_token": "${TOKEN}", "from": "+12025550100"}
    ),
    "ads": DestinationSpec(
        "ads", "meta_custom_audiences", {"ad_account": "act_1", "access_token": "secret:meta-token"}
    ),
    "hook": DestinationSpec("hook", "webhook", {"url": "https://crm.example.com/hook", "secret": "${HOOK_SECRET}"}),
    "disk": DestinationSpec("disk", "file", {"folder": "/somewhere/else", "format": "jsonl"}),
}


@pytest.mark.parametrize("name", SPECS)
def test_every_shipped_connector_takes_its_sandbox_settings(name: str, tmp_path: Path) -> None:
    spec = SPECS[name]
    kind = registry.load(spec.connector, tmp_path)

    settings = kind.Settings.model_validate(settings_for(spec, kind, ENDPOINTS))

    text = settings.model_dump_json()
    assert "127.0.0.1" in text or "/sandbox/files/disk" in text
    for outside in ("facebook", "twilio.com", "crm.example.com", "somewhere", "${", "secret:"):
        assert outside not in text


def test_settings_lead_to_the_sandbox_and_keep_what_is_the_users_own(tmp_path: Path) -> None:
    def settings(name: str) -> dict[str, Any]:
        return settings_for(SPECS[name], registry.load(SPECS[name].connector, tmp_path), ENDPOINTS)

    assert settings("email") == {
        "host": "127.0.0.1",
        "port": 2525,
        "tls": "none",
        "from": "Shop <hello@example.com>",
        "password": SECRET,
    }
    assert settings("sms")["base_url"] == "http://127.0.0.1:8025/twilio"
    assert settings("sms")["from"] == "+12025550100"
    assert settings("sms")["account_sid"] == settings("sms")["account_sid"] != ""
    assert settings("ads")["ad_account"] == "act_1"
    assert settings("ads")["access_token"] == SECRET
    assert settings("hook") == {"url": "http://127.0.0.1:8025/webhook/hook", "secret": SECRET}
    assert settings("disk") == {"folder": "/sandbox/files/disk", "format": "jsonl"}


def test_a_connector_that_cannot_be_led_to_the_sandbox_is_refused_rather_than_called() -> None:
    class Settings(ConnectorSettings):
        key: SecretStr

    class Hardwired(Connector):
        channel = "crm"
        modes = frozenset({"object"})

    Hardwired.Settings = Settings

    with pytest.raises(SpecError, match=r"tidegate\.yml:7: crm: .*cannot be led to the sandbox"):
        settings_for(DestinationSpec("crm", "hardwired", {"key": "${KEY}"}, line=7), Hardwired, ENDPOINTS)


async def test_a_platform_the_sandbox_does_not_speak_for_is_not_called_for_real(client: Client) -> None:
    async with client.session.post(f"{client.sandbox.http_url}/papers/v3/contacts", json={}) as answer:
        body = await answer.json()

    assert answer.status == 501
    assert "does not play papers" in body["error"]
    assert [one["connector"] for one in await client.api("/control/calls")] == ["papers"]


async def test_a_store_that_cannot_be_written_answers_as_a_platform_that_is_down(client: Client) -> None:
    store = client.sandbox.store
    await client.text()
    store.write(lambda connection: connection.execute("pragma query_only = on")).result()

    status, error, _ = await client.text()
    with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
        await client.mail()

    assert (status, error["status"], refusal.value.code) == (503, 503, 452)
    assert len(await client.inbox()) == 1


async def test_two_processes_writing_at_once_lose_nothing_and_refuse_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with process(folder) as (_, one), process(folder) as (_, two):
        async with aiohttp.ClientSession() as session:
            clients = [Client(connect(each["http_url"]), session) for each in (one, two)]  # type: ignore[arg-type]

            async def several(client: Client, number: int) -> list[str]:
                return [(await client.text(body=f"{number}.{each}"))[1]["sid"] for each in range(25)]

            sent = await asyncio.gather(*[several(clients[number % 2], number) for number in range(16)])
            kept = [row["provider_id"] for row in await clients[0].inbox("?count=1000")]

    assert sorted(kept) == sorted(sid for each in sent for sid in each)
