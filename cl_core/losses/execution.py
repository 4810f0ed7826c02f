"""How a computation is run: step by step on the CPU, or compiled, transformed and on other devices.

Every loss has two forms of the same formula. The fast form uses NumPy's sort, blocks of rows that fit the cache and
analytic gradients; it needs real numbers in the CPU's memory. The dense form consists of PyTorch operations whose
shapes do not depend on values, and works everywhere else.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils import _python_dispatch

LOW_PRECISION = (torch.float16, torch.bfloat16)


def has_values(tensor: Tensor) -> bool:
    """Return whether a tensor's numbers can be read, to check them or to branch on them.

    They cannot while `torch.compile` or `make_fx` traces, under `torch.func`'s transforms, and for fake tensors.
    """
    return not torch.compiler.is_compiling() and not is_transformed(tensor)


def is_transformed(tensor: Tensor) -> bool:
    """Return whether a tensor stands for others: under `torch.func`'s transforms, `make_fx`, or if it is fake."""
    if torch.compiler.is_compiling():
        return False
    # private functions of PyTorch, as there are no public ones: tests/unit/losses/test_execution.py
    core = torch._C  # noqa: SLF001
    if core._functorch.peek_interpreter_stack() is not None or _is_fake(tensor):  # noqa: SLF001
        return True
    return core._get_dispatch_mode(core._TorchDispatchModeKey.PROXY) is not None  # noqa: SLF001


def is_finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor are finite."""
    # their sum is cheaper to look at, but it may overflow
    return math.isfinite(tensor.detach().sum()) or bool(torch.isfinite(tensor).all())


def has_fast_form(tensor: Tensor) -> bool:
    """Return whether the fast form of a computation on `tensor` can be used."""
    return tensor.device.type == "cpu" and has_values(tensor)


def accumulation_dtype(device: torch.device) -> torch.dtype:
    """Return the type for sums over many terms: float64, or float32 on devices that have no other."""
    return torch.float32 if device.type == "mps" else torch.float64


class _ToFloat32(torch.autograd.Function):
    """Conversion to float32 whose gradient stays finite: that of a row near zero is beyond the range of float16."""

    generate_vmap_rule = True

    @staticmethod
    def forward(tensor: Tensor) -> Tensor:
        return tensor.float()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.dtype = inputs[0].dtype

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        largest = torch.finfo(ctx.dtype).max
        return grad.clamp(-largest, largest).to(ctx.dtype)


def at_least_float32(tensor: Tensor) -> Tensor:
    """Convert float16 and bfloat16 to float32; the gradient comes back in the type of `tensor`, within its range."""
    if tensor.dtype not in LOW_PRECISION:
        return tensor
    converted: Tensor = _ToFloat32.apply(tensor)  # type: ignore[no-untyped-call]
    return converted


def is_autocast_enabled(device: torch.device) -> bool:
    """Return whether matrix products on a device are computed in a lower precision than that of their inputs."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def without_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which matrix products keep the precision of their inputs."""
    return torch.autocast(device.type, enabled=False) if is_autocast_enabled(device) else nullcontext()


def _is_fake(tensor: Tensor) -> bool:
    return (
        tensor.device.type == "meta"
        or _python_dispatch.is_traceable_wrapper_subclass(tensor)
        or type(tensor) not in (Tensor, torch.nn.Parameter)
    )
