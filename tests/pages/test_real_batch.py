"""What a miner picks for one anchor is what the loss is the mean of."""

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from cl_core import charts, losses
from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from cl_core.ui.pages.triplets import real_batch
from tests import reference
from tests.batches import BATCHES

MARGINS = (0.0, 0.2, 1.0, 2.0)
DISTANCES = ("sqeuclidean", "euclidean", "cosine")


def picked(contrast: Contrast, margin: float, miner: str) -> list[tuple[int, int, int]]:
    """All picks of all anchors."""
    found = []
    for a in range(len(contrast.value)):
        one = miners.picked_triplets(contrast, margin, miner, a)
        assert one.positives.tolist() == contrast.positive[a].nonzero().ravel().tolist()
        assert one.negatives.tolist() == contrast.negative[a].nonzero().ravel().tolist()
        assert one.chosen.shape == (len(one.positives), len(one.negatives))
        p, n = one.chosen.nonzero(as_tuple=True)
        found += [(a, int(i), int(j)) for i, j in zip(one.positives[p], one.negatives[n], strict=True)]
    return found


@pytest.mark.parametrize("miner", miners.MINERS)
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_the_loss_is_the_mean_over_the_picks(batch, miner):
    for distance in DISTANCES:
        contrast = Contrast.of_batch(batch.z, batch.y, distance)
        for margin in MARGINS:
            found = picked(contrast, margin, miner)
            terms = miners.mine(contrast, margin, miner)
            assert len(found) == terms.n_terms
            v = contrast.value
            hinges = [max(0.0, float(v[a, p] - v[a, n]) + margin) for a, p, n in found]
            mean = sum(hinges) / len(hinges) if hinges else 0.0
            assert terms.mean().item() == pytest.approx(mean, abs=1e-9)
            rows = [[*row] for row in v.tolist()]
            masks = contrast.positive.tolist(), contrast.negative.tolist()
            assert sorted(hinges) == pytest.approx(sorted(reference.mined(rows, *masks, margin, miner)), abs=1e-9)


@pytest.mark.parametrize("miner", miners.MINERS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(3))
def test_picks_are_those_of_plain_loops(seed, margin, miner):
    # without ties, so that which triplet is picked is not open
    dice = torch.Generator().manual_seed(seed)
    value = torch.rand(6, 9, generator=dice, dtype=torch.float64) * 3
    role = torch.randint(0, 3, value.shape, generator=dice)
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
    assert sorted(picked(contrast, margin, miner)) == sorted(expected)


def test_by_hand():
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
    for miner, rows in expected.items():
        assert miners.picked_triplets(contrast, 1.5, miner, 0).chosen.long().tolist() == rows, miner


def test_an_unknown_miner_is_refused_in_words():
    contrast = Contrast.of_batch(BATCHES[0].z, BATCHES[0].y, "euclidean")
    with pytest.raises(ValueError, match="semihard"):
        miners.picked_triplets(contrast, 0.2, "softhard", 0)
    with pytest.raises(IndexError):
        miners.picked_triplets(contrast, 0.2, "hard", 99)


def test_on_the_grid_ties_are_ties_and_the_gradient_passes():
    a = torch.tensor([0.1 + 0.2, 0.7 + 0.1, 1e-20, 4.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.3, 0.8, 0.0, 4.0], dtype=torch.float64)
    assert not torch.equal(a, b)
    assert torch.equal(miners.round_to_grid(a), miners.round_to_grid(b))
    assert torch.equal(miners.round_to_grid(a) * miners.GRID, (a * miners.GRID).round())
    assert (miners.round_to_grid(a) - a).abs().max() <= 2**-41
    assert torch.autograd.grad((3 * miners.round_to_grid(a)).sum(), a)[0].tolist() == [3.0] * 4


def test_a_tie_with_the_margin_is_easy_on_the_grid():
    # 0.1 + 0.2 is more than 0.3 as floats are added
    d_ap, d_an, margin = (torch.tensor([x], dtype=torch.float64) for x in (0.1, 0.3, 0.2))
    assert miners.semihard(d_ap, d_an, margin.item()).item()
    d_ap, d_an, margin = (miners.round_to_grid(x) for x in (d_ap, d_an, margin))
    assert miners.easy(d_ap, d_an, margin.item()).item()


@pytest.mark.parametrize("stage", ["pixels", "untrained", "half-trained", "trained"])
@pytest.mark.parametrize("distance", DISTANCES)
def test_a_tally_of_real_digits(stage, distance):
    source = real_batch.source_of(stage, "supcon")
    batch = real_batch._batch(source, 32, 3)
    assert len(np.unique(batch.rows)) == 32
    for miner in miners.MINERS:
        effect = real_batch._effect(batch, distance, 0.3, miner)
        z = batch.z.clone().requires_grad_()
        loss = losses.module("triplet", margin=0.3, distance=distance, mining=miner)(z, batch.y)
        loss.backward()
        assert effect.value == pytest.approx(loss.item(), abs=1e-9)
        assert effect.gradient == pytest.approx(float(z.grad.norm()), abs=1e-8)
        assert sum(effect.kinds.values()) == effect.picked.sum()
        assert effect.shares.sum() == pytest.approx(1.0 if effect.value else 0.0)
    every = real_batch._effect(batch, distance, 0.3, "all").kinds
    found = Contrast.of_batch(batch.z, batch.y, distance)
    assert (every["easy"], every["semihard"], every["hard"]) == miners.count_kinds(found, 0.3)
    assert real_batch._effect(batch, distance, 0.3, "semihard").kinds == {
        "easy": 0,
        "semihard": every["semihard"],
        "hard": 0,
    }


def test_the_first_anchor_is_the_same_in_every_embedding():
    batches = [
        real_batch._batch(real_batch.source_of(stage, "triplet"), 48, 0) for stage in ("pixels", "untrained", "trained")
    ]
    assert len({batch.anchor for batch in batches}) == 1
    assert all(np.array_equal(batch.rows, batches[0].rows) for batch in batches)


def test_the_bars_hold_the_numbers():
    values = charts.miner_rows({"a": 1.0, "b": 0.5}, "b")
    assert values.to_dict("records") == [
        {"miner": "a", "value": 1.0, "chosen": False},
        {"miner": "b", "value": 0.5, "chosen": True},
    ]
    rows = charts.pick_rows({"a": {"easy": 1, "semihard": 0, "hard": 3}, "b": dict.fromkeys(miners.KINDS, 0)}, "a")
    assert rows.set_index(["miner", "kind"])["share"].to_dict() == {
        ("a", "● hard"): 0.75,
        ("a", "◐ semi-hard"): 0.0,
        ("a", "○ easy"): 0.25,
        ("b", "● hard"): 0.0,
        ("b", "◐ semi-hard"): 0.0,
        ("b", "○ easy"): 0.0,
    }
    assert charts.miner_chart("loss", 2, "in words", (0.2, "line"))["description"] == "in words"
    assert charts.pick_chart(2, "in words")["description"] == "in words"


def shown() -> None:
    from cl_core.ui.pages.triplets import real_batch

    real_batch.controls_in_sidebar()
    real_batch.show()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"mining": "semihard_tfa", "embedding": "pixels", "images": "64"}, "no negative is farther"),
        ({"mining": "semihard", "margin": "0.0"}, "it finds none"),
        ({"mining": "batch_hard", "distance": "euclidean", "margin": "1.5", "embedded_by": "supcon"}, "One triplet"),
    ],
)
def test_the_part_of_the_page(link, words):
    app = AppTest.from_function(shown, default_timeout=60)
    app.query_params.update(link)
    app.run()
    assert not app.exception
    assert not app.error
    assert any(words in text.value for text in app.markdown)
    assert len(app.get("vega_lite_chart")) == 3
    assert list(app.dataframe[0].value["miner"].str.removeprefix("▶ ")) == [m.title for m in miners.MINERS.values()]
    assert any("pytorch-metric-learning" in text.value for text in app.caption)
    app.selectbox(key="embedding").set_value("my run").run()
    assert "no run of yours" in app.info[0].value
