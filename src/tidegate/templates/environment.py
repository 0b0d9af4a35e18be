"""The sandbox that messages are rendered in: Jinja without the parts that reach the machine or hide a mistake.

NULL is not an empty space in a customer's inbox: it takes a `default`, is false in a condition and in every
comparison, and is an error where it would be printed. An unknown name is always an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidegate.templates import filters

_LONGEST = 1_000_000


class Null(Undefined):
    """A column that is NULL for this person."""

    __slots__ = ()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UndefinedError(f"`{self._undefined_name}` is NULL; give it a default")

    def _false(self, other: object) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Null)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    __lt__ = __le__ = __gt__ = __ge__ = _false  # type: ignore[assignment]
    __str__ = __html__ = __iter__ = __len__ = __contains__ = __call__ = __getitem__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _refuse
    __neg__ = __pos__ = __int__ = __float__ = __complex__ = __format__ = _refuse


class Sandbox(ImmutableSandboxedEnvironment):
    """Rows are read by column, never by Python attribute."""

    intercepted_binops = frozenset({"**", "*"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict or isinstance(obj, Mapping):
            return self._column(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping):
            return self._column(obj, argument)
        found = super().getitem(obj, argument)
        return Null(name=str(argument)) if found is None else found

    def _column(self, row: Mapping[Any, Any], name: Any) -> Any:
        try:
            value = row[name]
        except (KeyError, TypeError):
            return self.undefined(obj=row, name=name)
        return Null(name=name) if value is None else value

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(left) > 1000 or abs(right) > 100):
            raise OverflowError("a power this large has no place in a message")
        sized, times = (left, right) if hasattr(left, "__len__") else (right, left)
        if operator == "*" and hasattr(sized, "__len__") and len(sized) * times > _LONGEST:
            raise OverflowError("text this long has no place in a message")
        return super().call_binop(context, operator, left, right)


def _printed(value: Any) -> Any:
    if value is None:
        raise UndefinedError("a value is NULL; give it a default")
    return value


def _is_none(value: object) -> bool:
    return value is None or isinstance(value, Null)


@cache
def environment(html: bool) -> Sandbox:
    """One for HTML, where values are escaped, and one for everything else."""
    made = Sandbox(
        autoescape=html,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=not html,
        lstrip_blocks=not html,
        keep_trailing_newline=True,
        cache_size=0,
    )
    for name in ("lipsum", "cycler", "joiner", "dict"):
        made.globals.pop(name)
    for name in ("pprint", "random", "xmlattr", "tojson", "filesizeformat", "urlize"):
        made.filters.pop(name)
    offered: dict[str, Callable[..., Any]] = filters.OFFERED
    made.filters.update(offered)
    made.tests["none"] = _is_none
    return made
