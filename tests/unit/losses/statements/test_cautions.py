"""The warnings about parameters that cannot be met: what they say is so, and they come exactly when it is so."""

import math
import re

import pytest
import torch

from cl_core.losses import LOSSES, floor_value
from cl_core.losses.distances import from_similarity, unit
from tests.unit.losses.statements.backing import backs, values

CLASSES = (1, 2, 3, 6, 10, 100)
SIMILARITY = torch.linspace(-1, 1, 201, dtype=torch.float64)


def caution(key, *, dim=128, classes=10, unit_norm=True, **theta):
    loss = LOSSES[key]
    return loss.caution(dim=dim, classes=classes, unit_norm=unit_norm, **{**loss.defaults, **theta})


def numbers(text):
    return [float(number) for number in re.findall(r"(?<![\w-])\d+\.?\d*", text.replace("2-D", ""))]


def circle_of(classes, spread, seed):
    """Return directions in the plane, evenly spaced but for a random shift of about `spread` radians, (C, 2)."""
    angle = torch.arange(classes, dtype=torch.float64) * 2 * math.pi / classes
    angle = angle + spread * torch.randn(classes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.stack([angle.cos(), angle.sin()], 1)


def arrangements(dim, classes):
    """Return class weights of many kinds, the best one first."""
    if dim == 2:
        return [circle_of(classes, spread, seed) for seed, spread in enumerate((0.0, 0.01, 0.1, 1.0))]
    even = unit(torch.eye(classes, dtype=torch.float64) - 1 / classes) if classes > 1 else values(1.0)[None]
    generator = torch.Generator().manual_seed(classes)
    return [even] + [unit(torch.randn(classes, dim, generator=generator, dtype=torch.float64)) for _ in range(3)]


def nearest_others(weight):
    """Return for each class weight its largest similarity to another one, (C,)."""
    return (weight @ weight.T).fill_diagonal_(-2).amax(1)


@backs("No two unit-length embeddings are # apart: the largest distance is #.")
def test_contrastive_warns_of_a_margin_beyond_the_largest_distance():
    for distance in ("euclidean", "cosine"):
        largest = from_similarity(SIMILARITY, distance).max().item()
        assert largest == 2
        for margin in (0.1, 1.0, 1.99, 2.0, 2.01, 3.0):
            text = caution("contrastive", margin=margin, distance=distance)
            assert bool(text) == (margin > largest)
            assert not text or numbers(text) == [margin, largest]
    assert not caution("contrastive", margin=3.0, unit_norm=False, distance="euclidean")


@backs(
    "On unit vectors no distance exceeds #, so with m = # no triplet with d_ap > # can ever be easy.",
    "On unit vectors no distance exceeds #, so with m = # no triplet can ever be easy.",
)
def test_triplet_warns_of_pairs_that_leave_no_room_for_the_margin():
    d = from_similarity(SIMILARITY, "euclidean")
    for margin in (0.5, 0.99, 1.0, 1.5, 2.0, 2.5):
        text = caution("triplet", margin=margin, distance="euclidean")
        assert bool(text) == (margin >= 1)
        can_be_easy = d + margin <= d.max()  # with the farthest negative that there is
        if len(found := numbers(text)) == 3:
            assert found == [2, margin, 2 - margin]
            assert torch.equal(can_be_easy, d <= found[2] + 1e-12)
        elif text:
            assert not can_be_easy.any()
        assert not caution("triplet", margin=margin, distance="euclidean", unit_norm=False)
        assert not caution("triplet", margin=margin, distance="sqeuclidean")


@backs("In # dimensions # classes can have a margin of # at most; # cannot be met for all of them. Take a smaller "
       "margin, or more dimensions.")  # fmt: skip
@pytest.mark.parametrize("dim", [2, 128])
def test_am_softmax_warns_of_a_margin_that_no_arrangement_has(dim):
    for classes in CLASSES:
        for margin in (0.0, 0.1, 0.35, 0.5, 1.2, 2.5):
            text = caution("am_softmax", dim=dim, classes=classes, margin=margin)
            smallest_leads = [(1 - nearest_others(w)).min().item() for w in arrangements(dim, classes)]
            assert bool(text) == (classes > 1 and margin > smallest_leads[0] + 1e-9)
            if text:
                assert numbers(text) == pytest.approx([dim, classes, smallest_leads[0], margin], abs=5e-4)
                assert max(smallest_leads) < margin


@backs("In # dimensions # classes can have a margin of # radians at most; # cannot be met for all of them. Take a "
       "smaller margin, or more dimensions.")  # fmt: skip
@pytest.mark.parametrize("dim", [2, 128])
def test_arcface_warns_of_a_margin_that_no_arrangement_has(dim):
    for classes in CLASSES:
        for margin in (0.0, 0.2, 0.5, 1.0, 1.7, 3.0):
            text = caution("arcface", dim=dim, classes=classes, margin=margin)
            smallest_angles = [nearest_others(w).clamp(-1, 1).acos().min().item() for w in arrangements(dim, classes)]
            assert bool(text) == (classes > 1 and margin > smallest_angles[0] + 1e-6)
            if text:
                assert numbers(text) == pytest.approx([dim, classes, smallest_angles[0], margin], abs=6e-4)
                assert max(smallest_angles) < margin


@backs("In #-D two of # class weights have a similarity of at least #, but this margin allows # at most: it "
    "cannot be met. Take more dimensions.")  # fmt: skip
def test_class_level_circle_warns_of_neighbours_that_are_too_similar():
    for classes in CLASSES:
        for margin in (0.05, 0.25, 0.4, 0.5):
            text = caution("circle_class", dim=2, classes=classes, margin=margin)
            nearest = [nearest_others(w).max().item() for w in arrangements(2, classes)]
            # an image in the direction of its own class weight, the best place between two neighbours
            side = LOSSES["circle_class"].boundary(values(1.0), values(nearest[0]), margin=margin)
            assert bool(text) == (classes > 1 and side.item() > 0 and nearest[0] > 0)
            assert not text or numbers(text) == pytest.approx([classes, nearest[0], math.sqrt(2) * margin], abs=6e-3)
            assert not text or min(nearest) > nearest[0] - 1e-9  # no arrangement has a smaller one
            assert not caution("circle_class", dim=128, classes=classes, margin=margin)


@backs("With unit-length features and # equally frequent classes, a scale of at least # is needed to give the "
    "correct class a probability of #. With a smaller scale the loss stays high.")  # fmt: skip
def test_normface_warns_of_a_scale_that_cannot_reach_a_probability_of_09():
    for classes in CLASSES:
        labels = torch.arange(classes)
        for scale in (1.0, 2.0, 4.0, 8.0, 20.0):
            text = caution("normface", classes=classes, scale=scale)
            best = math.exp(-floor_value("normface", {"scale": scale}, labels))
            assert bool(text) == (best < 0.9)
            if text:
                count, needed, probability = numbers(text)
                assert (count, probability) == (classes, 0.9)
                at_needed = math.exp(-floor_value("normface", {"scale": needed}, labels))
                assert at_needed == pytest.approx(0.9, abs=2e-3)
