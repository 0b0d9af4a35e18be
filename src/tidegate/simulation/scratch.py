"""A state that nothing else sees: the schema `tidegate` in memory, beside the models in the warehouse, only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import migrations, queries
from tidegate.warehouse import Warehouse


class Scratch(Warehouse):
    """The state of one simulation. The file at `path` is held only during a session, and never written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._memory = duckdb.connect(":memory:")
        _prepare(self._memory)
        migrations.apply(self._memory)

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the state, with the file attached under the name that the models' relations carry.

        Raises WarehouseError when the file stays locked.
        """
        with super().session():
            pass  # waits for whoever holds the file, and says who it is when that takes too long
        self.release()
        name = exp.to_identifier(self.path.stem, quoted=True)
        attach = exp.Attach(
            this=exp.alias_(exp.Literal.string(str(self.path)), name),
            expressions=[exp.AttachOption(this=exp.Var(this="READ_ONLY"))],
        )
        connection = self._memory.cursor()
        try:
            _prepare(connection)
            connection.execute(attach.sql(queries.DIALECT))
            try:
                yield connection
            finally:
                connection.execute(exp.Detach(this=exp.Table(this=name)).sql(queries.DIALECT))
        finally:
            connection.close()

    def close(self) -> None:
        """Forget the state."""
        self._memory.close()


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set timezone = 'UTC'")
    connection.execute("set python_enable_replacements = false")
    connection.execute("set preserve_insertion_order = false")  # as in `Warehouse`
