"""Alternative texts of charts have the numbers that the charts show."""

import numpy as np
import pandas as pd
import pytest

from cl_core import charts
from cl_core.analysis import similarity_plane
from cl_core.losses import LOSSES
from cl_core.training.frames import References


@pytest.fixture
def curve() -> pd.DataFrame:
    """Return rows of a race: one contender at steps 0 and 10, with a spread of 0.02 at the second."""
    rows = {"kind": "A", "step": [0, 10], "value": [0.5, 0.25], "low": [0.5, 0.27], "high": [0.5, 0.23]}
    return pd.concat([pd.DataFrame(rows), pd.DataFrame({"kind": ["cursor"], "step": [10]})])


def test_alt_texts_have_the_numbers_of_the_shown_step(curve: pd.DataFrame) -> None:
    losses = np.array([4.0, 2.0, 3.0], np.float32)
    text = charts.loss_alt(References(4.84, 2.49, 0.9, 10), losses, 3)
    assert text == (
        "The loss is 3 at step 3; it began at 4, and its minimum is 2 at step 2. If all points coincide it is 4.84, "
        "the lowest possible loss 2.49."
    )
    assert charts.loss_alt(References(4.84, 5.0, 0.9, 10), losses[:0], 0) == (
        "No loss yet at step 0. If all points coincide it is 4.84."
    )
    assert charts.race_alt(curve, "knn", 10).endswith("at step 10: A 75.0% ± 2.0%.")
    assert charts.race_alt(curve, "knn", 9).endswith("at step 9: A 50.0%.")
    assert charts.race_alt(curve, charts.LOSS, 10).endswith("A 0.250 ± 0.020.")
    angles = {"degrees": np.array([0.0, 180.0]), "psi": np.array([1.0, -3.0]),
              "multiplied": np.array([1.0, 1.0]), "cos": np.array([1.0, -1.0])}  # fmt: skip
    assert charts.psi_alt(angles, (0, 90)) == "At 0, 90 degrees: ψ 1.00, -1.00; cos mθ 1.00, 1.00; cos θ 1.00, 0.00."


def test_alt_text_of_plane_locates_the_boundary() -> None:
    loss = LOSSES["circle"]
    field = charts.similarity_field(loss, {"margin": 0.25}, similarity_plane.similarity_plane(loss, {"margin": 0.25}))
    # on the circle of radius sqrt(2) m about (0, 1): 1 - 0.25 sqrt(2) at s_n = 0
    assert "0.65 at 0" in field.alt
