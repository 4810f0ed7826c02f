"""The optimisers of a run, and how their moments are stored."""

from collections.abc import Callable
from math import sqrt
from typing import Any, overload

import torch
from torch import Tensor

from cl_core.training.config import MOMENTUM, RunSpec

_ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")
# torch's names of each optimiser's moments, in the order in which `State.vector` stores them
MOMENT_NAMES = {"adam": _ADAM_MOMENTS, "sgd": ("momentum_buffer",), "keras_adam": _ADAM_MOMENTS}
KERAS_EPSILON = 1e-7


class KerasAdam(torch.optim.Adam):
    """Adam as in Keras: epsilon is 1e-7, and is added before the second moment's bias is corrected.

    That equals torch's rule with an epsilon that starts 32 times larger and falls to 1e-7 (Kingma and Ba 2015, the
    remark on "epsilon hat" in section 2).
    """

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Do one step."""
        for group in self.param_groups:
            done = max((int(self.state[p]["step"]) for p in group["params"] if self.state[p]), default=0)
            group["eps"] = KERAS_EPSILON / sqrt(1 - group["betas"][1] ** (done + 1))
        loss: float | None = super().step(closure)
        return loss


def adam(name: str, weights: list[Tensor], rate: float) -> torch.optim.Adam:
    """Create an Adam optimiser.

    Args:
        name: "adam" for torch's, "keras_adam" for Keras'.
        weights: what it trains.
        rate: learning rate.

    Returns:
        The optimiser.
    """
    return (KerasAdam if name == "keras_adam" else torch.optim.Adam)(weights, lr=rate, fused=True)


def create(spec: RunSpec, weights: Tensor, moments: Tensor | None, step: int) -> torch.optim.Optimizer:
    """Create the optimiser of a run's flat weights.

    Args:
        spec: settings of the run.
        weights: (P,) float32.
        moments: (P times the number of `MOMENT_NAMES`,) float32; None for a run that has not started.
        step: number of steps done.

    Returns:
        The optimiser, with those moments.
    """
    optimiser: torch.optim.Optimizer
    if spec.optimiser == "sgd":
        optimiser = torch.optim.SGD([weights], lr=spec.rate, momentum=MOMENTUM, fused=True)
    else:
        optimiser = adam(spec.optimiser, [weights], spec.rate)
    if moments is not None:
        names = MOMENT_NAMES[spec.optimiser]
        state: dict[str, Any] = dict(zip(names, moments.view(-1, len(weights)), strict=True))
        if spec.optimiser != "sgd":
            state["step"] = torch.tensor(float(step))
        optimiser.load_state_dict({"state": {0: state}, "param_groups": optimiser.state_dict()["param_groups"]})
    return optimiser
