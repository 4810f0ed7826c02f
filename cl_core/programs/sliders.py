"""Which parameters of a loss are inputs of its programs, and which decide that there is another program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.base import Loss
from cl_core.losses.parameters import Choice, Param


def sliders(loss: Loss) -> tuple[str, ...]:
    """Return the parameters of a loss that are inputs of its programs; another value of the others is a new program."""
    return tuple(
        parameter.name
        for parameter in loss.parameters.values()
        if isinstance(parameter.spec, Param) and isinstance(parameter.default, float)
    )


def choices(loss: Loss, theta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are no sliders, by name: they decide which program there is."""
    return {name: value for name, value in theta.items() if name not in sliders(loss)}


def all_choices(loss: Loss) -> Iterator[dict[str, Any]]:
    """Yield all values of the parameters that are no sliders, each as name -> value."""
    options_of: list[list[tuple[str, Any]]] = []
    for parameter in loss.parameters.values():
        match parameter.spec:
            case Choice(options=options):
                options_of.append([(parameter.name, option) for option in options])
            case Param(low=low, high=high, step=step) if parameter.name not in sliders(loss):
                values = range(int(low), int(high) + 1, int(step))
                options_of.append([(parameter.name, value) for value in values])
            case _ if parameter.name not in sliders(loss):
                options_of.append([(parameter.name, parameter.default)])
    yield from map(dict, product(*options_of))


def slider_inputs(loss: Loss, theta: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the inputs that a program has for the sliders of a loss, each a tensor of one float64."""
    return {name: torch.tensor(float(theta[name]), dtype=torch.float64) for name in sliders(loss)}
