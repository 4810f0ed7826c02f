"""Which triplets count: the rules as predicates, and their exact sums without ever listing a triplet.

A batch of B has about B^3 triplets. Sort the negatives of an anchor; then two binary searches tell for a positive
which of them are hard and which semi-hard, since these are runs in the sorted list. Time O(B^2 log B), memory
that of one matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cl_core.losses.autograd import row_blocks, with_gradient
from cl_core.losses.contrast import Contrast, Terms

Rule = Callable[[Tensor, Tensor, float], Tensor]


def hard(d_ap: Tensor, d_an: Tensor, margin: float) -> Tensor:
    """The negative is no farther than the positive; a tie is hard."""
    return d_an <= d_ap


def semihard(d_ap: Tensor, d_an: Tensor, margin: float) -> Tensor:
    """Ranked rightly, but the negative is inside the margin."""
    return (d_ap < d_an) & (d_an < d_ap + margin)


def easy(d_ap: Tensor, d_an: Tensor, margin: float) -> Tensor:
    """The negative is farther by the margin or more: no loss."""
    return (d_ap < d_an) & (d_ap + margin <= d_an)


def nonzero(d_ap: Tensor, d_an: Tensor, margin: float) -> Tensor:
    """The loss is greater than 0."""
    return d_an < d_ap + margin


def any_triplet(d_ap: Tensor, d_an: Tensor, margin: float) -> Tensor:
    """Any anchor, positive and negative."""
    return torch.ones_like(d_ap, dtype=torch.bool) | torch.ones_like(d_an, dtype=torch.bool)


KINDS: Mapping[str, Rule] = MappingProxyType({"easy": easy, "semihard": semihard, "hard": hard})


@dataclass(frozen=True, eq=False)
class SortedRows:
    """A block of anchors with its negatives sorted: what every rank is read from.

    d_ap: (A, K) values of the positives, -inf after the last; p: (A, K) int64 columns they stand in.
    d_an: (A, N) values of the negatives ascending, +inf after the last; n: (A, N) int64 columns they stand in, empty
    where nobody asked.
    """

    d_ap: Tensor
    p: Tensor
    d_an: Tensor
    n: Tensor

    def ranks(self, margin: float) -> tuple[Tensor, Tensor]:
        """For each positive, for how many negatives it makes a hard triplet, and for how many one with a loss.

        Both (A, K) int64: #{d_an <= d_ap} and #{d_an < d_ap + margin}. So its hard triplets are the run 0..first of
        the sorted negatives and its semi-hard ones the run first..second.
        """
        n_hard = torch.searchsorted(self.d_an, self.d_ap, right=True)
        return n_hard, torch.searchsorted(self.d_an, self.d_ap + margin)


def sorted_rows(contrast: Contrast, *, columns: bool) -> Iterator[tuple[slice, SortedRows]]:
    """Cut `contrast` into blocks of anchors, small enough for the cache, and sort the negatives of each."""
    value = contrast.value.detach()
    d_ap, p = _positives(contrast)
    for rows in row_blocks(*value.shape):
        d_an = value[rows].masked_fill(~contrast.negative[rows], torch.inf)
        if columns:
            n = torch.from_numpy(np.argsort(d_an.numpy(), axis=1))  # NumPy's sort is many times faster here
            yield rows, SortedRows(d_ap[rows], p[rows], d_an.gather(1, n), n)
        else:
            d_an.numpy().sort(axis=1)
            yield rows, SortedRows(d_ap[rows], p[rows], d_an, p.new_empty(0))


def _positives(contrast: Contrast) -> tuple[Tensor, Tensor]:
    """Values (A, K), -inf after the last, and columns (A, K) of the positives of each anchor."""
    value = contrast.value.detach()
    count = contrast.n_positive
    a, p = contrast.positive.nonzero(as_tuple=True)
    slot = torch.arange(len(a)) - (count.cumsum(0) - count)[a]
    column = torch.zeros(len(count), max(1, int(count.max())), dtype=torch.int64)
    column[a, slot] = p
    d_ap = value.new_full(column.shape, -torch.inf)
    d_ap[a, slot] = value[a, p]
    return d_ap, column


def count_kinds(contrast: Contrast, margin: float) -> tuple[int, int, int]:
    """Numbers of easy, semi-hard and hard triplets among all valid ones of `contrast`, exact."""
    triplets = int((contrast.n_positive * contrast.n_negative).sum())
    n_hard = n_semihard = 0
    for _, block in sorted_rows(contrast, columns=False):
        hard_end, loss_end = block.ranks(margin)
        n_hard += int(hard_end.sum())
        n_semihard += int((loss_end - hard_end).clamp_(min=0).sum())
    return triplets - n_semihard - n_hard, n_semihard, n_hard


def _run(mining: str, block: SortedRows, hard_end: Tensor, loss_end: Tensor) -> tuple[Tensor, Tensor]:
    """First and behind-last index of the sorted negatives that make a triplet of this kind with a positive."""
    start = torch.zeros_like(hard_end)
    match mining:
        case "all":
            n_negative = (block.d_an < torch.inf).sum(1, keepdim=True)
            return start, n_negative.where(block.d_ap > -torch.inf, 0)
        case "all_nonzero":
            return start, loss_end
        case "hard":
            return start, hard_end
    return hard_end, torch.maximum(hard_end, loss_end)  # at a margin of 0 a tie is hard and has no loss


def _mine_runs(contrast: Contrast, margin: float, mining: str) -> Terms:
    """Sum of the hinge over all triplets of a kind, with its gradient from the same integer ranks."""
    value = contrast.value.detach()
    total = torch.zeros(len(value), dtype=torch.float64)
    count = torch.zeros(len(value), dtype=torch.int64)
    slope = torch.empty_like(value)
    for rows, block in sorted_rows(contrast, columns=True):
        hard_end, loss_end = block.ranks(margin)
        first, last = _run(mining, block, hard_end, loss_end)
        count[rows] = (last - first).sum(1)
        last = torch.maximum(first, torch.minimum(last, loss_end))  # the others count, and count as 0
        run = last - first  # (A, K)
        # the k-th negative is in the runs that have begun by then and not ended
        width = block.d_an.shape[1] + 1
        offset = torch.arange(len(run))[:, None] * width
        begun = torch.bincount((first + offset).ravel(), minlength=len(run) * width)
        ended = torch.bincount((last + offset).ravel(), minlength=len(run) * width)
        cover = (begun - ended).view(-1, width).cumsum(1)[:, :-1].to(value.dtype)  # (A, N)
        here = slope[rows].scatter_(1, block.n, cover.neg_())
        total[rows] = (block.d_ap.where(run > 0, 0).double() * run).sum(1) + margin * run.sum(1).double()
        total[rows] += (here * value[rows]).sum(1, dtype=torch.float64)
        here.scatter_add_(1, block.p, run.to(value.dtype))
    return Terms(with_gradient(contrast.value, total, slope), count)


class ChosenTriplets(NamedTuple):
    """Triplets of each anchor: columns p and n of the positive and the negative, where `valid`; all (A, K)."""

    p: Tensor
    n: Tensor
    valid: Tensor


def _mine_chosen(contrast: Contrast, margin: float, chosen: ChosenTriplets) -> Terms:
    """The hinge of chosen triplets."""
    d_ap, d_an = contrast.value.gather(1, torch.cat([chosen.p, chosen.n], 1)).split(chosen.p.shape[1], 1)
    gap = d_ap - d_an + margin  # (A, K)
    return Terms(gap.relu().where(chosen.valid, 0).sum(1), chosen.valid.sum(1))


def _nearest(contrast: Contrast, margin: float, *, inside: bool) -> ChosenTriplets:
    """For each positive the nearest negative that is farther than it, `inside` the margin only; of equals any one."""
    blocks = [_nearest_in(block, margin, inside) for _, block in sorted_rows(contrast, columns=True)]
    return ChosenTriplets(*(torch.cat(part) for part in zip(*blocks, strict=True)))


def _nearest_in(block: SortedRows, margin: float, inside: bool) -> ChosenTriplets:
    hard_end, loss_end = block.ranks(margin)
    n_negative = (block.d_an < torch.inf).sum(1, keepdim=True)
    there = (block.d_ap > -torch.inf) & (n_negative > 0)
    at = torch.minimum(hard_end, (n_negative - 1).clamp(min=0))  # none is farther: the farthest there is
    return ChosenTriplets(block.p, block.n.gather(1, at), there & (hard_end < loss_end) if inside else there)


def _hardest(contrast: Contrast, margin: float) -> ChosenTriplets:
    """For each anchor its farthest positive and its nearest negative; of equals the first."""
    value = contrast.value.detach()
    p = value.masked_fill(~contrast.positive, -torch.inf).argmax(1, keepdim=True)
    n = value.masked_fill(~contrast.negative, torch.inf).argmin(1, keepdim=True)
    valid = (contrast.n_positive > 0) & (contrast.n_negative > 0)
    return ChosenTriplets(p, n, valid[:, None])


@dataclass(frozen=True)
class Miner:
    """Which triplets a batch is trained on: those that a rule lets through, or those that a choice makes."""

    title: str
    help: str
    rule: Rule | None = None  # where a triplet is judged by itself
    choice: Callable[[Contrast, float], ChosenTriplets] | None = None  # where it is judged against others of its anchor


MINERS: Mapping[str, Miner] = MappingProxyType(
    {
        "all": Miner("all", "every valid triplet; easy ones count as 0", any_triplet),
        "all_nonzero": Miner("all with a loss", "every triplet that is not easy", nonzero),
        "hard": Miner("hard", "the negative is no farther than the positive", hard),
        "semihard": Miner("semi-hard", "ranked rightly, but inside the margin", semihard),
        "semihard_near": Miner(
            "nearest semi-hard",
            "for each positive the nearest semi-hard negative",
            choice=partial(_nearest, inside=True),
        ),
        "semihard_tfa": Miner(
            "nearest farther one",
            "for each positive the nearest negative beyond it, at any distance; if none, the farthest",
            choice=partial(_nearest, inside=False),
        ),
        "batch_hard": Miner("batch-hard", "farthest positive and nearest negative of each anchor", choice=_hardest),
    }
)


def mine(contrast: Contrast, margin: float, mining: str) -> Terms:
    """The hinge [d_ap - d_an + margin]_+ over the triplets that `mining`, one of MINERS, lets through.

    Source: Schroff, Kalenichenko, Philbin 2015 (semi-hard); Hermans, Beyer, Leibe 2017 (batch-hard).
    """
    choice = _miner(mining).choice
    if choice is None:
        return _mine_runs(contrast, margin, mining)
    return _mine_chosen(contrast, margin, choice(contrast, margin))


@dataclass(frozen=True, eq=False)
class PickedTriplets:
    """What a miner picks for one anchor.

    positives: (P,) int64, columns of its positives; negatives: (N,) int64, columns of its negatives; both ascending.
    chosen: (P, N) bool, which of their triplets are picked.
    """

    positives: Tensor
    negatives: Tensor
    chosen: Tensor


def picked_triplets(contrast: Contrast, margin: float, mining: str, anchor: int) -> PickedTriplets:
    """Which triplets of row `anchor` of `contrast` the miner `mining`, one of MINERS, lets through.

    Raises ValueError for an unknown miner, IndexError for an anchor that is not there.
    """
    miner = _miner(mining)
    value, positive, negative = (
        part[anchor] for part in (contrast.value.detach(), contrast.positive, contrast.negative)
    )
    p, n = (mask.nonzero()[:, 0] for mask in (positive, negative))
    if miner.rule is not None:
        return PickedTriplets(p, n, miner.rule(value[p][:, None], value[n][None], margin))
    assert miner.choice is not None
    chosen = miner.choice(Contrast(value[None], positive[None], negative[None]), margin)
    picked = torch.zeros(len(value), len(value), dtype=torch.bool)  # by column
    picked[chosen.p[chosen.valid], chosen.n[chosen.valid]] = True
    return PickedTriplets(p, n, picked[p][:, n])


def _miner(mining: str) -> Miner:
    if mining not in MINERS:
        raise ValueError(f"mining must be one of {', '.join(MINERS)}, not {mining!r}")
    return MINERS[mining]


GRID = 2.0**40


def round_to_grid(value: Tensor) -> Tensor:
    """Distances as whole multiples of 2^-40, so that ties are ties in spite of rounding; the gradient passes.

    Below 2^12 a float64 holds these and their sums exactly, so to the margin too add what this makes of it.
    """
    rounded = (value.detach() * GRID).round() / GRID
    return value + (rounded - value.detach())
