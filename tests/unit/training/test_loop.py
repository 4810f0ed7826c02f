"""Training: steps, batches, seeds, conventions, augmented views, and the reference lines of a run."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from cl_core import losses, training
from cl_core.data import augmentation, datasets
from cl_core.losses import variants
from cl_core.training import RunSpec, batches, collapse_values, config, encoders, frames, loop

SMALL = RunSpec(dataset="blobs", dim=8, batch=32)
KINDS = [
    SMALL,
    RunSpec(dataset="mnist", batch=16, dim=4),
    RunSpec(dataset="mnist", batch=16, dim=4, encoder="cnn"),
    RunSpec(dataset="mnist", batch=16, dim=2, loss="nt_xent"),
    RunSpec(dataset="rings", dim=3, batch=32, loss="triplet", optimiser="sgd", rate=0.05, unit_norm=False),
]


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: f"{spec.dataset}-{spec.loss}-{spec.encoder}")
def test_training_is_deterministic_and_independent_of_chunking(spec):
    whole = training.advance(training.start(spec), steps=9)
    chunked = training.start(spec)
    losses_of_chunks = []
    for steps in (1, 3, 5):
        chunked = training.advance(chunked, steps=steps)
        losses_of_chunks.append(chunked.losses)
    np.testing.assert_array_equal(whole.vector, chunked.vector)
    np.testing.assert_array_equal(whole.losses, np.concatenate(losses_of_chunks))
    np.testing.assert_array_equal(training.snapshot(whole, 20).z, training.snapshot(chunked, 20).z)


def test_training_neither_uses_nor_changes_the_global_generator():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = training.advance(training.start(RunSpec(batch=8, loss="nt_xent")), steps=2)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    second = training.advance(training.start(RunSpec(batch=8, loss="nt_xent")), steps=2)
    np.testing.assert_array_equal(first.vector, second.vector)


def test_another_seed_changes_weights_and_batch_order():
    a, b = (training.start(dataclasses.replace(SMALL, seed=seed)) for seed in (0, 1))
    assert not np.array_equal(a.vector, b.vector)
    assert not np.array_equal(training.batch_labels(a.spec, 0), training.batch_labels(b.spec, 0))


def test_epoch_visits_every_row_once():
    spec = dataclasses.replace(SMALL, batch=64)
    n = len(batches.training_set(SMALL)[0])
    rows = torch.cat([batches.batch_indices(spec, step, n) for step in range(training.steps_per_epoch(spec))])
    assert len(rows.unique()) == len(rows) == n // 64 * 64
    following = batches.batch_indices(spec, training.steps_per_epoch(spec), n)
    assert not torch.equal(following, rows[:64])


@pytest.mark.parametrize(("batch", "views"), [(64, False), (96, False), (1000, False), (4096, False), (128, True)])
def test_epoch_keeps_its_last_smaller_batch_if_asked(batch, views):
    n = len(batches.training_set(SMALL)[0])
    spec = dataclasses.replace(SMALL, batch=batch, loss="nt_xent" if views else "supcon", theta={}, drop_last=False)
    size = min(spec.images_per_step, n)
    steps = training.steps_per_epoch(spec)
    assert steps == math.ceil(n / size)
    sizes = [len(batches.batch_indices(spec, step, n)) for step in range(steps)]
    assert sizes == [size] * (n // size) + [n % size] * (n % size > 0)
    epoch, following = (
        torch.cat([batches.batch_indices(spec, first + step, n) for step in range(steps)]) for first in (0, steps)
    )
    for rows in (epoch, following):
        assert torch.equal(rows.sort().values, torch.arange(n))  # every row once
    assert not torch.equal(epoch, following)
    whole = dataclasses.replace(spec, drop_last=True)
    assert training.steps_per_epoch(whole) == n // size
    assert torch.equal(batches.batch_indices(whole, 0, n), batches.batch_indices(spec, 0, n))


@pytest.mark.parametrize("left_over", [1, 2])
def test_run_survives_a_last_batch_of_one_or_two_images(left_over):
    n = len(batches.training_set(SMALL)[0])
    batch = next(size for size in range(4, n) if n % size == left_over)
    for loss in ("supcon", "triplet", "npair", "softmax"):
        spec = dataclasses.replace(SMALL, loss=loss, theta={}, batch=batch, drop_last=False)
        before = dataclasses.replace(training.start(spec), step=training.steps_per_epoch(spec) - 1)
        state = training.advance(before, steps=2)
        assert state.failure is None
        assert np.isfinite(state.losses).all()


def test_classifier_of_the_articles_net_starts_with_keras_weights():
    spec = RunSpec("blobs", "softmax", encoder="plain_article", dim=encoders.WIDTH, batch=32)
    weight, bias = training.class_weights(training.start(spec))
    bound = math.sqrt(6 / (encoders.WIDTH + 10))
    assert 0.95 * bound < np.abs(weight).max() <= bound
    assert not bias.any()


class KerasAdamByHand:
    """Keras' rule as its documentation writes it: lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + 1e-7)."""

    def __init__(self, parameters, rate):
        self.parameters, self.rate, self.t = list(parameters), rate, 0
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.parameters]

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        self.t += 1
        rate = self.rate * math.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        with torch.no_grad():
            for parameter, (m, v) in zip(self.parameters, self.moments, strict=True):
                m += 0.1 * (parameter.grad - m)
                v += 0.001 * (parameter.grad**2 - v)
                parameter -= rate * m / (v.sqrt() + 1e-7)


@pytest.mark.parametrize("optimiser", training.OPTIMISERS)
def test_step_matches_torch_optimiser_on_separate_parameters(optimiser):
    """The flat weight vector is only faster: plain modules with a plain optimiser give the same weights."""
    spec = dataclasses.replace(SMALL, optimiser=optimiser, rate=0.01)
    state = training.start(spec)
    net = loop._Trainer(spec, state).net
    plain = type(net)(net.body, net.projector, unit_norm=True)
    for parameter in plain.parameters():
        parameter.data = parameter.data.clone()
        parameter.grad = None
    torch_optimiser = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.01),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "keras_adam": lambda p: KerasAdamByHand(p, 0.01),
    }[optimiser](plain.parameters())
    loss = losses.module("supcon")
    x, y = batches.training_set(SMALL)
    for step in range(5):
        rows = batches.batch_indices(spec, step, len(x))
        torch_optimiser.zero_grad()
        loss(plain(x[rows]), y[rows]).backward()
        torch_optimiser.step()
    actual = training.advance(state, steps=5).vector
    expected = torch.cat([p.detach().ravel() for p in plain.parameters()]).numpy()
    np.testing.assert_allclose(actual[: len(expected)], expected, atol=2e-5)


CONVENTIONS = [  # the losses of the article
    RunSpec("blobs", "softmax", encoder="plain_mlp", dim=encoders.WIDTH, batch=32, convention="twice"),
    RunSpec("blobs", "npair", encoder="unit_mlp", dim=8, batch=32, convention="soft_labels"),
    RunSpec("blobs", "supcon", {"temperature": 0.5}, dim=8, batch=32, convention="base"),
]


@pytest.mark.parametrize("spec", CONVENTIONS, ids=lambda spec: spec.convention)
def test_convention_is_trained_with_its_own_loss_function(spec):
    """Losses and steps match the convention's function in plain torch, and differ from the default convention."""
    state = training.start(spec)
    trainer = loop._Trainer(spec, state)
    class_weights = [
        p.detach().clone().requires_grad_() for p in (trainer.loss.weight, trainer.loss.bias) if p is not None
    ]
    plain = encoders.build(spec.encoder, (2,), spec.dim, unit_norm=True)
    plain.load_state_dict(trainer.net.state_dict())
    parameters = [*plain.parameters(), *class_weights]
    torch_optimiser = torch.optim.Adam(parameters, lr=spec.rate)
    function = variants.get_variant(spec.loss, spec.convention).bound_function(spec.theta)
    x, y = (torch.tensor(part) for part in (datasets.load("blobs").x_train, datasets.load("blobs").y_train))
    values = []
    for step in range(4):
        rows = batches.batch_indices(spec, step, len(x))
        torch_optimiser.zero_grad()
        value = function(plain(x[rows]), y[rows], *class_weights)
        value.backward()
        torch_optimiser.step()
        values.append(value.item())
    actual = training.advance(state, steps=4)
    np.testing.assert_allclose(actual.losses, values, rtol=1e-5)
    expected = torch.cat([p.detach().ravel() for p in parameters]).numpy()
    np.testing.assert_allclose(actual.vector[: len(expected)], expected, atol=2e-5)
    here = training.advance(training.start(dataclasses.replace(spec, convention="here")), steps=1)
    assert not np.allclose(here.losses[0], values[0], rtol=1e-5)


TRAINABLE = [  # conventions with their own function that need only a labelled batch
    (key, variant.key)
    for key, loss in losses.LOSSES.items()
    for variant in variants.variants_of(key)
    if variant.function is not None and not loss.views and variant.can_train
]


@pytest.mark.slow  # 16 trainings
@pytest.mark.parametrize(("key", "convention"), TRAINABLE, ids=map("/".join, TRAINABLE))
def test_every_convention_learns_from_batches_with_single_images(key, convention):
    recipe = losses.LOSSES[key].recipe
    spec = RunSpec(
        "blobs", key, **{**dataclasses.asdict(recipe), "dim": 16, "encoder": "mlp", "batch": 12}, convention=convention
    )
    state = training.advance(training.start(spec), steps=80)
    assert state.failure is None
    assert state.losses[-20:].mean() < state.losses[:5].mean()


def test_convention_expressible_by_parameters_is_resolved_in_spec():
    spec = RunSpec("blobs", "triplet", {"margin": 0.4, "mining": "hard"}, dim=8, batch=32, convention="tfa")
    resolved = dataclasses.replace(spec, theta={"margin": 0.4, "distance": "euclidean", "mining": "semihard_tfa"})
    assert spec.theta == resolved.theta
    default = dataclasses.replace(resolved, convention="here")
    weights = [training.advance(training.start(one), steps=3).vector for one in (spec, default)]
    np.testing.assert_array_equal(*weights)


def test_initial_weights_have_the_bounds_of_torch():
    spec = RunSpec()
    net = loop._Trainer(spec, training.start(spec)).net
    for layer in net.modules():
        if isinstance(layer, torch.nn.Linear):
            bound = layer.in_features**-0.5  # kaiming_uniform_(a=sqrt(5)) is 1 / sqrt(fan_in)
            assert 0.95 * bound < layer.weight.abs().max() <= bound
            assert layer.bias.abs().max() <= bound


@pytest.mark.parametrize("key", losses.LOSSES)
def test_every_loss_decreases_with_its_recipe(key):
    recipe = losses.LOSSES[key].recipe
    spec = RunSpec("blobs", key, **{**dataclasses.asdict(recipe), "dim": 16, "encoder": "mlp"})
    state = training.start(spec)
    first = training.advance(state, steps=1)
    last = training.advance(first, steps=39)
    assert last.failure is None
    assert last.losses[-10:].mean() < first.losses[0]


def test_unit_norm_gives_unit_length_embeddings():
    normed = training.snapshot(training.start(SMALL), 50).z
    free = training.snapshot(training.start(dataclasses.replace(SMALL, unit_norm=False)), 50).z
    np.testing.assert_allclose(np.linalg.norm(normed, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(free, axis=1).std() > 1e-3


def test_advance_stops_after_seconds():
    state = training.advance(training.start(RunSpec()), seconds=0.05, steps=10_000)
    assert 0 < state.step < 10_000
    assert len(state.losses) == state.step
    with pytest.raises(ValueError, match="steps or of seconds"):
        training.advance(state)


def test_advance_stops_at_max_steps_unless_given_a_limit(monkeypatch):
    monkeypatch.setattr(config, "MAX_STEPS", 3)
    state = training.advance(training.start(SMALL), steps=10)
    assert state.step == 3
    over = training.advance(state, steps=10)
    assert (over.step, len(over.losses)) == (3, 0)
    farther = training.advance(over, steps=10, limit=5)
    assert (farther.step, len(farther.losses)) == (5, 2)
    assert training.advance(over, seconds=60.0, limit=4).step == 4


@pytest.mark.parametrize(
    "spec", [SMALL, RunSpec("mnist", batch=16, dim=4, encoder="unit_mlp")], ids=lambda spec: spec.encoder
)
def test_embed_returns_embeddings_and_projector_inputs(spec):
    state = training.advance(training.start(spec), steps=2)
    net = loop._Trainer(spec, state).net
    x = datasets.load(spec.dataset).x_test[:620]  # more than one batch of `embed`
    floats = torch.tensor(x).float() / (255 if x.dtype == np.uint8 else 1)
    with torch.no_grad():
        torch.testing.assert_close(training.embed(state, x), net(floats), atol=1e-6, rtol=0)
        torch.testing.assert_close(training.embed(state, x, features=True), net.body(floats), atol=1e-6, rtol=0)
    rows = datasets.probe_indices(datasets.load(spec.dataset), 100)
    embedded = training.embed(state, datasets.load(spec.dataset).x_test[rows])
    np.testing.assert_array_equal(training.snapshot(state, 100).z, embedded.numpy())


@pytest.mark.parametrize("seed", range(3))
def test_diverged_run_stops_with_advice(seed):
    spec = RunSpec(dataset="blobs", loss="npair", unit_norm=False, optimiser="sgd", rate=10.0, seed=seed)
    state = training.advance(training.start(spec), steps=200)
    assert state.failure is not None
    assert "learning rate (it was 10)" in state.failure
    assert "unit-length" in state.failure
    assert np.isfinite(state.losses).all()
    assert training.advance(state, steps=5).step == state.step


def test_batches_without_terms_are_counted():
    # four rows of ten classes seldom hold a triplet
    state = training.advance(training.start(RunSpec(dataset="blobs", loss="triplet", batch=4)), steps=50)
    assert 0 < state.empty <= 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_hard_mining_collapses_and_semihard_does_not(seed):
    """Published by Schroff et al. (2015, section 3.2): the hardest negatives lead to a collapsed model."""
    for mining, collapsed in (("batch_hard", True), ("semihard", False)):
        spec = RunSpec(loss="triplet", theta={"mining": mining, "margin": 1.0}, seed=seed)
        frame = frames.make_frame(training.advance(training.start(spec), steps=60), 500)
        assert (frame.metrics.spread < 0.01) == collapsed


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dataset": "imagenet"}, "unknown data set"),
        ({"loss": "hinge"}, "unknown loss"),
        ({"theta": {"temperature": 0}}, "greater than 0"),
        ({"theta": {"margin": 1}}, "no parameter 'margin'"),
        ({"encoder": "vit"}, "unknown encoder"),
        ({"optimiser": "lion"}, "unknown optimiser"),
        ({"batch": 10**6}, "batch is 1000000"),
        ({"dim": 1}, "dim is 1"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"loss": "nt_xent", "batch": 31}, "even number"),
        ({"dataset": "rings", "encoder": "cnn"}, "choose the MLP"),
        ({"encoder": "plain_mlp"}, "has 256 dimensions, not 128"),
        ({"convention": "twice"}, "supcon has no convention 'twice'; it has: here, inside, base"),
        ({"loss": "nt_xent", "convention": "labels"}, "'labels' has it: its batches have two views and no labels"),
        ({"loss": "info_nce", "convention": "two_directions"}, "its batches have labels and no second view"),
        ({"loss": "normface", "convention": "twice"}, "it has: here"),
    ],
)
def test_invalid_spec_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RunSpec(**settings)


def test_spec_fills_in_default_parameters():
    assert RunSpec(theta={"temperature": 0.1}) == RunSpec()
    assert RunSpec().theta == {"temperature": 0.1, "variant": "out"}


@pytest.fixture(scope="module")
def digits():
    return batches.to_float(batches.training_set(RunSpec("mnist"))[0][:200])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_two_views_are_deterministic_and_differ_from_each_other(digits):
    both = augmentation.two_views(digits, generator())
    assert both.shape == (400, 28, 28)
    assert torch.equal(both, augmentation.two_views(digits, generator()))
    assert not torch.equal(both, augmentation.two_views(digits, torch.Generator().manual_seed(1)))
    assert ((both[:200] - both[200:]).abs().amax((1, 2)) > 0.3).all()


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 8, 8), (3, 20, 64), (2, 64, 9)])
def test_views_keep_image_shape_and_value_range(monkeypatch, shape):
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    both = augmentation.two_views(torch.rand(shape, generator=generator()), generator())
    assert both.shape == (2 * shape[0], *shape[1:])
    assert float(both.min()) >= 0
    assert float(both.max()) <= 1


def test_views_move_images_by_limited_distances(digits, monkeypatch):
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    x = torch.zeros(500, 29, 29)
    x[:, 14, 14] = 1.0  # turns, stretches and shears leave the middle where it is; after them it is shifted and bent
    row, column = torch.meshgrid(torch.arange(29.0), torch.arange(29.0), indexing="ij")
    both = augmentation.two_views(x, generator())
    lit = both.sum((1, 2))
    far = torch.stack([(both * way).sum((1, 2)) / lit - 14 for way in (row, column)]).norm(dim=0)
    most = (
        2**0.5
        * (augmentation.MAX_SHIFT + augmentation.MAX_BEND)
        * np.exp(augmentation.MAX_LOG_STRETCH)
        * (1 + augmentation.MAX_SHEAR)
    )
    assert 1 < far.median() < far.max() < most
    # by raw pixels two of five views still have their own image among the nearest five of 200, where chance is 0.025
    both = augmentation.two_views(digits, generator())
    near = torch.cdist(both.flatten(1), digits.flatten(1)).topk(5, largest=False).indices
    assert (near == torch.arange(400)[:, None] % 200).any(1).float().mean() > 0.3


def test_views_without_distortions_equal_the_images(monkeypatch):
    for extent in (
        "MAX_ROTATION",
        "MAX_LOG_STRETCH",
        "MAX_SHEAR",
        "MAX_SHIFT",
        "MAX_BEND",
        "MAX_LOG_GAMMA",
        "NOISE_STD",
    ):
        monkeypatch.setattr(augmentation, extent, 0.0)
    x = torch.rand(3, 28, 20, generator=generator())
    torch.testing.assert_close(augmentation.two_views(x, generator()), torch.cat([x, x]), atol=1e-5, rtol=0)


def test_views_match_a_per_image_torch_implementation(digits, monkeypatch):
    """Each image's map by itself: its grid by affine_grid, its bends by interpolate."""
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    x = digits[:6]
    draws = generator()
    a = 2 * torch.rand((7, 12), generator=draws) - 1
    bends = augmentation.MAX_BEND * (2 * torch.rand((12, 2, 16), generator=draws) - 1).view(12, 2, 4, 4)
    for i, view in enumerate(augmentation.two_views(x, generator())):
        turn, shear = augmentation.MAX_ROTATION * a[0, i], augmentation.MAX_SHEAR * a[3, i]
        wide, high = (
            torch.exp(augmentation.MAX_LOG_STRETCH * a[1, i]),
            torch.exp(augmentation.MAX_LOG_STRETCH * a[2, i]),
        )
        rotation = torch.tensor([[turn.cos(), -turn.sin()], [turn.sin(), turn.cos()]])
        linear = rotation @ torch.tensor([[wide, shear], [0.0, high]])
        shift = augmentation.MAX_SHIFT * a[4:6, i, None] / 14  # affine_grid counts in halves of the side
        grid = torch.nn.functional.affine_grid(torch.cat([linear, shift], 1)[None], [1, 1, 28, 28], align_corners=False)
        bend = torch.nn.functional.interpolate(bends[i : i + 1], (28, 28), mode="bilinear", align_corners=True)
        place = grid + bend.movedim(1, -1) / 14
        moved = torch.nn.functional.grid_sample(x[i % 6][None, None], place, align_corners=False)[0, 0]
        torch.testing.assert_close(view, moved ** torch.exp(augmentation.MAX_LOG_GAMMA * a[6, i]), atol=1e-4, rtol=0)


def test_views_of_plane_points_only_add_noise():
    points = torch.rand(500, 2, generator=generator())
    both = augmentation.two_views(points, generator())
    assert both.shape == (1000, 2)
    assert float((both - torch.cat([points, points])).std()) == pytest.approx(augmentation.NOISE_STD, rel=0.1)


def test_frame_steps_start_dense_and_have_bounded_gaps():
    spec = RunSpec(batch=128)
    steps = [0]
    while steps[-1] < 2000:
        steps.append(frames.next_frame_step(spec, steps[-1]))
    gaps = np.diff(steps)
    assert steps[:9] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert (np.diff(gaps) >= 0).all()
    assert gaps.max() == frames.MAX_ROWS_IN_GAP // 128
    assert frames.next_frame_step(spec, 13) == min(step for step in steps if step > 13)


def test_references_match_published_collapse_and_floor():
    lines = frames.references(RunSpec(batch=256), 500)
    assert lines.collapse == pytest.approx(np.log(255))  # every similarity equal: log(B - 1)
    labels = torch.from_numpy(training.batch_labels(RunSpec(batch=256), 0))
    assert lines.floor > np.log((np.bincount(labels) - 1).min())  # at least log |P| of the smallest class
    assert lines.epoch_steps == 60_000 // 256
    assert 0.8 < lines.knn_raw < 0.97
    two_views = frames.references(RunSpec(loss="nt_xent", batch=64), 500)
    assert two_views.collapse == pytest.approx(np.log(63))


@pytest.mark.parametrize(
    ("loss", "convention", "batch", "collapse", "floor"),
    [
        ("softmax", "twice", 256, np.log(10), np.log(math.e + 9) - 1),  # 1.461
        ("softmax", "without_bias", 256, np.log(10), 0),
        ("npair", "soft_labels", 2048, np.log(2048), 6.70),  # 7.62, and 6.70 at the corners of a simplex
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_convention_has_its_own_collapse_value_and_floor(loss, convention, batch, collapse, floor, seed):
    lines = frames.references(RunSpec(loss=loss, batch=batch, convention=convention, seed=seed), 500)
    assert lines.collapse == pytest.approx(collapse, abs=1e-9)
    assert lines.floor == pytest.approx(floor, abs=0.005)


def collapse_and_floor(**spec):
    return collapse_values.collapse_and_floor(RunSpec(batch=256, **spec))  # of the first batch alone


@pytest.mark.parametrize(
    ("loss", "convention", "equivalent"),
    [
        ("info_nce", "in_the_sum", {"loss": "supcon"}),
        ("supcon", "all_anchors", {"loss": "supcon"}),  # the same where every image has a positive
        ("pccl", "released", {"loss": "pccl_released", "theta": {"margin": 0.25, "scale": 16.0, "k": 1}}),
        ("circle", "all_anchors", {"loss": "circle"}),
        ("arcface", "easy_margin", {"loss": "arcface"}),
        ("triplet", "tfa", {"loss": "triplet", "theta": {"distance": "euclidean", "mining": "semihard_tfa"}}),
        ("triplet", "tfa_hard", {"loss": "triplet", "theta": {"distance": "euclidean", "mining": "batch_hard"}}),
    ],
)
def test_equivalent_conventions_have_the_same_collapse_and_floor(loss, convention, equivalent):
    assert collapse_and_floor(loss=loss, convention=convention) == pytest.approx(
        collapse_and_floor(**equivalent), abs=1e-6
    )


def test_base_convention_scales_collapse_and_floor_by_its_factor():
    default, base = (
        collapse_and_floor(loss="supcon", theta={"temperature": 0.5}, convention=key) for key in ("here", "base")
    )
    assert base == pytest.approx([0.5 / 0.07 * value for value in default])


def test_floor_without_unit_norm_allows_long_embeddings():
    spec = {"loss": "npair", "convention": "soft_labels"}
    y = training.batch_labels(RunSpec(batch=256), 0)
    class_size = np.bincount(y)[y]
    # long embeddings give all weight to their class: log of its size, the anchor included
    assert collapse_and_floor(**spec, unit_norm=False)[1] == pytest.approx(np.log(class_size).mean())
    # unit ones at the corners of a simplex of ten: s is 1 and -1/9
    assert collapse_and_floor(**spec)[1] == pytest.approx(
        np.log(class_size + (256 - class_size) * np.exp(-1 / 9 - 1)).mean()
    )
    assert collapse_and_floor(loss="npair", convention="one_pair", unit_norm=False)[1] == pytest.approx(0)
    with_l2 = collapse_and_floor(loss="npair", convention="one_pair", theta={"l2": 0.01}, unit_norm=False)
    assert np.isnan(with_l2[1])  # the penalty on length has no closed-form optimum
    assert with_l2[0] == pytest.approx(np.log(10) + 0.02)
