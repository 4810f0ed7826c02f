"""A damaged shipped file is rejected with instructions to restore it, and rebuilding restores the published arrays."""

import gzip
import hashlib
import importlib.util
import os
import zipfile

import numpy as np
import pytest

from cl_core.data import datasets
from cl_core.data.datasets import DataError, load
from cl_core.data.published import SHIPPED
from tests import ROOT
from tests.archives import ARRAYS, idx_bytes, load_arrays, small_dataset, write_npz


def test_assets_readme_lists_sizes_and_hashes_of_the_files():
    text = (ROOT / "assets" / "README.md").read_text(encoding="utf-8")
    for key, parts in SHIPPED.items():
        raw = (ROOT / "assets" / f"{key}.npz").read_bytes()
        assert f"| `{key}.npz` | {len(raw):,} | `{hashlib.sha256(raw).hexdigest()}` |" in text
        assert all(f"`{sha256}`" in text for _, sha256 in parts.values())
    assert "Zalando SE" in (ROOT / "assets" / "LICENSE-fashion-mnist").read_text(encoding="utf-8")


# --- damaged shipped files ------------------------------------------------------------------------------------


@pytest.fixture
def damaged_mnist(tmp_path, monkeypatch):
    """Return the path of mnist.npz in a temporary assets folder, and a function that returns the error of loading."""
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)

    def load_error():
        with pytest.raises(DataError) as error:
            load("mnist")
        message = str(error.value)
        assert message.startswith("mnist.npz: ")
        assert str(tmp_path) not in message  # visitors must not see paths of the server
        assert "Expected: " in message
        assert "`git checkout -- assets/mnist.npz`" in message
        assert "`python assets/rebuild.py mnist`" in message
        return message

    return tmp_path / "mnist.npz", load_error


@pytest.fixture(scope="module")
def mnist_bytes():
    return (ROOT / "assets" / "mnist.npz").read_bytes()


@pytest.fixture(scope="module")
def mnist_arrays():
    """Return the arrays of mnist.npz by name; tests share them, and must not change them."""
    return load_arrays("mnist")


def test_missing_file_is_reported(damaged_mnist):
    _, load_error = damaged_mnist
    message = load_error()
    assert "no such file" in message
    assert "x_train (60000, 28, 28)" in message


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:06af\nsize 11490519\n", "a Git LFS pointer"),
        (b"\n<!DOCTYPE html><html><body>404 Not Found</body></html>", "a web page"),
        (b"\x93NUMPY\x01\x00v\x00", "a single .npy array"),
        (b"\x00\x01\x02\x03" * 50, "200 bytes, but not an .npz archive"),
        (b"PK\x03\x04" + b"\x00" * 500, "damaged or cut short at 504 bytes"),
    ],
)
def test_other_content_is_named_in_the_error(damaged_mnist, content, finding):
    path, load_error = damaged_mnist
    path.write_bytes(content)
    assert finding in load_error()


@pytest.mark.parametrize("kept", [1000, 5_000_000, -1])
def test_truncated_file_is_reported_as_damaged(damaged_mnist, mnist_bytes, kept):
    path, load_error = damaged_mnist
    path.write_bytes(mnist_bytes[:kept])
    assert f"damaged or cut short at {path.stat().st_size:,} bytes" in load_error()


@pytest.mark.parametrize("where", [0.001, 0.3, 0.7, 0.95])
def test_altered_byte_is_reported_as_damaged(damaged_mnist, mnist_bytes, where):
    path, load_error = damaged_mnist
    position = int(where * len(mnist_bytes))
    path.write_bytes(mnist_bytes[:position] + bytes([mnist_bytes[position] ^ 0x10]) + mnist_bytes[position + 1 :])
    assert "damaged" in load_error()


def test_altered_pixel_in_an_intact_archive_is_detected(damaged_mnist, mnist_arrays):
    path, load_error = damaged_mnist
    x_test = mnist_arrays["x_test"].copy()
    x_test[17, 3, 4] ^= 1
    np.savez(path, **mnist_arrays | {"x_test": x_test})
    message = load_error()
    assert "x_test is not the published array" in message
    assert SHIPPED["mnist"]["x_test"][1][:12] in message


def test_other_data_set_under_this_name_is_detected(damaged_mnist):
    path, load_error = damaged_mnist
    path.write_bytes((ROOT / "assets" / "fashion_mnist.npz").read_bytes())
    assert "x_train is not the published array" in load_error()


def test_wrong_arrays_are_reported(damaged_mnist):
    path, load_error = damaged_mnist
    write_npz(path, **small_dataset())
    assert "x_train has shape (40, 8, 8)" in load_error()
    write_npz(path, images=np.zeros(3))
    assert "it contains images, but no x_train and no y_train" in load_error()


def test_uncompressed_archive_of_the_same_arrays_is_accepted(tmp_path, monkeypatch, mnist_arrays):
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    np.savez(tmp_path / "mnist.npz", **mnist_arrays)
    assert load("mnist").n_classes == 10


def test_repaired_file_is_read_again(damaged_mnist, mnist_bytes):
    path, load_error = damaged_mnist
    load_error()
    path.write_bytes(mnist_bytes)
    assert load("mnist").inputs == 784


# --- rebuilding the files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rebuild():
    spec = importlib.util.spec_from_file_location("rebuild", ROOT / "assets" / "rebuild.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def idx_files(tmp_path_factory, rebuild, mnist_arrays):
    """Return a folder of MNIST's four IDX files, two of them gzipped."""
    folder = tmp_path_factory.mktemp("idx")
    for name, array in mnist_arrays.items():
        raw = idx_bytes(array)
        if name.startswith("y"):
            (folder / f"{rebuild.IDX[name]}.gz").write_bytes(gzip.compress(raw))
        else:
            (folder / rebuild.IDX[name]).write_bytes(raw)
    return folder


@pytest.fixture
def idx_folder(tmp_path, idx_files):
    """Return a folder with links to the four IDX files in a nested folder; tests may replace one, not write to it."""
    folder = tmp_path / "package" / "data"
    folder.mkdir(parents=True)
    for path in idx_files.iterdir():
        os.link(path, folder / path.name)
    return tmp_path


@pytest.mark.slow  # compresses 55 MB
def test_rebuild_writes_the_published_arrays(rebuild, idx_folder, mnist_arrays, capsys):
    target = idx_folder / "mnist.npz"
    assert rebuild.main(["mnist", "--from", str(idx_folder), "--to", str(idx_folder)]) == 0
    assert "mnist: wrote" in capsys.readouterr().out
    with np.load(target, allow_pickle=False) as archive:
        for name, array in mnist_arrays.items():
            assert archive[name].dtype == np.uint8
            assert np.array_equal(archive[name], array)
    with zipfile.ZipFile(target) as archive:  # fixed dates, so that equal arrays give equal bytes
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [info.filename for info in archive.infolist()] == [f"{name}.npy" for name in ARRAYS]


@pytest.mark.parametrize("damage", ["missing", "altered", "longer", "bad gzip"])
def test_rebuild_from_bad_files_keeps_the_existing_file(rebuild, idx_folder, capsys, damage):
    target = idx_folder / "mnist.npz"
    target.write_bytes(b"the good one")
    images = idx_folder / "package" / "data" / "t10k-images-idx3-ubyte"
    raw = images.read_bytes()
    images.unlink()
    if damage == "altered":
        images.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif damage == "longer":
        images.write_bytes(raw + b"\0")
    elif damage == "bad gzip":
        images.with_suffix(".gz").write_bytes(b"\x1f\x8b nonsense")
    assert rebuild.main(["mnist", "--from", str(idx_folder), "--to", str(idx_folder)]) == 1
    text = capsys.readouterr().err
    assert "x_test" in text
    assert "Expected: SHA-256 0fa7898d509279e4" in text
    assert target.read_bytes() == b"the good one"
    assert [path.name for path in idx_folder.iterdir() if path.is_file()] == ["mnist.npz"]


def test_rebuild_that_packs_badly_keeps_the_existing_file(rebuild, idx_folder, monkeypatch, capsys):
    target = idx_folder / "mnist.npz"
    target.write_bytes(b"the good one")
    monkeypatch.setattr(rebuild.np, "savez_compressed", lambda stream, **arrays: stream.write(b"PK half"))
    assert rebuild.main(["mnist", "--from", str(idx_folder), "--to", str(idx_folder)]) == 1
    assert "damaged or cut short" in capsys.readouterr().err
    assert target.read_bytes() == b"the good one"


def test_rebuild_without_package_client_reports_it(rebuild, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rebuild.shutil, "which", lambda command: None)
    assert rebuild.main(["--to", str(tmp_path)]) == 1
    assert "is not on this machine; get the package in another way" in capsys.readouterr().err
