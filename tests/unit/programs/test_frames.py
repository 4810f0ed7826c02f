"""A frame of the engine against the library's own: the same neighbours, and the axes of largest variance."""

import math

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.analysis import metrics
from cl_core.analysis.metrics import Metrics
from cl_core.data import datasets
from cl_core.programs.frames import aligned_axes, first_axes, frame_program
from cl_core.programs.host import Running
from cl_core.training import RunSpec, frames, loop

N = 300
AFTER = 30  # steps


def running(spec):
    """Return the program of frames with its probe images, and the number of the network's weights."""
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, N)
    program = Running(frame_program(spec, N))
    program.write({"x": data.x_test[rows], "y": data.y_test[rows]})
    return program, program.program.inputs[0].count


@pytest.mark.parametrize(
    "spec",
    [
        RunSpec(batch=32),
        RunSpec(batch=32, dim=2),
        RunSpec(batch=32, dim=5, loss="softmax", unit_norm=False),
        RunSpec(batch=32, dim=16, encoder="cnn", loss="triplet"),
        RunSpec(dataset="rings", dim=3, batch=32),
    ],
    ids=lambda spec: f"{spec.encoder}-{spec.dim}-{spec.dataset}",
)
def test_frame_is_that_of_the_library(spec):
    program, size = running(spec)
    state, axes, views = training.start(spec), first_axes(spec.dim).numpy(), None
    data = datasets.load(spec.dataset)
    y = torch.from_numpy(data.y_test[datasets.probe_indices(data, N)])
    for _ in range(4):
        inputs = {"weights": state.vector[:size]} | ({"axes": axes} if spec.dim > 2 else {})
        drawn = program(**inputs)
        frame = frames.make_frame(state, N, views)
        views = frame.views
        measured, expected = Metrics(*drawn["metrics"]), frame.metrics
        # a neighbour, or the order of a triplet, may change where two distances are equal within float32
        for name in ("knn", "recall", "map_r", "easy", "semihard", "hard", "alignment", "uniformity", "spread"):
            assert getattr(measured, name) == pytest.approx(getattr(expected, name), rel=1e-4, abs=2 / N), name
        assert measured.drawn == pytest.approx(metrics.recall_at_1(torch.from_numpy(drawn["points"]), y), abs=2 / N)
        z = loop.snapshot(state, N).z
        if spec.dim == 2:
            np.testing.assert_allclose(drawn["points"], z, atol=1e-5 * np.abs(z).max())
            np.testing.assert_allclose(drawn["shares"], frame.views[2].shares, rtol=1e-4)
        else:
            axes = drawn["axes"]
            np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-12)
            centred = z - z.mean(axis=0, dtype=np.float64)
            np.testing.assert_allclose(drawn["points"], centred @ axes, atol=1e-5 * np.abs(z).max())
            variances = np.square(centred @ axes).mean(axis=0) / np.square(centred).mean(axis=0).sum()
            np.testing.assert_allclose(drawn["shares"], variances, rtol=1e-4)
            # the plane shows nearly as much as the best one, or moves towards it within a few frames
            assert drawn["shares"].sum() > 0.97 * frame.views[2].best_share
        state = training.advance(state, steps=AFTER)


@pytest.mark.parametrize("weights", [0.0, 1e12], ids=["collapsed", "long"])
def test_embeddings_that_collapse_or_are_long_have_a_frame(weights):
    spec = RunSpec(dim=4, unit_norm=False)
    program, size = running(spec)
    vector = training.start(spec).vector[:size].copy()
    vector[-(257 * 4) :] *= weights  # of the last layer
    drawn = program(weights=vector, axes=first_axes(4).numpy())
    assert all(np.isfinite(numbers).all() for numbers in drawn.values())
    z = torch.from_numpy(
        loop.snapshot(training.State(spec, 0, np.concatenate([vector, np.zeros_like(vector), vector])), N).z
    )
    if weights:
        y = torch.from_numpy(datasets.load("mnist").y_test[datasets.probe_indices(datasets.load("mnist"), N)])
        assert drawn["metrics"][0] == pytest.approx(metrics.neighbour_scores(z, y)[0], abs=2 / N)


def random_covariance(generator, dim, variances):
    turned = torch.linalg.qr(torch.randn(dim, dim, generator=generator, dtype=torch.float64)).Q
    return turned, turned @ torch.diag(torch.tensor(variances, dtype=torch.float64)) @ turned.T


@pytest.mark.parametrize("seed", range(5))
def test_axes_are_the_principal_ones_and_turn_as_little_as_possible(seed):
    generator = torch.Generator().manual_seed(seed)
    basis, covariance = random_covariance(generator, 6, [5.0, 4.0, 2.0, 1.0, 0.5, 0.1])
    best = basis[:, :2]
    # before: the same plane, turned within itself and, every second time, mirrored
    angle = torch.tensor(0.3 + seed, dtype=torch.float64)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    before = best @ turn @ torch.diag(torch.tensor([1.0, (-1.0) ** seed], dtype=torch.float64))
    torch.testing.assert_close(aligned_axes(covariance, before), before, atol=1e-9, rtol=0)
    # before: a little beside it; the nearest axes in the plane are those of Procrustes
    beside = torch.linalg.qr(before + 0.05 * torch.randn(6, 2, generator=generator, dtype=torch.float64)).Q
    axes = aligned_axes(covariance, beside)
    left, _, right = torch.linalg.svd(best.T @ beside)
    torch.testing.assert_close(axes, best @ left @ right, atol=1e-9, rtol=0)


def test_axes_follow_when_components_change_places():
    generator = torch.Generator().manual_seed(0)
    basis, _ = random_covariance(generator, 4, [1.0] * 4)
    axes = basis[:, :2]
    for third in np.linspace(0.5, 2.0, 12):
        covariance = basis @ torch.diag(torch.tensor([1.5, 1.0, third, 0.1], dtype=torch.float64)) @ basis.T
        axes = aligned_axes(covariance, axes + 1e-3 * basis[:, 2:3])
    assert math.isclose(float((basis[:, [0, 2]].T @ axes).square().sum()), 2.0, abs_tol=1e-3)
