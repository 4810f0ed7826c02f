"""Planes of the engine against those of the library, for every loss at the corners of its sliders."""

import gzip
import zipfile

import numpy as np
import pytest

from cl_core.analysis import similarity_plane, wedge
from cl_core.charts import angle_field, similarity_field
from cl_core.losses import LOSSES
from cl_core.programs import shipped
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices, sliders
from tests.corners import combinations

MAX_BYTES = 2304  # of a shipped program, gzipped
ROUNDING = 1.2e-7  # of float32, in which pictures get their numbers


def corners(loss):
    """Yield the ends and the middle of all sliders of a loss."""
    specs = [loss.parameters[name].spec for name in sliders(loss)]
    for values in combinations((spec.low, (spec.low + spec.high) / 2, spec.high) for spec in specs):
        yield dict(zip(sliders(loss), values, strict=True))


def at_corners(kind, loss, fixed):
    """Yield the parameters of a loss at the corners of its sliders, the length, and what its program makes of them."""
    running = Running(Program.from_bytes(shipped.plane(kind, loss, loss.check(fixed))))
    length = 3.0 if loss.lengths else 1.0
    for values in corners(loss):
        yield loss.check({**fixed, **values}), length, running(**values, **({"length": length} if loss.lengths else {}))


def scale_of(field, name):
    """Return the rounding of the largest number of a field."""
    return ROUNDING * np.abs(getattr(field, name)).max()


def close(got, expected):
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-30)
    np.testing.assert_allclose(got, expected, rtol=2 * ROUNDING, atol=ROUNDING * scale)


@pytest.mark.parametrize("key", LOSSES)
def test_plane_of_similarities_equals_the_librarys(key):
    loss = LOSSES[key]
    fixed = next(iter(all_choices(loss)))
    for theta, length, got in at_corners("similarities", loss, fixed):
        plane = similarity_plane.similarity_plane(loss, theta, length=length)
        field = similarity_field(loss, theta, plane)
        for name in ("value", "force_x", "force_y"):
            differs = ~np.isclose(got[name], getattr(field, name), rtol=2 * ROUNDING, atol=scale_of(field, name))
            assert differs.mean() < (0 if loss.key not in ("triplet", "contrastive") else 0.002) + 1e-9  # at a hinge
        if field.violated is not None:
            assert (got["violated"] != field.violated).mean() < 0.002  # points on the boundary itself
        for curve in field.curves:
            if curve.name:
                close(got[curve.name], curve.points)
        for mark in field.marks:
            np.testing.assert_allclose(got[mark.name], (mark.x, mark.y), atol=1e-6)
        for name, weight in zip(("weight_x", "weight_y"), field.weights or (), strict=False):
            close(got[name], weight)
        if field.box is not None:
            np.testing.assert_allclose(got["box"], field.box, atol=1e-6)


@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if loss.classes])
def test_plane_of_angles_equals_the_librarys(key):
    loss = LOSSES[key]
    fixed = list(all_choices(loss))[-1]
    for theta, length, got in at_corners("angles", loss, fixed):
        field = angle_field(loss, similarity_plane.angle_plane(loss, theta, length=length))
        for name in ("value", "force_x", "force_y"):
            close(got[name], getattr(field, name))
        for curve in field.curves:
            if curve.name:
                np.testing.assert_allclose(got[curve.name], curve.points, rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if loss.classes])
def test_wedge_equals_the_librarys(key):
    loss = LOSSES[key]
    fixed = list(all_choices(loss))[-1]
    for theta, _, got in at_corners("wedge", loss, fixed):
        # where a boundary is just touched, one rounding decides at which of two angles
        for ours, theirs in (
            (got["table"], wedge.wedge_angles(loss, theta)), (got["away"], wedge.wedge_angles_away(loss, theta))
        ):  # fmt: skip
            differs = ~np.isclose(ours, theirs, rtol=0, atol=1e-9, equal_nan=True)
            assert differs.mean() <= 0.02, (theta, np.flatnonzero(differs.reshape(181, -1).any(1)))


@pytest.mark.slow
@pytest.mark.parametrize("key", LOSSES)
def test_shipped_programs_are_those_of_the_loss(key):
    loss = LOSSES[key]
    for kind, compile_plane in shipped.KINDS.items():
        if kind != "similarities" and not loss.classes:
            continue
        fixed = list(all_choices(loss))[-1]
        compiled = compile_plane(loss, loss.check(fixed)).to_bytes()
        stored = shipped.plane(kind, loss, loss.check(fixed))
        assert compiled == stored, f"{kind}: python -m cl_core.programs planes compiles them again"
        with zipfile.ZipFile(shipped.PLANES) as archive:
            assert shipped.plane_name(kind, key, fixed) in archive.namelist()


@pytest.mark.parametrize("path", [shipped.PLANES, shipped.TRIPLETS], ids=lambda path: path.stem)
def test_shipped_programs_are_small(path):
    with zipfile.ZipFile(path) as archive:
        sizes = {name: len(gzip.compress(archive.read(name), 9)) for name in archive.namelist()}
    assert max(sizes.values()) <= MAX_BYTES, sizes
