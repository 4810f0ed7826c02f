"""The static files: complete, and with the numbers of the library."""

import gzip
import json
import re
from zlib import crc32

import numpy as np
import pytest

from cl_core import charts
from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components.envelope import unpack
from cl_core.components.trainer import picture
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices
from cl_core.site import build, form, training
from cl_core.site.files import SiteFiles
from cl_core.training.frames import PACES, knn_of_pixels

TRAINED = ("nt_xent", "sphereface", "am_softmax")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    names: list[str] = []
    build.build(folder, TRAINED, names.append)
    margins = [f"sphereface-{margin}-{dim}" for margin in range(1, 5) for dim in (128, 2)]
    assert names == ["nt_xent-128", "nt_xent-2", *margins, "am_softmax-128", "am_softmax-2"]
    return folder


def test_every_loss_and_choice_has_a_message_that_the_page_finds(site):
    described = {loss["key"]: loss for loss in json.loads((site / "losses.json").read_text())["losses"]}
    assert list(described) == list(LOSSES)
    names = set()
    for key, loss in LOSSES.items():
        for fixed in all_choices(loss):
            assert list(fixed) == described[key]["fixed"]
            names.add(f"{form.file_name(loss, fixed)}.bin")
            options = {control["name"]: control.get("options") for control in described[key]["controls"]}
            assert all(value in options[name] for name, value in fixed.items())
    assert {path.name for path in (site / "planes").iterdir()} == names


@pytest.mark.parametrize("key", LOSSES)
def test_message_has_the_plane_and_its_program(key, site):
    loss = LOSSES[key]
    fixed = list(all_choices(loss))[-1]
    header, buffers = unpack((site / "planes" / f"{form.file_name(loss, fixed)}.bin").read_bytes())
    value = similarity_plane(loss, fixed).value
    np.testing.assert_allclose(buffers["value"].reshape(101, 101), value, rtol=1e-6, atol=1e-7 * value.max())
    program = Program.from_bytes(buffers["program"].tobytes())
    assert {slot.name for slot in program.inputs} == set(header["live"]["values"])
    assert header["live"]["sliders"] == {name: name for name in header["live"]["values"]}


def test_every_run_has_its_header_and_its_file(site):
    described = json.loads((site / "training.json").read_text())
    assert [loss["key"] for loss in described["losses"]] == [*TRAINED]
    names = {
        f"{form.file_name(LOSSES[key], fixed)}-{dim}"
        for key in TRAINED
        for fixed in all_choices(LOSSES[key])
        for dim in described["dims"]
    }
    assert {*described["runs"]} == {path.stem for path in (site / "runs").iterdir()} == names
    for name, own in described["runs"].items():
        header = {**described["common"], **own}
        key, *fixed, dim = name.split("-")
        spec = training.run_spec(LOSSES[key], {"margin": int(fixed[0])} if fixed else {}, int(dim))
        files = picture.Files(**header["files"])
        knn_raw = knn_of_pixels("mnist", training.PROBES)
        steps = 60_000 // (64 if key == "nt_xent" else 128)  # two views of each image fill a batch
        remarks = charts.curve_remarks(spec)
        pace = PACES[training.PACE]
        shown = picture.Trainer(spec, training.PROBES, files, pace, 2, knn_raw, steps, remarks=remarks)
        expected = unpack(picture.encode_view(shown, "training"))[0]
        differing = {field for field in expected if field != "buffers" and header[field] != expected[field]}
        assert differing == {"key"}
        assert header["key"] == files.run
    assert described["runs"]["am_softmax-2"]["views"]["2"]["unit_circle"]
    # the schedule of its recipe takes the place of a slider
    assert described["runs"]["sphereface-4-2"]["about"]["spec"]["schedule"] == "sphereface"
    controls = {loss["key"]: [each["name"] for each in loss["controls"]] for loss in described["losses"]}
    assert controls == {"nt_xent": ["temperature"], "sphereface": ["margin"], "am_softmax": ["margin", "scale"]}


def test_addresses_lead_to_files_and_change_with_them(site):
    described = json.loads((site / "training.json").read_text())
    addresses = [*json.loads((site / "losses.json").read_text())["planes"].values()]
    for own in described["runs"].values():
        addresses += {**described["common"], **own}["files"].values()
    for address in addresses:
        name, _, version = address.partition("?")
        assert version == f"{crc32((site / name).read_bytes()):08x}"


def test_examples_and_programs_are_those_of_the_run(site):
    header, programs = unpack((site / "runs" / "am_softmax-2.bin").read_bytes())
    assert {*programs} == {"step", "frame", "references", "labels", "normals", "regions"}
    assert header["rows"] == 60_000
    assert "views" in unpack((site / "runs" / "nt_xent-128.bin").read_bytes())[1]
    data = datasets.load("mnist")
    images = unpack(gzip.decompress((site / training.IMAGES).read_bytes()))[1]
    np.testing.assert_array_equal(images["labels"], data.y_train)
    np.testing.assert_array_equal(images["x"].reshape(-1, 28, 28), data.x_train)
    rows = datasets.probe_indices(data, training.PROBES)
    cloud, buffers = unpack((site / training.CLOUD).read_bytes())
    np.testing.assert_array_equal(buffers["labels"], data.y_test[rows])
    assert cloud["n"] == training.PROBES


def test_files_refer_to_each_other_only(site):
    pages = [path for path in site.iterdir() if path.suffix in {".html", ".css", ".js"}]
    page = "".join(path.read_text() for path in pages)
    assert set(re.findall(r"https?://[^\"]*", page)) <= {"http://www.w3.org/2000/svg"}  # a name, which nothing loads
    named = re.findall(r'(?:src=|href=|from |loadJson\(|makeRoot\([^"]*, )"(?:\./)?([\w.]+\.\w+)(?:\?(\w+))?"', page)
    assert {"trainer.js", "training.js", "training.json", "losses.json", "site.css"} <= {name for name, _ in named}
    for name, version in named:
        expected = "" if name.endswith(".html") else f"{crc32((site / name).read_bytes()):08x}"
        assert version == expected, name
    assert (site / "engine.wasm").read_bytes()[:4] == b"\0asm"


def test_address_of_a_file_changes_with_its_content(tmp_path):
    files = SiteFiles(tmp_path)
    before = files.write("runs/a.bin", b"1")
    text = 'load("./runs/a.bin"), load("b.bin"), "runs/a.bin"'
    assert files.with_addresses(text) == f'load("./{before}"), load("b.bin"), "{before}"'
    after = files.write("runs/a.bin", b"2")
    assert before.partition("?")[0] == after.partition("?")[0] == "runs/a.bin"
    assert before != after
    assert len(files) == 1
