"""Where published definitions of one loss differ, and by how much: why the numbers of two papers do not compare."""

from cl_core.losses.variants.base import Convention
from cl_core.losses.variants.catalogue import CONVENTIONS, HERE, get, here, of_loss, value

__all__ = ["CONVENTIONS", "HERE", "Convention", "get", "here", "of_loss", "value"]
