"""The table of operations: PyTorch's basic ones, and the functions that make instructions of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import fx

from cl_core.programs.values import TYPES, Type, View

# operation -> function of the Lowering, the node, and the node's arguments, which are views where they are tensors
TABLE: dict[Any, Callable[..., Any]] = {}

Number = View | float


Function = TypeVar("Function", bound=Callable[..., Any])


def lowers(*targets: Any) -> Callable[[Function], Function]:
    """Return a decorator that enters a function in the table."""

    def register(function: Function) -> Function:
        TABLE.update(dict.fromkeys(targets, function))
        return function

    return register


def type_of(node: fx.Node) -> Type:
    """Return the type of a node's result."""
    return TYPES[node.meta["val"].dtype]


def shape_of(node: fx.Node) -> tuple[int, ...]:
    """Return the shape of a node's result."""
    return tuple(node.meta["val"].shape)
