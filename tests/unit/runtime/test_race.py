"""Races: runs advance in lockstep, failed runs drop out, and the leaderboard follows from the scores."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from cl_core import charts, training
from cl_core.analysis import metrics
from cl_core.analysis.leaderboard import rank
from cl_core.runtime import playback, race_limits
from cl_core.runtime import race as race_module
from cl_core.runtime.race import Race, RaceProgress
from cl_core.training import RunSpec, frames
from cl_core.training.frames import PACES, Pace
from tests.executors import DyingExecutor, ImmediateExecutor, ThreadExecutor, close_engines, engine_with, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
COARSE = RunSpec(dataset="blobs", dim=4, batch=128, loss="triplet")
POINTS = 100  # fewer than a page shows: frames are made faster
FULL_SPEED = PACES["flat-out"]
EVERY_STEP = Pace(None, every_step=True)  # without the pauses of the page's pace
EXPLODING = RunSpec(dataset="blobs", dim=4, loss="npair", unit_norm=False, optimiser="sgd", rate=10.0)


@pytest.fixture(autouse=True, scope="module")
def _allow_few_points():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(race_limits, "PROBE_SIZES", (POINTS, *race_limits.PROBE_SIZES))
        yield


@pytest.fixture(scope="module")
def progress() -> RaceProgress:
    """The progress of a race beyond step 12; frames are at steps 10 and 12."""
    race = open_race(SMALL, COARSE)
    race.play()
    progress = poll_until(race, lambda progress: progress.step > 12)
    close_engines()
    return progress


def open_race(*specs: RunSpec, executor=None, pace: Pace = FULL_SPEED, n: int = POINTS, seeds: int = 1) -> Race:
    race = engine_with(executor).open_race(specs, n, seeds)
    race.set_pace(pace)
    poll_until(race, lambda progress: progress.phase != "opening")
    return race


def poll_until(race: Race, condition: Callable[[RaceProgress], bool], seconds: float = 60.0) -> RaceProgress:
    """Renew the lease and read the progress of a race, as a page does, until a condition holds; check the lockstep."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        race.renew_lease()
        progress = race.progress()
        check_lockstep(race, progress)
        if condition(progress):
            return progress
        time.sleep(0.005)
    raise AssertionError(f"not after {seconds} s: {progress.phase} at step {progress.step}")


def check_lockstep(race: Race, progress: RaceProgress) -> None:
    """Check that all racing runs show the same steps, and that none has trained beyond the common stretch."""
    for run_progress in (of_seed for of_contender in progress.runs for of_seed in of_contender):
        if run_progress.failure is None:
            assert (run_progress.frames[-1].step if run_progress.frames else -1) == progress.step
            assert len(run_progress.losses) == max(progress.step, 0)
        else:
            assert all(frame.step <= progress.step for frame in run_progress.frames)
    with race._context.changed:
        low, high = race._stretch[0], race._stretch[-1]
        for run in race._racing:
            assert run.steps_done <= high
            assert high == 0 or run.steps_done >= min(low, race._common_step())


@pytest.mark.parametrize("executor", [ThreadExecutor, ImmediateExecutor])
@pytest.mark.parametrize("pace", [EVERY_STEP, FULL_SPEED], ids=["every-step", "flat-out"])
def test_all_runs_show_the_same_step_at_any_moment(executor, pace, monkeypatch):
    if executor is ImmediateExecutor:
        monkeypatch.setattr(playback, "LEASE", 0.1)  # until its end the engine does not release its lock
    race = open_race(SMALL, COARSE, executor=executor(), pace=pace)
    race.play()
    progress = poll_until(race, lambda progress: progress.step >= (5 if pace is EVERY_STEP else 14))
    fast, slow = (of_contender[0] for of_contender in progress.runs)
    assert [frame.step for frame in fast.frames] == [frame.step for frame in slow.frames]


@pytest.mark.parametrize("pace", [EVERY_STEP, FULL_SPEED], ids=["every-step", "flat-out"])
def test_race_plays_until_a_step_and_resumes_from_it(pace):
    race = open_race(SMALL, COARSE, pace=pace)
    race.play(until=11)  # frames are at steps 10 and 12
    progress = poll_until(race, lambda progress: not race.busy)
    assert (progress.step, progress.phase) == (11, "paused")
    race.play(until=11)
    poll_until(race, lambda progress: progress.step > 12)


def test_race_pauses_at_a_common_frame_and_steps_by_one():
    race = open_race(SMALL, COARSE)
    for _ in range(2):
        race.play()
        start = race.progress().step
        poll_until(race, lambda progress, start=start: progress.step > start)
        race.pause()
        progress = poll_until(race, lambda progress: not race.busy)
        assert progress.phase == "paused"
        assert {run.steps_done for run in race._all_runs} == {progress.step}
    race.step()
    assert poll_until(race, lambda progress: not race.busy).step == progress.step + 1


def test_equal_contenders_have_the_same_weights_and_batches():
    race = open_race(SMALL, SMALL, seeds=2)
    race.play()
    progress = poll_until(race, lambda progress: progress.step > 6)
    (first, second), (same, _) = progress.runs
    np.testing.assert_array_equal(first.losses, same.losses)
    assert first.frames[0].points[2].tobytes() == same.frames[0].points[2].tobytes()
    assert second.spec.seed == first.spec.seed + 1
    assert second.losses[0] != first.losses[0]


def test_contender_is_trained_exactly_as_alone(progress):
    alone = training.advance(training.start(SMALL), steps=progress.step)
    np.testing.assert_array_equal(progress.runs[0][0].losses, alone.losses)
    snapshot = training.snapshot(alone, POINTS)
    assert frames.score(progress.runs[0][0].frames[-1], "probe") == metrics.linear_probe(snapshot.z, snapshot.y)


def test_failed_run_drops_out_and_the_others_go_on():
    race = open_race(EXPLODING, SMALL)
    race.play()
    progress = poll_until(race, lambda progress: progress.step > 20)
    (failed,), (other,) = progress.runs
    assert "learning rate" in failed.failure
    assert failed.step < 20 < other.step
    assert (failed.phase, other.phase, progress.phase) == ("failed", "running", "running")


def test_race_ends_when_all_runs_fail():
    race = open_race(EXPLODING, EXPLODING)
    race.play()
    assert poll_until(race, lambda progress: progress.phase == "failed").runs[0][0].frames
    assert race.ended
    poll_until(race, lambda progress: not race.busy)


def test_worker_death_is_noted_and_the_race_goes_on():
    race = open_race(SMALL, COARSE, executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 2))
    race.play()
    progress = poll_until(race, lambda progress: progress.step > 8)  # beyond the chunk that is lost
    assert "A worker process died" in " ".join(run.note or "" for of_contender in progress.runs for run in of_contender)


def test_race_stops_without_lease_and_resumes_with_it(monkeypatch):
    race = open_race(SMALL, COARSE)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    race.renew_lease()
    race.play()
    time.sleep(0.2)
    wait_until(lambda: not any(run._training or run._undrawn for run in race._all_runs))  # tasks under way are finished
    stopped_step = race.progress().step
    time.sleep(0.2)
    assert race.progress().step == stopped_step
    poll_until(race, lambda progress: progress.step > stopped_step)


def test_race_finishes_at_max_steps(monkeypatch):
    monkeypatch.setattr(race_module, "MAX_STEPS", 13)
    race = open_race(SMALL, COARSE)
    race.play()
    progress = poll_until(race, lambda progress: progress.phase == "finished")
    assert progress.step == 13
    assert not poll_until(race, lambda progress: not race.busy and not race.playing).rate


@pytest.mark.parametrize(
    ("specs", "n", "seeds", "message"),
    [
        ([SMALL], 500, 1, "2 to 5 contenders, not 1"),
        ([SMALL] * 6, 500, 1, "not 6"),
        ([SMALL] * 2, 500, 6, "1 to 5 seeds, not 6"),
        ([SMALL] * 5, 500, 5, "20 runs at most"),
        ([SMALL] * 2, 7, 1, "points"),
        ([SMALL, RunSpec(dataset="blobs", seed=1)], 500, 1, "one seed"),
    ],
)
def test_invalid_race_is_refused(specs, n, seeds, message):
    with pytest.raises(ValueError, match=message):
        engine_with().open_race(specs, n, seeds)


def test_linear_probe_separates_linearly_separable_classes_only():
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(3), 40)
    z = 5 * np.eye(3)[y] + rng.normal(size=(120, 3)) / 10
    assert metrics.linear_probe(z, y) == 1
    assert metrics.linear_probe(rng.normal(size=(120, 3)), y) < 0.6
    assert metrics.linear_probe(np.ones((120, 3), np.float32), y) == pytest.approx(1 / 3)
    assert np.isnan(metrics.linear_probe(z, 0 * y))


def test_race_rows_are_means_and_spreads_over_seeds_at_common_steps():
    race = open_race(SMALL, COARSE, n=500, seeds=2)  # of 100 points none is wrong, and 0 is drawn as 0.001
    race.play()
    runs = poll_until(race, lambda progress: progress.step > 3).runs
    rows = charts.race_rows(runs, ["A", "B"], "knn", 7).query("kind == 'B'")
    shares = np.array([[frame.metrics.knn for frame in run.frames] for run in runs[1]])
    np.testing.assert_allclose(1 - rows.value, shares.mean(axis=0))
    np.testing.assert_allclose(rows.low - rows.value, shares.std(axis=0, ddof=1), atol=1e-6)
    np.testing.assert_array_equal(rows.step, [frame.step for frame in runs[0][0].frames])


def test_race_rows_scale_losses_between_floor_and_collapse_and_omit_unknown(progress):
    (first,), (second,) = progress.runs
    rows = charts.race_rows([[first], [second]], ["A", "B"], charts.LOSS, 7)
    low, high = first.references.floor, first.references.collapse
    steps = [frame.step for frame in first.frames]
    expected = [first.losses[0], *(first.losses[a:b].mean() for a, b in pairwise(steps))]
    np.testing.assert_allclose(rows[rows.kind == "A"].value, (np.array(expected) - low) / (high - low), rtol=1e-5)
    unknown = replace(first, references=replace(first.references, floor=np.nan))
    assert set(charts.race_rows([[unknown], [second]], ["A", "B"], charts.LOSS, 7).kind) == {"B", "cursor"}


NAMES = ("A", "B", "C")


def test_rank_states_differences_beyond_the_spread():
    ranking = rank("kNN", NAMES, [(0.90, 0.91, 0.92), (0.95, 0.96, 0.97), (0.952, 0.962, 0.969)])
    assert ranking.means == pytest.approx((0.91, 0.96, 0.961))
    assert ranking.spreads[:2] == pytest.approx((0.01, 0.01))
    assert ranking.summary == (
        "kNN: C is ahead of A, by more than the variation over 3 seeds. "
        "No clear difference between C and B: it is within the variation over 3 seeds."
    )
    assert ranking.format_score(0) == "91.0 ± 1.0 %"


def test_rank_states_no_difference_within_two_standard_errors():
    # two standard errors of the difference: 2 * sqrt(2 * 0.02^2 / 2) = 0.04
    ranking = rank("kNN", NAMES[:2], [(0.90, 0.90 + 0.02 * 2**0.5), (0.939, 0.939 + 0.02 * 2**0.5)])
    assert ranking.summary.startswith("kNN: No clear difference between B and A")
    ranking = rank("kNN", NAMES[:2], [(0.90, 0.90 + 0.02 * 2**0.5), (0.941, 0.941 + 0.02 * 2**0.5)])
    assert ranking.summary.startswith("kNN: B is ahead of A")


def test_rank_states_nothing_from_one_seed_or_one_contender():
    assert rank("kNN", NAMES, [(0.5,), (0.5,), (0.5,)]).summary == "kNN: the same for all."
    assert "With one seed the difference may be chance" in rank("kNN", NAMES, [(0.1,), (0.9,), (0.5,)]).summary
    ranking = rank("kNN", NAMES, [(0.5, 0.6), (), (np.nan,)])
    assert "no two runs to compare" in ranking.summary
    assert ranking.format_score(1) == "none"
