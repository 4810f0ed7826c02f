"""What a parameter of a loss is: its letter, its range and what it does, read from the function's own signature."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_type_hints

Value = float | int | str | bool


@dataclass(frozen=True)
class Param:
    """A number: its symbol in LaTeX and the range of its slider.

    The range is what is worth dragging through. What is *allowed* is wider, and is `domain`: "> 0", ">= 0", or
    "range" where nothing outside low..high has a meaning.
    """

    symbol: str
    low: float
    high: float
    step: float
    help: str
    log: bool = False
    domain: Literal["> 0", ">= 0", "range"] = ">= 0"


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    symbol: str
    options: tuple[str, ...]
    help: str


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    symbol: str
    help: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a loss: what its function's signature says of it."""

    name: str
    default: Value
    kind: str  # "number", "integer", "choice" or "flag"
    spec: Param | Choice | Flag

    @property
    def symbol(self) -> str:
        """The letter it has in the formula, in LaTeX."""
        return self.spec.symbol

    @property
    def help(self) -> str:
        """What it does, in a few words."""
        return self.spec.help

    @property
    def corners(self) -> tuple[Value, ...]:
        """The values a visitor can drag it to at the ends, with the default; or every option."""
        match self.spec:
            case Param(low=low, high=high):
                cast = int if self.kind == "integer" else float
                return (cast(low), self.default, cast(high))
            case Choice(options=options):
                return options
        return (False, True)

    def range_text(self) -> str:
        """Its range as words for a table: "0.1 to 2", "a, b", "yes or no"."""
        match self.spec:
            case Param(low=low, high=high, log=log):
                return f"{low:g} to {high:g}" + (" (log)" if log else "")
            case Choice(options=options):
                return ", ".join(options)
        return "yes or no"

    def check(self, value: Any) -> Value:
        """Return `value` in the parameter's own type; raise ValueError, in words, where it has no meaning."""
        match self.spec:
            case Flag():
                if not isinstance(value, bool):
                    raise ValueError(f"{self.name} must be True or False, not {value!r}")
                return value
            case Choice(options=options):
                if value not in options:
                    raise ValueError(f"{self.name} must be one of {', '.join(options)}, not {value!r}")
                return str(value)
        return self._check_number(value, self.spec)

    def _check_number(self, value: Any, spec: Param) -> float | int:
        if isinstance(value, bool | str | bytes):
            raise ValueError(f"{self.name} must be a number, not {value!r}")
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{self.name} must be a number, not {value!r}") from None
        if not math.isfinite(number):
            raise ValueError(f"{self.name} must be finite, not {value!r}")
        if spec.domain == "> 0" and number <= 0:
            raise ValueError(f"{self.name} must be greater than 0, not {value!r}")
        if spec.domain == ">= 0" and number < 0:
            raise ValueError(f"{self.name} must not be negative, and is {value!r}")
        if spec.domain == "range" and not spec.low <= number <= spec.high:
            raise ValueError(f"{self.name} must lie between {spec.low:g} and {spec.high:g}, not at {value!r}")
        if self.kind == "integer":
            if number != int(number):
                raise ValueError(f"{self.name} must be a whole number, not {value!r}")
            return int(number)
        return number


class Theta(dict[str, Value]):
    """Every parameter of one loss with its value, checked by `Loss.check`; read-only.

    Checking it again for the same loss costs nothing, so functions that take parameters may check whatever they get.

    Attributes:
        loss: key of the loss it was checked for; "" for a copy that has to be checked again.
    """

    loss: str

    def __init__(self, values: Mapping[str, Value] | Iterable[tuple[str, Value]] = (), loss: str = "") -> None:
        super().__init__(values)
        self.loss = loss

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self), self.loss)

    def _read_only(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("checked parameters are read-only; make a dict of them first")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _read_only


def parameters_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Read name, default and range of every parameter but the first, which is the Contrast."""
    hints = get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        annotation = hints[name]
        spec = annotation.__metadata__[0]
        match spec:
            case Param():
                kind = "integer" if annotation.__origin__ is int else "number"
            case Choice():
                kind = "choice"
            case _:
                kind = "flag"
        found[name] = Parameter(name, parameter.default, kind, spec)
    return found
