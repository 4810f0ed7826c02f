"""A Contrast has the values and masks of a batch; its distances are accurate for ties, duplicates and near points."""

import pytest
import torch

from cl_core.losses.autograd import apply_rows, row_blocks
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.distances import METRICS, from_similarity, pairwise, unit
from tests import reference
from tests.batches import BATCHES, batch

Z = batch("", [0] * 9, 0, dim=4).z
NAN = float("nan")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("b", BATCHES, ids=lambda b: b.name)
def test_pairwise_values_and_gradients_equal_those_of_loops(b, metric):
    weight = torch.randn(len(b.y), len(b.y), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z = b.z.clone().requires_grad_()
    expected = torch.stack([torch.stack(row) for row in reference.matrix(z, metric)])
    values = pairwise(z, z, metric)
    assert torch.allclose(values, expected, rtol=0, atol=1e-7 if metric == "euclidean" else 1e-12)
    expected_gradient = torch.autograd.grad((expected * weight).sum(), z)[0]
    gradient = torch.autograd.grad((values * weight).sum(), z)[0]
    if b.name != "a zero vector":  # the gradient of its unit vector is 1e12
        assert torch.allclose(gradient, expected_gradient, rtol=1e-9, atol=1e-9)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("metric", METRICS)
def test_pairwise_gradient_for_two_sets_of_points_equals_central_differences(metric):
    z, w = Z.clone().requires_grad_(), Z[:4].flip(1).clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda z, w: pairwise(z, w, metric), (z, w))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_equal_rows_have_exactly_zero_distance_and_gradient(dtype, shift):
    z = (
        (torch.randn(40, 64, generator=torch.Generator().manual_seed(0)).repeat(3, 1) + shift)
        .to(dtype)
        .requires_grad_()
    )
    for metric in ("euclidean", "sqeuclidean"):
        d = pairwise(z, z, metric)
        assert (d.diagonal() == 0).all()
        assert (d.diagonal(40) == 0).all()
        assert (torch.autograd.grad(d.diagonal(40).sum(), z)[0] == 0).all()
        point = z[:1].detach().repeat(50, 1).requires_grad_()
        assert (torch.autograd.grad(pairwise(point, point, metric).sum(), point)[0] == 0).all()


@pytest.mark.parametrize("copies", [2, 40])
def test_distance_of_near_points_is_accurate_in_float32(copies):
    # points 1e-4 apart on the unit sphere: their d^2 of 1e-8 is below the rounding error, 1e-7, of the product form
    generator = torch.Generator().manual_seed(0)
    z = unit(torch.randn(128 // copies, 128, generator=generator)).repeat(copies, 1)
    z += 1e-4 * torch.randn(z.shape, generator=generator) / 128**0.5
    exact = pairwise(z.double(), z.double(), "euclidean")
    off_diagonal = ~torch.eye(len(z), dtype=torch.bool)
    assert ((pairwise(z, z, "euclidean") - exact).abs() / exact)[off_diagonal].max() < 1e-2


def test_squared_distances_on_an_integer_grid_are_exact():
    z = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0)) + 7
    d2 = pairwise(z, z, "sqeuclidean")
    assert (d2 == d2.round()).all()  # sums of squares of whole numbers


@pytest.mark.parametrize("metric", METRICS)
def test_from_similarity_equals_pairwise_on_unit_vectors(metric):
    u = unit(Z)
    assert torch.allclose(pairwise(u, u, metric), from_similarity(u @ u.T, metric), atol=1e-7)


def test_batch_masks_equal_those_of_loops_over_labels():
    for b in BATCHES:
        c = Contrast.of_batch(b.z, b.y, "dot")
        positive, negative = reference.masks(b.y.tolist())
        assert c.positive.tolist() == positive
        assert c.negative.tolist() == negative
        assert c.n_positive.tolist() == [sum(row) for row in positive]
        assert c.n_negative.tolist() == [sum(row) for row in negative]


def test_two_views_are_the_only_positive_of_each_other():
    c = Contrast.of_views(Z[:6], "similarity")
    assert c.positive.nonzero().tolist() == [[0, 3], [1, 4], [2, 5], [3, 0], [4, 1], [5, 2]]
    assert c.n_negative.tolist() == [4] * 6  # 2N - 2
    assert not Contrast.of_views(Z[:1], "similarity").positive.any()


def test_prototypes_are_one_positive_and_otherwise_negatives():
    c = Contrast.of_prototypes(Z, torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2]), Z[:3] * 2, "similarity")
    assert c.value.shape == (9, 3)
    assert c.positive.long().argmax(1).tolist() == [0, 1, 2] * 3
    assert (c.positive ^ c.negative).all()


def test_of_pairs_makes_one_anchor_per_point():
    x_p, x_n = torch.rand(4, 5), torch.rand(4, 5)
    c = Contrast.of_pairs(x_p, x_n)
    assert torch.equal(c.value, torch.stack([x_p.ravel(), x_n.ravel()], 1))
    assert c.positive.tolist() == [[True, False]] * 20
    assert Contrast.of_pairs(x_p.ravel(), torch.rand(20, 3)).negative.sum(1).tolist() == [3] * 20


def test_apply_rows_visits_every_row_once_over_several_blocks():
    # more than 2**18 entries, so several blocks; the derivative of v**2 is 2v
    value = torch.randn(700, 500, dtype=torch.float64, requires_grad=True)
    c = Contrast(value, torch.zeros(700, 500, dtype=torch.bool), torch.ones(700, 500, dtype=torch.bool))
    assert len(list(row_blocks(700, 500))) > 1
    total = apply_rows(c, lambda v, p, n: (v.square().sum(1), 2 * v), lambda v, p, n: v.square().sum(1))
    assert torch.allclose(total, value.square().sum(1))
    assert torch.allclose(torch.autograd.grad(total.sum(), value)[0], 2 * value)


def test_mean_of_no_terms_is_exactly_zero():
    total = torch.zeros(3, requires_grad=True)
    terms = Terms(total * 5, torch.zeros(3, dtype=torch.int64))
    assert terms.mean().item() == 0.0
    assert terms.n_terms == 0
    assert torch.autograd.grad(terms.mean(), total)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("z", "y", "message"),
    [
        (Z, torch.zeros(8, dtype=torch.int64), "labels"),
        (Z, torch.zeros(1, 9, dtype=torch.int64), "labels"),
        (Z, torch.zeros(9, 2, dtype=torch.int64), "labels"),
        (Z, torch.zeros(9), "integers"),
        (Z, [0] * 9, "labels"),
        (Z[0], torch.zeros(4, dtype=torch.int64), "matrix"),
        (Z[:0], torch.zeros(0, dtype=torch.int64), "matrix"),
        (Z.long(), torch.zeros(9, dtype=torch.int64), "floating"),
        (Z * NAN, torch.zeros(9, dtype=torch.int64), "NaN"),
        (Z.index_fill(0, torch.tensor([4]), torch.inf), torch.zeros(9, dtype=torch.int64), "infinity"),
    ],
)
def test_of_batch_rejects_invalid_embeddings_and_labels(z, y, message):
    with pytest.raises(ValueError, match=message):
        Contrast.of_batch(z, y, "dot")


def test_other_constructors_reject_invalid_arguments():
    y = torch.zeros(9, dtype=torch.int64)
    with pytest.raises(ValueError, match="even"):
        Contrast.of_views(Z, "similarity")
    with pytest.raises(ValueError, match="metric"):
        Contrast.of_batch(Z, y, "manhattan")
    with pytest.raises(ValueError, match=r"0\.\.2"):
        Contrast.of_prototypes(Z, y + 3, Z[:3], "dot")
    with pytest.raises(ValueError, match="dimensions"):
        Contrast.of_prototypes(Z, y, Z[:3, :2], "dot")
    with pytest.raises(ValueError, match="x_n"):
        Contrast.of_pairs(torch.rand(5), torch.rand(4))
    with pytest.raises(ValueError, match="positive"):
        Contrast(torch.rand(2, 2), torch.zeros(2, 3, dtype=torch.bool), torch.zeros(2, 2, dtype=torch.bool))
