"""The films are whole and right, they are what training makes today, and a page shows them in words that hold."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from cl_core import training
from cl_core.analysis import metrics
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.losses.miners import easy, hard, semihard
from cl_core.training import frames
from cl_core.training.frames import Frame, References, RunProgress
from cl_core.training.pretrained import recordings
from cl_core.training.pretrained.recordings import IMAGES, RECORDINGS
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.triplets import over_a_run as part

AGAIN = "the net, the loss or a default has changed; run: python -m cl_core.training.pretrained recordings"
COLLAPSING = {"hard", "batch-hard"}


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_film_is_whole(name):
    film = recordings.load(name)
    n_frames = len(film.steps)
    assert (film.name, film.spec) == (name, RECORDINGS[name]), AGAIN
    assert film.steps.tolist() == recordings.recorded_steps(film.spec)
    assert 50 <= n_frames <= 60
    assert film.points.shape == (n_frames, IMAGES, 2)
    assert film.points.dtype == np.float32
    data = datasets.load("mnist")
    np.testing.assert_array_equal(film.rows, datasets.probe_indices(data, IMAGES))
    np.testing.assert_array_equal(film.labels, data.y_test[film.rows])
    np.testing.assert_allclose(film.shares.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert film.collapse == pytest.approx(film.spec.theta["margin"], abs=1e-6)
    assert film.floor == 0
    assert ((film.views >= 0) & (film.views.sum(axis=1, keepdims=True) <= 1)).all()
    spread_drawn = np.sqrt(film.points.var(axis=1).sum(axis=1))
    assert (spread_drawn <= film.spread * 1.001).all(), "a projection is no wider than what it projects"
    assert name in COLLAPSING or film.knn[-1] > 0.95


def test_a_fair_pair():
    specs = list(RECORDINGS.values())
    rest = {json.dumps({**vars(spec), "theta": 0}, sort_keys=True) for spec in specs}
    assert len(rest) == 1, "same net, same seed, same batches"
    starts = {recordings.load(name).points[0].tobytes() for name in RECORDINGS}
    assert len(starts) == 1
    assert len({(spec.theta["mining"], spec.theta["margin"]) for spec in specs}) == len(RECORDINGS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_hard_mining_collapses_and_semihard_does_not(name):
    film = recordings.load(name)
    if name not in COLLAPSING:
        assert film.collapsed is None
        assert film.spread[-1] > 0.9
        assert film.losses[-1] < 0.5 * film.collapse
        assert film.shares[-1, 0] > 0.9 > 0.1 > film.shares[0, 0]
        assert film.shares[:, 1].max() > 10 * film.shares[-1, 1], "semi-hard triplets are used up"
        return
    assert film.collapsed is not None
    assert film.collapsed < 20
    after = film.steps >= film.collapsed
    assert (film.spread[after] < recordings.COLLAPSED).all()
    assert film.spread[-1] < 0.003
    np.testing.assert_allclose(film.losses[after], film.collapse, rtol=0.01)
    assert film.shares[:, 0].max() < 1e-3, "nothing ever becomes easy"


def test_when_something_holds_from_then_on():
    film = recordings.load("hard")
    spread = np.full(len(film.steps), 1.0)
    assert replace(film, spread=spread).collapsed is None
    assert replace(film, spread=0 * spread).collapsed == 0
    spread[3:] = 0.0
    assert replace(film, spread=spread).collapsed == film.steps[3]
    spread[7] = 1.0  # it came apart again
    assert replace(film, spread=spread).collapsed == film.steps[8]
    spread[-1] = 1.0
    assert replace(film, spread=spread).collapsed is None
    assert recordings.load("semi-hard").used_up is None
    assert recordings.load("semi-hard, small margin").used_up in film.steps


@pytest.fixture(scope="module")
def remade():
    return recordings.record("semi-hard", last_step=10)


def test_filming_again_comes_to_the_same(remade):
    kept, n = recordings.load("semi-hard"), len(remade.steps)
    np.testing.assert_array_equal(remade.steps, kept.steps[:n])
    assert n == 11
    # another processor sums in another order, and that grows from step to step
    for what, tolerance in {"shares": 0.01, "knn": 0.02, "spread": 0.01, "losses": 0.02, "points": 0.05}.items():
        ours, stored = getattr(remade, what), getattr(kept, what)[:n]
        np.testing.assert_allclose(ours, stored, rtol=0, atol=tolerance, err_msg=f"{what}: {AGAIN}")


def test_a_frame_is_that_of_the_live_page_and_its_shares_are_those_of_the_margin(remade):
    state = training.start(remade.spec)
    first = frames.make_frame(state, IMAGES)
    assert (remade.knn[0], remade.spread[0]) == (first.metrics.knn, first.metrics.spread)
    np.testing.assert_allclose(remade.points[0], first.points[2], rtol=1e-3, atol=1e-6)
    assert remade.losses[0] == training.advance(state, steps=1).losses[0]
    state = training.advance(state, steps=4)  # by then there are triplets of each kind
    shot = training.snapshot(state, 60)
    z, y = torch.from_numpy(shot.z).double(), torch.from_numpy(shot.y)
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
    assert remade.margin != metrics.MARGIN


def test_what_is_packed_comes_out_again(remade):
    again = recordings._recording_from_arrays("semi-hard", recordings._arrays_of(remade))
    assert again.spec == remade.spec
    assert (again.collapse, again.floor) == (remade.collapse, remade.floor)
    for part_ in recordings._ARRAY_TYPES:
        np.testing.assert_array_equal(getattr(again, part_), getattr(remade, part_))


def test_what_is_loaded_is_shared_and_cannot_be_written():
    film = recordings.load("hard")
    assert recordings.load("hard") is film
    for part_ in recordings._ARRAY_TYPES:
        with pytest.raises(ValueError, match="read-only"):
            getattr(film, part_)[0] = 0


def test_what_is_unknown_is_refused_in_words():
    with pytest.raises(ValueError, match="no recording 'soft'; there are: semi-hard, hard"):
        recordings.load("soft")


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """A stand-in for the file of a film, its arrays, and a function that says what loading it answers."""
    path = tmp_path / "films" / "hard.npz"
    path.parent.mkdir()
    with np.load(datasets.ASSETS / "films" / "hard.npz") as file:
        arrays = dict(file)
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)

    def answer() -> str:
        recordings._read.cache_clear()
        with pytest.raises(DataError) as caught:
            recordings.load("hard")
        words = str(caught.value)
        assert path.name in words
        assert str(path.parent) not in words
        assert "`git checkout -- assets/films/hard.npz`" in words
        assert "`python -m cl_core.training.pretrained recordings --films 'hard'`" in words
        return words

    yield path, arrays, answer
    recordings._read.cache_clear()


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
    infinite = arrays["knn"].copy()
    infinite[3] = np.inf
    wrong = {
        "it holds no 'about'": {"about": None},
        "it holds no 'losses'": {"losses": None},
        "it holds no 'floor'": {"about": np.array(json.dumps({"spec": about["spec"], "collapse": 1.0}))},
        "points has shape (59, 500, 2), not (60, 500, 2)": {"points": arrays["points"][1:]},
        "labels has shape (499,)": {"labels": arrays["labels"][1:]},
        "knn has numbers that are not finite": {"knn": infinite},
        "do not ascend from 0": {"steps": arrays["steps"][::-1]},
        "do not add up to 1": {"shares": arrays["shares"] * 1.01},
        "unknown loss 'hinge'": {"about": np.array(json.dumps({**about, "spec": {"loss": "hinge"}}))},
        "pickled Python objects": {"rows": np.array([{}], dtype=object)},
    }
    for words, change in wrong.items():
        changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
        np.savez_compressed(path, **changed)
        assert words in answer()


def test_all_of_it_is_small():
    files = list((datasets.ASSETS / "films").glob("*"))
    assert set(files) == {recordings._path(name) for name in RECORDINGS}
    assert sum(file.stat().st_size for file in files) < 1e6


# --- on the page ----------------------------------------------------------------------------------------------


def page() -> None:
    from cl_core.ui.pages.triplets import over_a_run

    over_a_run.controls_in_sidebar()
    over_a_run.show()


@pytest.fixture
def opened(monkeypatch):
    """Open the part with these settings; what it leads to stands in `links`."""
    links = []
    monkeypatch.setattr(part.controls, "page_link", lambda *link: links.append(link))

    def run(session=None, **settings) -> tuple[AppTest, list[tuple]]:
        test = AppTest.from_function(page, default_timeout=60)
        for name, value in {**settings, **(session or {})}.items():
            test.session_state[name] = value
        test.run()
        assert not test.exception
        return test, links

    return run


def shown(test: AppTest) -> list[dict]:
    """The headers of the pictures, in the order of the page."""
    from cl_core.components.envelope import unpack

    return [unpack(bytes(at.proto.bytes))[0] for at in test.get("bidi_component")]


def test_the_page_begins_with_semihard_mining_alone(opened):
    test, links = opened()
    cloud, shares = shown(test)
    assert cloud["group"] == shares["group"] != ""
    assert cloud["stream"] == shares["stream"] == "film/semi-hard"
    assert "Semi-hard mining, m = 1" in test.markdown[0].value
    assert len(links) == 1


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_link_leads_to_that_very_run(opened, name):
    _, links = opened(film=name)
    page_name, _, _, link = links[0]
    assert page_name == training_controls.PAGE
    known = {control.name: control for control in training_controls.controls_for_link(link)}
    assert set(link) <= set(known)
    assert all(known[key].error_in(text) is None for key, text in link.items())
    read = {key: known[key].parse(text) for key, text in link.items()}
    theta = {key: read.pop(key) for key in RECORDINGS[name].theta}
    assert read.pop("points") == IMAGES
    assert training.RunSpec(theta=theta, **read) == RECORDINGS[name]


def test_two_films_share_one_time_with_one_control_of_it(opened):
    test, links = opened(film="semi-hard", beside="hard")
    pictures = shown(test)
    assert [picture["stream"] for picture in pictures] == ["film/semi-hard"] * 2 + ["film/hard"] * 2
    assert len({picture["group"] for picture in pictures}) == 1
    assert [picture["timeline"] for picture in pictures if "timeline" in picture] == [True, False]
    assert len(links) == 2
    assert len(shown(opened(film="hard", beside="hard")[0])) == 2, "one film is not shown twice"


def test_no_run_of_ones_own_is_said_in_words(opened):
    test, links = opened(film="my run")
    assert "There is no run of yours yet" in test.info[0].value
    assert [link[0] for link in links] == ["training"]


def test_a_damaged_film_is_said_in_words(opened, spoiled):
    recordings._read.cache_clear()
    test, _ = opened(film="hard")
    assert "no such file" in test.error[0].value


class Resting:
    """A run that rests at its third frame."""

    name, n, busy = "r1", IMAGES, False
    spec = RECORDINGS["semi-hard"]
    renewed = 0

    def renew_lease(self, times: float = 1.0) -> None:
        self.renewed += 1

    def progress(self) -> RunProgress:
        state, values = training.start(self.spec), []
        seen: list[Frame] = []
        for _ in range(3):
            seen.append(frames.make_frame(state, self.n, seen[-1].views if seen else None))
            state = training.advance(state, steps=1)
            values.append(state.losses[0])
        lines = References(1.0, 0.0, 0.9, 468)
        known = np.array(values[:2], np.float32)
        return RunProgress(self.spec, "paused", 2, 0.1, 0.0, tuple(seen), known, 0, lines, None, None)


def test_a_run_of_ones_own(opened):
    from cl_core.components.envelope import unpack

    run = Resting()
    test, _ = opened(session={"run": run}, film="my run")
    assert run.renewed
    header, buffers = unpack(bytes(test.get("bidi_component")[1].proto.bytes))
    assert buffers["steps"].tolist() == [0, 1, 2]
    look = run.progress()
    m = look.frames[2].metrics
    np.testing.assert_allclose(buffers["shares"][6:], [m.easy, m.semihard, m.hard], rtol=1e-6)
    np.testing.assert_array_equal(buffers["losses"], [*look.losses, look.losses[-1]])
    assert "m = 0.2" in header["title"]


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_is_said_of_a_film_is_so(name):
    film, said = recordings.load(name), part.recording_summary(recordings.load(name))
    if film.collapsed is None:
        assert f"{film.shares[-1, 1]:.1%} at step {film.steps[-1]}" in said
        assert f"{film.shares[:, 1].max():.0%} of all at step {film.steps[film.shares[:, 1].argmax()]}" in said
    else:
        assert f"from step {film.collapsed} on" in said
        within = float(said.split("sticks within ")[1].split("%")[0]) / 100
        off = np.abs(film.losses[film.steps >= film.collapsed] / film.collapse - 1)
        assert off.max() <= within < off.max() + 0.0011


def test_frames_are_those_of_a_live_run():
    steps = recordings.recorded_steps(RECORDINGS["hard"], 100)
    assert all(frames.next_frame_step(RECORDINGS["hard"], a) == b for a, b in pairwise(steps))
    assert steps[-1] <= 100 < frames.next_frame_step(RECORDINGS["hard"], steps[-1])
