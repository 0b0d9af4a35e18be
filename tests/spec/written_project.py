"""A small project on disk, written by the test, and what Tidegate has to say about it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tidegate.errors import SpecError
from tidegate.spec.objects import Project
from tidegate.spec.project import load

SETTINGS = """\
project: shop
key: customer_id
people: ref('people')
time_zone: Europe/London
targets:
  dev:
    destinations: sandbox
  prod:
    destinations:
      email: {connector: smtp, host: "${SMTP_HOST}", from: "Shop <hello@example.com>"}
      sms: {connector: twilio, account_sid: "${TWILIO_SID}", auth_token: "${TWILIO_TOKEN}", from: "+12025550100"}
      meta_ads: {connector: meta_custom_audiences, ad_account: act_1, access_token: "secret:meta-token"}
      exports: {connector: file, folder: exports}
"""
VIPS = """\
audience: vips
who: ref('vips')
sync:
  - to: meta_ads
    list: VIP customers
    match: {email: email}
on_enter:
  - send: welcome
    by: email
"""
WELCOME = """\
---
subject: Welcome
---
<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>
"""


class Written:
    """A project in a folder; sound until a test writes something else into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("tidegate.yml", SETTINGS)
        self.write("audiences/vips.yml", VIPS)
        self.write("messages/welcome/email.mjml", WELCOME)
        self.model("people", "vips", "order_cancelled")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")

    def model(self, *names: str) -> None:
        for name in names:
            self.write(f"models/{name}.sql", "select 1 as customer_id\n")

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def load(self, target: str | None = None) -> Project:
        return load(self.root, target)

    def complaints(self, target: str | None = None) -> list[str]:
        """Every line that a person is told, in order; none when the project is sound."""
        try:
            self.load(target)
        except SpecError as fault:
            return str(fault).splitlines()
        return []
