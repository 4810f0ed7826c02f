"""A race: nobody is ahead of anybody, whatever happens, and what is said of it follows from its numbers."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from cl_core import charts, training
from cl_core.analysis import metrics
from cl_core.analysis.leaderboard import rank
from cl_core.runtime import playback, race
from cl_core.runtime.race import Race, RaceProgress
from cl_core.training import RunSpec, frames
from cl_core.training.frames import PACES
from tests.executors import DyingExecutor, ImmediateExecutor, ThreadExecutor, engine_with, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
COARSE = RunSpec(dataset="blobs", dim=4, batch=256, loss="triplet")
EXPLODING = RunSpec(dataset="blobs", dim=4, loss="npair", unit_norm=False, optimiser="sgd", rate=10.0)


def opened(*specs: RunSpec, executor=None, pace: str = "flat-out", seeds: int = 1) -> Race:
    opened = engine_with(executor).open_race(specs, 500, seeds)
    opened.set_pace(PACES[pace])
    until(opened, lambda look: look.phase != "opening")
    return opened


def until(race: Race, seen: Callable[[RaceProgress], bool], seconds: float = 60.0) -> RaceProgress:
    """Look at a race as a page does until something is `seen`; nobody is ever ahead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        race.renew_lease()
        look = race.progress()
        together(race, look)
        if seen(look):
            return look
        time.sleep(0.005)
    raise AssertionError(f"not seen in {seconds} s: {look.phase} at step {look.step}")


def together(race: Race, look: RaceProgress) -> None:
    """What always holds: all that are in the race show the same steps, and nobody works beyond the common stretch."""
    for each in (each for looks in look.runs for each in looks):
        if each.failure is None:
            assert (each.frames[-1].step if each.frames else -1) == look.step
            assert len(each.losses) == max(look.step, 0)
        else:
            assert all(frame.step <= look.step for frame in each.frames)
    with race._context.changed:
        low, high = race._stretch[0], race._stretch[-1]
        for run in race._racing:
            assert run.steps_done <= high
            assert high == 0 or run.steps_done >= min(low, race._common_step())


@pytest.mark.parametrize("executor", [ThreadExecutor, ImmediateExecutor])
@pytest.mark.parametrize("pace", ["every-step", "flat-out"])
def test_all_are_at_the_same_step_whenever_one_looks(executor, pace):
    race = opened(SMALL, COARSE, executor=executor(), pace=pace)
    race.play()
    look = until(race, lambda look: look.step >= (5 if pace == "every-step" else 40))
    fast, slow = (each[0] for each in look.runs)
    assert [frame.step for frame in fast.frames] == [frame.step for frame in slow.frames]


@pytest.mark.parametrize("pace", ["every-step", "flat-out"])
def test_a_race_rests_exactly_where_it_is_told_to_and_goes_on_from_there(pace):
    race = opened(SMALL, COARSE, pace=pace)
    race.play(until=21)
    look = until(race, lambda look: not race.busy)
    assert (look.step, look.phase) == (21, "paused")
    race.play(until=21)
    until(race, lambda look: look.step > 22)


def test_a_race_rests_at_a_frame_of_all_and_steps_by_one():
    race = opened(SMALL, COARSE)
    for _ in range(3):
        race.play()
        begun = race.progress().step
        until(race, lambda look, begun=begun: look.step > begun)
        race.pause()
        look = until(race, lambda look: not race.busy)
        assert look.phase == "paused"
        assert {run.steps_done for run in race._all_runs} == {look.step}
    race.step()
    assert until(race, lambda look: not race.busy).step == look.step + 1


def test_equal_contenders_have_the_same_start_and_the_same_batches():
    race = opened(SMALL, SMALL, seeds=2)
    race.play()
    look = until(race, lambda look: look.step > 20)
    (first, second), (same, _) = look.runs
    np.testing.assert_array_equal(first.losses, same.losses)
    assert first.frames[0].points[2].tobytes() == same.frames[0].points[2].tobytes()
    assert second.spec.seed == first.spec.seed + 1
    assert second.losses[0] != first.losses[0]


def test_a_contender_is_trained_as_it_would_be_alone():
    race = opened(SMALL, COARSE)
    race.play()
    look = until(race, lambda look: look.step > 30)
    alone = training.advance(training.start(SMALL), steps=look.step)
    np.testing.assert_array_equal(look.runs[0][0].losses, alone.losses)
    shot = training.snapshot(alone, 500)
    assert frames.score(look.runs[0][0].frames[-1], "probe") == metrics.linear_probe(shot.z, shot.y)


def test_one_that_fails_is_left_behind():
    race = opened(EXPLODING, SMALL)
    race.play()
    look = until(race, lambda look: look.step > 100)
    (failed,), (other,) = look.runs
    assert "learning rate" in failed.failure
    assert failed.step < 100 < other.step
    assert (failed.phase, other.phase, look.phase) == ("failed", "running", "running")


def test_a_race_of_failures_ends():
    race = opened(EXPLODING, EXPLODING)
    race.play()
    assert until(race, lambda look: look.phase == "failed").runs[0][0].frames
    assert race.ended
    until(race, lambda look: not race.busy)


def test_workers_that_die_hold_up_and_are_heard_of():
    race = opened(SMALL, COARSE, executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 2))
    race.play()
    look = until(race, lambda look: look.step > 20)
    assert "A worker process died" in " ".join(each.note or "" for looks in look.runs for each in looks)


def test_a_race_nobody_looks_at_stops(monkeypatch):
    race_ = opened(SMALL, COARSE)
    monkeypatch.setattr(playback, "LEASE", 0.2)
    race_.renew_lease()
    race_.play()
    time.sleep(0.5)
    wait_until(
        lambda: not any(run._training or run._undrawn for run in race_._all_runs)
    )  # what was under way is finished
    rested = race_.progress().step
    time.sleep(0.3)
    assert race_.progress().step == rested
    until(race_, lambda look: look.step > rested)


def test_a_race_has_an_end(monkeypatch):
    monkeypatch.setattr(race, "MAX_STEPS", 33)
    race_ = opened(SMALL, COARSE)
    race_.play()
    look = until(race_, lambda look: look.phase == "finished")
    assert look.step == 33
    assert not until(race_, lambda look: not race_.busy and not race_.playing).rate


@pytest.mark.parametrize(
    ("specs", "n", "seeds", "words"),
    [
        ([SMALL], 500, 1, "2 to 4 contenders, not 1"),
        ([SMALL] * 5, 500, 1, "not 5"),
        ([SMALL] * 2, 500, 6, "1 to 5 seeds, not 6"),
        ([SMALL] * 2, 7, 1, "points"),
        ([SMALL, RunSpec(dataset="blobs", seed=1)], 500, 1, "one seed"),
    ],
)
def test_what_is_no_race_is_refused(specs, n, seeds, words):
    with pytest.raises(ValueError, match=words):
        engine_with().open_race(specs, n, seeds)


def test_a_linear_probe_is_right_about_what_lines_can_tell():
    dice = np.random.default_rng(0)
    y = np.tile(np.arange(3), 40)
    z = 5 * np.eye(3)[y] + dice.normal(size=(120, 3)) / 10
    assert metrics.linear_probe(z, y) == 1
    assert metrics.linear_probe(dice.normal(size=(120, 3)), y) < 0.6
    assert metrics.linear_probe(np.ones((120, 3), np.float32), y) == pytest.approx(1 / 3)
    assert np.isnan(metrics.linear_probe(z, 0 * y))


def test_rows_of_the_curves_are_means_over_seeds_and_as_far_as_all_have_come():
    race = opened(SMALL, COARSE, seeds=2)
    race.play()
    looks = until(race, lambda look: look.step > 20).runs
    rows = charts.race_rows(looks, ["A", "B"], "knn", 7).query("kind == 'B'")
    shares = np.array([[frame.metrics.knn for frame in look.frames] for look in looks[1]])
    np.testing.assert_allclose(1 - rows.value, shares.mean(axis=0))
    np.testing.assert_allclose(rows.low - rows.value, shares.std(axis=0, ddof=1), atol=1e-6)
    np.testing.assert_array_equal(rows.step, [frame.step for frame in looks[0][0].frames])


def test_losses_lie_between_floor_and_collapse_and_those_without_are_left_out():
    race = opened(SMALL, COARSE)
    race.play()
    (own,), (other,) = until(race, lambda look: look.step > 20).runs
    rows = charts.race_rows([[own], [other]], ["A", "B"], charts.LOSS, 7)
    low, high = own.references.floor, own.references.collapse
    steps = [frame.step for frame in own.frames]
    expected = [own.losses[0], *(own.losses[a:b].mean() for a, b in pairwise(steps))]
    np.testing.assert_allclose(rows[rows.kind == "A"].value, (np.array(expected) - low) / (high - low), rtol=1e-5)
    unknown = replace(own, references=replace(own.references, floor=np.nan))
    assert set(charts.race_rows([[unknown], [other]], ["A", "B"], charts.LOSS, 7).kind) == {"B", "cursor"}


NAMES = ("A", "B", "C")


def test_a_difference_beyond_the_spread_is_said():
    found = rank("kNN", NAMES, [(0.90, 0.91, 0.92), (0.95, 0.96, 0.97), (0.952, 0.962, 0.969)])
    assert found.means == pytest.approx((0.91, 0.96, 0.961))
    assert found.spreads[:2] == pytest.approx((0.01, 0.01))
    assert found.summary == (
        "kNN: C is ahead of A, by more than the spread over 3 seeds explains. "
        "No difference between C and B: it lies within the spread over 3 seeds."
    )
    assert found.format_score(0) == "91.0 ± 1.0 %"


def test_a_difference_within_the_spread_is_called_none():
    # two standard errors of the difference: 2 * sqrt(2 * 0.02^2 / 2) = 0.04
    found = rank("kNN", NAMES[:2], [(0.90, 0.90 + 0.02 * 2**0.5), (0.939, 0.939 + 0.02 * 2**0.5)])
    assert found.summary.startswith("kNN: No difference between B and A")
    found = rank("kNN", NAMES[:2], [(0.90, 0.90 + 0.02 * 2**0.5), (0.941, 0.941 + 0.02 * 2**0.5)])
    assert found.summary.startswith("kNN: B is ahead of A")


def test_one_seed_tells_nothing_and_one_contender_either():
    assert rank("kNN", NAMES, [(0.5,), (0.5,), (0.5,)]).summary == "kNN: the same for all."
    assert "One seed cannot tell" in rank("kNN", NAMES, [(0.1,), (0.9,), (0.5,)]).summary
    found = rank("kNN", NAMES, [(0.5, 0.6), (), (np.nan,)])
    assert "no two to compare" in found.summary
    assert found.format_score(1) == "none"
