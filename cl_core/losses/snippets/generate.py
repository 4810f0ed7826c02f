"""Losses as code: short programs that print exactly the number that is on the screen.

A program reads the batch it is about from `batch.npz` (see `archive`), or holds the one point of the plane it is about.
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
        "triplet": pairs.TRIPLETS,  # by its mining
        "npair": sets.npair,
        "nt_xent": sets.nt_xent,
        "supcon": sets.SUPCON,  # by its variant
        "info_nce": sets.info_nce,
        "softmax": classes.softmax,
        "normface": classes.normface,
        "l_softmax": classes.l_softmax,
        "sphereface": classes.sphereface,
        "am_softmax": classes.am_softmax,
        "arcface": classes.arcface,
        "circle": sets.CIRCLE,  # by its pool
        "circle_class": classes.circle_class,
        "pccl": sets.pccl,
        "pccl_released": sets.pccl_released,
    }
)


def program(key: str, theta: Mapping[str, Any], flavour: str) -> str | None:
    """A program that prints the loss of the batch in `batch.npz`; None where a flavour has no such thing.

    Raises ValueError on an unknown loss or flavour, and as `Loss.check` does.
    """
    checked = _checked(key, theta, flavour)
    match flavour:
        case "ours":
            return this_library.of_batch(catalogue.get(key), checked)
        case "plain":
            call = plain_function(key, checked)
            return None if call is None else of_batch(call, catalogue.get(key).title)
    return pytorch_metric_learning.of_batch(catalogue.get(key), checked)


def variant_program(convention: Variant, theta: Mapping[str, Any]) -> str:
    """A program in plain PyTorch that prints a convention's value of the batch in `batch.npz`.

    Raises ValueError as `Loss.check`.
    """
    if convention.function is not None:
        return of_batch(convention.bound_function(theta), f"{catalogue.get(convention.loss).title}: {convention.title}")
    return program(convention.loss, convention.check(theta), "plain") or ""


def plain_function(key: str, theta: Mapping[str, Value]) -> partial[Tensor] | None:
    """The loss in plain PyTorch as a function of a batch (z, y, weight, bias, as it needs); None if there is none."""
    return _bound(PLAIN.get(key), theta, pairs.DISTANCES)


def point_program(
    key: str, theta: Mapping[str, Any], s_n: float, s_p: float, flavour: str, length: float = 1.0
) -> str | None:
    """A program that prints loss, dL/ds_p and dL/ds_n of one positive pair and one negative pair.

    s_n, s_p: their cosines; length: of the anchor's embedding. None and ValueError as for `code`.
    """
    checked = _checked(key, theta, flavour)
    match flavour:
        case "ours":
            return this_library.of_point(catalogue.get(key), checked, s_n, s_p, length)
        case "plain":
            call = _bound(points.PLAIN.get(key), checked | {"length": length}, points.DISTANCES)
            return None if call is None else of_point(call, catalogue.get(key).title, s_n, s_p)
    return None


def batch_file(z: Tensor, y: Tensor | None = None, weight: Tensor | None = None, bias: Tensor | None = None) -> bytes:
    """The bytes of `batch.npz`: embeddings (B, D), labels (B,), and what a loss with class weights has learnt."""
    given = {"z": z, "y": y, "weight": weight, "bias": bias}
    arrays: dict[str, Any] = {name: part.detach().numpy() for name, part in given.items() if part is not None}
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _checked(key: str, theta: Mapping[str, Any], flavour: str) -> dict[str, Value]:
    if flavour not in FLAVOURS:
        raise ValueError(f"there is no flavour {flavour!r}; there are: {', '.join(FLAVOURS)}")
    return catalogue.get(key).check(theta)


def _bound(
    found: Callable[..., Tensor] | Mapping[Value, Callable[..., Tensor]] | None,
    theta: Mapping[str, Value],
    distances: Mapping[Value, Callable[..., Tensor]],
) -> partial[Tensor] | None:
    """The function, or the one of several that a word of `theta` chooses, with the rest of `theta` filled in."""
    values: dict[str, Any] = dict(theta)
    if isinstance(found, Mapping):
        found = next(found[value] for value in theta.values() if value in found)
    if found is None:
        return None
    if "distance" in values:
        values["distance"] = distances[values["distance"]]
    taken = signature(found).parameters
    return partial(found, **{name: value for name, value in values.items() if name in taken})
