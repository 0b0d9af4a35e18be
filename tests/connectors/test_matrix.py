"""The matrix and the pages say of each connector what its code says."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tidegate import credentials, registry
from tidegate.connector import Connector
from tidegate.spec.objects import DestinationSpec

from .conftest import ROOT

NAMES = [path.stem for path in sorted((ROOT / "connectors").glob("*.py"))]
SAMPLES: dict[str, dict[str, Any]] = {
    "smtp": {"host": "h", "from": "a@example.com"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "t", "from": "+12025550100"},
    "meta_custom_audiences": {"ad_account": "act_1", "access_token": "t"},
    "webhook": {"url": "https://example.com/", "secret": "whsec_" + "A" * 40},
    "file": {"folder": "x"},
    "sendgrid": {"api_key": "k", "from": "a@example.com"},
    "ses": {"region": "eu-west-1", "access_key_id": "k", "secret_access_key": "s", "from": "a@example.com"},
    "mailgun": {"api_key": "k", "domain": "mg.example.com", "from": "a@example.com"},
    "postmark": {"server_token": "t", "from": "a@example.com"},
    "resend": {"api_key": "k", "from": "a@example.com"},
    "brevo": {"api_key": "k", "from": "a@example.com"},
    "whatsapp": {"phone_number_id": "1", "access_token": "t"},
    "telegram": {"token": "t"},
    "fcm": {"service_account_key": "{}"},
    "web_push": {"vapid_private_key": "A" * 43, "subject": "mailto:a@example.com"},
    "onesignal": {"app_id": "5eb5a37e-b458-11e3-ac11-000c2940e62c", "api_key": "k"},
    "google_customer_match": {
        "account": "123-456-7890",
        "customer_match_terms": "accepted",
        "service_account_key": "{}",
    },
    "tiktok_audiences": {"advertiser_id": "7001", "access_token": "t"},
    "linkedin_audiences": {"account": "1", "access_token": "t"},
    "pinterest_audiences": {"ad_account": "1", "access_token": "t"},
    "microsoft_audiences": {
        "customer_id": "1",
        "account_id": "2",
        "developer_token": "d",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
    },
    "hubspot": {"access_token": "t"},
    "salesforce": {"base_url": "https://shop.my.salesforce.com", "client_id": "c", "client_secret": "s"},
    "pipedrive": {"api_token": "t"},
    "activecampaign": {"base_url": "https://shop.api-us1.com", "api_key": "k"},
    "mailchimp": {"api_key": "k-us21", "audience": "a1"},
}
# What stands for the variables of the pages' examples.
ENVIRON = {
    "HUBSPOT_ACCESS_TOKEN": "t",
    "SALESFORCE_CLIENT_ID": "c",
    "SALESFORCE_CLIENT_SECRET": "s",
    "PIPEDRIVE_API_TOKEN": "t",
    "ACTIVECAMPAIGN_API_KEY": "k",
    "MAILCHIMP_API_KEY": "k-us21",
    "SMTP_HOST": "smtp.example.com",
    "SMTP_USERNAME": "shop",
    "SMTP_PASSWORD": "p",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "t",
    "META_ACCESS_TOKEN": "t",
    "CUSTOMER_CARE_SECRET": "whsec_" + "A" * 40,
    "WHATSAPP_TOKEN": "t",
    "TELEGRAM_BOT_TOKEN": "t",
    "FCM_SERVICE_ACCOUNT_KEY": "{}",
    "VAPID_PRIVATE_KEY": "A" * 43,
    "ONESIGNAL_API_KEY": "k",
    "SENDGRID_API_KEY": "k",
    "AWS_ACCESS_KEY_ID": "k",
    "AWS_SECRET_ACCESS_KEY": "s",
    "MAILGUN_API_KEY": "k",
    "POSTMARK_SERVER_TOKEN": "t",
    "RESEND_API_KEY": "k",
    "BREVO_API_KEY": "k",
    "META_APP_SECRET": "s",
    "GOOGLE_SERVICE_ACCOUNT_KEY": "{}",
    "TIKTOK_ACCESS_TOKEN": "t",
    "LINKEDIN_CLIENT_ID": "c",
    "LINKEDIN_CLIENT_SECRET": "s",
    "LINKEDIN_REFRESH_TOKEN": "r",
    "PINTEREST_CLIENT_ID": "c",
    "PINTEREST_CLIENT_SECRET": "s",
    "PINTEREST_REFRESH_TOKEN": "r",
    "MICROSOFT_ADS_DEVELOPER_TOKEN": "d",
    "MICROSOFT_ADS_CLIENT_ID": "c",
    "MICROSOFT_ADS_CLIENT_SECRET": "s",
    "MICROSOFT_ADS_REFRESH_TOKEN": "r",
}


def settings_of(kind: type[Connector]) -> list[str]:
    return [field.alias or name for name, field in kind.Settings.model_fields.items()]


def as_in_the_code(name: str) -> dict[str, str]:
    kind = registry.load(name, ROOT)
    limits = kind(kind.Settings.model_validate(SAMPLES[name])).limits
    return {
        "connector": name,
        "channel": kind.channel,
        "modes": " ".join(mode for mode in ("send", "list", "object") if mode in kind.modes),
        "identifiers": " ".join(kind.identifiers),
        "batch": str(limits.batch),
        "concurrency": str(limits.concurrency),
        "idempotent_send": "yes" if kind.idempotent_send else "no",
        "can_look_up": "yes" if kind.can_look_up else "no",
        "settings": " ".join(settings_of(kind)),
    }


def test_the_matrix_says_what_the_code_says() -> None:
    with (ROOT / "connectors" / "MATRIX.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [as_in_the_code(name) for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_connector_has_a_page_that_tells_every_setting_and_identifier(name: str) -> None:
    page = (ROOT / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    kind = registry.load(name, ROOT)
    told = set(re.findall(r"`([a-z_]+)`", page))
    assert set(settings_of(kind)) <= told
    if any(identifier.hash for identifier in kind.identifiers.values()):
        assert set(kind.identifiers) <= told


@pytest.mark.parametrize("name", NAMES)
def test_the_example_on_the_page_is_one_that_works(name: str) -> None:
    page = (ROOT / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(destinations:.*?)```", page, re.DOTALL)
    for account, given in YAML(typ="safe").load(example)["destinations"].items():
        kept = {key: value for key, value in given.items() if key not in ("connector", "per_second")}
        assert given["connector"] == name
        assert credentials.resolve(DestinationSpec(account, name, kept), registry.load(name, ROOT), ENVIRON)


def test_the_pages_are_of_connectors_that_exist() -> None:
    assert sorted(path.stem for path in (ROOT / "docs" / "connectors").glob("*.md")) == NAMES


def test_twilios_codes_are_all_on_its_page() -> None:
    page = (ROOT / "docs" / "connectors" / "twilio.md").read_text(encoding="utf-8")
    source = (ROOT / "connectors" / "twilio.py").read_text(encoding="utf-8")
    codes = set(re.findall(r"\b[236]\d{4}\b", source))
    assert codes <= set(re.findall(r"\b[236]\d{4}\b", page))
