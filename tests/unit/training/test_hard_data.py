"""Runs on wrong labels and without some classes: which images and labels they train on, and the settings' limits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.data import datasets
from cl_core.data.label_noise import with_wrong_labels
from cl_core.training import RunSpec, batches, config
from tests.archives import small_dataset, use_own_files, write_npz

SMALL = RunSpec(dim=4, batch=32, training_images=1000)


@pytest.mark.parametrize("share", [0, 0.0004, 0.1, 0.25, 0.9, 1])
def test_share_of_wrong_labels_is_exact_and_all_of_them_are_wrong(share):
    labels = datasets.load("mnist").y_train[:1000]
    wrong = with_wrong_labels(labels, share) != labels
    assert np.count_nonzero(wrong) == round(share * 1000)


def test_every_other_class_is_equally_likely():
    labels = np.repeat(np.array([2, 5, 9, 11]), 30_000)
    wrong = with_wrong_labels(labels, 1.0)
    for label in (2, 5, 9, 11):
        given = wrong[labels == label]
        counts = [np.count_nonzero(given == other) for other in (2, 5, 9, 11)]
        assert counts.pop((2, 5, 9, 11).index(label)) == 0
        assert np.abs(np.array(counts) - 10_000).max() < 400  # five standard deviations
        assert sum(counts) == 30_000


def test_larger_share_keeps_the_wrong_labels_of_a_smaller_one():
    labels = datasets.load("mnist").y_train
    small, large = with_wrong_labels(labels, 0.1), with_wrong_labels(labels, 0.4)
    changed = small != labels
    assert np.array_equal(small[changed], large[changed])


def test_labels_of_one_class_stay():
    assert with_wrong_labels(np.full(7, 3), 0.5).tolist() == [3] * 7


def test_run_has_the_true_images_with_the_wrong_labels():
    noisy = replace(SMALL, wrong_labels=0.2)
    (x, y), (same, given) = batches.training_set(SMALL), batches.training_set(noisy)
    assert torch.equal(x, same)
    assert (y != given).sum() == 200
    assert batches.training_set(replace(noisy, seed=7, loss="triplet", theta={}))[1] is given
    step = batches.batch_indices(noisy, 3, 1000)
    assert np.array_equal(training.batch_labels(noisy, 3), given[step].numpy())
    assert np.array_equal(
        training.snapshot(training.start(noisy), 500).y, training.snapshot(training.start(SMALL), 500).y
    )


@pytest.mark.parametrize("n", [0, 1000])
def test_classes_left_out_have_no_image_and_the_others_keep_theirs(n):
    data = datasets.load("mnist")
    x, y = batches.training_set(RunSpec(training_images=n, classes_left_out="9,7,8"))
    assert set(y.tolist()) == set(range(7))
    if n:
        assert len(y) == n
        assert np.ptp(torch.bincount(y).numpy()) <= 1
    else:
        kept = data.y_train < 7
        assert np.array_equal(x, data.x_train[kept])
        assert np.array_equal(y, data.y_train[kept])
    assert set(training.snapshot(training.start(RunSpec(classes_left_out="9")), 500).y.tolist()) == set(range(10))


def test_wrong_labels_are_those_of_classes_that_are_there():
    y = batches.training_set(replace(SMALL, classes_left_out="0,4", wrong_labels=0.9))[1]
    assert set(y.tolist()) == {1, 2, 3, 5, 6, 7, 8, 9}


def test_labels_are_stored_in_order_and_once():
    assert RunSpec(classes_left_out=" 9,7 , 8,7,08").classes_left_out == "7,8,9"
    assert RunSpec(classes_left_out="").classes_left_out == ""
    assert RunSpec(wrong_labels=0) == RunSpec(wrong_labels=0.0)


def test_as_many_images_as_the_other_classes_have_are_all_of_them():
    data = datasets.load("mnist")
    size = np.count_nonzero(data.y_train < 8)
    assert RunSpec(classes_left_out="8,9", training_images=int(size)).training_images == 0
    assert RunSpec(classes_left_out="8,9", training_images=int(size) - 1).training_images == size - 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wrong_labels": -0.1}, "wrong_labels is -0.1, and must lie between 0.0 and 1.0"),
        ({"wrong_labels": 1.1}, "wrong_labels is 1.1, and must lie between"),
        ({"wrong_labels": float("nan")}, "wrong_labels is nan, and must lie between"),
        ({"wrong_labels": "0.1"}, "wrong_labels must be a number"),
        ({"classes_left_out": "seven"}, "classes_left_out is 'seven', and must be labels with commas between"),
        ({"classes_left_out": "1;2"}, "must be labels with commas between"),
        ({"classes_left_out": ","}, "must be labels with commas between"),
        ({"classes_left_out": "-1"}, "must be labels with commas between"),
        ({"classes_left_out": "1" * 5000}, "must be labels with commas between"),
        ({"classes_left_out": "\N{SUPERSCRIPT TWO}"}, "must be labels with commas between"),
        ({"classes_left_out": 7}, "classes_left_out must be a text"),
        ({"classes_left_out": "10"}, "names the label 10, but the labels of this data set are 0 to 9"),
        ({"classes_left_out": "0,1,2,3,4,5,6,7,8"}, "leaves fewer than two classes"),
        ({"classes_left_out": "8,9", "training_images": 7}, "at least 8, one of each class"),
        (
            {"classes_left_out": "0,1,2,3,4,5,6", "images_per_class": 32, "batch": 128},
            "takes 4 classes, and the data set has 3",
        ),
    ],
)
def test_setting_that_no_run_can_have_is_refused_with_its_limits(settings, message):
    with pytest.raises(ValueError, match=message):
        RunSpec(**settings)


def test_class_that_an_own_data_set_names_only_in_its_test_set_is_not_counted(monkeypatch, tmp_path):
    arrays = small_dataset(train=40, labels=(0, 3, 7)) | {"y_train": np.repeat([0, 3], 20)}
    use_own_files(monkeypatch, write_npz(tmp_path / "few.npz", **arrays))
    with pytest.raises(ValueError, match="leaves fewer than two classes"):
        RunSpec("own_few", batch=8, classes_left_out="1")
    assert RunSpec("own_few", batch=8, classes_left_out="2").classes_left_out == "2"


def test_parse_labels_is_empty_for_no_text():
    assert config.parse_labels("") == []
