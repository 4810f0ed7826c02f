"""Regions of class weights: logits as a test has them, and wedges where the loss itself says that the margin is met."""

import math

import numpy as np
import pytest
import torch

from cl_core.analysis.class_regions import class_regions, has_margin
from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast

OF_CLASSES = [loss for loss in LOSSES.values() if loss.classes]
MARGINS = {
    "am_softmax": (0.05, 0.35),
    "arcface": (0.1, 0.5),
    "l_softmax": (2, 4),
    "sphereface": (2, 4),
    "circle_class": (0.25, 0.5),
}


def even_weights(classes=10):
    angles = 2 * np.pi * np.arange(classes) / classes
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def violated(loss, theta, weight, label, degrees):
    """Return whether the loss of a class and any other one is above its level, at angles from the class weight."""
    own = math.atan2(weight[label, 1], weight[label, 0])
    angle = torch.deg2rad(torch.from_numpy(degrees)) + own
    z = torch.stack([angle.cos(), angle.sin()], 1)
    worst = torch.zeros(len(z), dtype=torch.float64)
    for other in range(len(weight)):
        if other == label:
            continue
        pair = torch.from_numpy(weight[[label, other]])
        contrast = Contrast.of_prototypes(z, torch.zeros(len(z), dtype=torch.int64), pair, loss.metric_of(theta), None)
        worst = torch.maximum(worst, loss(contrast, **theta).total)
    return (worst > loss.level + 1e-9).numpy()


@pytest.mark.parametrize("loss", OF_CLASSES, ids=lambda loss: loss.key)
def test_lengths_of_class_weights_count_just_where_the_loss_says_so(loss):
    generator = torch.Generator().manual_seed(1)
    z, weight = torch.randn(20, 2, generator=generator), torch.randn(4, 2, generator=generator)
    y = torch.arange(20) % 4

    def value(weights):
        return loss(loss.contrast(z, y, loss.defaults, weights), **loss.defaults).mean()

    scaled = weight * torch.tensor([[0.5], [1.0], [2.0], [3.0]])
    assert (abs(value(scaled) - value(weight)) > 1e-4) == loss.weight_lengths


@pytest.mark.parametrize("loss", OF_CLASSES, ids=lambda loss: loss.key)
def test_logits_are_largest_for_the_class_with_the_smallest_loss_without_margin(loss):
    rng = np.random.default_rng(2)
    weight, bias, points = rng.normal(size=(5, 2)), rng.normal(size=5), rng.normal(size=(300, 2))
    regions = class_regions(loss, loss.defaults, weight, bias if loss.bias else None, margins=False)
    assert np.isnan(regions[:, 3:]).all()
    lengths = 1 if loss.weight_lengths else np.linalg.norm(weight, axis=1)
    expected = points @ weight.T / lengths + (bias if loss.bias else 0)
    np.testing.assert_array_equal((points @ regions[:, :2].T + regions[:, 2]).argmax(1), expected.argmax(1))


def test_wedges_of_ten_weights_on_a_circle_are_those_of_the_papers():
    def half_width(key, **theta):
        loss = LOSSES[key]
        regions = class_regions(loss, dict(loss.check(theta)), even_weights(), None, margins=True)
        np.testing.assert_allclose(regions[:, 3], -regions[:, 4], atol=1e-3)
        return pytest.approx(float(regions[0, 4]), abs=0.01)

    assert (36 - math.degrees(0.2)) / 2 == half_width("arcface", margin=0.2)
    assert half_width("l_softmax", margin=2, annealing=0.0) == 36 / 3
    assert half_width("sphereface", margin=4, annealing=0.0) == 36 / 5
    # cos d - cos(36 - d) = 2 sin 18 sin(18 - d) = m
    assert 18 - math.degrees(math.asin(0.1 / (2 * math.sin(math.radians(18))))) == half_width("am_softmax", margin=0.1)
    circle = LOSSES["circle_class"]  # neighbours are more similar than sqrt(2) m
    theta = dict(circle.check({"margin": 0.5}))
    assert np.isnan(class_regions(circle, theta, even_weights(), None, margins=True)[:, 3:]).all()


@pytest.mark.parametrize("loss", [loss for loss in OF_CLASSES if has_margin(loss)], ids=lambda loss: loss.key)
def test_wedges_are_where_the_loss_is_below_its_level_with_every_other_class(loss):
    rng = np.random.default_rng(3)
    degrees = np.linspace(-179.9, 179.9, 1439)
    found = 0
    for classes in (2, 3, 10):
        for margin in MARGINS[loss.key]:
            theta = dict(loss.check({"margin": margin}))
            weight = rng.normal(size=(classes, 2))
            regions = class_regions(loss, theta, weight, None, margins=True)
            for label, (first, last) in enumerate(regions[:, 3:]):
                wrong = violated(loss, theta, weight, label, degrees)
                if np.isnan(first):
                    assert wrong[np.abs(degrees - degrees.round()) < 1e-6].all()
                    continue
                found += 1
                inside = (degrees > first + 0.1) & (degrees < last - 0.1)
                assert not wrong[inside].any()
                near = np.abs(degrees[~wrong]).min()
                assert min(abs(first), abs(last)) <= near + 1 or first <= 0 <= last, "it is the nearest one"
                for edge, outward in ((first, -0.1), (last, 0.1)):
                    if abs(edge) < 179:
                        assert wrong[np.abs(degrees - (edge + outward)).argmin() + int(np.sign(outward))]
    assert found


def test_softmax_and_normface_have_no_margin():
    assert [loss.key for loss in OF_CLASSES if not has_margin(loss)] == ["softmax", "normface"]
