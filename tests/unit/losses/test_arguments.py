"""What losses take as labels, sizes and parameters, and what they refuse with a clear message."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cl_core import losses
from cl_core.analysis.census import census
from cl_core.losses import LOSSES
from tests.unit.losses.capabilities import CASES, Case

INTEGER_TYPES = [
    getattr(torch, name) for name in ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
]
LABELLED = [case for case in CASES if not LOSSES[case.key].views]
Z = Case("supcon").embeddings()


@pytest.mark.parametrize("dtype", INTEGER_TYPES, ids=str)
@pytest.mark.parametrize("case", LABELLED, ids=str)
def test_labels_of_any_integer_type_as_vector_or_column(case, dtype):
    f, z = case.module(), case.embeddings()
    expected = f(z, case.labels)
    labels = case.labels.to(dtype)
    assert f(z, labels) == expected
    assert f(z, labels[:, None]) == expected


def test_large_unsigned_labels_stay_different():
    labels = torch.tensor([2**63 + 1, 2**63 + 2, 2**63 + 1, 2**63 + 2], dtype=torch.uint64)
    f = losses.module("supcon")
    assert f(Z[:4], labels) == f(Z[:4], torch.tensor([0, 1, 0, 1]))


def test_labels_of_nt_xent_are_pairs():
    f = losses.module("nt_xent")
    halves = f(Z)
    rows = torch.arange(24).view(2, 12).T.reshape(24)  # a, a', b, b' ...
    assert f(Z[rows], torch.arange(12).repeat_interleave(2)) == pytest.approx(float(halves), rel=1e-12)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    assert f(Z[order], torch.arange(12).repeat(2)[order]) == pytest.approx(float(halves), rel=1e-12)
    assert f.n_terms == 24
    assert f(Z[:1], torch.tensor([3])) == 0


@pytest.mark.parametrize("labels", [[0] * 4, [0, 1, 2, 0], [0, 0, 0, 1], [0, 1, 2, 3]], ids=str)
def test_nt_xent_refuses_labels_that_are_no_pairs(labels):
    with pytest.raises(ValueError, match="each must occur exactly twice; without labels, rows i and i"):
        losses.module("nt_xent")(Z[:4], torch.tensor(labels))


@pytest.mark.parametrize("size", [np.int64(4), np.uint8(4), np.int32(4)], ids=repr)
def test_sizes_may_be_numpy_integers(size):
    assert losses.module("am_softmax", num_classes=size, embedding_dim=size).weight.shape == (4, 4)


@pytest.mark.parametrize("size", [4.0, np.float64(4), True, np.bool_(1), "4", 0, -1, None], ids=repr)
def test_sizes_that_are_no_positive_integers_are_refused(size):
    with pytest.raises(ValueError, match="needs num_classes, a whole number from 1, not "):
        losses.module("am_softmax", num_classes=size, embedding_dim=2)


@pytest.mark.parametrize("margin", [math.pi, 28.6, 1e9, torch.tensor(28.6)], ids=str)
def test_arcface_refuses_degrees_and_names_them(margin):
    with pytest.raises(ValueError, match=r"less than 3\.14159.*in radians; for degrees, take math\.radians"):
        losses.module("arcface", num_classes=4, embedding_dim=6, margin=margin)
    losses.module("arcface", num_classes=4, embedding_dim=6, margin=math.radians(28.6))


@pytest.mark.parametrize("key", LOSSES)
def test_parameters_that_are_tensors_are_checked_like_numbers(key):
    for name, parameter in LOSSES[key].parameters.items():
        if parameter.kind != "number":
            continue
        sizes = {"num_classes": 4, "embedding_dim": 6} if LOSSES[key].classes else {}
        for value in (torch.tensor(-2.0), torch.tensor(math.nan), torch.tensor([1.0, 2.0])):
            with pytest.raises(ValueError, match=name):
                losses.module(key, **sizes, **{name: value})


def test_learnt_temperature_is_a_parameter_that_is_optimised_and_saved():
    f = losses.module("supcon", temperature=nn.Parameter(torch.tensor([0.5])))
    optimiser = torch.optim.SGD(f.parameters(), lr=0.01)
    f(Z.float(), Case("supcon").labels).backward()
    optimiser.step()
    assert f.temperature.item() != 0.5
    restored = losses.module("supcon", temperature=nn.Parameter(torch.tensor([0.5])))
    restored.load_state_dict(f.state_dict())
    assert restored(Z, Case("supcon").labels) == f(Z, Case("supcon").labels)


def test_parameter_of_a_fixed_tensor_passes_gradients_to_what_it_was_computed_from():
    logarithm = torch.tensor(-0.7, dtype=torch.float64, requires_grad=True)
    losses.module("supcon", temperature=logarithm.exp())(Z, Case("supcon").labels).backward()
    assert torch.isfinite(logarithm.grad)
    assert logarithm.grad != 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_census_takes_any_floating_tensor_that_is_trained(dtype):
    z, y = Z.to(dtype).requires_grad_(), Case("supcon").labels
    counted, expected = census(z, y[:, None]), census(z.detach().float().numpy(), y.numpy())
    assert (counted.easy, counted.semihard, counted.hard) == (expected.easy, expected.semihard, expected.hard)
