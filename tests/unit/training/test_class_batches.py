"""Batches drawn by class: their composition, how often each image is used, and the limits of the setting."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from pytorch_metric_learning.samplers import MPerClassSampler

from cl_core import training
from cl_core.data import datasets
from cl_core.training import RunSpec, batches, class_batches
from tests.archives import small_dataset, use_own_files, write_npz

SETTINGS = [
    ("mnist", 4, 2),
    ("mnist", 128, 16),
    ("fashion_mnist", 32, 4),
    ("blobs", 20, 2),  # all classes in each batch
    ("blobs", 21, 3),  # seven of ten classes
    ("rings", 12, 4),
    ("rings", 2048, 512),  # four fifths of a class, which has 800 images
]
EACH_SETTING = pytest.mark.parametrize(("dataset", "batch", "per_class"), SETTINGS)


def indices_of_steps(spec: RunSpec, steps: int) -> list[list[int]]:
    n = len(batches.training_set(spec)[0])
    return [batches.batch_indices(spec, step, n).tolist() for step in range(steps)]


@EACH_SETTING
def test_each_batch_has_k_different_images_of_each_of_its_classes(dataset, batch, per_class):
    labels = datasets.load(dataset).y_train
    for rows in indices_of_steps(RunSpec(dataset, batch=batch, images_per_class=per_class, seed=3), 25):
        assert len(set(rows)) == len(rows) == batch
        count = Counter(int(labels[row]) for row in rows)
        assert len(count) == batch // per_class
        assert set(count.values()) == {per_class}


@EACH_SETTING
def test_batches_have_the_composition_of_pytorch_metric_learning(dataset, batch, per_class):
    labels = datasets.load(dataset).y_train
    sampler = iter(MPerClassSampler(labels, per_class, batch, length_before_new_iter=4 * batch))
    spec = RunSpec(dataset, batch=batch, images_per_class=per_class)
    for rows in indices_of_steps(spec, 4):
        theirs = [next(sampler) for _ in range(batch)]
        sizes = [sorted(Counter(labels[indices].tolist()).values()) for indices in (rows, theirs)]
        assert sizes[0] == sizes[1]


@EACH_SETTING
def test_classes_and_images_of_a_class_are_used_equally_often_within_one(dataset, batch, per_class):
    data = datasets.load(dataset)
    spec = RunSpec(dataset, batch=batch, images_per_class=per_class, seed=1)
    images, classes = np.zeros(len(data.y_train), int), np.zeros(data.n_classes, int)
    for rows in indices_of_steps(spec, 2 * len(images) // batch + 7 if len(images) < 10_000 else 60):
        images[rows] += 1
        classes[np.unique(data.y_train[rows])] += 1
        assert np.ptp(classes) <= 1
    for label in range(data.n_classes):
        assert np.ptp(images[data.y_train == label]) <= 1


@pytest.mark.parametrize(
    ("counts", "batch", "per_class"),
    [((7, 4, 9), 8, 4), ((7, 4, 9), 6, 3), ((5, 6, 7, 8), 15, 5), ((3, 3), 4, 2), ((2, 2, 2), 6, 2)],
)
def test_unequal_classes_are_used_up_one_image_after_another(counts, batch, per_class):
    """Plain loops over many passes through classes of different sizes."""
    labels = torch.repeat_interleave(torch.tensor([3, 0, 8, 5][: len(counts)]), torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    uses: Counter[int] = Counter(dict.fromkeys(range(len(labels)), 0))
    orders = set()
    for step in range(200):
        rows = class_batches.batch_indices(labels, 5, batch, per_class, step).tolist()
        orders.add(tuple(rows))
        assert len(set(rows)) == batch
        uses.update(rows)
        for label in set(labels.tolist()):
            of_class = [uses[row] for row in range(len(labels)) if labels[row] == label]
            assert max(of_class) - min(of_class) <= 1
    assert len(orders) > 40  # not the same few batches again and again


def test_batches_depend_on_seed_and_step_alone():
    spec = RunSpec("blobs", batch=8, images_per_class=2)
    whole = indices_of_steps(spec, 40)
    for cache in (class_batches._ordered_rows, class_batches._rows_of_classes):
        cache.cache_clear()
    assert [batches.batch_indices(spec, step, 0).tolist() for step in reversed(range(40))] == whole[::-1]
    assert indices_of_steps(replace(spec, seed=1), 40) != whole
    assert indices_of_steps(replace(spec, images_per_class=4), 40) != whole


@pytest.mark.parametrize(
    ("loss", "theta"), [("supcon", {}), ("triplet", {"mining": "all"}), ("contrastive", {}), ("am_softmax", {})]
)
def test_run_by_class_trains_the_same_in_chunks_and_has_no_empty_step(loss, theta):
    spec = RunSpec("blobs", loss, theta, batch=4, dim=4, images_per_class=2)
    whole = training.advance(training.start(spec), steps=12)
    parts = training.advance(training.advance(training.start(spec), steps=5), steps=7)
    assert whole.vector.tobytes() == parts.vector.tobytes()
    assert whole.empty == 0
    x, y = batches.training_set(spec)
    rows = batches.batch_indices(spec, 3, len(x))
    assert training.batch_labels(spec, 3).tolist() == y[rows].tolist()


def test_share_of_images_with_a_positive():
    spec = RunSpec(batch=4)
    expected = []
    for step in range(50):
        y = training.batch_labels(spec, step).tolist()
        expected += [y.count(label) > 1 for label in y]
    assert batches.share_with_positive(spec, 50) == pytest.approx(np.mean(expected))
    assert batches.share_with_positive(replace(spec, images_per_class=2), 50) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"images_per_class": 1, "batch": 4}, "must be 0, for batches of the shuffled images, or at least 2"),
        ({"images_per_class": -2}, "images_per_class is -2"),
        ({"images_per_class": 2.0}, "images_per_class must be a whole number"),
        ({"images_per_class": 4, "batch": 30}, "a batch of 30 can't be divided into classes of 4 images each"),
        ({"images_per_class": 8, "batch": 8}, "needs at least two classes: take at most 4 images"),
        ({"images_per_class": 4}, "takes 32 classes, and the data set has 10: take at least 13 images"),
        ({"images_per_class": 4, "dataset": "rings", "batch": 32}, "has 5.*or a batch of at most 20"),
        ({"images_per_class": 1024, "batch": 4096, "dataset": "rings"}, "has 800 training images"),
        ({"images_per_class": 2, "loss": "nt_xent", "batch": 8}, "nt_xent takes no labels.*choose 0"),
    ],
)
def test_setting_that_no_batch_can_have_is_refused_with_its_limits(settings, message):
    with pytest.raises(ValueError, match=message):
        RunSpec(**settings)


def test_classes_of_own_files_are_counted_without_those_that_have_no_training_image(monkeypatch, tmp_path):
    arrays = small_dataset(train=14, labels=(0, 1, 2, 3)) | {"y_train": np.repeat([0, 1, 2], [6, 3, 5])}
    use_own_files(monkeypatch, write_npz(tmp_path / "few.npz", **arrays))
    spec = RunSpec("own_few", batch=9, images_per_class=3)
    assert {len(set(rows)) for rows in indices_of_steps(spec, 8)} == {9}
    with pytest.raises(ValueError, match="the data set has 3: take at least 4 images of each class"):
        RunSpec("own_few", batch=12, images_per_class=3)
    with pytest.raises(ValueError, match="class 1 has 3 training images, so a batch can't have 4"):
        RunSpec("own_few", batch=12, images_per_class=4)


def test_default_leaves_batches_as_they_were():
    spec = RunSpec("blobs", batch=8)
    assert asdict(spec)["images_per_class"] == 0
    generator = training.loop.rng.generator(spec.seed, training.loop.rng.ORDER, 0)
    assert indices_of_steps(spec, 1)[0] == torch.randperm(4000, generator=generator)[:8].tolist()
