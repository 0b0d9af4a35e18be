"""What the engine logs, among the flow run's own logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prefect import get_run_logger

from tidegate.redact import redact


class _ToPrefect(logging.Handler):
    """Passes records on, whichever thread they come from, and without addresses."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        super().__init__(logging.INFO)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.log(record.levelno, "%s", redact(record.getMessage()))


@contextmanager
def engine_logs() -> Iterator[None]:
    """While it lasts, the engine's log goes to the Prefect run that it was entered in."""
    engine = logging.getLogger("tidegate")
    handler = _ToPrefect(get_run_logger())
    level = engine.level
    engine.addHandler(handler)
    engine.setLevel(logging.INFO)
    try:
        yield
    finally:
        engine.setLevel(level)
        engine.removeHandler(handler)
