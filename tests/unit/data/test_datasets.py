"""Shipped arrays equal the published ones, own files are read unchanged, toy sets and probes are deterministic."""

import hashlib
import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cl_core.data import datasets
from cl_core.data.datasets import (
    DATASETS,
    DataError,
    available,
    load,
    probe_indices,
    sprite_sheet,
    training_indices,
)
from tests import ROOT
from tests.archives import ARRAYS, idx_bytes, small_dataset, use_own_files, write_npz

# SHA-256 of the published raw IDX files, first 16 digits; and the well-known MD5 of MNIST's training images
PUBLISHED = {
    "mnist": ("ba891046e6505d7a", "65a50cbbf4e906d7", "0fa7898d509279e4", "ff7bcfd416de3373"),
    "fashion_mnist": ("c59f468a2f672dc8", "bad3541b69d91243", "5b4141f0afbad91e", "0402a96d92fd2663"),
}
MNIST_IMAGES_MD5 = "6bbc9ace898e44ae57da46a324031adb"


@pytest.fixture(autouse=True)
def _no_own_data(monkeypatch):
    monkeypatch.delenv("CL_LAB_DATA", raising=False)


# --- the published sets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", PUBLISHED)
def test_shipped_arrays_are_the_published_files(key):
    data = load(key)
    for name, sha256 in zip(ARRAYS, PUBLISHED[key], strict=True):
        assert hashlib.sha256(idx_bytes(getattr(data, name))).hexdigest().startswith(sha256), name
    assert data.x_train.shape == (60_000, 28, 28)
    assert data.x_test.shape == (10_000, 28, 28)
    assert data.x_train.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert (data.shape, data.inputs, data.is_image, data.n_classes) == ((28, 28), 784, True, 10)
    assert set(np.unique(data.y_train)) == set(range(10))


def test_mnist_images_have_their_known_md5():
    assert hashlib.md5(idx_bytes(load("mnist").x_train)).hexdigest() == MNIST_IMAGES_MD5


def test_fashion_mnist_has_its_published_moments_and_balance():
    data = load("fashion_mnist")
    # mean and deviation of the training pixels as commonly quoted for it: 0.2860406, 0.3530242 of 255
    counts = sum(np.bincount(images.ravel(), minlength=256) for images in np.array_split(data.x_train, 60))
    mean = np.average(np.arange(256), weights=counts)
    assert mean == pytest.approx(72.940352, abs=1e-6)
    assert np.average((np.arange(256) - mean) ** 2, weights=counts) ** 0.5 == pytest.approx(90.021182, abs=1e-6)
    # "7,000 images per category": Xiao, Rasul, Vollgraf 2017, of which 1,000 are in the test set
    assert (np.bincount(data.y_train) == 6000).all()
    assert (np.bincount(data.y_test) == 1000).all()


def test_load_is_cached_and_read_only():
    data = load("mnist")
    assert load("mnist") is data
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[0] = 0


def test_available_equals_catalogue_without_own_data():
    assert list(available()) == list(DATASETS) == ["mnist", "fashion_mnist", "blobs", "rings"]
    for key, entry in DATASETS.items():
        data = load(key)
        assert (data.key, data.title, data.class_names) == (key, entry.title, entry.class_names)
        assert data.is_image == (entry.kind == "images")
    with pytest.raises(DataError, match="'nist'; there are mnist, fashion_mnist"):
        load("nist")


def test_data_sets_import_neither_torch_nor_streamlit_nor_pil():
    code = (
        "import sys, cl_core.data.datasets as d; d.load('rings'); print({'torch', 'streamlit', 'PIL'} & {*sys.modules})"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"


# --- own data -------------------------------------------------------------------------------------------------


def test_own_file_in_keras_layout_is_loaded(tmp_path, monkeypatch):
    arrays = small_dataset(labels=(3, 7, 200))
    use_own_files(monkeypatch, write_npz(tmp_path / "My Réal-Set.npz", **arrays))
    assert [key for key in available() if key not in DATASETS] == ["own_my_r_al_set"]
    data = load("own_my_r_al_set")
    assert data.title == available()["own_my_r_al_set"].title == "My Réal-Set (your own)"
    assert data.class_names == ("3", "7", "200")
    assert data.y_train.dtype == np.int64
    for part in ("train", "test"):
        assert np.array_equal(getattr(data, f"x_{part}"), arrays[f"x_{part}"])
        names = np.array(data.class_names)[getattr(data, f"y_{part}")]
        assert np.array_equal(names.astype(int), arrays[f"y_{part}"])


@pytest.mark.parametrize("labels", [np.uint8, np.int8, np.int32, ">i4", np.uint64])
def test_own_labels_of_any_integer_type_and_images_with_trailing_axis_are_loaded(tmp_path, monkeypatch, labels):
    arrays = small_dataset()
    arrays["x_train"] = np.asfortranarray(arrays["x_train"][..., None])
    arrays["y_train"] = arrays["y_train"].astype(labels)
    use_own_files(monkeypatch, write_npz(tmp_path / "a.npz", **arrays))
    data = load("own_a")
    assert data.x_train.flags.c_contiguous
    assert np.array_equal(data.x_train, arrays["x_train"][..., 0])
    assert np.array_equal(data.y_train, arrays["y_train"])


def test_class_that_is_only_in_the_test_set_keeps_its_name(tmp_path, monkeypatch):
    arrays = small_dataset(labels=(1, 5)) | {"y_test": np.resize([9, 5], 20)}
    use_own_files(monkeypatch, write_npz(tmp_path / "a.npz", **arrays))
    data = load("own_a")
    assert data.class_names == ("1", "5", "9")
    assert set(data.y_train) == {0, 1}
    assert set(data.y_test) == {1, 2}


def test_own_folders_and_lists_of_files_get_unique_keys(tmp_path, monkeypatch):
    folder, other, empty = (tmp_path / name for name in ("folder", "other", "empty"))
    for place in (folder, other, empty):
        place.mkdir()
    write_npz(folder / "b.npz", **small_dataset(1))
    write_npz(folder / "a.npz", **small_dataset(2))
    (folder / "notes.txt").write_text("not data")
    same_name = write_npz(other / "A.npz", **small_dataset(3))
    use_own_files(monkeypatch, folder, same_name, same_name, empty, tmp_path / "gone.npz", "")
    keys = [key for key in available() if key not in DATASETS]
    assert keys == ["own_a", "own_b", "own_a_2", "own_empty", "own_gone"]
    assert all(re.fullmatch(r"[a-z0-9_]+", key) for key in keys)
    assert np.array_equal(load("own_a_2").x_train, small_dataset(3)["x_train"])
    with pytest.raises(DataError, match=r"empty: a folder without any \.npz file\. Expected: "):
        load("own_empty")
    with pytest.raises(DataError, match=r"gone\.npz: no such file\. Expected: "):
        load("own_gone")


def test_changed_own_file_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    use_own_files(monkeypatch, write_npz(path, **small_dataset(1)))
    first = load("own_a")
    write_npz(path, **small_dataset(2, train=41))
    assert len(load("own_a").x_train) == 41
    assert len(first.x_train) == 40


# --- toy sets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "classes"), [("blobs", 10), ("rings", 5)])
def test_toy_sets_are_deterministic_balanced_and_in_bounds(key, classes):
    first = load(key)
    datasets._load.cache_clear()
    second = load(key)
    assert first is not second
    for name in ARRAYS:
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert (first.x_train.shape, first.x_test.shape) == ((4000, 2), (1000, 2))
    assert first.x_train.dtype == np.float32
    assert first.y_train.dtype == np.int64
    assert (first.shape, first.inputs, first.is_image, first.n_classes) == ((2,), 2, False, classes)
    assert (np.bincount(first.y_train) == 4000 // classes).all()
    assert (np.bincount(first.y_test) == 1000 // classes).all()
    assert 0.8 < np.abs(first.x_train).max() < 1.2
    assert set(first.y_train[:60]) == set(range(classes))  # shuffled, not sorted


def nearest_mean_accuracy(data):
    means = np.stack([data.x_train[data.y_train == label].mean(0) for label in range(data.n_classes)])
    distance = np.linalg.norm(data.x_test[:, None] - means, axis=-1)
    return (distance.argmin(1) == data.y_test).mean()


def test_blobs_are_separable_by_class_means_and_rings_only_by_radius():
    assert nearest_mean_accuracy(load("blobs")) > 0.97  # each class is one cluster
    assert nearest_mean_accuracy(load("rings")) < 0.5  # all five means are near the centre
    rings = load("rings")
    radius = np.linalg.norm(rings.x_test, axis=1)
    assert (np.rint((radius - 0.15) / 0.2) == rings.y_test).mean() > 0.99


# --- probes and sprites ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["mnist", "blobs"])
@pytest.mark.parametrize("n", [0, 1, 7, 100, 503])
def test_probe_is_balanced_deterministic_and_nested(key, n):
    data = load(key)
    indices = probe_indices(data, n)
    assert indices.dtype == np.int64
    assert len(indices) == len(set(indices)) == n
    counts = np.bincount(data.y_test[indices], minlength=data.n_classes)
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(indices, probe_indices(data, n))
    assert np.array_equal(indices, probe_indices(data, n + 50)[:n])
    assert n < 7 or not np.array_equal(indices, probe_indices(data, n, seed=1))


@pytest.mark.parametrize("key", ["fashion_mnist", "rings"])
def test_training_indices_are_balanced_nested_and_differ_from_the_file_order(key):
    data = load(key)
    indices = training_indices(data, 1003)
    assert indices.dtype == np.int64
    assert len(set(indices)) == 1003
    assert np.ptp(np.bincount(data.y_train[indices])) == 1
    for n in (0, 1, 100, 1000):
        assert np.array_equal(training_indices(data, n), indices[:n])
    assert np.array_equal(np.sort(training_indices(data, 10**6)), np.arange(len(data.y_train)))
    assert (np.diff(indices) < 0).any()
    with pytest.raises(ValueError, match="-1"):
        training_indices(data, -1)


def test_probe_larger_than_the_test_set_takes_every_image(tmp_path, monkeypatch):
    arrays = small_dataset() | {"y_test": np.array([0] * 17 + [1] * 2 + [2])}
    use_own_files(monkeypatch, write_npz(tmp_path / "a.npz", **arrays))
    data = load("own_a")
    assert sorted(probe_indices(data, 10**6)) == list(range(20))
    assert np.bincount(data.y_test[probe_indices(data, 7)]).tolist() == [4, 2, 1]  # the small classes run out
    with pytest.raises(ValueError, match="-1"):
        probe_indices(data, -1)


@pytest.mark.parametrize("n", [1, 2, 5, 16, 17, 2000, 10_000])
def test_sprite_sheet_decodes_to_the_images(n):
    data = load("fashion_mnist")
    indices = probe_indices(data, n)
    png = sprite_sheet(data, indices)
    with Image.open(io.BytesIO(png)) as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        sheet = np.asarray(picture)
    columns = sheet.shape[1] // 28
    assert columns == int(np.ceil(np.sqrt(n)))
    assert sheet.shape == (28 * -(-n // columns), 28 * columns)
    for i in range(n):
        row, column = divmod(i, columns)
        cell = sheet[28 * row : 28 * (row + 1), 28 * column : 28 * (column + 1)]
        assert np.array_equal(cell, data.x_test[indices[i]])


def test_sprite_sheet_of_oblong_images_and_of_no_images(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    oblong = {f"x_{part}": rng.integers(0, 256, (n, 9, 13), np.uint8) for part, n in (("train", 40), ("test", 20))}
    use_own_files(monkeypatch, write_npz(tmp_path / "a.npz", **(small_dataset() | oblong)))
    data = load("own_a")
    with Image.open(io.BytesIO(sprite_sheet(data, [4, 2, 19]))) as picture:
        assert picture.size == (26, 18)
        assert np.array_equal(np.asarray(picture)[9:, :13], data.x_test[19])
    assert sprite_sheet(data, []) == b""
    assert sprite_sheet(load("blobs"), [0, 1]) == b""
