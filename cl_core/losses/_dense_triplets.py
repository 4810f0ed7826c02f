"""Triplet mining by PyTorch operations whose shapes depend on shapes only: for compilers, transforms, other devices.

Each miner has two forms. One compares all B^3 triplets at once; it is the faster one for small batches. The other sorts
the negatives of each anchor and sums ranges of them by running sums, in time O(B^2 log B).
"""

from __future__ import annotations

import torch
from torch import Tensor

from cl_core.losses.contrast import Contrast
from cl_core.losses.execution import accumulation_dtype

MAX_TRIPLETS = 1 << 18  # triplets (valid or not) up to which all are compared at once


def sum_of_rule(
    contrast: Contrast, margin: float | Tensor, mining: str, *, all_at_once: bool | None = None
) -> tuple[Tensor, Tensor]:
    """Sum the hinge over all triplets that a rule selects.

    Args:
        contrast: Distances of anchors and items.
        margin: The margin, at least 0.
        mining: "all", "all_nonzero", "hard" or "semihard".
        all_at_once: Whether to compare all triplets at once; by default up to MAX_TRIPLETS.

    Returns:
        (A,) sums with autograd, and (A,) int64 numbers of selected triplets.
    """
    if _compares_all(contrast, all_at_once):
        return _sum_of_all(contrast, margin, mining)
    return _sum_of_ranges(contrast, margin, mining)


def nearest_farther(
    contrast: Contrast, margin: float | Tensor, *, inside: bool, all_at_once: bool | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose for each positive the nearest negative that is farther; if there is none, the farthest negative.

    Args:
        contrast: Distances of anchors and items.
        margin: The margin, at least 0.
        inside: Whether only negatives inside the margin are chosen.
        all_at_once: Whether to compare all triplets at once; by default up to MAX_TRIPLETS.

    Returns:
        Columns of the positives, columns of the negatives, and whether they form a triplet; all (A, N).
    """
    value = contrast.value.detach()
    farthest = value.masked_fill(~contrast.negative, -torch.inf).argmax(1, keepdim=True)  # (A, 1)
    if _compares_all(contrast, all_at_once):
        d_an = value[:, None, :].masked_fill(~contrast.negative[:, None, :], torch.inf)
        d_an = d_an.masked_fill(d_an <= value[:, :, None], torch.inf)  # (A, N, N)
        nearest, n = d_an.min(2)
    else:
        ascending, order = value.masked_fill(~contrast.negative, torch.inf).sort(1)
        index = _rank(ascending, value, right=True).clamp(max=value.shape[1] - 1)
        nearest, n = ascending.gather(1, index), order.gather(1, index)
        nearest = nearest.masked_fill(nearest <= value, torch.inf)  # no negative is farther
    found = nearest < torch.inf
    valid = contrast.positive & contrast.negative.any(1, keepdim=True)
    if inside:
        valid = valid & found & (nearest < value + margin)
    p = torch.arange(value.shape[1], device=value.device).expand(value.shape)
    return p, n.where(found, farthest), valid


def _compares_all(contrast: Contrast, all_at_once: bool | None) -> bool:
    anchors, items = contrast.value.shape
    return anchors * items * items <= MAX_TRIPLETS if all_at_once is None else all_at_once


def _sum_of_all(contrast: Contrast, margin: float | Tensor, mining: str) -> tuple[Tensor, Tensor]:
    d_ap, d_an = contrast.value[:, :, None], contrast.value[:, None, :]
    selected = contrast.positive[:, :, None] & contrast.negative[:, None, :]  # (A, N, N)
    if mining in ("all_nonzero", "semihard"):
        selected = selected & (d_an < d_ap + margin)
    if mining == "hard":
        selected = selected & (d_an <= d_ap)
    if mining == "semihard":
        selected = selected & (d_ap < d_an)
    hinge = (d_ap - d_an + margin).relu().where(selected, 0)
    return hinge.sum((1, 2)), selected.sum((1, 2))


def _sum_of_ranges(contrast: Contrast, margin: float | Tensor, mining: str) -> tuple[Tensor, Tensor]:
    value, negative = contrast.value, contrast.negative
    dtype = accumulation_dtype(value.device)
    ascending, order = value.detach().masked_fill(~negative, torch.inf).sort(1)
    d_an = value.gather(1, order).where(ascending < torch.inf, 0)  # (A, N), with autograd
    hard_end = _rank(ascending, value.detach(), right=True)
    loss_end = _rank(ascending, (value + margin).detach(), right=False)
    n_negative = contrast.n_negative[:, None]
    first = hard_end if mining == "semihard" else torch.zeros_like(hard_end)
    last = {"all": n_negative.expand_as(hard_end), "hard": hard_end}.get(mining, loss_end)
    last = torch.maximum(first, last)
    count = (last - first).where(contrast.positive, 0).sum(1)
    last = torch.maximum(first, torch.minimum(last, loss_end))  # triplets beyond have no loss
    running = torch.cat([torch.zeros_like(d_an[:, :1], dtype=dtype), d_an.cumsum(1, dtype=dtype)], 1)  # (A, N + 1)
    total = (last - first) * (value + margin).to(dtype) - (running.gather(1, last) - running.gather(1, first))
    return total.where(contrast.positive, 0).sum(1).to(value.dtype), count


def _rank(ascending: Tensor, bound: Tensor, *, right: bool) -> Tensor:
    """Count the entries of each row of `ascending` that are below each bound, or not above it if `right`; (A, N)."""
    return torch.searchsorted(ascending, bound.contiguous(), right=right)
