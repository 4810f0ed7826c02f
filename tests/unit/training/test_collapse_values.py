"""The loss at total collapse and the floor of a run, for batches of every composition."""

from itertools import pairwise
from math import log

import numpy as np
import pytest
import torch

from cl_core import losses, training
from cl_core.losses import LOSSES, variants
from cl_core.losses.reference_values import has_terms
from cl_core.training import RunSpec
from cl_core.training.collapse_values import collapse_and_floor, share_without_terms
from tests.archives import small_dataset, use_own_files, write_npz

TRAINED = [
    (key, variant.key)
    for key in LOSSES
    for variant in (variants.get_variant(key, "here"), *variants.variants_of(key))
    if variant.can_train
]


@pytest.mark.parametrize("seed", range(3))
def test_supcon_at_collapse_is_log_3_for_batches_of_four(seed):
    assert collapse_and_floor(RunSpec(batch=4, seed=seed))[0] == pytest.approx(log(3))


@pytest.mark.parametrize("batch", [4, 8])
@pytest.mark.parametrize(("key", "convention"), TRAINED)
def test_small_batches_have_a_collapse_value_above_their_floor(key, convention, batch):
    for seed in range(2):
        spec = RunSpec("blobs", key, batch=batch, seed=seed, convention=convention)
        collapse, floor = collapse_and_floor(spec)
        assert collapse > 0.1
        assert not floor >= collapse  # it may be unknown


@pytest.mark.parametrize("key", [key for key in LOSSES if not LOSSES[key].views])
def test_collapse_value_is_the_mean_loss_of_equal_embeddings(key):
    """The loss module itself, on the batches that have valid terms, with all embeddings and weights equal."""
    spec = RunSpec("rings", key, {"mining": "all"} if key == "triplet" else {}, batch=8, seed=4)
    loss = losses.module(key, **({"num_classes": 5, "embedding_dim": 3} if LOSSES[key].classes else {}), **spec.theta)
    point = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    loss.double()
    if loss.weight is not None:
        loss.weight.data.copy_(point.expand(5, 3))
    values = []
    for step in range(32):
        y = torch.from_numpy(training.batch_labels(spec, step))
        value = loss(point.expand(8, 3), y).item()
        values += [value] if loss.n_terms else []
    assert collapse_and_floor(spec)[0] == pytest.approx(np.mean(values), rel=1e-6)


def test_contrastive_counts_batches_without_positives():
    spec = RunSpec(loss="contrastive", theta={"margin": 1.0}, batch=4)
    shares = []
    for step in range(32):
        y = training.batch_labels(spec, step).tolist()
        pairs = [(y[i], y[j]) for i in range(4) for j in range(i)]
        shares.append(np.mean([a != b for a, b in pairs]))
    assert collapse_and_floor(spec)[0] == pytest.approx(np.mean(shares))
    assert share_without_terms(spec) == 0


def test_share_of_batches_without_terms():
    spec = RunSpec(batch=4)
    expected = np.mean([len(set(training.batch_labels(spec, step).tolist())) == 4 for step in range(32)])
    assert share_without_terms(spec) == pytest.approx(expected)
    assert share_without_terms(RunSpec(batch=256)) == 0
    assert share_without_terms(RunSpec(batch=8, images_per_class=2)) == 0


def test_floor_counts_the_classes_that_a_small_batch_lacks():
    values = []
    for batch in (4, 256):
        spec = RunSpec("blobs", "contrastive", {"margin": 2.0}, batch=batch, images_per_class=batch // 2)
        values.append(collapse_and_floor(spec)[1])
    distance = (2 * 10 / 9) ** 0.5  # between the corners of a regular simplex of all ten classes, not of two
    for floor, negatives in zip(values, (4 / 6, 128 / 255), strict=True):
        assert floor == pytest.approx(negatives * (2 - distance) ** 2)


@pytest.mark.parametrize("key", LOSSES)
def test_loss_has_terms_where_its_module_finds_some(key):
    loss = LOSSES[key]
    module = losses.module(
        key,
        **({"num_classes": 3, "embedding_dim": 4} if loss.classes else {}),
        **({"mining": "all"} if "mining" in loss.parameters else {}),
    )
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    batches_of_labels = [[0, 0], [0, 1], [0, 1, 2], [0, 0, 1], [2, 2, 2], [0, 1, 1, 0, 2]]
    for y in [[0, 1, 2, 0, 1, 2]] if loss.views else batches_of_labels:
        module(z[: len(y)], torch.tensor(y))
        assert has_terms(key, torch.tensor(y)) == (module.n_terms > 0), y


def test_margin_of_zero_has_a_collapse_value_of_zero():
    assert collapse_and_floor(RunSpec("blobs", "triplet", {"margin": 0.0}, batch=128)) == (0, 0)


def test_values_are_unknown_if_no_batch_has_two_images_of_one_class(monkeypatch, tmp_path):
    arrays = small_dataset(train=250, test=250, labels=[*range(248), 0, 1])
    use_own_files(monkeypatch, write_npz(tmp_path / "single.npz", **arrays))
    spec = RunSpec("own_single", batch=4, dim=4)
    assert np.isnan(collapse_and_floor(spec)).all()
    assert share_without_terms(spec) == 1


def test_collapse_value_does_not_depend_on_the_seed_for_losses_of_equal_anchors():
    values = [collapse_and_floor(RunSpec(batch=8, seed=seed))[0] for seed in range(6)]
    assert all(a == pytest.approx(b) for a, b in pairwise(values))
