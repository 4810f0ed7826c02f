"""Advice for a run whose numbers became NaN or infinite."""

from dataclasses import dataclass
from math import inf

from cl_core.training.config import RunSpec

MESSAGE = "At step {step} the numbers ran out of range (NaN or infinity). Try {hints}."
FALLBACK = "another seed or a larger batch"  # where no hint applies


@dataclass(frozen=True)
class Hint:
    """A setting to change.

    Attributes:
        text: what to try; "{value}" stands for the present value of the setting.
        setting: "rate", or a parameter of the loss; "" for a hint that always applies.
        low, high: the hint applies if the setting is below `low` or above `high`; None for no such bound.
    """

    text: str
    setting: str = ""
    low: float | None = None
    high: float | None = None


def hints(spec: RunSpec) -> list[Hint]:
    """Return the hints that may apply to a run while its learning rate and its sliders change.

    Args:
        spec: settings of the run; its learning rate and the values of its loss's parameters do not matter.

    Returns:
        The hints, in the order in which a message has them.
    """
    found = [Hint("a smaller learning rate (it was {value})", "rate", high=1e-3)]
    if not spec.unit_norm:
        found.append(Hint("unit-length embeddings"))
    if "temperature" in spec.theta:
        found.append(Hint("a larger temperature (it was {value})", "temperature", low=0.05))
    return found


def divergence_advice(spec: RunSpec, step: int) -> str:
    """Return the message for a run whose numbers became NaN or infinite, with settings to try instead.

    Args:
        spec: settings of the run.
        step: step at which it happened.

    Returns:
        Text for the visitor.
    """
    values = {"": 0.0, "rate": spec.rate, **spec.theta}
    applying = [(hint.text, values[hint.setting]) for hint in hints(spec) if _applies(hint, values[hint.setting])]
    texts = [text.format(value=f"{value:g}") for text, value in applying] or [FALLBACK]
    return MESSAGE.format(step=step, hints=" or ".join(texts))


def _applies(hint: Hint, value: float) -> bool:
    low, high = (-inf if hint.low is None else hint.low), (inf if hint.high is None else hint.high)
    return not hint.setting or not low <= value <= high
