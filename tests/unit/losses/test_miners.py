"""Miners and counts of kinds agree with an enumeration of every triplet, ties included."""

import math

import pytest
import torch
from pytorch_metric_learning import distances
from pytorch_metric_learning import miners as pml_miners
from torch.utils._python_dispatch import TorchDispatchMode

from cl_core import losses
from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from tests import reference
from tests.batches import BATCHES

MARGINS = (0.0, 0.2, 1.0, 2.0)
TIE_INDEPENDENT = ("all", "all_nonzero", "hard", "semihard")  # miners that never choose between equal negatives


def random_contrast(seed, anchors=7, others=9, ties=True):
    """Return a Contrast with random masks: some entries are neither, and some anchors lack positives or negatives."""
    generator = torch.Generator().manual_seed(seed)
    value = torch.rand(anchors, others, generator=generator, dtype=torch.float64) * 4
    role = torch.randint(0, 3, (anchors, others), generator=generator)
    role[0] = 0
    role[1] = 1
    return Contrast((value.round() if ties else value).requires_grad_(), role == 0, role == 1)


@pytest.mark.parametrize("margin", MARGINS)
def test_every_triplet_is_of_exactly_one_kind(margin):
    d = torch.arange(0, 5, 0.5)
    d_ap, d_an = torch.meshgrid(d, d, indexing="ij")
    masks = torch.stack([predicate(d_ap, d_an, margin) for predicate in miners.KINDS.values()]).long()
    assert (masks.sum(0) == 1).all()
    names = list(miners.KINDS)
    for i, p in enumerate(d.tolist()):
        for j, n in enumerate(d.tolist()):
            assert names[int(masks[:, i, j].argmax())] == reference.kind(p, n, margin)


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(6))
def test_kind_counts_equal_those_of_enumeration(seed, margin):
    c = random_contrast(seed, ties=seed % 2 == 0)
    easy, semihard, hard = miners.count_kinds(c, margin)
    assert (easy, semihard, hard) == reference.kinds(c.value.tolist(), c.positive.tolist(), c.negative.tolist(), margin)
    assert easy + semihard + hard == sum(c.positive[a].sum() * c.negative[a].sum() for a in range(7))


def test_kind_counts_of_five_points_on_a_line():
    # 0, 1, 2, 3, 4 with labels 0 0 0 1 1 and m = 1, anchor by anchor by hand from the definition of the kinds; every
    # d_an = d_ap is hard and every d_an = d_ap + 1 easy
    z, y = torch.arange(5.0)[:, None], torch.tensor([0, 0, 0, 1, 1])
    easy, hard = 4 + 4 + 1 + 2 + 3, 0 + 0 + 3 + 1 + 0
    assert miners.count_kinds(Contrast.of_batch(z, y, "euclidean"), 1.0) == (easy, 0, hard)


@pytest.mark.parametrize("miner", miners.MINERS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(6))
def test_mined_terms_equal_those_of_enumeration(seed, margin, miner):
    c = random_contrast(seed, ties=seed % 2 == 0)
    value = c.value.detach().clone().requires_grad_()
    rows = [list(row.unbind()) for row in value.unbind()]
    expected = reference.mined(rows, c.positive.tolist(), c.negative.tolist(), margin, miner)
    terms = miners.mine(c, margin, miner)
    assert terms.n_terms == len(expected)
    total = torch.stack(expected).sum() if expected else 0 * value.sum()
    assert torch.allclose(terms.total.sum(), total, rtol=1e-12, atol=1e-12)
    if seed % 2 or miner in TIE_INDEPENDENT:  # of two equal negatives a miner may choose either
        gradient = torch.autograd.grad(terms.total.sum(), c.value)[0]
        expected_gradient = torch.autograd.grad(total, value)[0]
        assert torch.allclose(gradient, expected_gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("miner", [name for name, entry in miners.MINERS.items() if entry.rule])
@pytest.mark.parametrize("margin", MARGINS[1:])
def test_miner_selects_what_its_predicate_accepts(miner, margin):
    d = torch.linspace(0, 4, 41, dtype=torch.float64)
    d_ap, d_an = torch.meshgrid(d, d, indexing="ij")
    terms = miners.mine(Contrast.of_pairs(d_ap, d_an), margin, miner)
    assert torch.equal(terms.count.view(41, 41).bool(), miners.MINERS[miner].rule(d_ap, d_an, margin))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
def test_kind_counts_over_several_blocks_equal_broadcasting(metric):
    # 700 rows take several blocks; the expected counts are from broadcasting over the same matrix
    generator = torch.Generator().manual_seed(0)
    z, y = torch.randn(700, 4, generator=generator), torch.randint(0, 7, (700,), generator=generator)
    c = Contrast.of_batch(z, y, metric)
    total = [0, 0, 0]
    for a in range(700):
        d_ap, d_an = c.value[a][c.positive[a]][:, None], c.value[a][c.negative[a]]
        for k, predicate in enumerate(miners.KINDS.values()):
            total[k] += int(predicate(d_ap, d_an, 0.5).sum())
    assert miners.count_kinds(c, 0.5) == tuple(total)
    counts = torch.bincount(y)
    assert sum(total) == int((counts * (counts - 1) * (700 - counts)).sum())


@pytest.mark.parametrize("squared", [False, True])
def test_kind_counts_agree_with_pytorch_metric_learning(squared):
    # where nothing ties, its miner has the same three kinds
    generator = torch.Generator().manual_seed(1)
    z = torch.nn.functional.normalize(torch.randn(60, 8, generator=generator, dtype=torch.float64))
    y = torch.randint(0, 5, (60,), generator=generator)
    counts = miners.count_kinds(Contrast.of_batch(z, y, "sqeuclidean" if squared else "euclidean"), 0.2)
    metric = distances.LpDistance(power=2 if squared else 1)
    for n, name in zip(counts, ("easy", "semihard", "hard"), strict=True):
        assert n == len(pml_miners.TripletMarginMiner(0.2, name, distance=metric)(z, y)[0])


def test_kind_counts_are_invariant_to_batch_order():
    for b in BATCHES:
        order = torch.randperm(len(b.y), generator=torch.Generator().manual_seed(0))
        before = Contrast.of_batch(b.z, b.y, "sqeuclidean")
        after = Contrast(
            before.value[order][:, order], before.positive[order][:, order], before.negative[order][:, order]
        )
        assert miners.count_kinds(before, 0.3) == miners.count_kinds(after, 0.3)


class LargestTensor(TorchDispatchMode):
    """Records the number of entries of the largest tensor that is made."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for t in result if isinstance(result, tuple | list) else [result]:
            if isinstance(t, torch.Tensor):
                self.entries = max(self.entries, t.untyped_storage().nbytes() // t.element_size())
        return result


@pytest.mark.parametrize("miner", miners.MINERS)
def test_mining_makes_no_tensor_larger_than_the_distance_matrix(miner):
    # 200^3 = 8 million triplets; allowed are B x B entries, and one more per row for the ends of runs
    generator = torch.Generator().manual_seed(0)
    z, y = (
        torch.randn(200, 8, generator=generator, requires_grad=True),
        torch.randint(0, 3, (200,), generator=generator),
    )
    with LargestTensor() as largest:
        losses.module("triplet", mining=miner, margin=1.0)(z, y).backward()
    assert 200 * 200 <= largest.entries <= 200 * 201


def test_unknown_miner_is_rejected():
    with pytest.raises(ValueError, match="semihard"):
        miners.mine(random_contrast(0), 0.2, "softhard")


def test_zero_margin_has_no_semihard_triplets_and_ties_cost_nothing():
    c = random_contrast(2)
    assert miners.count_kinds(c, 0.0)[1] == 0
    assert not miners.mine(c, 0.0, "semihard").count.any()
    assert math.isclose(*(miners.mine(c, 0.0, miner).total.sum().item() for miner in ("hard", "all")))
