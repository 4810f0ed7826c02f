"""Runs on a part of the training set: which images they use, and the limits of the setting."""

from collections import defaultdict
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.data import datasets
from cl_core.training import RunSpec, batches, collapse_values, frames
from tests.archives import small_dataset, use_own_files, write_npz

SMALL = RunSpec(dim=4, batch=32)
THOUSAND = replace(SMALL, training_images=1000)


def chosen_slowly(labels: list[int], n: int) -> list[int]:
    """Return the rows of `n` images by plain loops: the classes take turns until none has an image left."""
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row in np.random.default_rng(0).permutation(len(labels)).tolist():
        rows_of[labels[row]].append(row)
    chosen: list[int] = []
    while len(chosen) < n and any(rows_of.values()):
        chosen += [rows_of[label].pop(0) for label in sorted(rows_of) if rows_of[label]]
    return chosen[:n]


@pytest.mark.parametrize(
    ("dataset", "n"), [("mnist", 1000), ("mnist", 1003), ("fashion_mnist", 30_000), ("rings", 100), ("blobs", 3998)]
)
def test_training_set_has_the_first_images_of_the_balanced_order(dataset, n):
    data = datasets.load(dataset)
    rows = chosen_slowly(data.y_train.tolist(), n)
    x, y = batches.training_set(RunSpec(dataset, training_images=n))
    assert np.array_equal(x, data.x_train[rows])
    assert np.array_equal(y, data.y_train[rows])
    assert np.ptp(np.bincount(y)) <= 1
    larger = batches.training_set(RunSpec(dataset, training_images=n + 1, seed=5))[0]
    assert torch.equal(larger[:n], x)


def test_small_classes_run_out(monkeypatch, tmp_path):
    arrays = small_dataset(train=230, labels=(0, 3, 7)) | {"y_train": np.repeat([7, 0, 3], [20, 150, 60])}
    use_own_files(monkeypatch, write_npz(tmp_path / "few.npz", **arrays))
    y = batches.training_set(RunSpec("own_few", batch=8, training_images=120))[1]
    assert torch.bincount(y).tolist() == [50, 50, 20]
    data = datasets.load("own_few")
    assert datasets.training_indices(data, 1000).tolist() == chosen_slowly(data.y_train.tolist(), 230)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"images_per_class": 8},
        {"loss": "nt_xent"},
        {"loss": "arcface", "optimiser": "sgd"},
        {"batch": 1024},
        {"drop_last": False, "batch": 300},
    ],
    ids=str,
)
def test_run_is_that_of_a_data_set_of_these_images_alone(changes, monkeypatch, tmp_path):
    data = datasets.load("mnist")
    rows = chosen_slowly(data.y_train.tolist(), 1000)
    arrays = {"x_train": data.x_train[rows], "y_train": data.y_train[rows].astype(np.uint8)}
    arrays |= {"x_test": data.x_test[:500], "y_test": data.y_test[:500].astype(np.uint8)}
    use_own_files(monkeypatch, write_npz(tmp_path / "thousand.npz", **arrays))
    specs = replace(THOUSAND, theta={}, **changes), replace(SMALL, dataset="own_thousand", theta={}, **changes)
    ours, theirs = (training.advance(training.start(spec), steps=5) for spec in specs)
    assert ours.vector.tobytes() == theirs.vector.tobytes()
    assert ours.losses.tobytes() == theirs.losses.tobytes()
    assert training.steps_per_epoch(specs[0]) == training.steps_per_epoch(specs[1])
    for step in (0, 40):
        assert np.array_equal(training.batch_labels(specs[0], step), training.batch_labels(specs[1], step))
    assert collapse_values.collapse_and_floor(specs[0]) == collapse_values.collapse_and_floor(specs[1])


def test_epoch_visits_every_chosen_image_once_and_no_other():
    spec = replace(THOUSAND, batch=100)
    steps = training.steps_per_epoch(spec)
    assert steps == frames.references(spec, 500).epoch_steps == 10
    for first in (0, steps):
        rows = torch.cat([batches.batch_indices(spec, first + step, 1000) for step in range(steps)])
        assert torch.equal(rows.sort().values, torch.arange(1000))


def test_chunks_and_seeds_have_the_same_images_and_other_sizes_do_not():
    whole = training.advance(training.start(THOUSAND), steps=6)
    parts = training.advance(training.advance(training.start(THOUSAND), steps=2), steps=4)
    assert whole.vector.tobytes() == parts.vector.tobytes()
    assert batches.training_set(THOUSAND)[0] is batches.training_set(replace(THOUSAND, seed=9, batch=64))[0]
    other = training.advance(training.start(replace(THOUSAND, training_images=3000)), steps=6)
    assert whole.vector.tobytes() != other.vector.tobytes()


def test_default_and_every_number_from_the_size_on_are_the_whole_training_set_in_its_own_order():
    assert asdict(SMALL)["training_images"] == 0
    for n in (60_000, 60_001, 10**12):
        assert replace(SMALL, training_images=n) == SMALL
    x, y = batches.training_set(SMALL)
    data = datasets.load("mnist")
    assert np.array_equal(x, data.x_train)
    assert np.array_equal(y, data.y_train)
    assert RunSpec("blobs", training_images=10_000) == RunSpec("blobs")
    assert RunSpec("blobs", training_images=3000).training_images == 3000


def test_every_number_counts_as_all_of_a_training_set_that_is_smaller(monkeypatch, tmp_path):
    use_own_files(monkeypatch, write_npz(tmp_path / "few.npz", **small_dataset(train=40)))
    for n in (40, 41, 10_000):
        assert RunSpec("own_few", batch=8, training_images=n).training_images == 0
    assert RunSpec("own_few", batch=8, training_images=39).training_images == 39


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"training_images": 9},
            "training_images is 9, and must be 0, for the whole training set, or at least 10, one of each class",
        ),
        ({"training_images": -1}, "training_images is -1"),
        ({"training_images": -(10**60)}, r"training_images is -1000000000\d{29}, and"),
        ({"training_images": 1000.0}, "training_images must be a whole number"),
        ({"training_images": True}, "training_images must be a whole number"),
        (
            {"training_images": 1000, "images_per_class": 128, "batch": 1024},
            "class 0 has 100 training images among the 1,000 of the run, so a batch can't have 128 of each class",
        ),
    ],
)
def test_setting_that_no_run_can_have_is_refused_with_its_limits(settings, message):
    with pytest.raises(ValueError, match=message):
        RunSpec(**settings)


def test_batches_by_class_take_all_images_of_a_class_if_asked():
    spec = RunSpec(training_images=100, batch=50, images_per_class=10)
    labels = batches.training_set(spec)[1]
    for step in range(8):
        rows = batches.batch_indices(spec, step, 100)
        assert len(rows.unique()) == 50
        assert sorted(torch.bincount(labels[rows], minlength=10).tolist()) == [0] * 5 + [10] * 5
