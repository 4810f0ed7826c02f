"""A frame of the engine against the library's own: the same neighbours, and the axes of largest variance."""

import math

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.analysis import metrics, projection
from cl_core.analysis.metrics import Metrics
from cl_core.data import datasets
from cl_core.programs.compiler import compile_function
from cl_core.programs.frames import PICTURES, aligned_axes, first_axes, frame_program, nearest_rotation
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


def axes_of_first_frame(dim):
    """Return the inputs that a program of frames starts with."""
    return {name: axes.numpy() for name, axes in first_axes(dim).items()}


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
    state, axes, views = training.start(spec), axes_of_first_frame(spec.dim), None
    data = datasets.load(spec.dataset)
    y = torch.from_numpy(data.y_test[datasets.probe_indices(data, N)])
    for _ in range(4):
        drawn = program(weights=state.vector[:size], **axes)
        frame = frames.make_frame(state, N, views)
        views = frame.views
        measured, expected = Metrics(*drawn["metrics"]), frame.metrics
        # a neighbour, or the order of a triplet, may change where two distances are equal within float32
        for name in ("knn", "recall", "map_r", "easy", "semihard", "hard", "alignment", "uniformity", "spread"):
            assert getattr(measured, name) == pytest.approx(getattr(expected, name), rel=1e-4, abs=2 / N), name
        assert measured.drawn == pytest.approx(metrics.recall_at_1(torch.from_numpy(drawn["points"]), y), abs=2 / N)
        z = loop.snapshot(state, N).z
        centred = z - z.mean(axis=0, dtype=np.float64)
        assert ("mean" in drawn) == (spec.dim > 2)
        if spec.dim > 2:
            np.testing.assert_allclose(drawn["mean"], z.mean(axis=0, dtype=np.float64), atol=1e-6)
        for picture in PICTURES:
            assert (picture.points in drawn) == (spec.dim >= picture.k)
            assert (picture.axes in drawn) == (spec.dim > picture.k)
            if spec.dim < picture.k:
                continue
            points, shares, view = drawn[picture.points], drawn[picture.shares], frame.views[picture.k]
            if spec.dim == picture.k:
                np.testing.assert_allclose(points, z, atol=1e-5 * np.abs(z).max())
                np.testing.assert_allclose(shares, view.shares, rtol=1e-4)
                continue
            axes[picture.axes] = now = drawn[picture.axes]
            np.testing.assert_allclose(now.T @ now, np.eye(picture.k), atol=1e-12)
            np.testing.assert_allclose(points, centred @ now, atol=1e-5 * np.abs(z).max())
            variances = np.square(centred @ now).mean(axis=0) / np.square(centred).mean(axis=0).sum()
            np.testing.assert_allclose(shares, variances, rtol=1e-4)
            # it shows nearly as much as the best view, or moves towards it within a few frames
            assert shares.sum() > 0.97 * view.best_share
        state = training.advance(state, steps=AFTER)


@pytest.mark.parametrize("weights", [0.0, 1e12], ids=["collapsed", "long"])
def test_embeddings_that_collapse_or_are_long_have_a_frame(weights):
    spec = RunSpec(dim=4, unit_norm=False)
    program, size = running(spec)
    vector = training.start(spec).vector[:size].copy()
    vector[-(257 * 4) :] *= weights  # of the last layer
    drawn = program(weights=vector, **axes_of_first_frame(4))
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


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_axes_are_the_principal_ones_and_turn_as_little_as_possible(seed, k):
    generator = torch.Generator().manual_seed(seed)
    basis, covariance = random_covariance(
        generator, 6, [5.0, 4.0, 3.5, 1.5, 0.5, 0.1] if k == 3 else [5.0, 4.0, 2.0, 1.0, 0.5, 0.1]
    )
    best = basis[:, :k]
    # before: the same subspace, turned within itself and, every second time, mirrored
    turn = torch.linalg.qr(torch.randn(k, k, generator=generator, dtype=torch.float64)).Q
    turn[:, 0] *= (-1.0) ** seed * torch.linalg.det(turn).sign()
    before = best @ turn
    torch.testing.assert_close(aligned_axes(covariance, before), before, atol=1e-9, rtol=0)
    # before: a little beside it; the nearest axes in the subspace are those of Procrustes
    beside = torch.linalg.qr(before + 0.05 * torch.randn(6, k, generator=generator, dtype=torch.float64)).Q
    axes = aligned_axes(covariance, beside)
    left, _, right = torch.linalg.svd(best.T @ beside, full_matrices=False)
    torch.testing.assert_close(axes, best @ left @ right, atol=1e-9, rtol=0)


@pytest.mark.parametrize("k", [2, 3])
def test_first_axes_span_the_subspace_of_the_librarys_view(k):
    """The first frame of both has no frame before it, so their axes differ, but not what they span."""
    generator = torch.Generator().manual_seed(k)
    z = torch.randn(400, 8, generator=generator, dtype=torch.float64) * torch.arange(8, 0, -1)
    view = projection.fit_views(z.numpy())[k]
    covariance = torch.cov(z.T, correction=0)
    axes = first_axes(8)[PICTURES[k - 2].axes]
    for _ in range(3):  # frames of the same embedding; each comes nearer
        axes = aligned_axes(covariance, axes)
    np.testing.assert_allclose(np.linalg.svd(view.axes.T @ axes.numpy())[1], 1, atol=1e-6)


OVERLAPS = {
    "any": torch.tensor([[0.3, -1.2, 0.5], [0.9, 0.1, -0.4], [-0.2, 0.8, 1.1]]),
    "reflection": torch.diag(torch.tensor([0.9, -0.8, 0.7])),
    "rank 2": torch.diag(torch.tensor([1.0, 0.3, 0.0])),
    "rank 2, small": 1e-9 * torch.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]),
    "rank 1": torch.diag(torch.tensor([0.0, 2.0, 0.0])),
    "nilpotent": torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    "zero": torch.zeros(3, 3),
    "orders of magnitude": torch.diag(torch.tensor([-1.0, 1e-5, 1e-10])),
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_nearest_rotation_is_orthogonal_and_nearest_even_where_the_overlap_is_singular(name):
    overlap = OVERLAPS[name].double()
    program = Running(compile_function(lambda x: [nearest_rotation(x)], {"overlap": overlap}, ["nearest"]))
    nearest = torch.from_numpy(program(overlap=overlap.numpy())["nearest"])
    torch.testing.assert_close(nearest.T @ nearest, torch.eye(3, dtype=torch.float64), atol=1e-12, rtol=0)
    # |overlap - nearest| is smallest where the trace of their product is the sum of the singular values
    values = torch.linalg.svdvals(overlap)
    assert float((nearest.T @ overlap).trace()) == pytest.approx(float(values.sum()), abs=1e-9 * float(values.max()))


def test_axes_follow_when_components_change_places():
    generator = torch.Generator().manual_seed(0)
    basis, _ = random_covariance(generator, 4, [1.0] * 4)
    axes = basis[:, :2]
    for third in np.linspace(0.5, 2.0, 12):
        covariance = basis @ torch.diag(torch.tensor([1.5, 1.0, third, 0.1], dtype=torch.float64)) @ basis.T
        axes = aligned_axes(covariance, axes + 1e-3 * basis[:, 2:3])
    assert math.isclose(float((basis[:, [0, 2]].T @ axes).square().sum()), 2.0, abs_tol=1e-3)
