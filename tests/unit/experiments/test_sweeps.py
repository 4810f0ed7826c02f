"""Sweeps: plans, runs in short tasks, stop and resume, files, best values, and the verdicts of the shipped ones."""

import itertools
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, Executor, Future
from math import inf, isnan, sqrt

import numpy as np
import pandas as pd
import pytest

from cl_core import training
from cl_core.data.npz import DataError
from cl_core.experiments.sweeps import claims, prepared, results, trials
from cl_core.experiments.sweeps.job import MAX_DEATHS, SHARED_TASK_SECONDS, TASK_SECONDS, SweepJob
from cl_core.experiments.sweeps.plan import MAX_TRIALS, SETTINGS, Plan, grid, numeric_parameters, range_of
from cl_core.experiments.sweeps.prepared import PREPARED
from cl_core.experiments.sweeps.summary import summarise
from cl_core.experiments.sweeps.trials import DRAWN, Outcome, TrialState
from cl_core.losses import LOSSES
from cl_core.training import RunSpec
from tests import ROOT
from tests.executors import ThreadExecutor, wait_until

BLOBS = RunSpec(dataset="blobs", dim=4, batch=32)
SMALL = Plan(BLOBS, "temperature", (0.1, 0.5), (5, 10), 2, "batch", (16.0, 32.0))


@pytest.fixture
def thread():
    with ThreadExecutor() as executor:
        yield executor


def job_of(*arguments, **settings):
    """Return a job that no page has to renew."""
    return SweepJob(*arguments, **{"lease": inf, **settings})


def made_up_outcome(step, knn, failure=""):
    return Outcome(step, knn, knn / 2, 0.5, np.full((DRAWN, 2), step % 100, np.int8), failure)


def made_up_table(plan, knn):
    """Return the table of a sweep whose scores a function of trial and step tells."""
    made = {
        trial.key: tuple(made_up_outcome(step, knn(trial, step)) for step in trial.measured) for trial in plan.trials
    }
    return results.table_of(plan, made)


def test_plan_has_every_combination_with_one_run_each():
    keys = [trial.key for trial in SMALL.trials]
    assert sorted(keys) == sorted(itertools.product((0.1, 0.5), (16.0, 32.0), range(2)))
    assert [trial.seed for trial in SMALL.trials] == [0] * 4 + [1] * 4, "a curve is complete after the first seed"
    for trial in SMALL.trials:
        assert trial.spec.theta["temperature"] == trial.value
        assert (trial.spec.batch, trial.spec.seed, trial.measured) == (trial.other, trial.seed, (5, 10))
    assert SMALL.total_steps == 8 * 10


def test_steps_as_second_setting_need_no_runs_of_their_own():
    plan = Plan(BLOBS, "temperature", (0.1, 0.5), seeds=2, other="steps", other_values=(20.0, 10.0))
    assert len(plan.trials) == 4
    assert {trial.measured for trial in plan.trials} == {(10, 20)}
    table = made_up_table(plan, lambda trial, step: step / 100)
    assert sorted(set(table["other"])) == [10, 20]
    assert {key: found[0].knn for key, found in results.outcomes_of(plan, table).items()} == dict.fromkeys(
        (trial.key for trial in plan.trials), 0.1
    )


def test_epochs_are_passes_through_the_training_images():
    plan = Plan(
        RunSpec(training_images=1000), "temperature", (0.1,), seeds=1, other="batch", other_values=(100.0, 250.0),
        epochs=(1, 3),
    )  # fmt: skip
    assert [trial.measured for trial in plan.trials] == [(10, 30), (4, 12)]
    assert list(made_up_table(plan, lambda *_: 0.5)["at"]) == [1, 3, 1, 3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameter": "margin"}, "no number called 'margin'"),
        ({"values": ()}, "takes 1 to 15"),
        ({"values": tuple(range(1, 30))}, "takes 1 to 15"),
        ({"values": (-1.0,)}, "temperature"),
        ({"other": "temperature", "other_values": (0.1,)}, "can't be varied"),
        ({"other": "height", "other_values": (1.0,)}, "can't be varied"),
        ({"other": "batch", "other_values": ()}, "batch size"),
        ({"other": "batch", "other_values": (3.0,)}, "must lie between 4"),
        ({"other": "rate", "other_values": (100.0,)}, "must lie between"),
        ({"seeds": 0}, "1 to 10 seeds"),
        ({"steps": (0,)}, "training steps"),
        ({"values": tuple(i / 20 for i in range(1, 16)), "seeds": 10, "other": "dim", "other_values": (2, 3, 4)},
         f"at most {MAX_TRIALS}"),
    ],
)  # fmt: skip
def test_plan_that_cannot_be_run_says_why(changes, words):
    with pytest.raises(ValueError, match=words):
        Plan(**{"base": BLOBS, "parameter": "temperature", "values": (0.1,), **changes})


@pytest.mark.parametrize(("key", "name"), [(key, name) for key in LOSSES for name in numeric_parameters(key)])
def test_grid_of_every_parameter_can_be_run(key, name):
    low, high = range_of(key, name)
    values = grid(key, name, low, high, 7)
    assert values == tuple(sorted(set(values)))
    assert low <= values[0] < values[-1] <= high
    loss = LOSSES[key]
    base = RunSpec(loss=key, dim=loss.recipe.dim, unit_norm=loss.recipe.unit_norm, encoder=loss.recipe.encoder)
    plan = Plan(base, name, values, seeds=1)
    assert [trial.spec.theta[name] for trial in plan.trials] == list(values)
    if loss.parameters[name].spec.log:
        ratios = [b / a for a, b in itertools.pairwise(values)]
        assert max(ratios) / min(ratios) < 1.5


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_can_be_the_second_one(name):
    values = {"batch": (8.0, 16.0), "rate": (1e-3, 1e-2), "dim": (2.0, 3.0), "steps": (2.0, 4.0)}
    plan = Plan(BLOBS, "temperature", (0.1,), (4,), 1, name, values.get(name, (20.0, 40.0)))
    assert plan.total_steps == (4 if name == "steps" else 8)


def test_short_tasks_give_the_run_that_one_long_task_gives():
    trial = SMALL.trials[0]
    long = trials.advance(trial, TrialState(), 1e9)
    short, tasks = TrialState(), 0
    while not short.is_done(trial):
        short, tasks = trials.advance(trial, short, 0.0), tasks + 1
    assert tasks > 2
    assert [outcome.step for outcome in long.outcomes] == [5, 10]
    for a, b in zip(long.outcomes, short.outcomes, strict=True):
        assert (a.knn, a.map_r, a.spread) == (b.knn, b.map_r, b.spread)
        assert (a.points == b.points).all()
    state = training.advance(training.start(trial.spec), steps=10)
    assert np.array_equal(state.vector, long.state.vector), "the run of the training page"
    assert np.abs(long.outcomes[-1].points).max() == 127


def test_run_that_diverges_counts_with_its_reason():
    trial = Plan(RunSpec(dataset="blobs", dim=4, batch=32, rate=10.0, optimiser="sgd", loss="npair", unit_norm=False),
                 "l2", (0.02,), (50, 100), 1).trials[0]  # fmt: skip
    outcomes = trials.advance(trial, TrialState(), 1e9).outcomes
    assert [outcome.step for outcome in outcomes] == [50, 100]
    assert all(isnan(outcome.knn) and outcome.failure for outcome in outcomes)


def test_job_runs_every_trial_and_tells_its_progress(thread):
    finished = []
    job = job_of(thread, SMALL, on_finished=lambda trial, outcomes: finished.append((trial.key, len(outcomes))))
    assert job.wait(60)
    progress = job.progress()
    assert (progress.phase, progress.share, progress.failure) == ("done", 1.0, "")
    assert sorted(finished) == sorted((trial.key, 2) for trial in SMALL.trials)
    assert set(progress.outcomes) == {trial.key for trial in SMALL.trials}


class GatedExecutor(Executor):
    """Runs tasks at once, each after `gate` was released for it."""

    def __init__(self):
        self.gate = threading.Semaphore(0)
        self.tasks = []

    def submit(self, fn, /, *args):
        self.gate.acquire()
        self.tasks.append(args[0].key)
        future = Future()
        future.set_result(fn(*args))
        return future


def test_stopped_job_resumes_where_it_was():
    executor = GatedExecutor()
    job = job_of(executor, SMALL, at_once=1)
    for _ in range(3):
        executor.gate.release()
    wait_until(lambda: len(job.progress().outcomes) == 3)
    job.stop()
    executor.gate.release()
    assert job.wait(30)
    before = job.progress()
    assert before.phase == "stopped"
    assert 0 < len(before.outcomes) < len(SMALL.trials)
    job.resume()
    for _ in SMALL.trials:
        executor.gate.release()
    assert job.wait(30)
    assert job.progress().phase == "done"
    assert sorted(executor.tasks) == sorted(trial.key for trial in SMALL.trials), "none was run twice"
    job.resume()
    assert job.progress().phase == "done"


def test_finished_runs_are_not_run_again(thread):
    job = job_of(thread, SMALL)
    job.wait(60)
    done = job.progress().outcomes
    executor = GatedExecutor()
    first = SMALL.trials[0].key
    again = job_of(executor, SMALL, {key: found for key, found in done.items() if key != first})
    executor.gate.release()
    assert again.wait(30)
    assert executor.tasks == [first]
    assert again.progress().outcomes[first][1].knn == done[first][1].knn


def test_job_without_lease_stops():
    executor = GatedExecutor()
    job = job_of(executor, SMALL, at_once=1, lease=0.0)
    executor.gate.release()
    assert job.wait(30)
    assert job.progress().phase == "stopped"


class CountingExecutor(ThreadExecutor):
    """Notes the seconds of each task, and how many are under way."""

    def __init__(self):
        super().__init__()
        self.lock, self.seconds, self.under_way, self.most = threading.Lock(), [], 0, 0

    def submit(self, fn, /, *args):
        with self.lock:
            self.seconds.append(args[2])
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        future = super().submit(fn, *args)
        future.add_done_callback(lambda _: setattr(self, "under_way", self.under_way - 1))
        return future


@pytest.mark.parametrize(("shared", "most", "seconds"), [(False, 2, TASK_SECONDS), (True, 1, SHARED_TASK_SECONDS)])
def test_job_leaves_workers_to_others_that_wait(shared, most, seconds):
    with CountingExecutor() as executor:
        job = job_of(executor, SMALL, at_once=2, is_shared=lambda: shared)
        assert job.wait(60)
    assert job.progress().phase == "done"
    assert executor.most == most
    assert set(executor.seconds) == {seconds}


class DeadlyExecutor(Executor):
    """Loses the first tasks of one run together with their worker."""

    def __init__(self, deaths):
        self.deaths = deaths

    def submit(self, fn, /, *args):
        future = Future()
        if args[0].key == SMALL.trials[2].key and self.deaths:
            self.deaths -= 1
            future.set_exception(BrokenExecutor("a worker died"))
        else:
            future.set_result(fn(*args))
        return future


def test_dead_worker_costs_one_task_and_a_deadly_run_ends_the_sweep():
    job = job_of(DeadlyExecutor(MAX_DEATHS - 1), SMALL)
    assert job.wait(60)
    assert job.progress().phase == "done"
    job = job_of(DeadlyExecutor(10**6), SMALL, at_once=1)
    assert job.wait(60)
    progress = job.progress()
    assert progress.phase == "failed"
    assert "out of memory" in progress.failure
    assert len(progress.outcomes) == 2, "finished runs are kept"


def test_file_has_plan_and_measurements(tmp_path):
    table = made_up_table(SMALL, lambda trial, step: trial.value)
    path = tmp_path / "new" / "sweep.parquet"
    results.save(SMALL, table, path)
    plan, loaded = results.load(path)
    assert plan == SMALL
    pd.testing.assert_frame_equal(loaded, table)
    assert set(results.outcomes_of(plan, loaded)) == {trial.key for trial in SMALL.trials}
    partial = table.drop(index=table.index[-1])
    assert len(results.outcomes_of(plan, partial)) == len(SMALL.trials) - 1
    assert not list(path.parent.glob(".*")), "no partial file"


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "sweep.parquet"
    with pytest.raises(FileNotFoundError):
        results.load(path)
    results.save(SMALL, made_up_table(SMALL, lambda *_: 0.5), path)
    good = path.read_bytes()
    table = made_up_table(SMALL, lambda *_: 0.5)
    for damage in (b"", good[:-20], good[:200] + b"x" * 40 + good[240:], b"PAR1" * 9):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"sweep\.parquet"):
            results.load(path)
    table.drop(columns="points").to_parquet(path)
    with pytest.raises(DataError):
        results.load(path)


def slow_summary(table, other, at):
    """Return means, best value and ties by loops."""
    rows = [row for row in table.to_dict("records") if (row["other"], row["at"]) == (other, at)]
    scores = {}
    for row in rows:
        scores.setdefault(row["value"], {})[row["seed"]] = 0.0 if isnan(row["knn"]) else row["knn"]
    means = {value: sum(each.values()) / len(each) for value, each in scores.items()}
    best = max(means, key=means.get)
    tied = []
    for value, each in scores.items():
        differences = [scores[best][seed] - each[seed] for seed in each]
        mean = sum(differences) / len(differences)
        spread = sum((difference - mean) ** 2 for difference in differences) / (len(differences) - 1)
        if value == best or mean <= 2 * sqrt(spread / len(differences)):
            tied.append(value)
    return means, best, sorted(tied)


def test_summary_agrees_with_loops():
    plan = Plan(BLOBS, "temperature", (0.05, 0.1, 0.2, 0.5), (5, 10), 4, "batch", (16.0, 32.0))
    random = np.random.default_rng(0)
    table = made_up_table(plan, lambda trial, step: 0.9 - trial.value / 3 + 0.04 * random.standard_normal())
    table.loc[3, ["knn", "failure"]] = [np.nan, "diverged"]
    found = summarise(table)
    assert list(found) == [(16.0, 5.0), (16.0, 10.0), (32.0, 5.0), (32.0, 10.0)]
    for (other, at), summary in found.items():
        means, best, tied = slow_summary(table, other, at)
        assert {value: each.value for value, each in summary.estimates.items()} == pytest.approx(means)
        assert (summary.best, list(summary.tied)) == (best, tied)
    assert sum(sum(summary.failed.values()) for summary in found.values()) == 1


def test_one_seed_decides_nothing():
    plan = Plan(BLOBS, "temperature", (0.1, 0.5), (5,), 1)
    (summary,) = summarise(made_up_table(plan, lambda trial, _: trial.value)).values()
    assert summary.best == 0.5
    assert summary.tied == (0.1, 0.5)
    assert not summary.is_decided


def test_tuned_value_is_judged_on_seeds_that_did_not_choose_it():
    """The best of many equal values looks better than the default on the seeds that chose it; this must not count."""
    plan = Plan(BLOBS, "temperature", tuple(i / 20 for i in range(1, 13)), (5,), 10)
    random = np.random.default_rng(1)
    gains = []
    for _ in range(30):
        table = made_up_table(plan, lambda *_: 0.5 + 0.1 * random.standard_normal())
        gains.append(claims.tuned_gain(table, (-1.0, 5.0), 0.1).value)
    assert abs(np.mean(gains)) < 3 * np.std(gains) / sqrt(30)
    table = made_up_table(plan, lambda trial, _: trial.value + 0.001 * random.standard_normal())
    assert claims.tuned_gain(table, (-1.0, 5.0), 0.1).value == pytest.approx(0.5, abs=0.01)


def tables_of_temperature(best):
    """Return a function that makes up shipped sweeps whose best temperature a function of the trial and step tells."""

    def load(key):
        random = np.random.default_rng(0)
        plan = PREPARED[key].plan
        return made_up_table(
            plan,
            lambda trial, step: 0.9 - 0.1 * abs(np.log(trial.value / best(trial, step)))
            + 1e-4 * random.standard_normal(),
        )  # fmt: skip

    return load


def test_verdict_on_temperatures_follows_the_tables():
    constant = claims.best_temperature_varies(tables_of_temperature(lambda *_: 0.1))
    assert constant.holds is False
    assert (constant.evidence["answer"] != "yes").all()
    varying = claims.best_temperature_varies(
        tables_of_temperature(lambda trial, step: 0.5 if (trial.other > 100) != (step > trial.measured[0]) else 0.05)
    )
    assert varying.holds is True
    only_batch = claims.best_temperature_varies(tables_of_temperature(lambda t, _: 0.5 if t.other > 100 else 0.05))
    assert only_batch.holds is False
    assert claims.tuning_improves_nt_xent(tables_of_temperature(lambda *_: 0.05)).holds is True
    assert claims.tuning_improves_nt_xent(tables_of_temperature(lambda *_: 0.5)).holds is False


@pytest.mark.parametrize("key", PREPARED)
def test_shipped_sweep_is_complete(key):
    plan, table = PREPARED[key].plan, prepared.load(key)
    assert set(results.outcomes_of(plan, table)) == {trial.key for trial in plan.trials}
    assert table["knn"].between(0, 1).all() or (table["failure"] != "").any()


def test_shipped_sweep_can_be_made_again():
    plan, table = PREPARED["xi-pccl"].plan, prepared.load("xi-pccl")
    trial = plan.trials[0]
    made = trials.advance(trial, TrialState(), 1e9).outcomes[-1]
    row = table[(table["value"] == trial.value) & (table["other"] == trial.other) & (table["seed"] == trial.seed)].iloc[
        0
    ]
    assert made.knn == pytest.approx(row["knn"], abs=0.01)


def test_verdicts_on_the_shipped_sweeps():
    assert {name: claim().holds for name, claim in claims.CLAIMS.items()} == {
        "varies": True, "nt_xent": True, "xi": False,
    }  # fmt: skip


def test_file_of_another_sweep_is_refused(tmp_path):
    results.save(SMALL, made_up_table(SMALL, lambda *_: 0.5), tmp_path / "xi-pccl.parquet")
    with pytest.raises(DataError, match="another sweep"):
        prepared.load("xi-pccl", tmp_path)


def test_command_runs_resumes_and_reports(tmp_path):
    out = tmp_path / "own.parquet"
    command = [
        sys.executable, "-m", "cl_core.experiments", "sweep", "--loss", "supcon", "--dataset", "blobs", "--batch", "32",
        "--values", "0.1", "0.5", "--steps", "5", "--seeds", "2", "--workers", "1", "--out", str(out),
    ]  # fmt: skip

    def run(*more):
        return subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)

    first = run()
    assert first.returncode == 0, first.stderr
    assert "0 of 4 runs are finished; 4 to run" in first.stdout
    assert "5 steps: best temperature" in first.stdout
    plan, table = results.load(out)
    results.save(plan, table.drop(index=0), out)
    assert "3 of 4 runs are finished; 1 to run" in run().stdout
    other = run("--seeds", "1")
    assert other.returncode == 1
    assert "holds another sweep" in other.stderr
    wrong = run("--parameter", "margin")
    assert wrong.returncode == 2
    assert "no number called" in wrong.stderr
