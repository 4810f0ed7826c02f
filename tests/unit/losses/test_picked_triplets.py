"""The triplets that a miner picks for one anchor are those over which the loss is the mean."""

import pytest
import torch

from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from tests import reference
from tests.batches import BATCHES

MARGINS = (0.0, 0.2, 1.0, 2.0)
DISTANCES = ("sqeuclidean", "euclidean", "cosine")


def picked_by_all_anchors(contrast: Contrast, margin: float, miner: str) -> list[tuple[int, int, int]]:
    """Return the picked triplets of all anchors."""
    triplets = []
    for a in range(len(contrast.value)):
        picks = miners.picked_triplets(contrast, margin, miner, a)
        assert picks.positives.tolist() == contrast.positive[a].nonzero().ravel().tolist()
        assert picks.negatives.tolist() == contrast.negative[a].nonzero().ravel().tolist()
        assert picks.chosen.shape == (len(picks.positives), len(picks.negatives))
        p, n = picks.chosen.nonzero(as_tuple=True)
        triplets += [(a, int(i), int(j)) for i, j in zip(picks.positives[p], picks.negatives[n], strict=True)]
    return triplets


@pytest.mark.parametrize("miner", miners.MINERS)
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_mined_loss_is_the_mean_over_picked_triplets(batch, miner):
    for distance in DISTANCES:
        contrast = Contrast.of_batch(batch.z, batch.y, distance)
        for margin in MARGINS:
            triplets = picked_by_all_anchors(contrast, margin, miner)
            terms = miners.mine(contrast, margin, miner)
            assert len(triplets) == terms.n_terms
            value = contrast.value
            hinges = [max(0.0, float(value[a, p] - value[a, n]) + margin) for a, p, n in triplets]
            mean = sum(hinges) / len(hinges) if hinges else 0.0
            assert terms.mean().item() == pytest.approx(mean, abs=1e-9)
            values = [[*row] for row in value.tolist()]
            masks = contrast.positive.tolist(), contrast.negative.tolist()
            assert sorted(hinges) == pytest.approx(sorted(reference.mined(values, *masks, margin, miner)), abs=1e-9)


@pytest.mark.parametrize("miner", miners.MINERS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(3))
def test_picked_triplets_equal_those_of_plain_loops(seed, margin, miner):
    # without ties, as any of several equal triplets may be picked
    generator = torch.Generator().manual_seed(seed)
    value = torch.rand(6, 9, generator=generator, dtype=torch.float64) * 3
    role = torch.randint(0, 3, value.shape, generator=generator)
    role[0] = 0
    role[1] = 1
    contrast = Contrast(value, role == 0, role == 1)
    expected = []
    for a in range(6):
        ps, ns = [[j for j in range(9) if role[a, j] == k] for k in (0, 1)]
        d = value[a].tolist()
        if miner == "batch_hard":
            expected += [(a, max(ps, key=d.__getitem__), min(ns, key=d.__getitem__))] if ps and ns else []
            continue
        for p in ps:
            kind = {n: reference.kind(d[p], d[n], margin) for n in ns}
            farther = sorted((n for n in ns if kind[n] != "hard"), key=d.__getitem__)
            near = [n for n in farther[:1] if kind[n] == "semihard"]
            last = sorted(ns, key=d.__getitem__)[-1:]
            chosen = {
                "all": ns,
                "all_nonzero": [n for n in ns if kind[n] != "easy" and d[n] < d[p] + margin],
                "hard": [n for n in ns if kind[n] == "hard"],
                "semihard": [n for n in ns if kind[n] == "semihard"],
                "semihard_near": near,
                "semihard_tfa": farther[:1] or last,
            }[miner]
            expected += [(a, p, n) for n in chosen]
    assert sorted(picked_by_all_anchors(contrast, margin, miner)) == sorted(expected)


def test_picked_triplets_of_one_anchor_by_hand():
    # anchor 0 at 0; positives at 1 and 4, negatives at 2 and 3; m = 1.5 in the plain distance
    z, y = torch.tensor([[0.0], [1.0], [4.0], [2.0], [3.0]]), torch.tensor([0, 0, 0, 1, 1])
    contrast = Contrast.of_batch(z, y, "euclidean")
    expected = {
        "all": [[1, 1], [1, 1]],
        "all_nonzero": [[1, 0], [1, 1]],
        "hard": [[0, 0], [1, 1]],
        "semihard": [[1, 0], [0, 0]],
        "semihard_near": [[1, 0], [0, 0]],
        "semihard_tfa": [[1, 0], [0, 1]],  # beyond 4 there is none: the farthest, which is hard
        "batch_hard": [[0, 0], [1, 0]],
    }
    assert set(expected) == set(miners.MINERS)
    for miner, picks in expected.items():
        assert miners.picked_triplets(contrast, 1.5, miner, 0).chosen.long().tolist() == picks, miner


def test_unknown_miner_or_anchor_is_refused():
    contrast = Contrast.of_batch(BATCHES[0].z, BATCHES[0].y, "euclidean")
    with pytest.raises(ValueError, match="semihard"):
        miners.picked_triplets(contrast, 0.2, "softhard", 0)
    with pytest.raises(IndexError):
        miners.picked_triplets(contrast, 0.2, "hard", 99)
