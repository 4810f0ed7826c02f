"""Parameters of a loss: symbol, range, default and help text, read from the signature of its function."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, cast, get_type_hints

from torch import Tensor

from cl_core.losses.execution import has_values

Value = float | int | str | bool

ALIASES: Mapping[str, tuple[str, ...]] = {  # name of a parameter -> other names that libraries and papers have for it
    "margin": ("alpha",),
    "temperature": ("tau", "temp"),
    "scale": ("s", "gamma"),
    "distance": ("metric", "dist"),
    "mining": ("miner",),
    "l2": ("l2_reg", "regularisation", "regularization"),
    "annealing": ("lambda", "lamb"),
}
TITLES: Mapping[str, str] = {  # name of a parameter -> what pages call it, where that differs
    "variant": "average",
    "pool": "group pairs",
    "l2": "length penalty",
    "half": "factor ½",
    "xi": "temperature ratio",
    "k": "weight divisor",
    "optimum_p": "optimum of positives",
    "optimum_n": "optimum of negatives",
    "margin_p": "margin of positives",
    "margin_n": "margin of negatives",
    "pacing": "self-pacing",
}
SYMBOL_TEXTS: Mapping[str, str] = {  # symbol in LaTeX -> the same as plain text
    r"\lambda": "λ", r"\delta": "δ", r"\gamma": "γ", r"\tau": "τ", r"\tau_n": "τₙ", r"\xi": "ξ", r"\mathcal{T}": "T",
    r"\tfrac12": "½", "O_p": "Oₚ", "O_n": "Oₙ", r"\Delta_p": "Δₚ", r"\Delta_n": "Δₙ", r"\kappa": "κ", r"\nabla": "∇",
}  # fmt: skip
DISTANCE_TITLES: Mapping[str, str] = {
    "sqeuclidean": "squared Euclidean",
    "euclidean": "Euclidean",
    "cosine": "cosine distance",
}


@dataclass(frozen=True)
class Param:
    """Annotation of a numeric parameter, with the range of its slider.

    Attributes:
        symbol: Its letter in the formula, in LaTeX.
        low: Lower end of the slider; the slider covers the values that are worth exploring.
        high: Upper end of the slider.
        step: Step of the slider.
        help: What the parameter does, in a few words; shown to visitors.
        log: Whether the slider is logarithmic.
        domain: The values that are allowed, which may be more than the slider offers: "> 0", ">= 0", or "range" if
            only low..high has a meaning.
        limit: Values from here on are refused too.
        limit_note: What an error message says about the limit.
    """

    symbol: str
    low: float
    high: float
    step: float
    help: str
    log: bool = False
    domain: Literal["> 0", ">= 0", "range"] = ">= 0"
    limit: float = math.inf
    limit_note: str = ""


@dataclass(frozen=True)
class Choice:
    """Annotation of a parameter with a few named options.

    Attributes:
        symbol: Its letter in the formula, in LaTeX.
        options: The allowed values.
        help: What the parameter does, in a few words; shown to visitors.
        titles: What menus and tables call an option; one that is not in it is called as it is.
    """

    symbol: str
    options: tuple[str, ...]
    help: str
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Flag:
    """Annotation of a yes-or-no parameter.

    Attributes:
        symbol: Its letter in the formula, in LaTeX.
        help: What the parameter does, in a few words; shown to visitors.
    """

    symbol: str
    help: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a loss, as the signature of its function describes it.

    Attributes:
        name: Name of the argument, which is also its name in links.
        default: Its default value.
        kind: "number", "integer", "choice" or "flag".
        spec: The annotation with its symbol, range and help text.
    """

    name: str
    default: Value
    kind: str
    spec: Param | Choice | Flag

    @property
    def symbol(self) -> str:
        """Its letter in the formula, in LaTeX."""
        return self.spec.symbol

    @property
    def title(self) -> str:
        """What pages call it."""
        return TITLES.get(self.name, self.name)

    @property
    def label(self) -> str:
        """Title and symbol as plain text, which screen readers can read out; without a symbol that the title has."""
        symbol = SYMBOL_TEXTS.get(self.symbol, self.symbol)
        return self.title if symbol in self.title.split() else f"{self.title} ({symbol})"

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names that it has in papers and libraries: the letter of its formula, and those of `ALIASES`."""
        letter = self.symbol.strip("\\")
        letters = (letter,) if letter.replace("_", "").isalpha() and letter != self.name else ()
        return tuple(dict.fromkeys((*letters, *ALIASES.get(self.name, ()))))

    @property
    def help(self) -> str:
        """What it does, in a few words."""
        return self.spec.help

    @property
    def corners(self) -> tuple[Value, ...]:
        """Both ends of the slider with the default between them, or every option; the values that tests cover."""
        match self.spec:
            case Param(low=low, high=high):
                cast = int if self.kind == "integer" else float
                return (cast(low), self.default, cast(high))
            case Choice(options=options):
                return options
        return (False, True)

    def title_of(self, value: Value) -> str:
        """Return a value as tables and sentences show it: a number as short as possible, the title of an option."""
        if isinstance(self.spec, Choice):
            return self.spec.titles.get(str(value), str(value))
        return ("yes" if value else "no") if isinstance(value, bool) else f"{value:.4g}"

    def text_of(self, value: Value) -> str:
        """Return the parameter with a value, such as "margin 0.2"."""
        return f"{self.title} {self.title_of(value)}"

    def range_text(self) -> str:
        """Return the range as text for a table: "0.1 to 2", "a, b", "yes or no"."""
        match self.spec:
            case Param(low=low, high=high, log=log):
                return f"{low:g} to {high:g}" + (" (log)" if log else "")
            case Choice(options=options):
                return ", ".join(map(self.title_of, options))
        return "yes or no"

    def check(self, value: Any) -> Value:
        """Validate a value and convert it to the parameter's type.

        Args:
            value: The value to check. A "number" may be a floating tensor with one element, which can be learnt.

        Returns:
            The value as float, int, str or bool, according to `kind`; of a floating tensor a tensor without dimensions,
            through which gradients flow.

        Raises:
            ValueError: when the value is of the wrong type, not finite, outside the domain or not an option.
        """
        match self.spec:
            case Flag():
                if not isinstance(value, bool):
                    raise ValueError(f"{self.name} must be True or False, not {value!r}")
                return value
            case Choice(options=options):
                if value not in options:
                    raise ValueError(f"{self.name} must be one of {', '.join(options)}, not {value!r}")
                return str(value)
        if isinstance(value, Tensor) and value.is_floating_point() and self.kind == "number":
            if value.numel() != 1:
                raise ValueError(f"{self.name} must be a single number, not a tensor of shape {tuple(value.shape)}")
            if has_values(value):
                self._check_number(value.item(), self.spec)
            return cast("float", value.reshape(()))
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
        if number >= spec.limit:
            raise ValueError(f"{self.name} must be less than {spec.limit:.6g}, not {value!r}{spec.limit_note}")
        if self.kind == "integer":
            if number != int(number):
                raise ValueError(f"{self.name} must be a whole number, not {value!r}")
            return int(number)
        return number


class Theta(dict[str, Value]):
    """Read-only values of all parameters of one loss, validated by `Loss.check`.

    `Loss.check` returns a Theta of the same loss unchanged, so every function that takes parameters can check them.

    Attributes:
        loss: Key of the loss that it was checked for; "" if it was not checked.
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
    """Read the parameters of a loss from the signature of its function.

    Args:
        function: Takes a Contrast, then parameters annotated with Param, Choice or Flag, each with a default.

    Returns:
        The parameters by name, without the Contrast.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters = {}
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
        parameters[name] = Parameter(name, parameter.default, kind, spec)
    return parameters
