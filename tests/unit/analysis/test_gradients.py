"""Forces, pair weights and shares of one batch equal plain loops, and a gradient step moves points as it should."""

import math

import numpy as np
import pytest
import torch

from cl_core import losses
from cl_core.analysis.gradients import (
    Batch,
    _pushing_negatives,
    batch_forces,
    choose_batch,
    class_means,
    gradient_step,
)  # fmt: skip
from cl_core.analysis.metrics import TRIPLET_MARGIN
from cl_core.losses import LOSSES
from cl_core.losses.distances import unit
from tests import reference

GENERATOR = torch.Generator().manual_seed(5)
Y = torch.tensor([0, 1, 2, 0, 3, 1, 0, 1, 2, 0, 3, 1])
Z = torch.randn(12, 6, generator=GENERATOR, dtype=torch.float64)
BATCH = Batch(unit(Z), Y, torch.randn(4, 6, generator=GENERATOR, dtype=torch.float64), torch.zeros(4))
FREE = Batch(3 * Z, Y, BATCH.weight, torch.tensor([0.3, -0.1, 0.0, 0.2]), unit_norm=False)


def module_of(key, batch):
    loss = LOSSES[key]
    sizes = {"num_classes": 4, "embedding_dim": 6} if loss.classes else {}
    f = losses.module(key, **sizes).double()
    if loss.classes:
        f.weight.data.copy_(batch.weight)
    if key == "softmax":
        f.bias.data.copy_(batch.bias)
    return f


@pytest.mark.parametrize("batch", [BATCH, FREE], ids=["unit", "free"])
@pytest.mark.parametrize("key", LOSSES)
def test_value_and_forces_equal_those_of_the_training_module(key, batch):
    forces = batch_forces(LOSSES[key], {}, batch)
    f, z = module_of(key, batch), batch.z.double().clone().requires_grad_()
    value = f(z, None if LOSSES[key].views else batch.y)
    inputs = [z, f.weight] if LOSSES[key].classes else [z]
    gradients = torch.autograd.grad(value, inputs)
    assert math.isclose(forces.value, value.item(), rel_tol=1e-12)
    assert forces.n_terms == f.n_terms
    assert torch.allclose(forces.embedding_force, -gradients[0], rtol=1e-12, atol=1e-15)
    if LOSSES[key].classes:
        assert torch.allclose(forces.class_force, -gradients[1], rtol=1e-12, atol=1e-15)
    else:
        assert forces.class_force is None


@pytest.mark.parametrize("batch", [BATCH, FREE], ids=["unit", "free"])
@pytest.mark.parametrize("key", LOSSES)
def test_pair_weights_add_up_to_the_tangential_force(key, batch):
    # ds_ij/dz_i = (u_j - s_ij u_i) / |z_i|; the rest of the force changes lengths, and lies along z_i
    forces = batch_forces(LOSSES[key], {}, batch)
    z = batch.z.double()
    u, others = unit(z), unit(batch.weight.double()) if LOSSES[key].classes else unit(z)
    tangential = torch.zeros_like(z)
    for i in range(12):
        for j in range(len(others)):
            direction = (others[j] - forces.similarity[i, j] * u[i]) / z[i].norm()
            mirrored = forces.weights[j, i] if not LOSSES[key].classes else 0.0
            tangential[i] -= (forces.weights[i, j] + mirrored) * direction
    along = (forces.embedding_force * u).sum(1, keepdim=True) * u
    assert torch.allclose(forces.embedding_force - along, tangential, rtol=1e-9, atol=1e-9)
    if batch is BATCH and LOSSES[key].metric_of({}) == "similarity" and LOSSES[key].recipe.unit_norm:
        assert along.abs().max() < 1e-9


@pytest.mark.parametrize("key", ["supcon", "triplet", "am_softmax"])
def test_pair_is_as_hard_as_its_hardest_triplet(key):
    forces = batch_forces(LOSSES[key], {}, BATCH)
    s, n = forces.similarity, forces.similarity.shape[1]
    same = [[(BATCH.y[i] == (BATCH.y[j] if n == 12 else j)).item() for j in range(n)] for i in range(12)]
    positive = [[same[i][j] and (n != 12 or i != j) for j in range(n)] for i in range(12)]
    order = ("easy", "semihard", "hard")
    triplets = dict.fromkeys(order, 0)
    kind_of = {}
    for a in range(12):
        for p in (j for j in range(n) if positive[a][j]):
            for q in (j for j in range(n) if not same[a][j]):
                kind = reference.kind(2 - 2 * s[a, p].item(), 2 - 2 * s[a, q].item(), TRIPLET_MARGIN)
                triplets[kind] += 1
                for pair in ((a, p), (a, q)):
                    kind_of[pair] = max(kind_of.get(pair, "easy"), kind, key=order.index)
    weight = {pair: abs(forces.weights[pair].item()) for pair in kind_of}
    for kind in order:
        pairs = [pair for pair in kind_of if kind_of[pair] == kind]
        assert math.isclose(forces.triplets[kind], triplets[kind] / sum(triplets.values()), rel_tol=1e-9)
        assert math.isclose(forces.pairs[kind], len(pairs) / len(kind_of), rel_tol=1e-9)
        share = sum(weight[pair] for pair in pairs) / sum(weight.values())
        assert math.isclose(forces.shares[kind], share, rel_tol=1e-9, abs_tol=1e-12)
    if key == "triplet":
        assert forces.shares["easy"] == 0  # semi-hard mining takes no easy triplet


@pytest.mark.parametrize("batch", [BATCH, FREE], ids=["unit", "free"])
@pytest.mark.parametrize("key", LOSSES)
def test_gradient_step_lowers_the_loss_and_moves_points_by_at_most_the_given_distance(key, batch):
    before = batch_forces(LOSSES[key], {}, batch)
    after, rate = gradient_step(batch, before, 1e-4)
    assert rate > 0
    moved = (after.z - batch.z).norm(dim=1)
    assert moved.max() <= 1e-4 * (1 + 1e-6)
    if not batch.unit_norm:
        assert math.isclose(moved.max(), 1e-4, rel_tol=1e-6)
        assert torch.allclose(after.z, batch.z + rate * before.embedding_force)
    else:
        assert torch.allclose(after.z.norm(dim=1), torch.ones(12, dtype=torch.float64))
    self_paced = LOSSES[key].landmarks(**LOSSES[key].defaults).lowest is not None  # its value may rise meanwhile
    assert self_paced or batch_forces(LOSSES[key], {}, after).value < before.value


@pytest.mark.parametrize("key", LOSSES)
def test_gradient_step_without_force_moves_nothing(key):
    collapsed = Batch(torch.ones(4, 3), torch.zeros(4, dtype=torch.int64), torch.ones(1, 3), torch.zeros(1))
    forces = batch_forces(LOSSES[key], {}, collapsed)
    if forces.embedding_force.abs().max() == 0:
        after, rate = gradient_step(collapsed, forces, 0.1)
        assert rate == 0
        assert torch.allclose(after.z, torch.nn.functional.normalize(collapsed.z.double()))
    assert all(
        math.isfinite(share) for share in (*forces.shares.values(), *forces.triplets.values(), *forces.pairs.values())
    )


def test_chosen_batch_consists_of_pairs_of_one_class():
    y = np.arange(300) % 10
    for size in (32, 48, 64):
        rows = choose_batch(y, size, seed=3)
        assert len(set(rows.tolist())) == size
        assert (y[rows[: size // 2]] == y[rows[size // 2 :]]).all()
        assert len(set(y[rows].tolist())) == 10
        assert (rows == choose_batch(y, size, seed=3)).all()
    assert (choose_batch(y, 32, seed=3) != choose_batch(y, 32, seed=4)).any()
    with pytest.raises(ValueError, match="no two of 40 images"):
        choose_batch(np.arange(40), 32, seed=0)


def test_class_means_are_unit_and_zero_for_a_class_without_images():
    z = np.array([[2.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    means = class_means(z, np.array([0, 0, 2]), 4)
    assert np.allclose(means, [[0.5**0.5, 0.5**0.5], [0, 0], [0, 1], [0, 0]])


def test_negatives_that_push_are_counted_by_the_share_that_they_carry():
    pushes = torch.tensor(
        [[0.5, 0.45, 0.05, 0.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    )
    assert _pushing_negatives(pushes.double()) == pytest.approx((2 + 4 + 1) / 3)
    assert math.isnan(_pushing_negatives(torch.zeros(2, 3)))
