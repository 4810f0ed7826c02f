"""The static files: complete, and with the numbers of the library."""

import gzip
import json
import re

import numpy as np
import pytest

from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components.envelope import unpack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices
from cl_core.site import build, training

TRAINED = ("nt_xent", "am_softmax")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    names: list[str] = []
    build.build(folder, TRAINED, names.append)
    assert names == ["am_softmax-128", "am_softmax-2"]
    return folder


def test_every_loss_and_choice_has_a_message_that_the_page_finds(site):
    described = {loss["key"]: loss for loss in json.loads((site / "losses.json").read_text())}
    assert list(described) == list(LOSSES)
    names = set()
    for key, loss in LOSSES.items():
        for fixed in all_choices(loss):
            assert list(fixed) == described[key]["fixed"]
            names.add(f"{build.message_name(loss, fixed)}.bin")
            options = {control["name"]: control.get("options") for control in described[key]["controls"]}
            assert all(value in options[name] for name, value in fixed.items())
    assert {path.name for path in (site / "planes").iterdir()} == names


@pytest.mark.parametrize("key", LOSSES)
def test_message_has_the_plane_and_its_program(key, site):
    loss = LOSSES[key]
    fixed = list(all_choices(loss))[-1]
    header, buffers = unpack((site / "planes" / f"{build.message_name(loss, fixed)}.bin").read_bytes())
    value = similarity_plane(loss, fixed).value
    np.testing.assert_allclose(buffers["value"].reshape(101, 101), value, rtol=1e-6, atol=1e-7 * value.max())
    program = Program.from_bytes(buffers["program"].tobytes())
    assert {slot.name for slot in program.inputs} == set(header["live"]["values"])
    assert header["live"]["sliders"] == {name: name for name in header["live"]["values"]}


def test_every_run_has_its_file_and_the_images_are_complete(site):
    described = json.loads((site / "training.json").read_text())
    # a loss of two views needs distorted images, which only the app makes
    assert [loss["key"] for loss in described["losses"]] == ["am_softmax"]
    assert {path.stem for path in (site / "runs").iterdir()} == {
        f"{build.message_name(LOSSES[loss['key']], fixed)}-{dim}"
        for loss in described["losses"]
        for fixed in all_choices(LOSSES[loss["key"]])
        for dim in described["dims"]
    }
    header, programs = unpack((site / "runs" / "am_softmax-2.bin").read_bytes())
    assert {*programs} == {"step", "frame", "references", "labels", "normals"}
    assert header["rows"] == 60_000
    data = datasets.load("mnist")
    images = np.frombuffer(gzip.decompress((site / training.IMAGES).read_bytes()), np.uint8)
    np.testing.assert_array_equal(images[:60_000], data.y_train)
    np.testing.assert_array_equal(images[60_000:].reshape(-1, 28, 28), data.x_train)
    rows = datasets.probe_indices(data, training.PROBES)
    cloud, buffers = unpack((site / "cloud.bin").read_bytes())
    np.testing.assert_array_equal(buffers["labels"], data.y_test[rows])
    assert cloud["n"] == training.PROBES


def test_files_refer_to_each_other_only(site):
    pages = [path for path in site.iterdir() if path.suffix in {".html", ".css", ".js"}]
    page = "".join(path.read_text() for path in pages)
    assert set(re.findall(r"https?://[^\"]*", page)) <= {"http://www.w3.org/2000/svg"}  # a name, which nothing loads
    for name in re.findall(r'(?:src|href)="([\w.]+)"', page):
        assert (site / name).exists(), name
    assert (site / "engine.wasm").read_bytes()[:4] == b"\0asm"
