"""A step of the engine against a step of the trainer, for every loss, miner, encoder and optimiser."""

import gzip
from typing import Any

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.data import augmentation
from cl_core.losses import LOSSES, variants
from cl_core.losses.parameters import Choice
from cl_core.programs.host import Running
from cl_core.programs.sliders import sliders
from cl_core.programs.steps import step_program
from cl_core.training import RunSpec, encoders, loop, rng
from cl_core.training.batches import batch_indices, to_float
from cl_core.training.config import OPTIMISERS

MAX_BYTES = 5000  # of a step, gzipped
LARGEST_DIFFERENCE = 2e-6  # of a step, in the norm; float32 has 6e-8
ROUNDING = 1.2e-7  # of the numbers themselves
OF_ADAM = 1e-3  # of the weights: Adam divides a gradient that is next to nothing by its own size
OF_ADAM_ON_WHOLE_BATCHES = 5e-3  # PyTorch's own step with two threads differs by 1e-3 from that with one
OF_WHOLE_BATCHES = 2e-5  # pooled over a batch, the differences of all logits add up before their exponential
VIEWS = 1e-5  # of small gradients: two views of an image are nearly one point at first


def specs() -> list[RunSpec]:
    """Return a run of each loss with each of its choices, and of each encoder and optimiser."""
    found = []
    for loss in LOSSES.values():
        choices = [
            {name: option}
            for name, parameter in loss.parameters.items()
            if isinstance(parameter.spec, Choice)
            for option in parameter.spec.options
        ]
        recipe = loss.recipe
        settings: dict[str, Any] = {"dim": recipe.dim, "unit_norm": recipe.unit_norm, "rate": recipe.rate, "batch": 32}
        found += [RunSpec(loss=loss.key, theta=theta, **settings) for theta in choices or [{}]]
    found += [RunSpec(optimiser=optimiser, batch=32, rate=0.01) for optimiser in OPTIMISERS]
    for key, encoder in encoders.ENCODERS.items():
        found.append(RunSpec(encoder=key, batch=32, dim=128 if encoder.any_dim else encoders.WIDTH))
    found += [RunSpec(loss="nt_xent", encoder="cnn", batch=32), RunSpec(dataset="blobs", batch=32)]
    found.append(RunSpec(loss="triplet", theta={"mining": "semihard"}, batch=256))  # too many triplets for one array
    for loss in LOSSES.values():
        for variant in variants.variants_of(loss.key):
            if variant.can_train:
                settings = {"dim": loss.recipe.dim, "unit_norm": loss.recipe.unit_norm, "rate": loss.recipe.rate}
                found.append(RunSpec(loss=loss.key, convention=variant.key, batch=32, **settings))
    return found


def describe(spec: RunSpec) -> str:
    theta = "-".join(str(value) for name, value in spec.theta.items() if isinstance(value, str))
    return f"{spec.loss}-{theta}-{spec.encoder}-{spec.optimiser}-{spec.dataset}-{spec.batch}-{spec.convention}"


def inputs_of_step(state: training.State) -> dict[str, object]:
    """Return what the engine needs for the next step of a run."""
    spec = state.spec
    trainer = loop._Trainer(spec, state)
    indices = batch_indices(spec, state.step, len(trainer.rows))
    x, y = trainer.rows[indices], trainer.labels[indices]
    if trainer.views:
        x = augmentation.two_views(to_float(x), rng.generator(spec.seed, rng.NOISE, state.step))
        y = torch.zeros(spec.batch, dtype=torch.int64)
    inputs = {"vector": state.vector, "step": state.step, "rate": spec.rate, "x": x.numpy(), "y": y.numpy()}
    return inputs | {name: trainer.loss.theta[name] for name in sliders(LOSSES[spec.loss])}


@pytest.mark.slow
@pytest.mark.parametrize("spec", specs(), ids=describe)
def test_step_equals_the_trainers(spec):
    state = training.advance(training.start(spec), steps=3)
    got = Running(step_program(spec))(**inputs_of_step(state))
    after = training.advance(state, steps=1)
    ours, theirs = got["vector"] - state.vector, after.vector - state.vector
    size = loop._Trainer(spec, state).size
    pooled = spec.theta.get("pool") == "batch" or spec.loss == "pccl_released"
    bound = OF_WHOLE_BATCHES if pooled else VIEWS if LOSSES[spec.loss].views else LARGEST_DIFFERENCE
    if spec.encoder == "cnn":
        bound *= 3  # sums over all places of the images
    for start in range(0, len(ours), size):
        difference = np.linalg.norm(ours[start : start + size] - theirs[start : start + size])
        whole = np.linalg.norm(after.vector[start : start + size])
        change = np.linalg.norm(theirs[start : start + size])
        if start:  # moments, which are sums of gradients; their change may be the small difference of large numbers
            allowed = bound * whole
        else:
            of_adam = OF_ADAM_ON_WHOLE_BATCHES if pooled else OF_ADAM
            allowed = (bound if spec.optimiser == "sgd" else of_adam) * change + ROUNDING * whole
        assert difference <= allowed, (start // size, difference / whole)
    assert got["loss"] == pytest.approx(after.losses[-1], rel=2e-6)


@pytest.mark.parametrize("loss", ["supcon", "triplet", "circle"])
def test_step_takes_few_bytes(loss):
    assert len(gzip.compress(step_program(RunSpec(loss=loss)).to_bytes(), 9)) <= MAX_BYTES


def test_terms_are_counted_as_the_trainer_counts_them():
    state = training.start(RunSpec(loss="triplet", theta={"mining": "semihard"}, batch=32))
    inputs = inputs_of_step(state)
    trainer = loop._Trainer(state.spec, state)
    assert Running(step_program(state.spec))(**inputs)["terms"] == trainer.step(0)[1]


def test_many_steps_of_the_engine_learn_as_the_trainer_does():
    spec = RunSpec(batch=64)
    running, state = Running(step_program(spec)), training.start(spec)
    losses = []
    for _ in range(30):
        got = running(**inputs_of_step(state))
        losses.append(float(got["loss"]))
        state = training.State(spec, state.step + 1, got["vector"])
    theirs = training.advance(training.start(spec), steps=30)
    np.testing.assert_allclose(losses, theirs.losses, rtol=0.02)
    assert losses[-1] < 0.85 * losses[0]
