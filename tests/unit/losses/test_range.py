"""Large and short embeddings: values and gradients where squares overflow, and where lengths are below 1e-12."""

import pytest
import torch

from cl_core import losses
from cl_core.losses import LOSSES
from cl_core.losses.distances import METRICS, pairwise, row_lengths, unit
from tests.unit.losses.capabilities import CASES, Case, assert_close, value_and_gradient

BY_DIRECTION = [  # the length of embeddings does not count
    case for case in CASES
    if LOSSES[case.key].metric_of(case.theta) in ("similarity", "cosine") and not LOSSES[case.key].lengths
]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("case", BY_DIRECTION, ids=str)
def test_large_embeddings_have_the_loss_of_their_unit_vectors(case, dtype):
    scale = torch.finfo(dtype).max ** 0.9
    z = unit(case.embeddings(dtype))
    f = case.module(dtype)
    value, gradient = value_and_gradient(f, z, case.labels)
    large_value, large_gradient = value_and_gradient(f, z * scale, case.labels)
    tolerance = 100 * torch.finfo(dtype).eps
    assert_close(large_value, value, tolerance)
    assert_close(large_gradient * scale, gradient, 10 * tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_lengths_and_unit_vectors_of_any_finite_row(dtype):
    largest = torch.finfo(dtype).max
    z = torch.tensor([[largest, 0.0], [largest / 2, largest / 2], [3.0, 4.0], [3e-13, 4e-13], [0.0, 0.0]], dtype=dtype)
    assert_close(
        row_lengths(z[1:3])[:, 0] / torch.tensor([largest, 1], dtype=dtype), torch.tensor([0.5**0.5, 5.0]), 1e-6
    )
    # a row shorter than 1e-12 is divided by 1e-12, as torch.nn.functional.normalize does
    expected = torch.tensor([[1.0, 0.0], [0.5**0.5, 0.5**0.5], [0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=dtype)
    assert_close(unit(z), expected, 1e-6)
    assert torch.equal(unit(z[2:]), torch.nn.functional.normalize(z[2:]))


@pytest.mark.parametrize("scale", [1e10, 1e19, 1e20, 1e30, 3e38])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_large_embeddings_have_the_loss_of_float64_or_an_error(case, scale):
    z = scale * unit(case.embeddings(torch.float32))
    expected = case.module()(z.double(), case.labels)
    try:
        value = case.module(torch.float32)(z, case.labels)
    except losses.OutOfRangeError:
        assert case not in BY_DIRECTION
        assert scale > 1e18
    else:
        size = expected.abs().clamp(min=1)
        assert_close(value.double() / size, expected / size, 1e-5)


def test_message_names_type_and_remedies():
    f = Case("npair").module(torch.float32)
    with pytest.raises(losses.OutOfRangeError, match=r"range of torch\.float32: scale them down, or use float64"):
        f(torch.full((4, 3), 1e30), torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize("metric", METRICS)
def test_values_are_finite_up_to_the_root_of_the_range(metric):
    z = 1e18 * unit(Case("supcon").embeddings(torch.float32))
    assert torch.isfinite(pairwise(z, z, metric)).all()
