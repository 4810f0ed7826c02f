"""One cell of the experiment from start to end, against plain slow implementations, on the blobs data set."""

import math
from dataclasses import asdict, replace
from functools import cache

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


@cache
def trained_state(cell):
    return training.advance(training.start(cell.spec), steps=cell.steps)


def deterministic_values(outcome):
    return {name: value for name, value in asdict(outcome).items() if name not in (*COSTS, "points")}


def test_cell_is_deterministic_whatever_the_chunk_size(outcome, monkeypatch):
    monkeypatch.setattr(pipeline, "CHUNK", 7)
    torch.manual_seed(5)
    second = pipeline.run_cell(CELL)
    # the loss is the mean of the last CHUNK losses
    assert {**deterministic_values(second), "loss": 0} == {**deterministic_values(outcome), "loss": 0}
    np.testing.assert_array_equal(second.points, outcome.points)
    np.testing.assert_array_equal(trained_state(CELL).losses[-7:].mean(), np.float32(second.loss))
    another = pipeline.run_cell(replace(CELL, seed=4))
    assert another.accuracy_right != outcome.accuracy_right
    assert not np.array_equal(another.points, outcome.points)


def test_cell_reports_its_progress(outcome, monkeypatch):
    monkeypatch.setattr(pipeline, "CHUNK", 12)
    fractions = []
    pipeline.run_cell(replace(CELL, epochs=2), fractions.append)
    assert fractions == pytest.approx([0.8 * 12 / 30, 0.8 * 24 / 30, 0.8, 0.9, 1.0])


def test_cell_trains_beyond_max_steps_of_live_runs(monkeypatch):
    limits = []
    advance = training.advance

    def advance_and_log(state, **bounds):
        limits.append(bounds.get("limit"))
        return advance(state, **{**bounds, "limit": 10**6})  # so that the test ends in any case

    monkeypatch.setattr(training, "advance", advance_and_log)
    monkeypatch.setattr(config, "MAX_STEPS", 20)
    assert pipeline.run_cell(CELL).steps == 30
    assert set(limits) == {30}


def test_metrics_are_those_of_the_first_stage(outcome):
    state = trained_state(CELL)
    snapshot = training.snapshot(state, pipeline.PROBES)
    z, y = torch.from_numpy(snapshot.z), torch.from_numpy(snapshot.y)
    assert outcome.steps == 30
    assert outcome.failure == ""
    assert outcome.loss == pytest.approx(state.losses.mean())
    assert outcome.knn == metrics.neighbour_scores(z, y)[0]
    assert outcome.spread == pytest.approx(math.sqrt(z.var(0, correction=0).sum()), rel=1e-5)
    assert outcome.points.shape == (pipeline.DRAWN, 2)
    # up to the signs of the axes
    axes = np.linalg.svd(snapshot.z - snapshot.z.mean(0), full_matrices=False)[2][:2]
    projected = (snapshot.z - snapshot.z.mean(0))[: pipeline.DRAWN] @ axes.T
    np.testing.assert_allclose(np.abs(outcome.points), np.abs(projected), atol=2e-3)
    assert min(outcome.seconds, outcome.seconds_two) > 0


# --- the second stage -------------------------------------------------------------------------------------------------


class SoftmaxTwice(nn.Module):
    """Cross-entropy of probabilities instead of logits, element by element."""

    def forward(self, logits, y):
        probabilities = logits.exp() / logits.exp().sum(1, keepdim=True)
        terms = [torch.log(sum(x.exp() for x in row)) - row[label] for row, label in zip(probabilities, y, strict=True)]
        return sum(terms) / len(terms)


def train_classifier_slowly(features, y, classes, epochs, seed, loss, epsilon=1e-8):
    """Train one linear classifier with torch's own layer and Adam, batch by batch."""
    layer = nn.Linear(features.shape[1], classes)
    bound = math.sqrt(6 / (features.shape[1] + classes))  # Glorot and Bengio 2010
    start = torch.empty(features.shape[1], classes).uniform_(
        -bound, bound, generator=rng.generator(seed, rng.CLASSIFIER)
    )
    with torch.no_grad():
        layer.weight.copy_(start.T)
        layer.bias.zero_()
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.001, eps=epsilon)
    for epoch in range(epochs):
        order = rng.permutation(seed, epoch, len(features), rng.CLASSIFIER).tolist()
        while len(order) >= 32:
            rows, order = order[:32], order[32:]
            optimiser.zero_grad()
            loss(layer(features[rows]), y[rows]).backward()
            optimiser.step()
    return layer


@pytest.mark.parametrize(("optimiser", "epsilon"), [("adam", 1e-8), ("keras_adam", 1e-7)])
def test_classifiers_trained_together_equal_those_trained_alone(optimiser, epsilon):
    generator = torch.Generator().manual_seed(0)
    features, y = torch.randn(200, 6, generator=generator), torch.randint(4, (200,), generator=generator)
    weight, bias = pipeline.train_classifiers(features, y, 4, epochs=3, seed=9, optimiser=optimiser)
    assert (weight.shape, bias.shape) == ((2, 6, 4), (2, 1, 4))
    for head, loss in (("right", nn.CrossEntropyLoss()), ("odd", SoftmaxTwice())):
        layer = train_classifier_slowly(features, y, 4, 3, 9, loss, epsilon)
        index = pipeline.HEADS.index(head)
        torch.testing.assert_close(weight[index], layer.weight.detach().T, atol=2e-5, rtol=0)
        torch.testing.assert_close(bias[index, 0], layer.bias.detach(), atol=2e-5, rtol=0)
    assert (weight[0] - weight[1]).abs().max() > 1e-3


@pytest.mark.parametrize(("study", "optimiser"), [("published", "adam"), ("program", "keras_adam")])
def test_both_stages_have_the_optimiser_of_the_study(monkeypatch, study, optimiser):
    names = []

    def stop(*_, **settings):
        names.append(settings["optimiser"])
        raise InterruptedError

    monkeypatch.setattr(pipeline, "train_classifiers", stop)
    cell = replace(CELL, study=study, steps=2)
    with pytest.raises(InterruptedError):
        pipeline.run_cell(cell)
    assert [*names, cell.spec.optimiser] == [optimiser] * 2


def test_accuracies_are_of_test_images_on_the_frozen_encoder(outcome):
    data, net = datasets.load("blobs"), loop._Trainer(CELL.spec, trained_state(CELL)).net
    with torch.no_grad():
        train, test = (net.body(torch.tensor(x)) for x in (data.x_train, data.x_test))  # the projector's inputs
    torch.testing.assert_close(train.norm(dim=1), torch.ones(len(train)))
    for head, loss in (("right", nn.CrossEntropyLoss()), ("odd", SoftmaxTwice())):
        layer = train_classifier_slowly(train, torch.tensor(data.y_train), 10, 1, CELL.seed, loss)
        correct = sum(int(row.argmax()) == label for row, label in zip(layer(test), data.y_test, strict=True))
        # up to one image, which rounding may move to another class
        assert getattr(outcome, f"accuracy_{head}") == pytest.approx(correct / len(data.y_test), abs=0.0011)


def test_softmax_twice_has_floor_1_461():
    """With ten perfectly separated classes its value is log(e + 9) - 1."""
    y = torch.arange(10)
    floor = float(SoftmaxTwice()(60 * torch.eye(10).double(), y))
    assert floor == pytest.approx(1.4612, abs=1e-4)
    state = training.advance(training.start(replace(BASELINE, rate=0.01).spec), steps=200)
    assert 1.461 < state.losses.min() < 1.6


# --- the baseline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("odd", "has", "lacks"), [(True, "odd", "right"), (False, "right", "odd")])
def test_baseline_is_scored_by_its_own_classifier(odd, has, lacks):
    cell = replace(BASELINE, odd=odd)
    outcome, state = pipeline.run_cell(cell), trained_state(cell)
    weight, bias = training.class_weights(state)
    data = datasets.load("blobs")
    z = training.embed(state, data.x_test).numpy().astype(np.float64)
    correct = 0
    for row, label in zip(z, data.y_test, strict=True):
        logits = [float(row @ w) + b for w, b in zip(weight.astype(np.float64), bias, strict=True)]
        correct += logits.index(max(logits)) == label
    assert getattr(outcome, f"accuracy_{has}") == pytest.approx(correct / len(z), abs=1e-6)
    assert math.isnan(getattr(outcome, f"accuracy_{lacks}"))
    assert outcome.knn > 0.5


# --- how tight classes are --------------------------------------------------------------------------------------------


def compactness_by_loops(z, y):
    u = [row / row.norm() for row in z.double()]
    means = {label: sum(v for v, k in zip(u, y, strict=True) if k == label) / y.count(label) for label in set(y)}
    own = [float((v - means[k]).norm()) for v, k in zip(u, y, strict=True)]
    apart = [float((means[a] - means[b]).norm()) for a in means for b in means if a < b]
    return sum(own) / len(own) / (sum(apart) / len(apart))


def test_compactness_equals_loops(outcome):
    generator = torch.Generator().manual_seed(1)
    z, y = torch.randn(40, 5, generator=generator), torch.randint(3, (40,), generator=generator) * 4  # labels with gaps
    assert pipeline.compactness(z, y) == pytest.approx(compactness_by_loops(z, y.tolist()), rel=1e-9)
    assert pipeline.compactness(7 * z, y) == pytest.approx(pipeline.compactness(z, y), rel=1e-6)  # directions only
    snapshot = training.snapshot(trained_state(CELL), pipeline.PROBES)
    assert outcome.compactness == pytest.approx(
        compactness_by_loops(torch.from_numpy(snapshot.z), snapshot.y.tolist()), rel=1e-9
    )


def test_compactness_of_points_by_hand():
    square = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert pipeline.compactness(square, torch.tensor([0, 0, 1, 1])) == pytest.approx(0)
    # both means are (1/2, 1/2): no distance between them
    assert math.isnan(pipeline.compactness(square, torch.tensor([0, 1, 0, 1])))
    assert math.isnan(pipeline.compactness(square, torch.zeros(4, dtype=torch.long)))


# --- what goes wrong, and what it costs -------------------------------------------------------------------------------


def diverged_outcome(cell, monkeypatch):
    """Return the outcome of a cell whose weights become NaN at step 15."""

    def advance(state, **bounds):
        state = original_advance(state, **bounds)
        if state.step < 15:
            return state
        return replace(
            state, vector=state.vector * np.float32("nan"), failure=training.divergence_advice(state.spec, 15)
        )

    original_advance = training.advance
    monkeypatch.setattr(pipeline, "CHUNK", 5)
    monkeypatch.setattr(training, "advance", advance)
    return pipeline.run_cell(cell)


@pytest.mark.parametrize("method", ["baseline", "triplet_semihard"])
def test_diverged_first_stage_is_reported_without_scores(method, monkeypatch):
    outcome = diverged_outcome(replace(CELL, method=method), monkeypatch)
    assert "At step 15 the numbers ran out of range" in outcome.failure
    assert all(math.isnan(getattr(outcome, name)) for name in SCORES), outcome
    assert outcome.steps == 15
    assert math.isfinite(outcome.loss)  # of the steps before
    assert np.isfinite(outcome.points).all()


def test_cell_that_diverges_at_its_first_step_has_no_loss(monkeypatch):
    step = loop._Trainer.step
    monkeypatch.setattr(loop._Trainer, "step", lambda trainer, nth: (step(trainer, nth)[0] * np.nan, 1))
    outcome = pipeline.run_cell(CELL)
    assert outcome.failure
    assert outcome.steps == 0
    assert all(math.isnan(getattr(outcome, name)) for name in (*SCORES, "loss"))


@pytest.mark.slow
@pytest.mark.skipif(not process_memory.resident_bytes(), reason="the system does not say")
def test_memory_grows_with_the_batch_size():
    small, large = (pipeline.run_cell(replace(CELL, batch=batch, steps=2)).memory for batch in (32, 2048))
    assert large - small > 16  # MiB: at the least one more matrix of 2,048 x 2,048 float32
    assert large < 1000


def test_versions_name_numpy_torch_and_the_machine():
    versions = pipeline.versions()
    assert versions["numpy"] == np.__version__
    assert "torch" in versions["machine"]
    assert all(isinstance(text, str) and text for text in versions.values())
