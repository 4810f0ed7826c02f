"""The lines of a loss curve by the engine against the library, for every loss and corner of its sliders."""

import gzip
import itertools
from dataclasses import replace

import numpy as np
import pytest

from cl_core.losses import LOSSES, variants
from cl_core.programs.host import Running
from cl_core.programs.references import reference_program
from cl_core.programs.sliders import all_choices, sliders
from cl_core.training import RunSpec
from cl_core.training.collapse_values import averaged_labels, collapse_and_floor

ROUNDING_AT_ANGLE_0 = 1e-8  # the sine of a cosine that is 1 but for its last bit
MAX_BYTES = 2000  # gzipped
ONE_BATCH, SIXTEEN = 256, 64  # batch sizes of which one batch counts, and sixteen


def means(running, batches, theta):
    """Return both values of a run: the means over the batches that count."""
    values = np.array([[*running(labels=labels, **theta).values()] for labels in batches])
    informative = values[:, 0] != 0
    return values[informative if informative.any() else ...].mean(0)


def check(loss, fixed, batch, corners):
    spec = RunSpec(loss=loss.key, theta=fixed, batch=batch, dim=8)
    labels = averaged_labels(spec)
    running = Running(reference_program(spec))
    for values in corners:
        theta = dict(zip(sliders(loss), values, strict=True))
        expected = collapse_and_floor(RunSpec(loss=loss.key, theta={**fixed, **theta}, batch=batch, dim=8))
        np.testing.assert_allclose(means(running, labels, theta), expected, rtol=1e-9, atol=1e-9)
    return labels


@pytest.mark.parametrize("which", [0, -1], ids=["first choices", "last choices"])
@pytest.mark.parametrize("key", LOSSES)
def test_lines_are_those_of_the_library(key, which):
    loss = LOSSES[key]
    ranges = [(spec.low, spec.high) for spec in (loss.parameters[name].spec for name in sliders(loss))]
    check(loss, list(all_choices(loss))[which], ONE_BATCH, itertools.product(*ranges))


VARIANTS = [
    variant
    for key in LOSSES
    for variant in variants.variants_of(key)
    if variant.can_train and variant.function is not None
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: f"{variant.loss}-{variant.key}")
def test_lines_of_variants_are_those_of_the_library(variant):
    loss = LOSSES[variant.loss]
    ranges = [(spec.low, spec.high) for spec in (loss.parameters[name].spec for name in sliders(loss))]
    for unit_norm in {loss.recipe.unit_norm, False}:
        spec = RunSpec(loss=loss.key, convention=variant.key, batch=ONE_BATCH, dim=8, unit_norm=unit_norm)
        labels = averaged_labels(spec)
        running = Running(reference_program(spec))
        for values in itertools.product(*ranges):
            theta = dict(zip(sliders(loss), values, strict=True))
            expected = collapse_and_floor(replace(spec, theta=theta))
            np.testing.assert_allclose(means(running, labels, theta), expected, rtol=ROUNDING_AT_ANGLE_0, atol=1e-9)


@pytest.mark.parametrize("loss", ["triplet", "circle"])
def test_program_of_the_lines_is_small_however_many_batches_count(loss):
    assert len(gzip.compress(reference_program(RunSpec(loss=loss, batch=32)).to_bytes(), 9)) <= MAX_BYTES


def test_lines_are_means_of_several_batches():
    assert len(check(LOSSES["triplet"], {"mining": "semihard"}, SIXTEEN, [(0.2,)])) == 16
