"""Short programs that compute a loss and print exactly the number that is on the screen.

A program reads its batch from `batch.npz` (see `batch_file`), or contains the one point of the plane that it evaluates.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Any

import numpy as np
from torch import Tensor

from cl_core.losses import catalogue
from cl_core.losses.parameters import Value
from cl_core.losses.plain import classes, pairs, points, sets
from cl_core.losses.snippets import pytorch_metric_learning, this_library
from cl_core.losses.snippets.program import of_batch, of_point
from cl_core.losses.variants import Variant

FLAVOURS: Mapping[str, str] = MappingProxyType(
    {"ours": "this library", "plain": "plain PyTorch", "pml": "pytorch-metric-learning"}
)
PLAIN: Mapping[str, Callable[..., Tensor] | Mapping[Value, Callable[..., Tensor]]] = MappingProxyType(
    {
        "contrastive": pairs.contrastive,
        "triplet": pairs.TRIPLETS,  # by the parameter mining
        "npair": sets.npair,
        "nt_xent": sets.nt_xent,
        "supcon": sets.SUPCON,  # by the parameter variant
        "info_nce": sets.info_nce,
        "softmax": classes.softmax,
        "normface": classes.normface,
        "l_softmax": classes.l_softmax,
        "sphereface": classes.sphereface,
        "am_softmax": classes.am_softmax,
        "arcface": classes.arcface,
        "circle": sets.CIRCLE,  # by the parameter pool
        "circle_class": classes.circle_class,
        "pccl": sets.pccl,
        "pccl_released": sets.pccl_released,
    }
)


def program(key: str, theta: Mapping[str, Any], flavour: str) -> str | None:
    """Generate a program that prints the loss of the batch in `batch.npz`.

    Args:
        key: Key of the loss.
        theta: Its parameters; those that are missing have their defaults.
        flavour: Key of FLAVOURS, the library that the program uses.

    Returns:
        The program, or None if the flavour has no such loss.

    Raises:
        ValueError: when the loss or the flavour is unknown, or the parameters are not valid.
    """
    checked = _checked(key, theta, flavour)
    match flavour:
        case "ours":
            return this_library.of_batch(catalogue.get(key), checked)
        case "plain":
            call = plain_function(key, checked)
            return None if call is None else of_batch(call, catalogue.get(key).title)
    return pytorch_metric_learning.of_batch(catalogue.get(key), checked)


def variant_program(variant: Variant, theta: Mapping[str, Any]) -> str:
    """Generate a program in plain PyTorch that prints the loss of the batch in `batch.npz` by a variant.

    Args:
        variant: The variant of the loss.
        theta: Parameters of the loss; the variant overrides those that it fixes.

    Returns:
        The program; empty if the loss has none in plain PyTorch.

    Raises:
        ValueError: when the parameters are not valid.
    """
    if variant.function is not None:
        return of_batch(variant.bound_function(theta), f"{catalogue.get(variant.loss).title}: {variant.title}")
    return program(variant.loss, variant.check(theta), "plain") or ""


def plain_function(key: str, theta: Mapping[str, Value]) -> partial[Tensor] | None:
    """Return the loss in plain PyTorch with its parameters bound.

    Args:
        key: Key of the loss.
        theta: Values of all its parameters.

    Returns:
        A function of those tensors of a batch (z, y, weight, bias) that it needs, which returns the mean loss; None if
        the loss has no such function.
    """
    return _bind(PLAIN.get(key), theta, pairs.DISTANCES)


def point_program(
    key: str, theta: Mapping[str, Any], s_n: float, s_p: float, flavour: str, length: float = 1.0
) -> str | None:
    """Generate a program that prints loss, dL/ds_p and dL/ds_n of one positive pair and one negative pair.

    Args:
        key: Key of the loss.
        theta: Its parameters; those that are missing have their defaults.
        s_n: Cosine of the negative pair.
        s_p: Cosine of the positive pair.
        flavour: Key of FLAVOURS, the library that the program uses.
        length: Length of the anchor's embedding.

    Returns:
        The program, or None if the flavour has no such loss.

    Raises:
        ValueError: when the loss or the flavour is unknown, or the parameters are not valid.
    """
    checked = _checked(key, theta, flavour)
    match flavour:
        case "ours":
            return this_library.of_point(catalogue.get(key), checked, s_n, s_p, length)
        case "plain":
            call = _bind(points.PLAIN.get(key), checked | {"length": length}, points.DISTANCES)
            return None if call is None else of_point(call, catalogue.get(key).title, s_n, s_p)
    return None


def batch_file(z: Tensor, y: Tensor | None = None, weight: Tensor | None = None, bias: Tensor | None = None) -> bytes:
    """Write the file `batch.npz`, which the programs read.

    Args:
        z: (B, D) embeddings.
        y: (B,) labels, if there are any.
        weight: (C, D) class weights, if there are any.
        bias: (C,) bias per class, if there is one.

    Returns:
        The bytes of the file, with one array per tensor under the name of its argument.
    """
    batch = {"z": z, "y": y, "weight": weight, "bias": bias}
    arrays: dict[str, Any] = {name: tensor.detach().numpy() for name, tensor in batch.items() if tensor is not None}
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _checked(key: str, theta: Mapping[str, Any], flavour: str) -> dict[str, Value]:
    if flavour not in FLAVOURS:
        raise ValueError(f"there is no flavour {flavour!r}; there are: {', '.join(FLAVOURS)}")
    return catalogue.get(key).check(theta)


def _bind(
    function: Callable[..., Tensor] | Mapping[Value, Callable[..., Tensor]] | None,
    theta: Mapping[str, Value],
    distances: Mapping[Value, Callable[..., Tensor]],
) -> partial[Tensor] | None:
    """Bind `theta` to a function, or to that of several functions whose key is one of the values of `theta`."""
    values: dict[str, Any] = dict(theta)
    if isinstance(function, Mapping):
        function = next(function[value] for value in theta.values() if value in function)
    if function is None:
        return None
    if "distance" in values:
        values["distance"] = distances[values["distance"]]
    accepted = signature(function).parameters
    return partial(function, **{name: value for name, value in values.items() if name in accepted})
