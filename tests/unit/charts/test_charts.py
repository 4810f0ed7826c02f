"""The numbers in charts; their looks are not tested."""

import json

import numpy as np
import pytest

from cl_core import charts, training
from cl_core.training import RunSpec, frames
from cl_core.training.frames import References

REFERENCES = References(collapse=4.84, floor=2.49, knn_raw=0.915, epoch_steps=468)


@pytest.fixture(scope="module")
def run_frames() -> list[frames.Frame]:
    state = training.start(RunSpec(dataset="blobs", dim=8, batch=32))
    made = [frames.make_frame(state, 500)]
    for _ in range(3):
        state = training.advance(state, steps=4)
        made.append(frames.make_frame(state, 500, made[-1].views))
    return made


def test_loss_rows_are_the_losses_of_a_short_run():
    losses = np.arange(1, 101, dtype=np.float32)
    rows = charts.loss_rows(losses, 7)
    curve = rows[rows.kind == "loss"]
    np.testing.assert_array_equal(curve.step, np.arange(1, 101))
    np.testing.assert_array_equal(curve.value, losses)
    assert rows[rows.kind == "cursor"].step.item() == 7


@pytest.mark.parametrize("n", [401, 5000, 20_000])
def test_loss_rows_of_a_long_run_are_means_of_all_losses(n):
    losses = np.arange(1, n + 1, dtype=np.float32)  # the mean of consecutive losses is their middle
    curve = charts.loss_rows(losses, 0).query("kind == 'loss'")
    assert len(curve) <= charts.curves.MAX_ROWS
    assert curve.step.is_monotonic_increasing
    np.testing.assert_array_equal(curve.step[:20], np.arange(1, 21))
    np.testing.assert_allclose(curve.value, curve.step, atol=0.51)
    assert curve.step.iloc[-1] > 0.97 * n


def test_score_rows_are_error_rates(run_frames):
    rows = charts.score_rows(run_frames, 4)
    knn = rows[rows.kind == "kNN in the full space"]
    np.testing.assert_allclose(1 - knn.value, [min(f.metrics.knn, 0.999) for f in run_frames])
    np.testing.assert_array_equal(knn.step, [0, 4, 8, 12])
    drawn = rows[rows.kind == "1-NN in the picture"]
    np.testing.assert_allclose(1 - drawn.value, [min(f.metrics.drawn, 0.999) for f in run_frames])


def test_triplet_rows_add_up_to_one(run_frames):
    rows = charts.triplet_rows(run_frames, 0).query("kind != 'cursor'")
    np.testing.assert_allclose(rows.groupby("step").value.sum(), 1)


@pytest.mark.parametrize(
    ("chart", "labels"),
    [
        (charts.loss_chart(REFERENCES), ["all points coincide 4.84", "lowest possible 2.49"]),
        (charts.score_chart(0.915, 0.803), ["raw pixels 91.5%", "untrained net 80.3%"]),
        (charts.triplet_chart(), ["hard", "semi-hard", "easy"]),
    ],
)
def test_charts_have_no_data_and_name_their_lines(chart, labels):
    text = json.dumps(chart)
    assert "data" not in chart
    assert any("data" not in layer for layer in chart["layer"])
    assert all(label in text for label in labels)


def test_loss_chart_omits_a_floor_equal_to_the_collapse_value():
    same = References(collapse=0.0, floor=0.0, knn_raw=0.9, epoch_steps=10)
    assert "floor" not in json.dumps(charts.loss_chart(same))


def test_density_has_contours_and_marginals_of_each_class():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 100)
    points = (rng.standard_normal((300, 2)) * 0.1 + np.array([[0, 0], [3, 0], [0, 3]])[labels]).astype(np.float32)
    figure = charts.density(points, labels, ("a", "b", "c"), ("x", "y"), dark=False)
    contours = [trace for trace in figure.data if trace.type == "contour"]
    marginals = [trace for trace in figure.data if trace.type == "scatter"]
    assert [trace.name for trace in contours] == ["a", "b", "c"]
    assert len(marginals) == 6
    for trace, centre in zip(contours, ((0, 0), (3, 0), (0, 3)), strict=True):
        row, column = np.unravel_index(np.argmax(trace.z), trace.z.shape)
        np.testing.assert_allclose((trace.x[column], trace.y[row]), centre, atol=0.2)
    for trace in marginals[::2]:  # along x: a density integrates to one
        assert np.trapezoid(trace.y, trace.x) == pytest.approx(1, abs=0.05)


def test_density_of_a_degenerate_class_is_drawn_as_points():
    points = np.zeros((20, 2), np.float32)
    figure = charts.density(points, np.repeat([0, 1], 10), ("a", "b"), ("x", "y"), dark=True)
    assert {trace.type for trace in figure.data} == {"scatter"}
