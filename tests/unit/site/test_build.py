"""The static files: complete, and with the numbers of the library."""

import json
import re

import numpy as np
import pytest

from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components.envelope import unpack
from cl_core.losses import LOSSES
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices
from cl_core.site import build


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build.build(folder)
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


def test_files_refer_to_each_other_only(site):
    page = (site / "index.html").read_text() + (site / "site.css").read_text() + (site / "site.js").read_text()
    assert not re.findall(r"https?://", page)
    for name in re.findall(r'(?:src|href)="([\w.]+)"', page):
        assert (site / name).exists(), name
    assert (site / "engine.wasm").read_bytes()[:4] == b"\0asm"
