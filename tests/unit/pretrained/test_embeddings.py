"""Shipped embeddings are what the recipes give today, and every recipe needs the steps in the table."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pytest

from cl_core import losses, training
from cl_core.data import datasets
from cl_core.pretrained import embeddings, recipe_runs
from cl_core.pretrained.embeddings import IMAGES, STAGES, PretrainedEmbedding
from cl_core.pretrained.recipe_runs import GOALS
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec, loop
from cl_core.training.frames import make_frame
from tests import archives

REMAKE_HINT = (
    "a recipe, a default or the net has changed, or a loss is new; "
    "run: python -m cl_core.pretrained embeddings --losses {}"
)
SHIPPED = json.loads((datasets.ASSETS / "steps.json").read_text())
FLOAT16 = 2.0**-11  # half a unit in the last place


def embedded(spec: RunSpec, *steps: int) -> Iterator[PretrainedEmbedding]:
    """Yield the embedding of a run of the engine at each of some ascending steps."""
    trainer = Trainer(spec, embeddings.KNN_IMAGES)
    state = trainer.start()
    for step in steps:
        state = trainer.advance(state, step - state.step)
        yield embeddings.embedding_of_snapshot(state, *trainer.embed(state, embeddings.KNN_IMAGES))


def knn(spec: RunSpec, steps: int) -> float:
    return next(embedded(spec, steps)).knn


@pytest.mark.parametrize("key", losses.LOSSES)
def test_every_loss_has_consistent_stages(key):
    untrained, half, trained = (embeddings.load(key, name) for name in STAGES)
    data = datasets.load("mnist")
    for stage in (untrained, half, trained):
        assert stage.spec == embeddings.recipe_run(key), REMAKE_HINT.format(key)
        assert stage.z.shape == (IMAGES, stage.spec.dim)
        assert stage.z.dtype == np.float32
        np.testing.assert_array_equal(stage.rows, datasets.probe_indices(data, IMAGES))
        np.testing.assert_array_equal(stage.y, data.y_test[stage.rows])
        assert (stage.weight is not None) == losses.LOSSES[key].classes
        assert (stage.bias is not None) == (key == "softmax")
        assert stage.weight is None or stage.weight.shape == (10, stage.spec.dim)
        assert stage.bias is None or stage.bias.shape == (10,)
        assert all(np.isfinite(a).all() for a in (stage.z, stage.weight, stage.bias) if a is not None)
        if stage.spec.unit_norm:
            np.testing.assert_allclose(np.linalg.norm(stage.z, axis=1), 1, atol=1e-3)
    assert untrained.step == 0 < half.step < trained.step == recipe_runs.TRAINED_STEPS
    assert 1 - half.knn <= (1 - untrained.knn) / 2
    assert untrained.knn < half.knn < trained.knn > GOALS[0]


@pytest.mark.parametrize("key", losses.LOSSES)
def test_untrained_stage_is_the_initial_network(key):
    shipped = embeddings.load(key, "untrained")
    state = training.start(shipped.spec)
    np.testing.assert_allclose(shipped.z, training.snapshot(state, IMAGES).z, rtol=2 * FLOAT16, atol=1e-6)
    for initial, stored in zip(training.class_weights(state), (shipped.weight, shipped.bias), strict=True):
        assert (initial is None) == (stored is None)
        if initial is not None:
            np.testing.assert_allclose(stored, initial, rtol=2 * FLOAT16, atol=1e-6)


@pytest.mark.parametrize("key", ["circle", "circle_class"])
def test_training_again_gives_the_shipped_bits(key):
    untrained, half = (embeddings.load(key, stage) for stage in STAGES[:2])
    assert half.step < 60
    for shipped, again in zip((untrained, half), embedded(half.spec, 0, half.step), strict=True):
        assert (again.step, again.spec, again.knn) == (shipped.step, shipped.spec, shipped.knn), REMAKE_HINT.format(key)
        for name in ("z", "weight", "bias"):
            expected, array = getattr(shipped, name), getattr(again, name)
            assert (array is None) == (expected is None)
            if array is not None:
                np.testing.assert_array_equal(array.astype(np.float16), expected, err_msg=REMAKE_HINT.format(key))


def test_class_weights_returns_the_trained_weights():
    state = training.start(RunSpec(dataset="blobs", loss="softmax", dim=4, batch=32))
    weight, bias = training.class_weights(state)
    assert weight is not None
    assert bias is not None
    assert weight.shape == (10, 4)
    assert (bias == 0).all()
    later = training.class_weights(training.advance(state, steps=3))
    assert all((a != b).any() for a, b in zip(later, (weight, bias), strict=True))
    # in the vector they follow the weights of the network
    before = sum(p.numel() for p in loop._Trainer(state.spec, state).net.parameters())
    np.testing.assert_array_equal(state.vector[before : before + 50], np.concatenate([weight.ravel(), bias]))
    assert training.class_weights(training.start(RunSpec(dataset="blobs"))) == (None, None)


def test_embedding_of_state_matches_the_snapshot():
    state = training.advance(training.start(RunSpec(dataset="rings", dim=3, batch=32)), steps=2)
    embedding = embeddings.embedding_of_state(state, 40)
    assert (embedding.z.shape, embedding.y.shape, embedding.rows.shape, embedding.step) == ((40, 3), (40,), (40,), 2)
    np.testing.assert_array_equal(embedding.z, training.snapshot(state, 40).z)
    np.testing.assert_array_equal(embedding.y, datasets.load("rings").y_test[embedding.rows])
    assert 0 < embedding.knn <= 1


def test_unknown_loss_or_stage_is_refused():
    with pytest.raises(ValueError, match="no loss 'hinge'"):
        embeddings.load("hinge", "trained")
    with pytest.raises(ValueError, match="no stage 'overtrained'; there are: untrained, half-trained, trained"):
        embeddings.load("supcon", "overtrained")


def test_loaded_embedding_is_cached_and_read_only():
    embedding = embeddings.load("softmax", "trained")
    assert embeddings.load("softmax", "trained") is embedding
    for array in (embedding.z, embedding.y, embedding.rows, embedding.weight, embedding.bias):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.fixture
def damaged_file(tmp_path, monkeypatch):
    """The path that supcon is read from, its arrays, and a function that returns the error of loading it."""

    def load():
        embeddings._read.cache_clear()
        embeddings.load("supcon", "trained")

    yield archives.shipped_copy(
        tmp_path, monkeypatch, "prepared/supcon.npz", load, "embeddings --only embeddings --losses supcon"
    )
    embeddings._read.cache_clear()


def test_missing_or_truncated_embedding_file_is_reported(damaged_file):
    archives.assert_missing_and_truncated_are_reported(*damaged_file)


def test_embedding_file_with_wrong_contents_is_reported(damaged_file):
    path, arrays, load_error = damaged_file
    about = json.loads(str(arrays["about"]))
    changes = {
        "it holds no about": {"about": None},
        "embeddings or class weights of trained are missing": {"z trained": None},
        "of half-trained don't go together": {"z half-trained": arrays["z half-trained"][:, :5]},
        "of untrained don't go together": {"y": arrays["y"][:-1]},
        "its content is not as expected": {"about": np.array(json.dumps({**about, "spec": {"depth": 3}}))},
        "unknown loss 'hinge'": {"about": np.array(json.dumps({**about, "spec": {"loss": "hinge"}}))},
        "pickled Python objects": {"rows": np.array([{}], dtype=object)},
    }
    archives.assert_changes_are_reported(path, arrays, load_error, changes)


def test_embedding_files_take_less_than_five_megabytes():
    files = list((datasets.ASSETS / "prepared").glob("*.npz"))
    assert {file.stem for file in files} == set(losses.LOSSES)
    assert sum(file.stat().st_size for file in files) < 5e6


# --- the table of steps -----------------------------------------------------------------------------------------


def test_every_recipe_reaches_95_percent_within_30_seconds_on_every_seed():
    assert list(SHIPPED["losses"]) == list(losses.LOSSES), REMAKE_HINT.format("...")
    assert tuple(SHIPPED["goals"]) == GOALS
    for key, entry in SHIPPED["losses"].items():
        assert RunSpec(**entry["spec"]) == embeddings.recipe_run(key), REMAKE_HINT.format(key)
        assert [run["seed"] for run in entry["runs"]] == [0, 1, 2]
        for run in entry["runs"]:
            assert run["steps"][0] is not None, key
            assert run["seconds"][0] < 30, key
            reached = [steps for steps in run["steps"] if steps is not None]
            assert reached == sorted(reached)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["normface", "circle_class", "l_softmax", "sphereface"])
def test_recipe_still_reaches_the_first_goal_at_the_recorded_step(key):
    steps = SHIPPED["losses"][key]["runs"][0]["steps"][0]
    before, there = embedded(embeddings.recipe_run(key), steps - recipe_runs.MEASURE_EVERY, steps)
    assert before.knn < GOALS[0] <= there.knn, REMAKE_HINT.format(key)


@pytest.mark.slow
def test_multiplied_angle_losses_learn_only_with_the_lambda_schedule():
    """Without annealing the attraction vanishes for a network with random weights."""
    for key in ("l_softmax", "sphereface"):
        spec = embeddings.recipe_run(key)
        assert knn(replace(spec, schedule="none"), 50) < 0.7 < 0.8 < knn(spec, 50)


def test_train_and_measure_stops_once_all_goals_are_reached(monkeypatch):
    monkeypatch.setattr(recipe_runs, "GOALS", (0.5, 0.8, 0.9))
    run = recipe_runs.train_and_measure(RunSpec(dataset="blobs", dim=8, batch=64), max_steps=40)
    goals = recipe_runs.goals_reached(run)
    assert [measurement.embedding.step for measurement in run] == list(
        range(0, run[-1].embedding.step + 1, recipe_runs.MEASURE_EVERY)
    )
    assert (run[0].seconds, goals["seed"]) == (0, 0)
    for goal, steps in zip(recipe_runs.GOALS, goals["steps"], strict=True):
        steps_above = [measurement.embedding.step for measurement in run if measurement.embedding.knn >= goal]
        assert steps == (steps_above[0] if steps_above else None)
    longer = recipe_runs.train_and_measure(RunSpec(dataset="blobs", dim=8, batch=64), min_steps=30, max_steps=30)
    assert longer[-1].embedding.step == 30
    with pytest.raises(RuntimeError, match="npair, seed 0: At step"):
        recipe_runs.train_and_measure(
            RunSpec("blobs", "npair", unit_norm=False, optimiser="sgd", rate=10.0), min_steps=200
        )


def test_choose_stages_takes_start_first_halved_error_and_trained_step():
    errors = {
        0: 0.2,
        10: 0.15,
        20: 0.09,
        30: 0.12,
        recipe_runs.TRAINED_STEPS: 0.03,
        recipe_runs.TRAINED_STEPS + 10: 0.02,
    }
    first = embeddings.load("circle", "untrained")
    run = [recipe_runs.Measurement(replace(first, step=step, knn=1 - error), 0.0) for step, error in errors.items()]
    assert [stage.step for stage in recipe_runs.choose_stages(run).values()] == [0, 20, recipe_runs.TRAINED_STEPS]


def test_steps_table_has_a_row_for_each_loss():
    lines = recipe_runs.steps_table().splitlines()
    head = lines.index("| loss | recipe | 95 % | 97 % | 98 % | seconds |")
    rows = lines[head + 2 :]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [loss.title for loss in losses.LOSSES.values()]
    assert all(row.count(" | ") == 5 for row in rows)
    assert "wasmtime" in lines[0]
    assert "never" not in " ".join(row.split(" | ")[2] for row in rows)


def test_median_and_range_formats_spread_and_missing_seeds():
    assert recipe_runs._median_and_range([300, 100, 200], "{:,}") == "200 (100 to 300)"
    assert recipe_runs._median_and_range([1500, 1500, 1500], "{:,}") == "1,500"
    assert recipe_runs._median_and_range([None, 1500, None], "{:,}") == "1,500 at best; 1 of 3 seeds"
    assert recipe_runs._median_and_range([None], "{:,}") == "never"


def test_made_files_load_again(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    monkeypatch.setattr(recipe_runs, "TRAINED_STEPS", 20)
    monkeypatch.setattr(recipe_runs, "MAX_GOAL_STEPS", 20)
    monkeypatch.setattr(
        embeddings, "recipe_run", lambda loss, seed=0: RunSpec("blobs", loss, dim=4, batch=32, seed=seed)
    )
    monkeypatch.setattr(
        recipe_runs, "choose_stages", lambda run: dict(zip(STAGES, [m.embedding for m in run], strict=True))
    )
    recipe_runs.make(["softmax"], seeds=2, only=None, workers=1)
    recipe_runs.make(["circle"], seeds=1, only="steps", workers=1)
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["softmax.npz"]
    table = json.loads((tmp_path / "steps.json").read_text())
    assert list(table["losses"]) == ["softmax", "circle"]
    assert [run["seed"] for run in table["losses"]["softmax"]["runs"]] == [0, 1]
    assert RunSpec(**table["losses"]["softmax"]["spec"]) == embeddings.recipe_run("softmax")
    assert recipe_runs.steps_table().count("\n| ") == 3  # the head and two losses
    (made,) = embedded(embeddings.recipe_run("softmax"), 20)
    embedding = embeddings.load("softmax", "trained")
    assert asdict(embedding.spec) == asdict(made.spec)
    assert embedding.step == 20
    assert embedding.weight is not None
    assert made.weight is not None
    np.testing.assert_array_equal(embedding.weight, made.weight.astype(np.float16))
    np.testing.assert_array_equal(embedding.z, made.z.astype(np.float16))


def test_knn_matches_the_live_frame():
    state = training.start(RunSpec())
    assert embeddings.embedding_of_state(state, 10).knn == make_frame(state, embeddings.KNN_IMAGES).metrics.knn
