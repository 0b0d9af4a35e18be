"""A platform of the sandbox on a wire of a test's own: nothing is kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from tidegate.sandbox.asked import Answer, Asked
from tidegate.sandbox.emulation import TOKEN_PATH, Emulation, Handled, handle
from tidegate.sandbox.faults import Fault as Ordered
from tidegate.sandbox.faults import add_fault, clear_faults
from tidegate.sandbox.shelf import Shelf
from tidegate.sandbox.store import in_memory
from tidegate.testing.faults import Fault
from tidegate.testing.http_wire import HttpWire, echoed

_WORDS = ("message", "detail", "details", "description", "error_description", "msg", "text")


class EmulatedWire(HttpWire):
    """`shelf` is what the platform holds. `order` has it refuse rows, as the sandbox's control API does.

    Faults befall all calls but GET, HEAD and those for a token.
    """

    def __init__(self, kind: type[Emulation], *, watch: Callable[[Asked], None] = lambda asked: None) -> None:
        super().__init__(self._answered, writes=_writes, watch=watch)
        self.emulation = kind()
        self._connection = in_memory()
        self.shelf = Shelf(self._connection, self.emulation.connector)
        self.handled: list[Handled] = []
        #: asked first; what it answers is the answer, and the platform hears nothing of the call
        self.instead: Callable[[Asked], Answer | None] = lambda asked: None

    def order(self, **fault: Any) -> None:
        """`order(kind="refuse", match="*@example.com", reason="bounced")`: see `tidegate.sandbox.Fault`."""
        add_fault(self._connection, Ordered(connector=self.emulation.connector, **fault))

    def obey_no_more(self) -> None:
        """What was ordered is taken back."""
        clear_faults(self._connection, self.emulation.connector)

    def everything(self) -> list[str]:
        """All that the platform holds, to be compared with what it holds later."""
        tables = ("records", "lists", "members", "messages", "bodies")
        return [
            line for line in self._connection.iterdump() if line.startswith(tuple(f'INSERT INTO "{t}"' for t in tables))
        ]

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, fault, trace)
        finally:
            self._connection.close()

    def _answered(self, asked: Asked) -> Answer:
        other = self.instead(asked)
        if other is not None:
            return other
        if self._fault in ("throttled", "unauthorized") and _writes(asked):
            # A platform that says so has not looked at the call any further.
            return Answer()
        handled = handle(self.emulation, asked, self._connection)
        self.handled.append(handled)
        return handled.answer

    def _failing(self, fault: Fault, asked: Asked) -> Answer:
        match fault:
            case "throttled":
                said = self.emulation.throttled(self.throttled_for or 0)
            case "unauthorized":
                said = self.emulation.unauthorized()
            case _:
                return super()._failing(fault, asked)
        return replace(said, body=_with_echo(said.body, echoed(asked)))


def _writes(asked: Asked) -> bool:
    return asked.method not in ("GET", "HEAD") and asked.path != TOKEN_PATH


def _with_echo(body: Any, echo: str, name: str = "") -> Any:
    """An error's body whose sentences repeat the request; its codes stay what they are."""
    if isinstance(body, dict):
        return {key: _with_echo(value, echo, key) for key, value in body.items()}
    if isinstance(body, list):
        return [_with_echo(value, echo, name) for value in body]
    return f"{body}: {echo}" if isinstance(body, str) and name.lower() in _WORDS else body
