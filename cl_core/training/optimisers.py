"""The optimisers of a run, and how their moments are stored."""

from collections.abc import Callable
from math import log, sqrt
from typing import Any, overload

import torch
from torch import Tensor

from cl_core.training.config import MOMENTUM, RunSpec

_ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")
# torch's names of each optimiser's moments, in the order in which `State.vector` stores them
MOMENT_NAMES = {"adam": _ADAM_MOMENTS, "sgd": ("momentum_buffer",), "keras_adam": _ADAM_MOMENTS}
KERAS_EPSILON = 1e-7
_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # torch's defaults of Adam


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


def update(name: str, weights: Tensor, grad: Tensor, moments: Tensor, step: Tensor, rate: Tensor) -> Tensor:
    """Do one step as a function of tensors, for compilers: the same rule as that of the optimiser from `create`.

    Args:
        name: "adam", "sgd" or "keras_adam".
        weights: (P,) float32.
        grad: (P,) float32, their gradient.
        moments: (P times the number of `MOMENT_NAMES`,) float32.
        step: () float64, number of steps done before.
        rate: () float64, learning rate.

    Returns:
        (V,) float32, the new weights and moments, in the layout of `State.vector`.
    """
    if name == "sgd":
        velocity = torch.where(step == 0, grad, MOMENTUM * moments + grad)
        return torch.cat([weights - rate.float() * velocity, velocity])
    first, second = moments.view(2, -1)
    done = step + 1
    first = first + (grad - first) * (1 - _BETAS[0])
    second = second * _BETAS[1] + grad * grad * (1 - _BETAS[1])
    corrections = [-(done * log(beta)).expm1() for beta in _BETAS]  # 1 - beta^t
    root = corrections[1].sqrt()
    epsilon = (KERAS_EPSILON / root).float() if name == "keras_adam" else _EPSILON
    size = (rate / corrections[0]).float()
    return torch.cat([weights - size * (first / (second.sqrt() / root.float() + epsilon)), first, second])
