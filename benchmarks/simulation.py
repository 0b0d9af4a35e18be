"""A journey walked through a year of supermarket history, a day at a time, as `tidegate simulate` does it.

    TIDEGATE_DATA=../shared/data python benchmarks/simulation.py [--days 365] [--variant]

The data are the transactions of 2,469 households in 2017 (`completejourney`): 1.5 million lines of 156,000 baskets,
and 27 campaigns that were sent to them. A small project is made over it in an empty folder. Printed is what of the
whole time was dbt (the models are built anew for each day), what deciding, what the rest. Without the data nothing is
measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from tidegate import run as stages
from tidegate.simulation import Assumptions, replaying, simulate, variant
from tidegate.workspace import Workspace

ROOT = Path(__file__).parents[1]
START = datetime(2017, 1, 1, tzinfo=UTC)
DATA = ("transactions", "campaigns", "campaign_descriptions")

FILES = {
    "tidegate.yml": """
project: grocer
key: customer_id
people: ref('people')
time_zone: America/New_York
unsubscribe_url: "https://grocer.example.com/u/{{ person.customer_id }}"
land:
  - {files: data/transactions.parquet, into: raw.transactions}
  - {files: data/campaigns.parquet, into: raw.campaigns}
  - {files: data/campaign_descriptions.parquet, into: raw.campaign_descriptions}
targets:
  dev: {destinations: sandbox}
  prod:
    destinations:
      email: {connector: smtp, host: mail.example.com, from: "Grocer <hello@grocer.example.com>"}
      sms: {connector: twilio, account_sid: "${SID}", auth_token: "${TOKEN}", from: "+12025550100"}
caps: [{channel: email, max: 3, per: 7 days}]
quiet_hours: {sms: "21:00-09:00"}
""",
    "dbt_project.yml": """
name: grocer
config-version: 2
profile: grocer
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
models: {grocer: {+materialized: table}}
""",
    "profiles.yml": """
grocer:
  target: dev
  outputs:
    dev: {type: duckdb, path: warehouse/dev.duckdb, schema: grocer, threads: 1, settings: {TimeZone: UTC}}
    prod: {type: duckdb, path: warehouse/prod.duckdb, schema: grocer, threads: 1, settings: {TimeZone: UTC}}
""",
    "models/sources.yml": """
sources:
  - name: raw
    schema: raw
    tables: [{name: transactions}, {name: campaigns}, {name: campaign_descriptions}]
""",
    "models/people.sql": """
select
    household_id::varchar as customer_id,
    'household' || household_id || '@example.com' as email,
    '+1202555' || lpad(household_id::varchar, 4, '0') as phone
from {{ source('raw', 'transactions') }}
group by household_id
""",
    "models/events.sql": """
select
    'basket:' || basket_id as event_id,
    household_id::varchar as customer_id,
    'order_completed' as name,
    min(transaction_timestamp)::timestamptz as occurred_at,
    json_object('amount', sum(sales_value), 'coupons', sum(coupon_disc)) as properties
from {{ source('raw', 'transactions') }}
where transaction_timestamp <= {{ as_of() }}
group by basket_id, household_id
""",
    "models/triggers/campaign_received.sql": """
select
    campaigns.campaign_id || ':' || campaigns.household_id as occurrence_id,
    campaigns.household_id::varchar as customer_id,
    campaign_descriptions.start_date::timestamptz as occurred_at,
    campaigns.campaign_id,
    campaign_descriptions.end_date
from {{ source('raw', 'campaigns') }}
inner join {{ source('raw', 'campaign_descriptions') }} using (campaign_id)
where campaign_descriptions.start_date <= {{ as_of() }}
""",
    "models/segments/regulars.sql": """
select
    household_id::varchar as customer_id,
    count(distinct basket_id) as baskets
from {{ source('raw', 'transactions') }}
where transaction_timestamp <= {{ as_of() }} and transaction_timestamp > {{ as_of() }} - interval 28 days
group by household_id
having count(distinct basket_id) >= 4
""",
    "journeys/coupons.yml": """
journey: coupons
enter: {on: occur ref('campaign_received'), again: per campaign_id, overlap: true}
exit: {when: "did('order_completed', where => (event.properties->>'amount')::decimal(9, 2) >= 100)"}
goal: {did: order_completed, where: "(event.properties->>'coupons')::decimal(9, 2) < 0", within: 30 days, then: exit}
steps:
  - send: booklet
    by: [email, sms]
  - wait: {for: opened('booklet'), up_to: 3 days}
    then: [{tag: opens}]
  - if: in_segment('regulars')
    then: [{send: thanks, by: email}]
    else:
      - split: {patient: 50%, eager: 50%}
        patient: [{wait: 7 days}]
        eager: [{wait: {for: 2 days, at: "09:00"}}]
      - if: not did('order_completed')
        then: [{send: reminder, by: [sms, email]}]
  - wait: {for: did('order_completed'), up_to: 14 days}
    else: [{set: {cold: entry.campaign_id}}]
""",
}
MESSAGES = ("booklet", "thanks", "reminder")
EMAIL = """---
subject: "Your coupons"
topic: offers
---
<mjml><mj-body><mj-section><mj-column><mj-text><a href="{{ unsubscribe_url }}">No more mail</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
TEXT = "---\ntopic: offers\n---\nYour coupons are waiting.\n"


def make(root: Path, data: Path) -> None:
    written = {**FILES, "macros/as_of.sql": (ROOT / "macros" / "as_of.sql").read_text(encoding="utf-8")}
    for message in MESSAGES:
        written |= {f"messages/{message}/email.mjml": EMAIL, f"messages/{message}/sms.txt": TEXT}
    for name, text in written.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    (root / "data").mkdir()
    for name in DATA:
        (root / "data" / f"{name}.parquet").symlink_to(data / f"{name}.parquet")


class Clock:
    """Seconds by the wall and of processor time, summed by name."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.busy: dict[str, float] = defaultdict(float)

    @contextmanager
    def times(self, name: str) -> Iterator[None]:
        wall, busy = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall[name] += time.perf_counter() - wall
            self.busy[name] += time.process_time() - busy

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: object, **named: object) -> Any:
            with self.times(name):
                return call(*arguments, **named)

        return timed


def measure(root: Path, days: int, compared: bool) -> None:
    clock = Clock()
    with Workspace(root) as workspace, clock.times("landing, before"):
        stages.land(stages.begin_in(workspace, as_of=START))
    journey = root / "journeys" / "coupons.yml"
    later = root / "later.yml"
    later.write_text(journey.read_text(encoding="utf-8").replace("up_to: 3 days", "up_to: 5 days"), encoding="utf-8")
    with (
        mock.patch.object(replaying.builder, "build", clock.around("dbt", replaying.builder.build)),
        mock.patch.object(variant, "decide", clock.around("deciding", variant.decide)),
        clock.times("everything"),
    ):
        found = simulate(
            root,
            "coupons",
            start=START,
            end=START + timedelta(days=days),
            every=timedelta(days=1),
            against=later if compared else None,
            assumptions=Assumptions(opens=0.3, clicks=0.05, seed=1),
        )
    for one in found.simulated:
        assert not one.problems, one.problems
        seen, ended = one.seen, sum(one.seen.ended.values())
        print(f"{found.runs} days: {seen.entered:,} entered, {one.sent:,} messages sent, {ended:,} ended")
    for name in ("dbt", "deciding", "everything", "landing, before"):
        share = clock.wall[name] / clock.wall["everything"]
        told = f"{clock.wall[name] / found.runs * 1000:6.0f} ms a day" if "before" not in name else ""
        print(f"  {name:16} {clock.wall[name]:7.1f} s  processor {clock.busy[name]:7.1f} s  {share:5.0%} {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--variant", action="store_true", help="simulate another version of the journey beside it")
    arguments = parser.parse_args()
    data = Path(os.environ.get("TIDEGATE_DATA", ROOT.parent / "shared" / "data")).absolute() / "completejourney"
    if not data.is_dir():
        print(f"no data at {data}; name the folder that has completejourney in TIDEGATE_DATA")
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "grocer"
        make(root, data)
        measure(root, arguments.days, arguments.variant)


if __name__ == "__main__":
    main()
