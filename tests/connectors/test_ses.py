"""E-mail through Amazon SES: signed as AWS wants it, the same mail as over SMTP, every exception one meaning."""

from __future__ import annotations

import base64
import email
import email.policy
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from email.message import EmailMessage
from typing import Any

import pytest

from tidegate import registry
from tidegate.connecting.letter import tag
from tidegate.errors import Closed
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.ses import Ses as Platform
from tidegate.testing import HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Ses = registry.load("ses", ROOT)


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    credentials = {"access_key_id": "AKIAEXAMPLEOFAKEY7", "secret_access_key": SECRET, "region": "eu-west-1"}
    return {**credentials, "from": "Shop <hello@shop.example.com>", "base_url": wire.url, **more}


def events(wire: HttpWire) -> dict[str, Any]:
    return given(wire, configuration_set="events")


class TestContract(NetworkContract):
    kind = Ses
    emulation = Platform
    description = "ses_v2.json"
    secrets = (SECRET,)

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_each_request_is_one_that_ses_describes(description: Any) -> None:
    checker = description("ses_v2.json")
    async with EmulatedWire(Platform, watch=checker) as wire, opened(Ses, events(wire)) as connector:
        assert "50000 more mails today" in await connector.prove()
        await connector.send([letter(1, **WHOLE)])
        assert "49999 more mails today" in await connector.prove()
    assert checker.checked == ["GetAccount", "SendEmail", "GetAccount"]


async def test_the_mail_is_whole_and_its_key_is_a_tag(wire: EmulatedWire) -> None:
    async with opened(Ses, events(wire)) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    body = wire.asked[0].json()
    mail = email.message_from_bytes(base64.b64decode(body["Content"]["Raw"]["Data"]), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["From"].addresses[0].display_name == "Sklep, Żółw"
    assert (mail["Subject"], mail["Reply-To"]) == (WHOLE["subject"], "help@shop.example.com")
    assert mail["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content().strip() for part in mail.iter_parts()] == [WHOLE["text"], WHOLE["html"]]
    assert body["Destination"] == {"ToAddresses": ["person.1@example.com"]}
    assert body["ConfigurationSetName"] == "events"
    assert body["EmailTags"] == [{"Name": "tidegate_key", "Value": tag("journey:ada:step:1")}]
    assert [kept["id"] for kept in wire.shelf.messages()] == [outcome.provider_id]


@pytest.mark.parametrize("key", ["ż" * 100, "k" * 500])
async def test_whatever_the_key_is_ses_takes_it_as_a_tag(wire: EmulatedWire, key: str) -> None:
    async with opened(Ses, given(wire)) as connector:
        assert verdicts(await connector.send([letter(key=key)])) == [("accepted", "")]


async def test_a_session_token_is_sent_and_signed(wire: EmulatedWire) -> None:
    async with opened(Ses, given(wire, session_token="FwoGZXIvYXdzE")) as connector:
        assert verdicts(await connector.send([letter()])) == [("accepted", "")]
    assert wire.asked[0].headers["x-amz-security-token"] == "FwoGZXIvYXdzE"
    assert "x-amz-security-token" in wire.asked[0].headers["authorization"]


async def test_a_wrong_secret_closes_the_destination(wire: EmulatedWire) -> None:
    async with opened(Ses, given(wire, secret_access_key="some-other-secret")) as connector:
        with pytest.raises(Closed, match="unauthorized"):
            await connector.send([letter()])
        with pytest.raises(Closed, match="unauthorized"):
            await connector.prove()


@pytest.mark.parametrize(
    ("status", "name", "words", "verdict", "reason", "after"),
    [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", "retry", "throttled", None),
        (429, "TooManyRequestsException", "Daily message quota exceeded.", "retry", "throttled", 600.0),
        (400, "LimitExceededException", "limit", "retry", "throttled", 600.0),
        (400, "ThrottlingException:http://internal.amazon.com/", "slow down", "retry", "throttled", None),
        (400, "MessageRejected", "virus for person.1@example.com", "rejected", "message_rejected", None),
        (400, "BadRequestException", "Illegal address person.1@example.com", "rejected", "bad_message", None),
        (500, "InternalServiceErrorException", "oh", "unknown", "http_500", None),
        (503, "ServiceUnavailable", "oh", "unknown", "unavailable", None),
    ],
)
async def test_every_exception_means_one_thing(
    status: int, name: str, words: str, verdict: str, reason: str, after: float | None
) -> None:
    said = {"message": words}
    async with answering(status, said, {"x-amzn-ErrorType": name}) as wire, opened(Ses, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason, outcome.after) == (verdict, reason, after)
    assert "person.1" not in outcome.detail


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("AccountSuspendedException", "account_suspended"),
        ("SendingPausedException", "sending_paused"),
        ("NotFoundException", "no_such_configuration_set"),
        ("UnrecognizedClientException", "unauthorized"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(name: str, reason: str) -> None:
    async with answering(400, {"message": "no"}, {"x-amzn-ErrorType": name}) as wire:
        async with opened(Ses, given(wire)) as connector:
            with pytest.raises(Closed, match=reason):
                await connector.send([letter(1), letter(2)])
        assert len(wire.asked) == 1


async def test_in_the_sandbox_of_ses_a_recipient_who_is_not_verified_closes_nothing() -> None:
    words = "Email address is not verified. The following identities failed the check in region EU-WEST-1: {}"
    name = {"x-amzn-ErrorType": "MessageRejected"}
    theirs = {"message": words.format("person.1@example.com")}
    async with answering(400, theirs, name) as wire, opened(Ses, given(wire)) as connector:
        assert verdicts(await judged(connector, letter())) == [("rejected", "not_verified")]
    ours = {"message": words.format("Shop <hello@shop.example.com>")}
    async with answering(400, ours, name) as wire, opened(Ses, given(wire)) as connector:
        with pytest.raises(Closed, match="sender_not_verified"):
            await connector.send([letter()])
        own = letter(**{"from": "hello@shop.example.com"})
        assert verdicts(await judged(connector, own)) == [("rejected", "not_verified")]


async def test_a_name_in_another_script_is_not_even_asked(wire: EmulatedWire) -> None:
    async with opened(Ses, given(wire)) as connector:
        outcomes = await connector.send([letter(1, to="żółw@example.com"), letter(2, to="no address"), letter(3)])
    assert verdicts(outcomes) == [("rejected", "smtputf8"), ("rejected", "unsendable"), ("accepted", "")]
    assert len(wire.asked) == 1


async def test_an_account_that_may_not_send_does_not_prove_itself() -> None:
    async with answering(200, {"SendingEnabled": False}) as wire, opened(Ses, given(wire)) as connector:
        with pytest.raises(Closed, match="sending_paused"):
            await connector.prove()


def test_botocore_is_not_loaded_until_something_is_signed() -> None:
    code = (
        "import sys, pathlib; from tidegate import registry; "
        f"registry.load('ses', pathlib.Path({str(ROOT)!r})); print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
