"""What a run sent, counted."""

from __future__ import annotations

from tidegate import queries
from tidegate.warehouse import Warehouse


def sent(warehouse: Warehouse, run_id: str) -> dict[str, int]:
    """How many messages platforms accepted in a run, by the audience that caused them."""
    with warehouse.session() as connection:
        return dict(connection.execute(queries.text("runs/sent"), {"run_id": run_id}).fetchall())
