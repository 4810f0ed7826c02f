"""The catalogue of all losses, written out in teaching order."""

from __future__ import annotations

from cl_core.losses.am_softmax import am_softmax
from cl_core.losses.arcface import arcface
from cl_core.losses.base import Loss
from cl_core.losses.circle import circle
from cl_core.losses.circle_class import circle_class
from cl_core.losses.circle_general import circle_general
from cl_core.losses.contrastive import contrastive
from cl_core.losses.info_nce import info_nce
from cl_core.losses.l_softmax import l_softmax
from cl_core.losses.normface import normface
from cl_core.losses.npair import npair
from cl_core.losses.nt_xent import nt_xent
from cl_core.losses.pccl import pccl
from cl_core.losses.pccl_released import pccl_released
from cl_core.losses.softmax import softmax
from cl_core.losses.sphereface import sphereface
from cl_core.losses.supcon import supcon
from cl_core.losses.triplet import triplet

LOSSES: dict[str, Loss] = {
    "contrastive": contrastive,
    "triplet": triplet,
    "npair": npair,
    "nt_xent": nt_xent,
    "supcon": supcon,
    "info_nce": info_nce,
    "softmax": softmax,
    "normface": normface,
    "l_softmax": l_softmax,
    "sphereface": sphereface,
    "am_softmax": am_softmax,
    "arcface": arcface,
    "circle": circle,
    "circle_class": circle_class,
    "circle_general": circle_general,
    "pccl": pccl,
    "pccl_released": pccl_released,
}


def get(key: str) -> Loss:
    """Return a loss of the catalogue.

    Args:
        key: Its key, for example "triplet".

    Returns:
        The loss.

    Raises:
        ValueError: when there is no loss with this key; the message lists the known keys.
    """
    if key not in LOSSES:
        raise ValueError(f"there is no loss {key!r}; there are: {', '.join(LOSSES)}")
    return LOSSES[key]


def table() -> str:
    """Return a Markdown table of all losses: title, key, formula, parameters with range and default, paper."""
    lines = ["| loss | key | formula | parameters | paper |", "|---|---|---|---|---|"]
    for key, loss in LOSSES.items():
        parameters = "<br>".join(
            f"`{p.name}` ${p.symbol}$ = {p.default}: {p.range_text()}" for p in loss.parameters.values()
        )
        formula = loss.formula.replace("|", r"\vert ")
        lines.append(f"| {loss.title} | `{key}` | ${formula}$ | {parameters} | {loss.paper.markdown} |")
    return "\n".join(lines) + "\n"
