"""A delivery in a process of its own, so that it can be killed: python -m tests.delivery.process '{...}'."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from tests.delivery import wire
from tests.delivery.world import PEOPLE
from tidegate import delivery
from tidegate.warehouse import Warehouse


def main() -> None:
    asked = json.loads(sys.argv[1])
    warehouse = Warehouse(Path(asked["warehouse"]))
    now = datetime.fromisoformat(asked["now"])
    if asked["what"] == "recover":
        delivery.recover(warehouse, now)
        return
    delivery.deliver(
        warehouse,
        run_id=asked["run_id"],
        as_of=now,
        destination="wire",
        connector=getattr(wire, asked["connector"])(wire.Settings(url=asked["url"], **asked["settings"])),
        people=PEOPLE,
        key="customer_id",
        render=wire.render,
    )


main()
