"""Where published definitions of one loss differ, and by how much: why the numbers of two papers do not compare."""

from cl_core.losses.variants.base import Variant
from cl_core.losses.variants.catalogue import OURS, VARIANTS, default_variant, get_variant, variant_value, variants_of

__all__ = ["OURS", "VARIANTS", "Variant", "default_variant", "get_variant", "variant_value", "variants_of"]
