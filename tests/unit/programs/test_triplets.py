"""Programs of small scenes of triplets against the library, at the ends of the margin's slider and of the places."""

import zipfile
from dataclasses import fields

import numpy as np
import pytest
import torch

from cl_core.analysis.triplet_scene import MAX_NEGATIVES, TripletScene, triplet_scene
from cl_core.components.triplet import MAX_COORDINATE
from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.programs import shipped
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.triplets import OUTPUTS, triplet_loss_program, triplet_program

SCENES = sorted({(distance, circle) for distance, circle, _ in shipped.all_triplets()})
MARGINS = LOSSES["triplet"].parameters["margin"].spec
ROUNDING = 1e-12  # of sums of a few float64


def placements(count: int, circle: bool) -> list[np.ndarray]:
    """Return places at random, at the corners of the square, all in one place, and with pairs that coincide."""
    rng = np.random.default_rng(count)
    places = [rng.uniform(-MAX_COORDINATE, MAX_COORDINATE, (count, 2)) for _ in range(20)]
    places += [rng.choice([-MAX_COORDINATE, MAX_COORDINATE], (count, 2)) for _ in range(5)]
    places += [np.tile([0.6, 0.8], (count, 1))]
    for pair in ((0, 1), (0, 2), (1, 2)):
        together = rng.uniform(-1, 1, (count, 2))
        together[pair[0]] = together[pair[1]]
        places.append(together)
    return [each / np.linalg.norm(each, axis=1, keepdims=True) for each in places] if circle else places


@pytest.mark.parametrize("negatives", [1, 3, MAX_NEGATIVES])
@pytest.mark.parametrize(("distance", "circle"), SCENES)
def test_program_equals_the_library(distance, circle, negatives):
    running = Running(Program.from_bytes(shipped.triplets(distance, circle, negatives)))
    for points in placements(negatives + 2, circle):
        for margin in (MARGINS.low, 0.2, (MARGINS.low + MARGINS.high) / 2, MARGINS.high):
            got = running(points=points, margin=margin, asked=margin / 2)
            expected = triplet_scene(torch.tensor(points), margin, distance, circle=circle, asked=margin / 2)
            for name in OUTPUTS:
                value = getattr(expected, name).numpy()
                if value.dtype == np.int32:
                    np.testing.assert_array_equal(got[name], value, err_msg=name)
                # the square root of a rounding error is larger than it
                loose = 1e-7 if distance == "cosine" and name in ("rings", "reach") else ROUNDING
                np.testing.assert_allclose(got[name], value, rtol=ROUNDING, atol=loose, err_msg=name)


def test_outputs_are_the_fields_of_a_scene():
    program = Program.from_bytes(shipped.triplets("euclidean", False, 2))
    assert [slot.name for slot in program.inputs] == ["points", "margin", "asked"]
    assert [slot.name for slot in program.outputs] == [field.name for field in fields(TripletScene)]


@pytest.mark.parametrize(("distance", "circle"), SCENES)
def test_shipped_programs_are_those_of_the_loss(distance, circle):
    stored = shipped.triplets(distance, circle, 2)
    assert triplet_program(distance, circle, 2).to_bytes() == stored, "python -m cl_core.programs triplets makes them"


def test_archive_has_every_scene_that_a_page_can_show():
    with zipfile.ZipFile(shipped.TRIPLETS) as archive:
        scenes = [shipped.triplets_name(*scene) for scene in shipped.all_triplets()]
        assert sorted(archive.namelist()) == sorted([*scenes, shipped.TRIPLET_LOSS])
        assert max(info.compress_size for info in archive.infolist()) <= 2500


def test_loss_of_one_triplet_is_the_hinge_of_the_loss():
    assert triplet_loss_program().to_bytes() == shipped.triplet_loss(), "python -m cl_core.programs triplets makes it"
    running = Running(Program.from_bytes(shipped.triplet_loss()))
    d_ap, d_an = (torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    d_an = torch.cat([d_an.flip(0)[:40], d_ap[40:]])  # ten ties
    for margin in (MARGINS.low, 0.2, MARGINS.high):
        expected = LOSSES["triplet"].function(
            Contrast.of_pairs(d_ap, d_an), margin=margin, distance="euclidean", mining="all"
        )
        got = [running(d_ap=p, d_an=n, margin=margin)["loss"].item() for p, n in zip(d_ap, d_an, strict=True)]
        assert got == pytest.approx(expected.total.tolist(), abs=1e-15)
