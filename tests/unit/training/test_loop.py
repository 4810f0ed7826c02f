import dataclasses
import math

import numpy as np
import pytest
import torch

from cl_core import losses, training
from cl_core.data import augmentation, datasets
from cl_core.losses import variants
from cl_core.training import RunSpec, batches, config, encoders, frames, loop

SMALL = RunSpec(dataset="blobs", dim=8, batch=32)
KINDS = [
    SMALL,
    RunSpec(dataset="mnist", batch=16, dim=4),
    RunSpec(dataset="mnist", batch=16, dim=4, encoder="cnn"),
    RunSpec(dataset="mnist", batch=16, dim=2, loss="nt_xent"),
    RunSpec(dataset="rings", dim=3, batch=32, loss="triplet", optimiser="sgd", rate=0.05, unit_norm=False),
]


@pytest.mark.parametrize("spec", KINDS, ids=str)
def test_the_same_spec_gives_the_same_arrays_and_pausing_changes_nothing(spec):
    at_once = training.advance(training.start(spec), steps=9)
    again = training.start(spec)
    values = []
    for steps in (1, 3, 5):
        again = training.advance(again, steps=steps)
        values.append(again.losses)
    np.testing.assert_array_equal(at_once.vector, again.vector)
    np.testing.assert_array_equal(at_once.losses, np.concatenate(values))
    np.testing.assert_array_equal(training.snapshot(at_once, 20).z, training.snapshot(again, 20).z)


def test_global_dice_are_neither_used_nor_thrown():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = training.advance(training.start(RunSpec(batch=8, loss="nt_xent")), steps=2)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    second = training.advance(training.start(RunSpec(batch=8, loss="nt_xent")), steps=2)
    np.testing.assert_array_equal(first.vector, second.vector)


def test_another_seed_is_another_start_in_another_order():
    a, b = (training.start(dataclasses.replace(SMALL, seed=seed)) for seed in (0, 1))
    assert not np.array_equal(a.vector, b.vector)
    assert not np.array_equal(training.first_batch_labels(a.spec), training.first_batch_labels(b.spec))


def test_an_epoch_sees_every_row_once():
    spec = dataclasses.replace(SMALL, batch=64)
    n = len(batches.training_set("blobs")[0])
    rows = torch.cat([batches.batch_indices(spec, step, n) for step in range(training.steps_per_epoch(spec))])
    assert len(rows.unique()) == len(rows) == n // 64 * 64
    following = batches.batch_indices(spec, training.steps_per_epoch(spec), n)
    assert not torch.equal(following, rows[:64])


@pytest.mark.parametrize("optimiser", training.OPTIMISERS)
def test_a_step_is_what_torch_does_with_separate_parameters(optimiser):
    """The flat vector of weights is a matter of speed: plain modules and a plain optimiser come to the same."""
    spec = dataclasses.replace(SMALL, optimiser=optimiser, rate=0.01)
    state = training.start(spec)
    net = loop._Trainer(spec, state).net
    plain = type(net)(net.body, net.projector, unit_norm=True)
    for parameter in plain.parameters():
        parameter.data = parameter.data.clone()
        parameter.grad = None
    rule = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.01),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    }[optimiser](plain.parameters())
    loss = losses.module("supcon")
    x, y = batches.training_set("blobs")
    for step in range(5):
        rows = batches.batch_indices(spec, step, len(x))
        rule.zero_grad()
        loss(plain(x[rows]), y[rows]).backward()
        rule.step()
    ours = training.advance(state, steps=5).vector
    theirs = torch.cat([p.detach().ravel() for p in plain.parameters()]).numpy()
    np.testing.assert_allclose(ours[: len(theirs)], theirs, atol=2e-5)


ODD = [  # what the article's losses are called here
    RunSpec("blobs", "softmax", encoder="plain_mlp", dim=encoders.WIDTH, batch=32, convention="twice"),
    RunSpec("blobs", "npair", encoder="unit_mlp", dim=8, batch=32, convention="soft_labels"),
    RunSpec("blobs", "supcon", {"temperature": 0.5}, dim=8, batch=32, convention="base"),
]


@pytest.mark.parametrize("spec", ODD, ids=lambda spec: spec.convention)
def test_another_definition_is_trained_by_its_own_function(spec):
    """Values and steps are those of the convention's function in plain torch; with the library's own they differ."""
    state = training.start(spec)
    machine = loop._Trainer(spec, state)
    learnt = [p.detach().clone().requires_grad_() for p in (machine.loss.weight, machine.loss.bias) if p is not None]
    plain = encoders.build(spec.encoder, (2,), spec.dim, unit_norm=True)
    plain.load_state_dict(machine.net.state_dict())
    parameters = [*plain.parameters(), *learnt]
    rule = torch.optim.Adam(parameters, lr=spec.rate)
    function = variants.get_variant(spec.loss, spec.convention).bound_function(spec.theta)
    x, y = (torch.tensor(part) for part in (datasets.load("blobs").x_train, datasets.load("blobs").y_train))
    values = []
    for step in range(4):
        rows = batches.batch_indices(spec, step, len(x))
        rule.zero_grad()
        value = function(plain(x[rows]), y[rows], *learnt)
        value.backward()
        rule.step()
        values.append(value.item())
    ours = training.advance(state, steps=4)
    np.testing.assert_allclose(ours.losses, values, rtol=1e-5)
    theirs = torch.cat([p.detach().ravel() for p in parameters]).numpy()
    np.testing.assert_allclose(ours.vector[: len(theirs)], theirs, atol=2e-5)
    here = training.advance(training.start(dataclasses.replace(spec, convention="here")), steps=1)
    assert not np.allclose(here.losses[0], values[0], rtol=1e-5)


TRAINABLE = [  # conventions with a function of their own that a labelled batch has all for
    (key, each.key)
    for key, loss in losses.LOSSES.items()
    for each in variants.variants_of(key)
    if each.function is not None and not loss.views and each.key != "two_directions"
]


@pytest.mark.parametrize(("key", "convention"), TRAINABLE, ids="/".join)
def test_every_definition_learns_in_batches_where_some_are_alone(key, convention):
    recipe = losses.LOSSES[key].recipe
    spec = RunSpec(
        "blobs", key, **{**dataclasses.asdict(recipe), "dim": 16, "encoder": "mlp", "batch": 12}, convention=convention
    )
    state = training.advance(training.start(spec), steps=80)
    assert state.failure is None
    assert state.losses[-20:].mean() < state.losses[:5].mean()


def test_a_definition_that_our_parameters_can_say_is_in_the_spec():
    spec = RunSpec("blobs", "triplet", {"margin": 0.4, "mining": "hard"}, dim=8, batch=32, convention="tfa")
    said = dataclasses.replace(spec, theta={"margin": 0.4, "distance": "euclidean", "mining": "semihard_tfa"})
    assert spec.theta == said.theta
    by_parameters = dataclasses.replace(said, convention="here")
    ends = [training.advance(training.start(each), steps=3).vector for each in (spec, by_parameters)]
    np.testing.assert_array_equal(*ends)


def test_weights_start_as_torch_starts_them():
    spec = RunSpec()
    net = loop._Trainer(spec, training.start(spec)).net
    for layer in net.modules():
        if isinstance(layer, torch.nn.Linear):
            bound = layer.in_features**-0.5  # kaiming_uniform_(a=sqrt(5)) comes to 1 / sqrt(fan_in)
            assert 0.95 * bound < layer.weight.abs().max() <= bound
            assert layer.bias.abs().max() <= bound


@pytest.mark.parametrize("key", losses.LOSSES)
def test_every_loss_learns_from_its_recipe(key):
    recipe = losses.LOSSES[key].recipe
    spec = RunSpec("blobs", key, **{**dataclasses.asdict(recipe), "dim": 16, "encoder": "mlp"})
    state = training.start(spec)
    first = training.advance(state, steps=1)
    last = training.advance(first, steps=60)
    assert last.failure is None
    assert last.losses[-10:].mean() < first.losses[0]


def test_unit_norm_puts_embeddings_on_the_sphere():
    on = training.snapshot(training.start(SMALL), 50).z
    off = training.snapshot(training.start(dataclasses.replace(SMALL, unit_norm=False)), 50).z
    np.testing.assert_allclose(np.linalg.norm(on, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(off, axis=1).std() > 1e-3


def test_seconds_end_a_chunk():
    state = training.advance(training.start(RunSpec()), seconds=0.05, steps=10_000)
    assert 0 < state.step < 10_000
    assert len(state.losses) == state.step
    with pytest.raises(ValueError, match="steps or of seconds"):
        training.advance(state)


def test_a_run_ends(monkeypatch):
    monkeypatch.setattr(config, "MAX_STEPS", 3)
    state = training.advance(training.start(SMALL), steps=10)
    assert state.step == 3
    over = training.advance(state, steps=10)
    assert (over.step, len(over.losses)) == (3, 0)
    farther = training.advance(over, steps=10, limit=5)  # for those who know when it ends
    assert (farther.step, len(farther.losses)) == (5, 2)
    assert training.advance(over, seconds=60.0, limit=4).step == 4


@pytest.mark.parametrize("spec", [SMALL, RunSpec("mnist", batch=16, dim=4, encoder="unit_mlp")], ids=str)
def test_embeddings_and_what_the_projector_is_fed(spec):
    state = training.advance(training.start(spec), steps=2)
    net = loop._Trainer(spec, state).net
    x = datasets.load(spec.dataset).x_test[:620]  # more than goes through at once
    floats = torch.tensor(x).float() / (255 if x.dtype == np.uint8 else 1)
    with torch.no_grad():
        torch.testing.assert_close(training.embed(state, x), net(floats), atol=1e-6, rtol=0)
        torch.testing.assert_close(training.embed(state, x, features=True), net.body(floats), atol=1e-6, rtol=0)
    rows = datasets.probe_indices(datasets.load(spec.dataset), 100)
    seen = training.embed(state, datasets.load(spec.dataset).x_test[rows])
    np.testing.assert_array_equal(training.snapshot(state, 100).z, seen.numpy())


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_leaves_the_range_of_numbers_says_so_and_stays_there(seed):
    spec = RunSpec(dataset="blobs", loss="npair", unit_norm=False, optimiser="sgd", rate=10.0, seed=seed)
    state = training.advance(training.start(spec), steps=200)
    assert state.failure is not None
    assert "learning rate (it was 10)" in state.failure
    assert "unit-length" in state.failure
    assert np.isfinite(state.losses).all()
    assert training.advance(state, steps=5).step == state.step


def test_a_batch_without_terms_is_counted():
    # four rows of ten classes seldom hold a triplet
    state = training.advance(training.start(RunSpec(dataset="blobs", loss="triplet", batch=4)), steps=50)
    assert 0 < state.empty <= 50


@pytest.mark.parametrize("seed", range(2))
def test_hard_mining_collapses_and_semihard_does_not(seed):
    """Published by Schroff et al. (2015, section 3.2): the hardest negatives lead to a collapsed model."""
    for mining, collapsed in (("batch_hard", True), ("semihard", False)):
        spec = RunSpec(loss="triplet", theta={"mining": mining, "margin": 1.0}, seed=seed)
        frame = frames.make_frame(training.advance(training.start(spec), steps=60), 500)
        assert (frame.metrics.spread < 0.01) == collapsed


@pytest.mark.parametrize(
    ("wrong", "words"),
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
        ({"dataset": "rings", "encoder": "cnn"}, "choose the mlp"),
        ({"encoder": "plain_mlp"}, "has 256 dimensions, not 128"),
        ({"convention": "twice"}, "supcon has no convention 'twice'; it has: here, inside, base"),
        ({"loss": "nt_xent", "convention": "labels"}, "'labels' has it: its batches have two views and no labels"),
        ({"loss": "info_nce", "convention": "two_directions"}, "its batches have labels and no second view"),
        ({"loss": "normface", "convention": "twice"}, "it has: here"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(wrong, words):
    with pytest.raises(ValueError, match=words):
        RunSpec(**wrong)


def test_a_spec_is_complete_and_equal_to_itself():
    assert RunSpec(theta={"temperature": 0.1}) == RunSpec()
    assert RunSpec().theta == {"temperature": 0.1, "variant": "out"}


@pytest.fixture(scope="module")
def digits():
    return batches.to_float(batches.training_set("mnist")[0][:200])


def dice() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_same_dice_give_the_same_views_and_all_views_differ(digits):
    both = augmentation.two_views(digits, dice())
    assert both.shape == (400, 28, 28)
    assert torch.equal(both, augmentation.two_views(digits, dice()))
    assert not torch.equal(both, augmentation.two_views(digits, torch.Generator().manual_seed(1)))
    assert ((both[:200] - both[200:]).abs().amax((1, 2)) > 0.3).all()


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 8, 8), (3, 20, 64), (2, 64, 9)])
def test_views_have_the_shape_of_the_images_and_stay_in_their_range(monkeypatch, shape):
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    both = augmentation.two_views(torch.rand(shape, generator=dice()), dice())
    assert both.shape == (2 * shape[0], *shape[1:])
    assert float(both.min()) >= 0
    assert float(both.max()) <= 1


def test_images_are_only_moved_a_bit(digits, monkeypatch):
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    x = torch.zeros(500, 29, 29)
    x[:, 14, 14] = 1.0  # turns, stretches and shears leave the middle where it is; after them it is shifted and bent
    row, column = torch.meshgrid(torch.arange(29.0), torch.arange(29.0), indexing="ij")
    both = augmentation.two_views(x, dice())
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
    both = augmentation.two_views(digits, dice())
    near = torch.cdist(both.flatten(1), digits.flatten(1)).topk(5, largest=False).indices
    assert (near == torch.arange(400)[:, None] % 200).any(1).float().mean() > 0.3


def test_without_extents_a_view_is_the_image(monkeypatch):
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
    x = torch.rand(3, 28, 20, generator=dice())
    torch.testing.assert_close(augmentation.two_views(x, dice()), torch.cat([x, x]), atol=1e-5, rtol=0)


def test_views_are_what_torch_makes_of_them_image_by_image(digits, monkeypatch):
    """The map of each image written down on its own, its grid by affine_grid and its bends by interpolate."""
    monkeypatch.setattr(augmentation, "NOISE_STD", 0.0)
    x = digits[:6]
    throws = dice()
    a = 2 * torch.rand((7, 12), generator=throws) - 1
    bends = augmentation.MAX_BEND * (2 * torch.rand((12, 2, 16), generator=throws) - 1).view(12, 2, 4, 4)
    for i, view in enumerate(augmentation.two_views(x, dice())):
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


def test_points_of_the_plane_only_get_noise():
    points = torch.rand(500, 2, generator=dice())
    both = augmentation.two_views(points, dice())
    assert both.shape == (1000, 2)
    assert float((both - torch.cat([points, points])).std()) == pytest.approx(augmentation.NOISE_STD, rel=0.1)


def test_frames_lie_dense_at_first_and_never_farther_apart_than_the_stride():
    spec = RunSpec(batch=128)
    steps = [0]
    while steps[-1] < 2000:
        steps.append(frames.next_frame_step(spec, steps[-1]))
    gaps = np.diff(steps)
    assert steps[:9] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert (np.diff(gaps) >= 0).all()
    assert gaps.max() == frames.MAX_ROWS_IN_GAP // 128
    assert frames.next_frame_step(spec, 13) == min(step for step in steps if step > 13)


def test_references_are_the_published_values():
    lines = frames.references(RunSpec(batch=256), 500)
    assert lines.collapse == pytest.approx(np.log(255))  # every similarity equal: log(B - 1)
    labels = torch.from_numpy(training.first_batch_labels(RunSpec(batch=256)))
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
def test_another_definition_has_its_own_collapse_value_and_floor(loss, convention, batch, collapse, floor, seed):
    lines = frames.references(RunSpec(loss=loss, batch=batch, convention=convention, seed=seed), 500)
    assert lines.collapse == pytest.approx(collapse, abs=1e-9)
    assert lines.floor == pytest.approx(floor, abs=0.005)


def ends(**spec):
    return frames._collapse_and_floor(RunSpec(batch=64, **spec))


@pytest.mark.parametrize(
    ("loss", "convention", "same"),
    [
        ("info_nce", "in_the_sum", {"loss": "supcon"}),
        ("supcon", "all_anchors", {"loss": "supcon"}),  # where nobody is alone
        ("pccl", "released", {"loss": "pccl_released", "theta": {"margin": 0.25, "scale": 16.0, "k": 1}}),
        ("circle", "all_anchors", {"loss": "circle"}),
        ("arcface", "easy_margin", {"loss": "arcface"}),
        ("triplet", "tfa", {"loss": "triplet", "theta": {"distance": "euclidean", "mining": "semihard_tfa"}}),
        ("triplet", "tfa_hard", {"loss": "triplet", "theta": {"distance": "euclidean", "mining": "batch_hard"}}),
    ],
)
def test_definitions_that_agree_have_the_same_ends(loss, convention, same):
    assert ends(loss=loss, convention=convention) == pytest.approx(ends(**same), abs=1e-6)


def test_the_factor_of_the_authors_code_is_in_its_ends():
    plain, times = (ends(loss="supcon", theta={"temperature": 0.5}, convention=key) for key in ("here", "base"))
    assert times == pytest.approx([0.5 / 0.07 * value for value in plain])


def test_lengths_count_where_nothing_holds_them():
    spec = {"loss": "npair", "convention": "soft_labels"}
    y = training.first_batch_labels(RunSpec(batch=64))
    rows = np.bincount(y)[y]
    # long embeddings share all weight among their class: log of its size, oneself included
    assert ends(**spec, unit_norm=False)[1] == pytest.approx(np.log(rows).mean())
    # unit ones at the corners of a simplex of ten: s is 1 and -1/9
    assert ends(**spec)[1] == pytest.approx(np.log(rows + (64 - rows) * np.exp(-1 / 9 - 1)).mean())
    assert ends(loss="npair", convention="one_pair", unit_norm=False)[1] == pytest.approx(0)
    priced = ends(loss="npair", convention="one_pair", theta={"l2": 0.01}, unit_norm=False)
    assert np.isnan(priced[1])  # length costs: the best one is nowhere written down
    assert priced[0] == pytest.approx(np.log(10) + 0.02)
