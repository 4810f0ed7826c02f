"""The prepared embeddings are what the recipes make today, and every recipe gets where the table says."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from cl_core import losses, training
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.training import RunSpec, loop
from cl_core.training.frames import make_frame
from cl_core.training.pretrained import embeddings, recipe_runs
from cl_core.training.pretrained.embeddings import IMAGES, STAGES
from cl_core.training.pretrained.recipe_runs import GOALS

AGAIN = (
    "a recipe, a default or the net has changed, or a loss is new; "
    "run: python -m cl_core.training.pretrained embeddings --losses {}"
)
KEPT = json.loads((datasets.ASSETS / "steps.json").read_text())
FLOAT16 = 2.0**-11  # half a unit in the last of its places


def knn(spec: RunSpec, steps: int) -> float:
    return embeddings.embedding_of_state(training.advance(training.start(spec), steps=steps)).knn


@pytest.mark.parametrize("key", losses.LOSSES)
def test_every_loss_has_its_stages(key):
    untrained, half, trained = (embeddings.load(key, stage) for stage in STAGES)
    data = datasets.load("mnist")
    for each in (untrained, half, trained):
        assert each.spec == embeddings.recipe_run(key), AGAIN.format(key)
        assert each.z.shape == (IMAGES, each.spec.dim)
        assert each.z.dtype == np.float32
        np.testing.assert_array_equal(each.rows, datasets.probe_indices(data, IMAGES))
        np.testing.assert_array_equal(each.y, data.y_test[each.rows])
        assert (each.weight is not None) == losses.LOSSES[key].classes
        assert (each.bias is not None) == (key == "softmax")
        assert each.weight is None or each.weight.shape == (10, each.spec.dim)
        assert each.bias is None or each.bias.shape == (10,)
        assert all(np.isfinite(a).all() for a in (each.z, each.weight, each.bias) if a is not None)
        if each.spec.unit_norm:
            np.testing.assert_allclose(np.linalg.norm(each.z, axis=1), 1, atol=1e-3)
    assert untrained.step == 0 < half.step < trained.step == recipe_runs.TRAINED_STEPS
    assert 1 - half.knn <= (1 - untrained.knn) / 2
    assert untrained.knn < half.knn < trained.knn > GOALS[0]


@pytest.mark.parametrize("key", losses.LOSSES)
def test_the_untrained_stage_is_the_net_as_it_starts(key):
    kept = embeddings.load(key, "untrained")
    state = training.start(kept.spec)
    np.testing.assert_allclose(kept.z, training.snapshot(state, IMAGES).z, rtol=2 * FLOAT16, atol=1e-6)
    for ours, stored in zip(training.class_weights(state), (kept.weight, kept.bias), strict=True):
        assert (ours is None) == (stored is None)
        if ours is not None:
            np.testing.assert_allclose(stored, ours, rtol=2 * FLOAT16, atol=1e-6)


@pytest.mark.parametrize("key", ["circle", "circle_class"])
def test_training_again_comes_to_the_same(key):
    kept = embeddings.load(key, "half-trained")
    assert kept.step < 60
    again = embeddings.embedding_of_state(training.advance(training.start(kept.spec), steps=kept.step), IMAGES)
    assert (again.step, again.spec) == (kept.step, kept.spec)
    assert again.knn == pytest.approx(kept.knn, abs=0.005), AGAIN.format(key)
    # another processor sums in another order, and that grows from step to step
    np.testing.assert_allclose(again.z, kept.z, atol=0.02, err_msg=AGAIN.format(key))


def test_class_weights_are_those_that_were_trained():
    state = training.start(RunSpec(dataset="blobs", loss="softmax", dim=4, batch=32))
    weight, bias = training.class_weights(state)
    assert weight is not None
    assert bias is not None
    assert weight.shape == (10, 4)
    assert (bias == 0).all()
    later = training.class_weights(training.advance(state, steps=3))
    assert all((a != b).any() for a, b in zip(later, (weight, bias), strict=True))
    # they stand behind the net's own weights in the vector
    before = sum(p.numel() for p in loop._Trainer(state.spec, state).net.parameters())
    np.testing.assert_array_equal(state.vector[before : before + 50], np.concatenate([weight.ravel(), bias]))
    assert training.class_weights(training.start(RunSpec(dataset="blobs"))) == (None, None)


def test_a_run_of_ones_own():
    state = training.advance(training.start(RunSpec(dataset="rings", dim=3, batch=32)), steps=2)
    own = embeddings.embedding_of_state(state, 40)
    assert (own.z.shape, own.y.shape, own.rows.shape, own.step) == ((40, 3), (40,), (40,), 2)
    np.testing.assert_array_equal(own.z, training.snapshot(state, 40).z)
    np.testing.assert_array_equal(own.y, datasets.load("rings").y_test[own.rows])
    assert 0 < own.knn <= 1


def test_what_is_unknown_is_refused_in_words():
    with pytest.raises(ValueError, match="no loss 'hinge'"):
        embeddings.load("hinge", "trained")
    with pytest.raises(ValueError, match="no stage 'overtrained'; there are: untrained, half-trained, trained"):
        embeddings.load("supcon", "overtrained")


def test_what_is_loaded_is_shared_and_cannot_be_written():
    one = embeddings.load("softmax", "trained")
    assert embeddings.load("softmax", "trained") is one
    for array in (one.z, one.y, one.rows, one.weight, one.bias):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """A stand-in for the file of supcon, its arrays, and a function that says what loading it answers."""
    path = tmp_path / "prepared" / "supcon.npz"
    path.parent.mkdir()
    with np.load(datasets.ASSETS / "prepared" / "supcon.npz") as file:
        arrays = dict(file)
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)

    def answer() -> str:
        embeddings._read.cache_clear()
        with pytest.raises(DataError) as caught:
            embeddings.load("supcon", "trained")
        words = str(caught.value)
        assert path.name in words
        assert str(path.parent) not in words
        assert "`git checkout -- assets/prepared/supcon.npz`" in words
        assert "`python -m cl_core.training.pretrained embeddings --only embeddings --losses supcon`" in words
        return words

    return path, arrays, answer


def test_a_file_that_is_not_there_or_not_one(spoiled):
    path, arrays, answer = spoiled
    assert "no such file" in answer()
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert "no .npz archive" in answer()
    np.savez_compressed(path, **arrays)
    path.write_bytes(path.read_bytes()[:5000])
    assert "no .npz archive" in answer()


def test_a_file_with_something_amiss(spoiled):
    path, arrays, answer = spoiled
    about = json.loads(str(arrays["about"]))
    wrong = {
        "it holds no 'about'": {"about": None},
        "embeddings or class weights of trained are missing": {"z trained": None},
        "of half-trained don't go together": {"z half-trained": arrays["z half-trained"][:, :5]},
        "of untrained don't go together": {"y": arrays["y"][:-1]},
        "unexpected keyword argument": {"about": np.array(json.dumps({**about, "spec": {"depth": 3}}))},
        "unknown loss 'hinge'": {"about": np.array(json.dumps({**about, "spec": {"loss": "hinge"}}))},
        "pickled Python objects": {"rows": np.array([{}], dtype=object)},
    }
    for words, change in wrong.items():
        changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
        np.savez_compressed(path, **changed)
        assert words in answer()


def test_all_of_it_is_small():
    files = list((datasets.ASSETS / "prepared").glob("*.npz"))
    assert {file.stem for file in files} == set(losses.LOSSES)
    assert sum(file.stat().st_size for file in files) < 5e6


# --- the table of steps -----------------------------------------------------------------------------------------


def test_every_recipe_passes_95_per_cent_on_every_seed_while_one_waits():
    assert list(KEPT["losses"]) == list(losses.LOSSES), AGAIN.format("...")
    assert tuple(KEPT["goals"]) == GOALS
    for key, entry in KEPT["losses"].items():
        assert RunSpec(**entry["spec"]) == embeddings.recipe_run(key), AGAIN.format(key)
        assert [run["seed"] for run in entry["runs"]] == [0, 1, 2]
        for run in entry["runs"]:
            assert run["steps"][0] is not None, key
            assert run["seconds"][0] < 30, key
            there = [steps for steps in run["steps"] if steps is not None]
            assert there == sorted(there)


@pytest.mark.parametrize("key", ["normface", "circle_class", "l_softmax", "sphereface"])
def test_it_still_does(key):
    steps = KEPT["losses"][key]["runs"][0]["steps"][0]
    assert knn(embeddings.recipe_run(key), steps) == pytest.approx(GOALS[0], abs=0.01), AGAIN.format(key)


def test_lambda_is_why_the_multiplied_angles_learn():
    """With the default of no annealing, and none that falls, the pull vanishes where a random net stands."""
    for key in ("l_softmax", "sphereface"):
        spec = embeddings.recipe_run(key)
        assert knn(replace(spec, schedule="none"), 50) < 0.7 < 0.8 < knn(spec, 50)


def test_a_run_is_watched_until_it_is_there(monkeypatch):
    monkeypatch.setattr(recipe_runs, "GOALS", (0.5, 0.8, 0.9))
    run = recipe_runs.train_and_measure(RunSpec(dataset="blobs", dim=8, batch=64), max_steps=40)
    told = recipe_runs.goals_reached(run)
    assert [moment.embedding.step for moment in run] == list(
        range(0, run[-1].embedding.step + 1, recipe_runs.MEASURE_EVERY)
    )
    assert (run[0].seconds, told["seed"]) == (0, 0)
    for goal, steps in zip(recipe_runs.GOALS, told["steps"], strict=True):
        over = [moment.embedding.step for moment in run if moment.embedding.knn >= goal]
        assert steps == (over[0] if over else None)
    longer = recipe_runs.train_and_measure(RunSpec(dataset="blobs", dim=8, batch=64), min_steps=30, max_steps=30)
    assert longer[-1].embedding.step == 30
    with pytest.raises(RuntimeError, match="npair, seed 0: At step"):
        recipe_runs.train_and_measure(
            RunSpec("blobs", "npair", unit_norm=False, optimiser="sgd", rate=10.0), min_steps=200
        )


def test_stages_of_a_run():
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
    assert [kept.step for kept in recipe_runs.choose_stages(run).values()] == [0, 20, recipe_runs.TRAINED_STEPS]


def test_the_table_has_a_row_for_each_loss():
    lines = recipe_runs.steps_table().splitlines()
    head = lines.index("| loss | recipe | 95 % | 97 % | 98 % | seconds |")
    rows = lines[head + 2 :]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [loss.title for loss in losses.LOSSES.values()]
    assert all(row.count(" | ") == 5 for row in rows)
    assert "torch" in lines[0]
    assert "never" not in " ".join(row.split(" | ")[2] for row in rows)


def test_median_range_and_what_is_missing():
    assert recipe_runs._median_and_range([300, 100, 200], "{:,}") == "200 (100 to 300)"
    assert recipe_runs._median_and_range([1500, 1500, 1500], "{:,}") == "1,500"
    assert recipe_runs._median_and_range([None, 1500, None], "{:,}") == "1,500 at best; 1 of 3 seeds"
    assert recipe_runs._median_and_range([None], "{:,}") == "never"


def test_a_file_comes_out_as_it_went_in(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    monkeypatch.setattr(recipe_runs, "TRAINED_STEPS", 20)
    monkeypatch.setattr(recipe_runs, "MAX_GOAL_STEPS", 20)
    monkeypatch.setattr(
        embeddings, "recipe_run", lambda loss, seed=0: RunSpec("blobs", loss, dim=4, batch=32, seed=seed)
    )
    monkeypatch.setattr(
        recipe_runs, "choose_stages", lambda run: dict(zip(STAGES, [m.embedding for m in run], strict=True))
    )
    recipe_runs.make(["softmax"], seeds=2, only=None)
    recipe_runs.make(["circle"], seeds=1, only="steps")
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["softmax.npz"]
    kept = json.loads((tmp_path / "steps.json").read_text())
    assert list(kept["losses"]) == ["softmax", "circle"]
    assert [run["seed"] for run in kept["losses"]["softmax"]["runs"]] == [0, 1]
    assert RunSpec(**kept["losses"]["softmax"]["spec"]) == embeddings.recipe_run("softmax")
    assert recipe_runs.steps_table().count("\n| ") == 3  # the head and two losses
    state = training.advance(training.start(embeddings.recipe_run("softmax")), steps=20)
    one = embeddings.load("softmax", "trained")
    assert asdict(one.spec) == asdict(state.spec)
    assert one.step == 20
    assert one.weight is not None
    learnt = training.class_weights(state)[0]
    assert learnt is not None
    np.testing.assert_array_equal(one.weight, learnt.astype(np.float16))
    np.testing.assert_array_equal(one.z, embeddings.embedding_of_state(state).z.astype(np.float16))


def test_knn_is_the_one_that_the_live_page_shows():
    state = training.start(RunSpec())
    assert embeddings.embedding_of_state(state, 10).knn == make_frame(state, embeddings.KNN_IMAGES).metrics.knn
