"""The catalogue of all variants, and the value of a batch by one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor

from cl_core.losses import catalogue
from cl_core.losses.variants.base import BATCH, Variant
from cl_core.losses.variants.classes import ARCFACE, L_SOFTMAX, SOFTMAX, SPHEREFACE
from cl_core.losses.variants.pairs import CONTRASTIVE, TRIPLET
from cl_core.losses.variants.sets import CIRCLE, INFO_NCE, NPAIR, NT_XENT, PCCL, SUPCON

OURS = "here"  # key of this library's definition; used in links
OURS_TITLE = "this app's"

VARIANTS: Mapping[str, tuple[Variant, ...]] = MappingProxyType(  # the first one of each loss is this library's
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
    """Return a variant of a loss.

    Args:
        loss: Key of the loss.
        key: Key of the variant; "here" for this library's definition with any parameters.

    Returns:
        The variant.

    Raises:
        ValueError: when there is no such loss, or it has no such variant; the message lists the known keys.
    """
    if key == OURS:
        return Variant(OURS, catalogue.get(loss).key, "", "", theta={})
    variant = next((variant for variant in variants_of(loss) if variant.key == key), None)
    if variant is None:
        known = ", ".join((OURS, *(variant.key for variant in variants_of(loss))))
        raise ValueError(f"{loss} has no convention {key!r}; it has: {known}")
    return variant


def default_variant(key: str) -> Variant | None:
    """Return this library's default definition of a loss that has other variants.

    Args:
        key: Key of the loss.

    Returns:
        The variant; None for a loss with one definition only.

    Raises:
        ValueError: when there is no such loss.
    """
    return next(iter(VARIANTS.get(catalogue.get(key).key, ())), None)


def variants_of(key: str) -> tuple[Variant, ...]:
    """Return the variants of a loss that differ from this library's default.

    Args:
        key: Key of the loss.

    Returns:
        The other variants; none for a loss with one definition only.

    Raises:
        ValueError: when there is no such loss.
    """
    return VARIANTS.get(catalogue.get(key).key, ())[1:]


def titles_of(others: Iterable[Variant]) -> dict[str, str]:
    """Return key -> title of this library's definition of a loss, and of other variants of it."""
    return {OURS: OURS_TITLE, **{variant.key: variant.title for variant in others}}


def variant_value(
    variant: Variant,
    z: Tensor,
    y: Tensor | None,
    theta: Mapping[str, Any],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
) -> float:
    """Compute the mean loss of a batch by a variant.

    Args:
        variant: The variant.
        z: (B, D) embeddings.
        y: (B,) integer labels, or None for a loss on views.
        theta: Parameters of the loss; the variant overrides those that it fixes.
        weight: (C, D) class weights, for a loss that has them.
        bias: (C,) bias per class, for a loss that has one.

    Returns:
        The mean loss.

    Raises:
        ValueError: when parameters are not valid, or the variant needs a tensor that is missing.
    """
    if variant.function is None:
        loss, checked = catalogue.get(variant.loss), variant.check(theta)
        labels = None if loss.views else y  # those of another variant, which are classes
        return float(loss.function(loss.contrast(z, labels, checked, weight, bias), **checked).mean())
    batch = {"z": z, "y": y, "weight": weight, "bias": bias}
    needed = {name: batch[name] for name in variant.arguments if name in BATCH}
    for name, tensor in needed.items():
        if tensor is None:
            raise ValueError(f"{variant.loss}, {variant.title}, needs {'labels' if name == 'y' else name}")
    return float(variant.bound_function(theta)(**needed))
