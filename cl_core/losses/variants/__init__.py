"""Variants: published definitions of a loss that differ from each other, so that numbers of two papers do not compare.

A variant is either a set of parameters of this library's loss, or a function in plain PyTorch. `variants_of` lists the
variants of a loss, `variant_value` computes the loss of a batch by one of them.
"""

from cl_core.losses.variants.base import Variant
from cl_core.losses.variants.catalogue import (
    OURS,
    VARIANTS,
    default_variant,
    get_variant,
    titles_of,
    variant_value,
    variants_of,
)
from cl_core.losses.variants.dense import dense_loss

__all__ = [
    "OURS",
    "VARIANTS",
    "Variant",
    "default_variant",
    "dense_loss",
    "get_variant",
    "titles_of",
    "variant_value",
    "variants_of",
]
