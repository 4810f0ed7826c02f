"""What the form of a page says of a loss, as `controls.js` reads it."""

from __future__ import annotations

from typing import Any

from cl_core.losses.base import Loss
from cl_core.losses.parameters import Choice, Param, Parameter
from cl_core.programs.sliders import all_choices, sliders


def describe(loss: Loss) -> dict[str, Any]:
    """Return what a page says of a loss, and its controls."""
    fixed = next(iter(all_choices(loss)))
    return {
        "key": loss.key,
        "title": loss.title,
        "summary": loss.summary,
        "paper": {"text": str(loss.paper), "url": loss.paper.url},
        "fixed": list(fixed),
        "controls": [_control(loss.parameters[name]) for name in (*fixed, *sliders(loss))],
    }


def file_name(loss: Loss, fixed: dict[str, Any]) -> str:
    """Return the name of the files of a loss with these values of the parameters that are no sliders."""
    return "-".join([loss.key, *(str(value).lower() for value in fixed.values())])


def _control(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "label": parameter.label,
        "default": parameter.default,
        "help": parameter.help,
    }
    match parameter.spec:
        case Choice(options=options):
            return {**described, "options": list(options), "titles": [parameter.title_of(each) for each in options]}
        case Param(low=low, high=high, step=step) if isinstance(parameter.default, int):
            return {**described, "options": list(range(int(low), int(high) + 1, int(step)))}
        case Param(low=low, high=high, step=step):
            return {**described, "low": low, "high": high, "step": step}
    return {**described, "options": [parameter.default]}
