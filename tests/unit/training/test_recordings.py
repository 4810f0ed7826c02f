"""Shipped recordings are complete, consistent and reproducible, and damaged files are refused."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.analysis import metrics
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.losses.miners import easy, hard, semihard
from cl_core.training import frames
from cl_core.training.pretrained import recordings
from cl_core.training.pretrained.recordings import IMAGES, RECORDINGS
from tests import archives

REMAKE_HINT = "the net, the loss or a default has changed; run: python -m cl_core.training.pretrained recordings"
COLLAPSING = {"hard", "batch-hard"}


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording_is_complete_and_consistent(name):
    recording = recordings.load(name)
    n_frames = len(recording.steps)
    assert (recording.name, recording.spec) == (name, RECORDINGS[name]), REMAKE_HINT
    assert recording.steps.tolist() == recordings.recorded_steps(recording.spec)
    assert 50 <= n_frames <= 60
    assert recording.points.shape == (n_frames, IMAGES, 2)
    assert recording.points.dtype == np.float32
    data = datasets.load("mnist")
    np.testing.assert_array_equal(recording.rows, datasets.probe_indices(data, IMAGES))
    np.testing.assert_array_equal(recording.labels, data.y_test[recording.rows])
    np.testing.assert_allclose(recording.shares.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert recording.collapse == pytest.approx(recording.spec.theta["margin"], abs=1e-6)
    assert recording.floor == 0
    assert ((recording.views >= 0) & (recording.views.sum(axis=1, keepdims=True) <= 1)).all()
    drawn_spread = np.sqrt(recording.points.var(axis=1).sum(axis=1))
    assert (drawn_spread <= recording.spread * 1.001).all(), "a projection is no wider than the embedding"
    assert name in COLLAPSING or recording.knn[-1] > 0.95


def test_recordings_differ_in_mining_and_margin_only():
    specs = list(RECORDINGS.values())
    others = {json.dumps({**vars(spec), "theta": 0}, sort_keys=True) for spec in specs}
    assert len(others) == 1, "same encoder, same seed, same batches"
    starts = {recordings.load(name).points[0].tobytes() for name in RECORDINGS}
    assert len(starts) == 1
    assert len({(spec.theta["mining"], spec.theta["margin"]) for spec in specs}) == len(RECORDINGS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_hard_mining_collapses_and_semihard_does_not(name):
    recording = recordings.load(name)
    if name not in COLLAPSING:
        assert recording.collapsed is None
        assert recording.spread[-1] > 0.9
        assert recording.losses[-1] < 0.5 * recording.collapse
        assert recording.shares[-1, 0] > 0.9 > 0.1 > recording.shares[0, 0]
        assert recording.shares[:, 1].max() > 10 * recording.shares[-1, 1], "semi-hard triplets are used up"
        return
    assert recording.collapsed is not None
    assert recording.collapsed < 20
    after = recording.steps >= recording.collapsed
    assert (recording.spread[after] < recordings.COLLAPSED).all()
    assert recording.spread[-1] < 0.003
    np.testing.assert_allclose(recording.losses[after], recording.collapse, rtol=0.01)
    assert recording.shares[:, 0].max() < 1e-3, "nothing ever becomes easy"


def test_collapsed_and_used_up_give_the_step_of_the_lasting_change():
    recording = recordings.load("hard")
    spread = np.full(len(recording.steps), 1.0)
    assert replace(recording, spread=spread).collapsed is None
    assert replace(recording, spread=0 * spread).collapsed == 0
    spread[3:] = 0.0
    assert replace(recording, spread=spread).collapsed == recording.steps[3]
    spread[7] = 1.0  # spread out again
    assert replace(recording, spread=spread).collapsed == recording.steps[8]
    spread[-1] = 1.0
    assert replace(recording, spread=spread).collapsed is None
    assert recordings.load("semi-hard").used_up is None
    assert recordings.load("semi-hard, small margin").used_up in recording.steps


@pytest.fixture(scope="module")
def remade():
    return recordings.record("semi-hard", last_step=10)


@pytest.mark.slow
def test_recording_again_gives_the_shipped_recording(remade):
    shipped, n = recordings.load("semi-hard"), len(remade.steps)
    np.testing.assert_array_equal(remade.steps, shipped.steps[:n])
    assert n == 11
    # another processor sums in another order, and that grows from step to step
    for name, tolerance in {"shares": 0.01, "knn": 0.02, "spread": 0.01, "losses": 0.02, "points": 0.05}.items():
        actual, expected = getattr(remade, name), getattr(shipped, name)[:n]
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance, err_msg=f"{name}: {REMAKE_HINT}")


@pytest.mark.slow
def test_recorded_frame_matches_live_frame_and_shares_use_the_run_margin(remade):
    state = training.start(remade.spec)
    first = frames.make_frame(state, IMAGES)
    assert (remade.knn[0], remade.spread[0]) == (first.metrics.knn, first.metrics.spread)
    np.testing.assert_allclose(remade.points[0], first.points[2], rtol=1e-3, atol=1e-6)
    assert remade.losses[0] == training.advance(state, steps=1).losses[0]
    state = training.advance(state, steps=4)  # at step 4 there are triplets of each kind
    snapshot = training.snapshot(state, 60)
    z, y = torch.from_numpy(snapshot.z).double(), torch.from_numpy(snapshot.y)
    d = torch.cdist(z, z).square()
    counts = [0, 0, 0]  # of easy, semi-hard and hard, one triplet at a time
    for a in range(60):
        negatives = d[a][y != y[a]]
        for p in range(60):
            if p != a and y[p] == y[a]:
                for k, rule in enumerate((easy, semihard, hard)):
                    counts[k] += int(rule(d[a, p].expand(len(negatives)), negatives, 1.0).sum())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "IMAGES", 60)
        np.testing.assert_allclose(recordings._triplet_shares(state), np.array(counts) / sum(counts), atol=1e-12)
    assert min(counts) > 0
    assert remade.margin != metrics.TRIPLET_MARGIN


@pytest.mark.slow
def test_recording_arrays_round_trip(remade):
    loaded = recordings._recording_from_arrays("semi-hard", recordings._arrays_of(remade))
    assert loaded.spec == remade.spec
    assert (loaded.collapse, loaded.floor) == (remade.collapse, remade.floor)
    for name in recordings._ARRAY_TYPES:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(remade, name))


def test_loaded_recording_is_cached_and_read_only():
    recording = recordings.load("hard")
    assert recordings.load("hard") is recording
    for name in recordings._ARRAY_TYPES:
        with pytest.raises(ValueError, match="read-only"):
            getattr(recording, name)[0] = 0


def test_unknown_recording_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="no recording 'soft'; there are: semi-hard, hard"):
        recordings.load("soft")


@pytest.fixture
def damaged_file(tmp_path, monkeypatch):
    """The path that a recording is read from, its arrays, and a function that returns the error of loading it."""
    path = tmp_path / "films" / "hard.npz"
    path.parent.mkdir()
    with np.load(datasets.ASSETS / "films" / "hard.npz") as file:
        arrays = dict(file)
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)

    def load_error() -> str:
        recordings._read.cache_clear()
        with pytest.raises(DataError) as caught:
            recordings.load("hard")
        message = str(caught.value)
        assert path.name in message
        assert str(path.parent) not in message
        assert "`git checkout -- assets/films/hard.npz`" in message
        assert "`python -m cl_core.training.pretrained recordings --films 'hard'`" in message
        return message

    yield path, arrays, load_error
    recordings._read.cache_clear()


def test_missing_or_truncated_recording_file_is_reported(damaged_file):
    archives.assert_missing_and_truncated_are_reported(*damaged_file)


def test_recording_file_with_wrong_contents_is_reported(damaged_file):
    path, arrays, load_error = damaged_file
    about = json.loads(str(arrays["about"]))
    infinite = arrays["knn"].copy()
    infinite[3] = np.inf
    changes = {
        "it holds no about": {"about": None},
        "it holds no losses": {"losses": None},
        "a part of it is missing": {"about": np.array(json.dumps({"spec": about["spec"], "collapse": 1.0}))},
        "points has shape (59, 500, 2), not (60, 500, 2)": {"points": arrays["points"][1:]},
        "labels has shape (499,)": {"labels": arrays["labels"][1:]},
        "knn has numbers that are not finite": {"knn": infinite},
        "do not ascend from 0": {"steps": arrays["steps"][::-1]},
        "do not add up to 1": {"shares": arrays["shares"] * 1.01},
        "unknown loss 'hinge'": {"about": np.array(json.dumps({**about, "spec": {"loss": "hinge"}}))},
        "pickled Python objects": {"rows": np.array([{}], dtype=object)},
    }
    for message, change in changes.items():
        changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
        np.savez_compressed(path, **changed)
        assert message in load_error()


def test_recordings_take_less_than_one_megabyte():
    files = list((datasets.ASSETS / "films").glob("*"))
    assert set(files) == {recordings._path(name) for name in RECORDINGS}
    assert sum(file.stat().st_size for file in files) < 1e6


def test_recorded_steps_are_the_frame_steps_of_a_live_run():
    steps = recordings.recorded_steps(RECORDINGS["hard"], 100)
    assert all(frames.next_frame_step(RECORDINGS["hard"], a) == b for a, b in pairwise(steps))
    assert steps[-1] <= 100 < frames.next_frame_step(RECORDINGS["hard"], steps[-1])
