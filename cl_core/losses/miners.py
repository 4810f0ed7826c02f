"""Triplet mining: rules that select triplets, and exact sums over all selected triplets without listing them.

A batch of B has about B^3 triplets. The negatives of an anchor are sorted; two binary searches then find which of them
form a hard triplet with a positive and which a semi-hard one, since both are ranges of the sorted list. This takes time
O(B^2 log B) and the memory of one matrix. `_dense_triplets` has forms of plain PyTorch operations for where NumPy and
data-dependent shapes are impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from cl_core.losses import _dense_triplets
from cl_core.losses._sorted_rows import SortedRows, sorted_rows
from cl_core.losses.autograd import is_fast, with_fast_gradient
from cl_core.losses.contrast import Contrast, Terms

# A rule decides for each triplet by itself: (d_ap, d_an, margin), distances of shapes that broadcast -> bool
Rule = Callable[[Tensor, Tensor, float | Tensor], Tensor]


def hard(d_ap: Tensor, d_an: Tensor, margin: float | Tensor) -> Tensor:
    """Select triplets whose negative is no farther than the positive; a tie is hard."""
    return d_an <= d_ap


def semihard(d_ap: Tensor, d_an: Tensor, margin: float | Tensor) -> Tensor:
    """Select triplets that are ranked correctly, but whose negative is inside the margin."""
    return (d_ap < d_an) & (d_an < d_ap + margin)


def easy(d_ap: Tensor, d_an: Tensor, margin: float | Tensor) -> Tensor:
    """Select triplets whose negative is farther by the margin or more, so that they have no loss."""
    return (d_ap < d_an) & (d_ap + margin <= d_an)


def nonzero(d_ap: Tensor, d_an: Tensor, margin: float | Tensor) -> Tensor:
    """Select triplets whose loss is greater than 0."""
    return d_an < d_ap + margin


def any_triplet(d_ap: Tensor, d_an: Tensor, margin: float | Tensor) -> Tensor:
    """Select all triplets."""
    return torch.ones_like(d_ap, dtype=torch.bool) | torch.ones_like(d_an, dtype=torch.bool)


KINDS: Mapping[str, Rule] = MappingProxyType({"easy": easy, "semihard": semihard, "hard": hard})


def count_kinds(contrast: Contrast, margin: float) -> tuple[int, int, int]:
    """Count the easy, semi-hard and hard triplets of a Contrast exactly.

    Args:
        contrast: Distances of anchors and items.
        margin: The margin of the triplet loss, at least 0.

    Returns:
        The numbers of easy, semi-hard and hard triplets, whose sum is the number of valid triplets.
    """
    triplets = int((contrast.n_positive * contrast.n_negative).sum())
    n_hard = n_semihard = 0
    for _, block in sorted_rows(contrast, columns=False):
        hard_end, loss_end = block.ranks(margin)
        n_hard += int(hard_end.sum())
        n_semihard += int((loss_end - hard_end).clamp_(min=0).sum())
    return triplets - n_semihard - n_hard, n_semihard, n_hard


def dense_kind_counts(contrast: Contrast, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Count the same three numbers as scalar int64 tensors, without looking at values."""
    triplets = (contrast.n_positive * contrast.n_negative).sum()
    n_hard, n_semihard = (
        _dense_triplets.sum_of_rule(contrast, margin, mining)[1].sum() for mining in ("hard", "semihard")
    )
    return triplets - n_semihard - n_hard, n_semihard, n_hard


def _selected_range(mining: str, block: SortedRows, hard_end: Tensor, loss_end: Tensor) -> tuple[Tensor, Tensor]:
    """Return start and end (exclusive) of the sorted negatives that form a selected triplet with each positive."""
    start = torch.zeros_like(hard_end)
    match mining:
        case "all":
            n_negative = (block.d_an < torch.inf).sum(1, keepdim=True)
            return start, n_negative.where(block.d_ap > -torch.inf, 0)
        case "all_nonzero":
            return start, loss_end
        case "hard":
            return start, hard_end
    return hard_end, torch.maximum(hard_end, loss_end)  # with a margin of 0 a tie is hard and has no loss


def _sum_over_ranges(contrast: Contrast, margin: float, mining: str) -> Terms:
    """Sum the hinge over all triplets that a rule selects; the gradient uses the same integer ranks."""
    if not is_fast(contrast, margin):
        return Terms(*_dense_triplets.sum_of_rule(contrast, margin, mining))
    value = contrast.value.detach()
    total = torch.zeros(len(value), dtype=torch.float64)
    count = torch.zeros(len(value), dtype=torch.int64)
    slope = torch.empty_like(value)
    for rows, block in sorted_rows(contrast, columns=True):
        hard_end, loss_end = block.ranks(margin)
        first, last = _selected_range(mining, block, hard_end, loss_end)
        count[rows] = (last - first).sum(1)
        last = torch.maximum(first, torch.minimum(last, loss_end))  # triplets beyond are counted, with a loss of 0
        length = last - first  # (A, K)
        # the k-th negative is in all ranges that begin at or before it and end after it
        width = block.d_an.shape[1] + 1
        offset = torch.arange(len(length))[:, None] * width
        begun = torch.bincount((first + offset).ravel(), minlength=len(length) * width)
        ended = torch.bincount((last + offset).ravel(), minlength=len(length) * width)
        coverage = (begun - ended).view(-1, width).cumsum(1)[:, :-1].to(value.dtype)  # (A, N)
        block_slope = slope[rows].scatter_(1, block.n, coverage.neg_())
        total[rows] = (block.d_ap.where(length > 0, 0).double() * length).sum(1) + margin * length.sum(1).double()
        total[rows] += (block_slope * value[rows]).sum(1, dtype=torch.float64)
        block_slope.scatter_add_(1, block.p, length.to(value.dtype))
    return Terms(
        with_fast_gradient(
            contrast.value,
            total,
            slope,
            lambda value: _dense_triplets.sum_of_rule(replace(contrast, value=value), margin, mining)[0],
        ),
        count,
    )


class ChosenTriplets(NamedTuple):
    """At most K triplets of each anchor; all fields (A, K).

    Attributes:
        p: int64 columns of the positives.
        n: int64 columns of the negatives.
        valid: bool, false for entries that are no triplet.
    """

    p: Tensor
    n: Tensor
    valid: Tensor


def _hinge_of_chosen(contrast: Contrast, margin: float, chosen: ChosenTriplets) -> Terms:
    """Sum the hinge over chosen triplets."""
    d_ap, d_an = contrast.value.gather(1, torch.cat([chosen.p, chosen.n], 1)).split(chosen.p.shape[1], 1)
    gap = d_ap - d_an + margin  # (A, K)
    return Terms(gap.relu().where(chosen.valid, 0).sum(1), chosen.valid.sum(1))


def _nearest_farther(contrast: Contrast, margin: float, *, inside: bool) -> ChosenTriplets:
    """Choose for each positive the nearest negative that is farther, only `inside` the margin; of ties any one."""
    if not is_fast(contrast, margin):
        return ChosenTriplets(*_dense_triplets.nearest_farther(contrast, margin, inside=inside))
    blocks = [_nearest_farther_in(block, margin, inside) for _, block in sorted_rows(contrast, columns=True)]
    return ChosenTriplets(*(torch.cat(part) for part in zip(*blocks, strict=True)))


def _nearest_farther_in(block: SortedRows, margin: float, inside: bool) -> ChosenTriplets:
    hard_end, loss_end = block.ranks(margin)
    n_negative = (block.d_an < torch.inf).sum(1, keepdim=True)
    valid = (block.d_ap > -torch.inf) & (n_negative > 0)
    index = torch.minimum(hard_end, (n_negative - 1).clamp(min=0))  # if none is farther than the positive: the farthest
    return ChosenTriplets(block.p, block.n.gather(1, index), valid & (hard_end < loss_end) if inside else valid)


def _batch_hard(contrast: Contrast, margin: float) -> ChosenTriplets:
    """Choose for each anchor its farthest positive and its nearest negative; of ties the first."""
    value = contrast.value.detach()
    p = value.masked_fill(~contrast.positive, -torch.inf).argmax(1, keepdim=True)
    n = value.masked_fill(~contrast.negative, torch.inf).argmin(1, keepdim=True)
    valid = contrast.has_positive & contrast.has_negative
    return ChosenTriplets(p, n, valid[:, None])


@dataclass(frozen=True)
class Miner:
    """A way to select the triplets that a batch is trained on; it has either a rule or a choice.

    Attributes:
        title: Its name; shown to visitors.
        help: Which triplets it selects; shown to visitors.
        rule: Decides for each triplet by itself.
        choice: (contrast, margin) -> triplets that are chosen by comparison with others of their anchor.
    """

    title: str
    help: str
    rule: Rule | None = None
    choice: Callable[[Contrast, float], ChosenTriplets] | None = None


MINERS: Mapping[str, Miner] = MappingProxyType(
    {
        "all": Miner("all triplets", "every valid triplet; easy ones count as 0", any_triplet),
        "all_nonzero": Miner("all with a loss above 0", "every triplet that is not easy", nonzero),
        "hard": Miner("hard", "the negative is no farther than the positive", hard),
        "semihard": Miner("semi-hard", "the negative is farther than the positive, but not by the margin", semihard),
        "semihard_near": Miner(
            "nearest semi-hard",
            "for each positive the nearest semi-hard negative",
            choice=partial(_nearest_farther, inside=True),
        ),
        "semihard_tfa": Miner(
            "nearest negative beyond the positive",
            "for each positive the nearest negative that is farther away; if there is none, the farthest negative",
            choice=partial(_nearest_farther, inside=False),
        ),
        "batch_hard": Miner(
            "batch-hard", "for each anchor the farthest positive and the nearest negative", choice=_batch_hard
        ),
    }
)


def mine(contrast: Contrast, margin: float, mining: str) -> Terms:
    """Compute the hinge [d_ap - d_an + margin]_+ over the triplets that a miner selects.

    Source: Schroff, Kalenichenko, Philbin 2015 (semi-hard); Hermans, Beyer, Leibe 2017 (batch-hard).

    Args:
        contrast: Distances of anchors and items.
        margin: The margin, at least 0.
        mining: Key of the miner, one of MINERS.

    Returns:
        Terms with one term per selected triplet.

    Raises:
        ValueError: when there is no such miner.
    """
    choice = _get_miner(mining).choice
    if choice is None:
        return _sum_over_ranges(contrast, margin, mining)
    return _hinge_of_chosen(contrast, margin, choice(contrast, margin))


@dataclass(frozen=True, eq=False)
class PickedTriplets:
    """The triplets that a miner selects for one anchor.

    Attributes:
        positives: (P,) int64 columns of the anchor's positives, ascending.
        negatives: (N,) int64 columns of the anchor's negatives, ascending.
        chosen: (P, N) bool, true for the selected triplets.
    """

    positives: Tensor
    negatives: Tensor
    chosen: Tensor


def picked_triplets(contrast: Contrast, margin: float, mining: str, anchor: int) -> PickedTriplets:
    """Return the triplets that a miner selects for one anchor.

    Args:
        contrast: Distances of anchors and items.
        margin: The margin, at least 0.
        mining: Key of the miner, one of MINERS.
        anchor: Row of the anchor.

    Returns:
        The anchor's positives and negatives, and the selected triplets.

    Raises:
        ValueError: when there is no such miner.
        IndexError: when there is no such anchor.
    """
    miner = _get_miner(mining)
    value, positive, negative = (
        part[anchor] for part in (contrast.value.detach(), contrast.positive, contrast.negative)
    )
    p, n = (mask.nonzero()[:, 0] for mask in (positive, negative))
    if miner.rule is not None:
        return PickedTriplets(p, n, miner.rule(value[p][:, None], value[n][None], margin))
    assert miner.choice is not None
    chosen = miner.choice(Contrast(value[None], positive[None], negative[None]), margin)
    picked = torch.zeros(
        len(value), len(value), dtype=torch.bool, device=value.device
    )  # by columns of positive and negative
    picked[chosen.p[chosen.valid], chosen.n[chosen.valid]] = True
    return PickedTriplets(p, n, picked[p][:, n])


def _get_miner(mining: str) -> Miner:
    if mining not in MINERS:
        raise ValueError(f"mining must be one of {', '.join(MINERS)}, not {mining!r}")
    return MINERS[mining]


GRID = 2.0**40  # grid points per unit of distance


def round_to_grid(value: Tensor) -> Tensor:
    """Round distances to multiples of 2^-40, so that rounding errors do not break ties.

    Below 2^12 a float64 holds these multiples and their sums exactly; round a margin too before it is added.

    Args:
        value: float64 distances, any shape.

    Returns:
        The rounded distances, with the gradient of `value`.
    """
    rounded = (value.detach() * GRID).round() / GRID
    return value + (rounded - value.detach())
