"""Where published definitions of one loss differ, and by how much: why the numbers of two papers do not compare."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor

from cl_core.losses import catalogue
from cl_core.losses.variants.base import BATCH, Variant
from cl_core.losses.variants.classes import ARCFACE, L_SOFTMAX, SOFTMAX, SPHEREFACE
from cl_core.losses.variants.pairs import CONTRASTIVE, TRIPLET
from cl_core.losses.variants.sets import CIRCLE, INFO_NCE, NPAIR, NT_XENT, PCCL, SUPCON

OURS = "here"  # the key of what this library does

VARIANTS: Mapping[str, tuple[Variant, ...]] = MappingProxyType(  # of each loss the first is this library's
    {
        "contrastive": CONTRASTIVE,
        "triplet": TRIPLET,
        "npair": NPAIR,
        "nt_xent": NT_XENT,
        "supcon": SUPCON,
        "info_nce": INFO_NCE,
        "softmax": SOFTMAX,
        "l_softmax": L_SOFTMAX,
        "sphereface": SPHEREFACE,
        "arcface": ARCFACE,
        "circle": CIRCLE,
        "pccl": PCCL,
    }
)


def get_variant(loss: str, key: str) -> Variant:
    """A loss's convention by its key, "here" for this library's; ValueError, in words, where there is none."""
    if key == OURS:
        return Variant(OURS, catalogue.get(loss).key, "", "", theta={})
    found = next((each for each in variants_of(loss) if each.key == key), None)
    if found is None:
        known = ", ".join((OURS, *(each.key for each in variants_of(loss))))
        raise ValueError(f"{loss} has no convention {key!r}; it has: {known}")
    return found


def default_variant(key: str) -> Variant | None:
    """What this library does by default, where others do otherwise. ValueError on an unknown loss."""
    return next(iter(VARIANTS.get(catalogue.get(key).key, ())), None)


def variants_of(key: str) -> tuple[Variant, ...]:
    """What others do; nothing where there is but one definition. ValueError on an unknown loss."""
    return VARIANTS.get(catalogue.get(key).key, ())[1:]


def variant_value(
    convention: Variant,
    z: Tensor,
    y: Tensor | None,
    theta: Mapping[str, Any],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
) -> float:
    """The loss of a batch by that convention, with the parameters of `theta` where it leaves them open.

    z (B, D), y (B,), and for losses with class weights weight (C, D) and bias (C,). ValueError as `Loss.check` and
    `Loss.contrast`, and in words where something is needed and not there.
    """
    if convention.function is None:
        loss, checked = catalogue.get(convention.loss), convention.check(theta)
        return float(loss.function(loss.contrast(z, y, checked, weight, bias), **checked).mean())
    given = {"z": z, "y": y, "weight": weight, "bias": bias}
    needed = {name: given[name] for name in convention.arguments if name in BATCH}
    for name, part in needed.items():
        if part is None:
            raise ValueError(f"{convention.loss}, {convention.title}, needs {'labels' if name == 'y' else name}")
    return float(convention.bound_function(theta)(**needed))
