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
from cl_core.losses.miners import easy, hard, semihard
from cl_core.pretrained import margins, recorded_runs, recordings
from cl_core.pretrained.recordings import IMAGES, RECORDINGS
from cl_core.programs.trainer import Trainer
from cl_core.training import frames
from tests import archives

REMAKE_HINT = "the net, the loss or a default has changed; run: python -m cl_core.pretrained recordings"
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
    return recorded_runs.record("semi-hard", last_step=4)


def test_recording_again_gives_the_shipped_bits(remade):
    shipped = dict(np.load(recordings.path_of("semi-hard"), allow_pickle=False))
    arrays = recordings.arrays_of(remade)
    assert remade.steps.tolist() == [0, 1, 2, 3, 4]
    assert str(arrays.pop("about")) == str(shipped.pop("about")), REMAKE_HINT
    assert list(arrays) == list(shipped)
    for name, array in arrays.items():
        expected = shipped[name] if name in ("rows", "labels") else shipped[name][:5]
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array, expected, err_msg=f"{name}: {REMAKE_HINT}")


def test_recorded_frames_are_those_of_a_run_and_shares_use_its_margin(remade):
    trainer = Trainer(remade.spec, IMAGES)
    first = trainer.start()
    frame = trainer.frame(first)
    assert (remade.knn[0], remade.spread[0]) == (frame.metrics.knn, frame.metrics.spread)
    np.testing.assert_array_equal(remade.points[0], frame.points[2].astype(np.float16))
    assert remade.losses[0] == trainer.advance(first, 1).losses[0]
    live = frames.make_frame(training.start(remade.spec), IMAGES).metrics  # by PyTorch
    assert remade.knn[0] == pytest.approx(live.knn, abs=2 / IMAGES)
    assert remade.spread[0] == pytest.approx(live.spread, rel=1e-5)
    snapshot = trainer.embed(trainer.advance(first, 4), 60)[0]  # at step 4 there are triplets of each kind
    z, y = torch.from_numpy(snapshot.z).double(), torch.from_numpy(snapshot.y)
    d = torch.cdist(z, z).square()
    counts = [0, 0, 0]  # of easy, semi-hard and hard, one triplet at a time
    for a in range(60):
        negatives = d[a][y != y[a]]
        for p in range(60):
            if p != a and y[p] == y[a]:
                for k, rule in enumerate((easy, semihard, hard)):
                    counts[k] += int(rule(d[a, p].expand(len(negatives)), negatives, 1.0).sum())
    shares = recorded_runs.triplet_shares(remade.spec, snapshot)
    np.testing.assert_allclose(shares, np.array(counts) / sum(counts), atol=1e-12)
    assert min(counts) > 0
    assert remade.margin != metrics.TRIPLET_MARGIN


def test_made_recordings_load_again(remade, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    monkeypatch.setattr(recorded_runs, "record", lambda _: remade)
    recorded_runs.make(["semi-hard"], workers=1)
    assert capsys.readouterr().out.startswith("semi-hard: 5 frames to step 4, kNN 0.")
    np.testing.assert_array_equal(recordings.load("semi-hard").points, remade.points)


def test_recording_arrays_round_trip(remade):
    loaded = recordings._recording_from_arrays("semi-hard", recordings.arrays_of(remade))
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

    def load():
        recordings._read.cache_clear()
        recordings.load("hard")

    yield archives.shipped_copy(tmp_path, monkeypatch, "films/hard.npz", load, "recordings --films 'hard'")
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
    archives.assert_changes_are_reported(path, arrays, load_error, changes)


def test_films_take_less_than_one_megabyte():
    files = list((datasets.ASSETS / "films").glob("*"))
    of_start_page = {margins.path_of(margin) for margin in margins.MARGINS}
    assert set(files) == {recordings.path_of(name) for name in RECORDINGS} | of_start_page
    assert sum(file.stat().st_size for file in files) < 1e6


def test_recorded_steps_are_the_frame_steps_of_a_live_run():
    steps = recordings.recorded_steps(RECORDINGS["hard"], 100)
    assert all(frames.next_frame_step(RECORDINGS["hard"], a) == b for a, b in pairwise(steps))
    assert steps[-1] <= 100 < frames.next_frame_step(RECORDINGS["hard"], steps[-1])
