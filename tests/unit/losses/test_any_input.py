"""Whatever a caller passes, a loss returns a finite number or says in words what was wrong with it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cl_core import losses
from cl_core.analysis.census import census
from cl_core.losses import LOSSES
from tests.unit.losses.capabilities import CASES, Case

FEW = settings(max_examples=25, derandomize=True, deadline=None, database=None)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.floats(), max_size=2),
    st.floats().map(torch.tensor), st.integers(-(2**63), 2**63 - 1).map(torch.tensor),
)  # fmt: skip
NUMBERS = st.floats(-(2.0**120), 2.0**120, width=32)


def outcome(f):
    """Return the value of a call and None, or None and its ValueError; another exception fails the test."""
    try:
        return f(), None
    except ValueError as error:
        return None, error


@pytest.mark.parametrize("key", LOSSES)
@FEW
@given(data=st.data())
def test_any_parameter_is_taken_or_refused_in_words(key, data):
    case, parameters = Case(key), LOSSES[key].parameters
    name = data.draw(st.sampled_from(sorted(parameters) or ["margin"]) | st.text(max_size=8))
    value = data.draw(ANYTHING)
    loss, error = outcome(lambda: case.module(**{name: value})(case.embeddings(), case.labels))
    if isinstance(error, losses.OutOfRangeError):
        assert str(error).endswith("is beyond the range of torch.float64: choose less extreme ones")
        assert not 1e-100 < abs(float(value)) < 1e100
    elif error is None:
        assert name in parameters
        assert math.isfinite(loss.detach())
    else:
        assert name in str(error) or name not in parameters


@pytest.mark.parametrize("case", CASES, ids=str)
@FEW
@given(data=st.data())
def test_any_finite_embeddings_and_labels_give_a_finite_loss_or_an_error_in_words(case, data):
    rows = 2 * data.draw(st.integers(1, 4))
    z = torch.tensor(data.draw(arrays.arrays("float32", (rows, 6), elements=NUMBERS)))
    top = case.classes - 1 if LOSSES[case.key].classes else 2**63 - 1
    y = torch.tensor(data.draw(st.lists(st.integers(0, top), min_size=rows, max_size=rows)))
    labels = None if LOSSES[case.key].views else y
    z.requires_grad_()
    value, error = outcome(lambda: case.module(torch.float32)(z, labels))
    if error is None:
        assert torch.isfinite(value)
        (gradient,) = torch.autograd.grad(value, z, allow_unused=True)
        assert gradient is None or not torch.isnan(gradient).any()
    else:
        assert isinstance(error, losses.OutOfRangeError)
        assert "is beyond the range of torch.float32" in str(error)
        assert float(z.detach().abs().max()) > 1e9


@FEW
@given(
    z=arrays.arrays("float64", (6, 3), elements=st.floats(-1e100, 1e100)),
    y=st.lists(st.integers(-3, 3), min_size=6, max_size=6),
)
def test_census_of_any_finite_embeddings_counts_every_triplet(z, y):
    counted = census(torch.tensor(z, requires_grad=True), torch.tensor(y))
    same = [sum(label == other for other in y) for label in y]
    assert counted.easy + counted.semihard + counted.hard == sum((n - 1) * (6 - n) for n in same)
