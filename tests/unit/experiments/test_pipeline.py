"""One cell from start to end, against plain slow references, on ten small blobs."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from cl_core import training
from cl_core.analysis import metrics
from cl_core.data import datasets
from cl_core.experiments import Cell, pipeline
from cl_core.experiments.pipeline import Outcome
from cl_core.runtime import process_memory
from cl_core.training import config, loop, rng

CELL = Cell("published", "blobs", "triplet_semihard", 32, 0.001, 30, 1, 3, odd=True)
BASELINE = replace(CELL, method="baseline", steps=60)
COSTS = ("seconds", "seconds_two", "memory")
SCORES = ("accuracy_right", "accuracy_odd", "knn", "map_r", "spread", "alignment", "uniformity", "compactness")


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return pipeline.run_cell(CELL)


def trained(cell):
    return training.advance(training.start(cell.spec), steps=cell.steps)


def numbers(outcome):
    return {name: value for name, value in asdict(outcome).items() if name not in (*COSTS, "points")}


def test_the_same_cell_gives_the_same_numbers_whatever_is_said_of_it_meanwhile(outcome, monkeypatch):
    monkeypatch.setattr(pipeline, "CHUNK", 7)
    torch.manual_seed(5)
    again = pipeline.run_cell(CELL)
    assert {**numbers(again), "loss": 0} == {**numbers(outcome), "loss": 0}  # the mean of the last CHUNK losses
    np.testing.assert_array_equal(again.points, outcome.points)
    np.testing.assert_array_equal(trained(CELL).losses[-7:].mean(), np.float32(again.loss))
    another = pipeline.run_cell(replace(CELL, seed=4))
    assert another.accuracy_right != outcome.accuracy_right
    assert not np.array_equal(another.points, outcome.points)


def test_how_far_it_is(outcome, monkeypatch):
    monkeypatch.setattr(pipeline, "CHUNK", 12)
    heard = []
    pipeline.run_cell(replace(CELL, epochs=2), heard.append)
    assert heard == pytest.approx([0.8 * 12 / 30, 0.8 * 24 / 30, 0.8, 0.9, 1.0])


def test_a_cell_goes_on_beyond_the_steps_of_a_run_that_is_watched(monkeypatch):
    limits = []
    advance = training.advance

    def noted(state, **bounds):
        limits.append(bounds.get("limit"))
        return advance(state, **{**bounds, "limit": 10**6})  # so that the test ends in any case

    monkeypatch.setattr(training, "advance", noted)
    monkeypatch.setattr(config, "MAX_STEPS", 20)
    assert pipeline.run_cell(CELL).steps == 30
    assert set(limits) == {30}


def test_what_is_measured_is_the_first_stage(outcome):
    state = trained(CELL)
    shot = training.snapshot(state, pipeline.PROBES)
    z, y = torch.from_numpy(shot.z), torch.from_numpy(shot.y)
    assert outcome.steps == 30
    assert outcome.failure == ""
    assert outcome.loss == pytest.approx(state.losses.mean())
    assert outcome.knn == metrics.neighbour_scores(z, y)[0]
    assert outcome.spread == pytest.approx(math.sqrt(z.var(0, correction=0).sum()), rel=1e-5)
    assert outcome.points.shape == (pipeline.DRAWN, 2)
    # a turned plane keeps the distances that its two axes can show
    shown = np.linalg.svd(shot.z - shot.z.mean(0), full_matrices=False)[2][:2]
    flat = (shot.z - shot.z.mean(0))[: pipeline.DRAWN] @ shown.T
    np.testing.assert_allclose(np.abs(outcome.points), np.abs(flat), atol=2e-3)
    assert min(outcome.seconds, outcome.seconds_two) > 0


# --- the second stage -------------------------------------------------------------------------------------------------


class Twice(nn.Module):
    """Cross-entropy that is fed probabilities, element by element."""

    def forward(self, logits, y):
        share = logits.exp() / logits.exp().sum(1, keepdim=True)
        terms = [torch.log(sum(x.exp() for x in row)) - row[label] for row, label in zip(share, y, strict=True)]
        return sum(terms) / len(terms)


def slowly(features, y, classes, epochs, seed, loss):
    """One linear classifier by itself: torch's own layer, loss and Adam, batch after batch."""
    layer = nn.Linear(features.shape[1], classes)
    bound = math.sqrt(6 / (features.shape[1] + classes))  # Glorot and Bengio 2010
    start = torch.empty(features.shape[1], classes).uniform_(
        -bound, bound, generator=rng.generator(seed, rng.CLASSIFIER)
    )
    with torch.no_grad():
        layer.weight.copy_(start.T)
        layer.bias.zero_()
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.001)
    for epoch in range(epochs):
        order = rng.permutation(seed, epoch, len(features), rng.CLASSIFIER).tolist()
        while len(order) >= 32:
            rows, order = order[:32], order[32:]
            optimiser.zero_grad()
            loss(layer(features[rows]), y[rows]).backward()
            optimiser.step()
    return layer


def test_both_classifiers_are_what_each_would_be_alone():
    throw = torch.Generator().manual_seed(0)
    features, y = torch.randn(200, 6, generator=throw), torch.randint(4, (200,), generator=throw)
    weight, bias = pipeline.train_classifiers(features, y, 4, epochs=3, seed=9)
    assert (weight.shape, bias.shape) == ((2, 6, 4), (2, 1, 4))
    for head, loss in (("right", nn.CrossEntropyLoss()), ("odd", Twice())):
        layer = slowly(features, y, 4, 3, 9, loss)
        mine = pipeline.HEADS.index(head)
        torch.testing.assert_close(weight[mine], layer.weight.detach().T, atol=2e-5, rtol=0)
        torch.testing.assert_close(bias[mine, 0], layer.bias.detach(), atol=2e-5, rtol=0)
    assert (weight[0] - weight[1]).abs().max() > 1e-3


def test_accuracies_are_of_the_test_images_on_the_frozen_encoder(outcome):
    data, net = datasets.load("blobs"), loop._Trainer(CELL.spec, trained(CELL)).net
    with torch.no_grad():
        train, test = (net.body(torch.tensor(x)) for x in (data.x_train, data.x_test))  # what the projector is fed
    torch.testing.assert_close(train.norm(dim=1), torch.ones(len(train)))
    for head, loss in (("right", nn.CrossEntropyLoss()), ("odd", Twice())):
        layer = slowly(train, torch.tensor(data.y_train), 10, 1, CELL.seed, loss)
        right = sum(int(row.argmax()) == label for row, label in zip(layer(test), data.y_test, strict=True))
        # to one image: what rounding moves past another class
        assert getattr(outcome, f"accuracy_{head}") == pytest.approx(right / len(data.y_test), abs=0.0011)


def test_softmax_twice_cannot_fall_below_1_461():
    """Ten classes that a classifier tells apart for certain: log(e + 9) - 1."""
    y = torch.arange(10)
    floor = float(Twice()(60 * torch.eye(10).double(), y))
    assert floor == pytest.approx(1.4612, abs=1e-4)
    state = training.advance(training.start(replace(BASELINE, rate=0.01).spec), steps=200)
    assert 1.461 < state.losses.min() < 1.6


# --- the baseline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("odd", "has", "lacks"), [(True, "odd", "right"), (False, "right", "odd")])
def test_the_baseline_is_its_own_classifier(odd, has, lacks):
    cell = replace(BASELINE, odd=odd)
    found, state = pipeline.run_cell(cell), trained(cell)
    weight, bias = training.class_weights(state)
    data = datasets.load("blobs")
    z = training.embed(state, data.x_test).numpy().astype(np.float64)
    right = 0
    for row, label in zip(z, data.y_test, strict=True):
        logits = [float(row @ w) + b for w, b in zip(weight.astype(np.float64), bias, strict=True)]
        right += logits.index(max(logits)) == label
    assert getattr(found, f"accuracy_{has}") == pytest.approx(right / len(z), abs=1e-6)
    assert math.isnan(getattr(found, f"accuracy_{lacks}"))
    assert found.knn > 0.5


# --- how tight classes are --------------------------------------------------------------------------------------------


def compactness_slowly(z, y):
    u = [row / row.norm() for row in z.double()]
    means = {label: sum(v for v, k in zip(u, y, strict=True) if k == label) / y.count(label) for label in set(y)}
    own = [float((v - means[k]).norm()) for v, k in zip(u, y, strict=True)]
    apart = [float((means[a] - means[b]).norm()) for a in means for b in means if a < b]
    return sum(own) / len(own) / (sum(apart) / len(apart))


def test_compactness_is_as_the_loops_say(outcome):
    throw = torch.Generator().manual_seed(1)
    z, y = torch.randn(40, 5, generator=throw), torch.randint(3, (40,), generator=throw) * 4  # labels with gaps
    assert pipeline.compactness(z, y) == pytest.approx(compactness_slowly(z, y.tolist()), rel=1e-9)
    assert pipeline.compactness(7 * z, y) == pytest.approx(pipeline.compactness(z, y), rel=1e-6)  # directions only
    shot = training.snapshot(trained(CELL), pipeline.PROBES)
    assert outcome.compactness == pytest.approx(compactness_slowly(torch.from_numpy(shot.z), shot.y.tolist()), rel=1e-9)


def test_compactness_of_points_one_can_see():
    square = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert pipeline.compactness(square, torch.tensor([0, 0, 1, 1])) == pytest.approx(0)
    # both means are (1/2, 1/2): no distance between them
    assert math.isnan(pipeline.compactness(square, torch.tensor([0, 1, 0, 1])))
    assert math.isnan(pipeline.compactness(square, torch.zeros(4, dtype=torch.long)))


# --- what goes wrong, and what it costs -------------------------------------------------------------------------------


def failed(cell, monkeypatch):
    """The outcome of a cell whose weights turn to NaN at its 15th step."""

    def advance(state, **bounds):
        state = training_advance(state, **bounds)
        if state.step < 15:
            return state
        return replace(
            state, vector=state.vector * np.float32("nan"), failure=training.divergence_advice(state.spec, 15)
        )

    training_advance = training.advance
    monkeypatch.setattr(pipeline, "CHUNK", 5)
    monkeypatch.setattr(training, "advance", advance)
    return pipeline.run_cell(cell)


@pytest.mark.parametrize("method", ["baseline", "triplet_semihard"])
def test_a_first_stage_that_turns_to_nan_says_so_and_has_no_scores(method, monkeypatch):
    found = failed(replace(CELL, method=method), monkeypatch)
    assert "At step 15 the numbers ran out of range" in found.failure
    assert all(math.isnan(getattr(found, name)) for name in SCORES), found
    assert found.steps == 15
    assert math.isfinite(found.loss)  # of the steps before
    assert np.isfinite(found.points).all()


def test_a_run_that_leaves_the_range_at_its_first_step_has_no_loss_either(monkeypatch):
    step = loop._Trainer.step
    monkeypatch.setattr(loop._Trainer, "step", lambda machine, nth: (step(machine, nth)[0] * np.nan, 1))
    found = pipeline.run_cell(CELL)
    assert found.failure
    assert found.steps == 0
    assert all(math.isnan(getattr(found, name)) for name in (*SCORES, "loss"))


@pytest.mark.skipif(not process_memory.resident_bytes(), reason="the system does not say")
def test_memory_is_what_the_steps_took_and_grows_with_the_batch():
    small, large = (pipeline.run_cell(replace(CELL, batch=batch, steps=2)).memory for batch in (32, 2048))
    assert large - small > 16  # MiB: at the least one more matrix of 2,048 x 2,048 float32
    assert large < 1000


def test_what_a_result_was_made_with():
    made = pipeline.versions()
    assert made["numpy"] == np.__version__
    assert "torch" in made["machine"]
    assert all(isinstance(text, str) and text for text in made.values())
