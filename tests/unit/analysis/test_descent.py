"""Descent of one pair of pairs: frozen weights lead to the optima, the true gradient to the lowest value."""

import numpy as np
import pytest

from cl_core.analysis.descent import START, descent
from cl_core.charts.paths import path_rows
from cl_core.losses import LOSSES

LOSS = LOSSES["circle_general"]


@pytest.mark.parametrize("margin", [0.1, 0.25, 0.4])
def test_frozen_weights_lead_to_the_optima_and_the_true_gradient_to_the_centre(margin):
    theta = {"optimum_p": 1 + margin, "optimum_n": -margin, "margin_p": 1 - margin, "margin_n": margin, "scale": 16.0}
    places, values = descent(LOSS, theta)
    assert tuple(places[0]) == START
    assert places[-1] == pytest.approx([-margin, 1.0], abs=1e-2)
    assert values[-1] > values.min() + 1e-3  # it rises late
    true, lower = descent(LOSS, theta | {"gradient": "true"})
    assert true[-1] == pytest.approx([0.0, 1.0], abs=1e-2)
    assert (np.diff(lower) <= 1e-12).all()
    assert lower[-1] <= values.min() + 1e-6


def test_loss_ends_at_the_value_of_the_optima():
    # m = 0.25, scale 16: log(1 + e^(16 (s_n^2 + (1 - s_p)^2 - 2 m^2))) is log(1 + e^-1) there, log(1 + e^-2) at (0, 1)
    _, values = descent(LOSS, {"scale": 16.0})
    assert values[-1] == pytest.approx(np.log1p(np.exp(-1)), abs=1e-3)
    assert np.log1p(np.exp(-2)) < values.min() < 0.14


def test_rows_of_paths_name_their_ends():
    rows = path_rows({"a": np.array([[0.0, 0.1], [0.2, 0.3]])}, np.array([[0.0, 0.0], [np.nan, 1.0], [1.0, 1.0]]))
    assert rows.end.tolist() == ["", "a", "", ""]
    assert rows.name.tolist() == ["a", "a", "boundary", "boundary"]
