"""A run that was kept goes on as if it had never been away, and a hostile file can do nothing but be refused."""

import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import training
from cl_core.data.npz import DataError
from cl_core.runtime.run import Run
from cl_core.training import RunSpec, State
from cl_core.training.files import run_file
from cl_core.training.frames import RunProgress
from cl_core.training.saved_run import SavedRun
from tests.executors import engine_with
from tests.pages.apptest import open_training_run
from tests.unit.data.test_npz import Trap
from tests.unit.training.test_exports import SMALL, trained


def until(run: Run, step: int) -> RunProgress:
    """Step a run on, one by one, and look at it when it rests at `step`."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        run.renew_lease()
        look = run.progress()
        if not run.busy and look.frames and look.frames[-1].step == look.step:
            if look.step == step:
                return look
            run.step()
        time.sleep(0.002)
    raise AssertionError(f"at step {look.step}, {look.failure}")


@pytest.fixture
def engine():
    return engine_with()


CLASSES = RunSpec(dataset="blobs", loss="am_softmax", dim=8, batch=32, optimiser="sgd", rate=0.1)
RUNS = {
    "adam": (SMALL, 30),
    "sgd and class weights": (CLASSES, 8),
    "drawn as it is": (RunSpec(dataset="blobs", dim=2, batch=32, unit_norm=False), 8),
}


@pytest.mark.parametrize(("spec", "steps"), RUNS.values(), ids=RUNS)
def test_a_run_that_was_kept_goes_on_number_for_number(engine, spec, steps):
    whole, first = engine.open_run(spec, 500), engine.open_run(spec, 500)
    at_once, half = until(whole, 2 * steps), until(first, steps)
    kept = run_file.loads(run_file.dumps(half, first.state, 500))
    first.close()
    second = engine.open_run(kept.state.spec, kept.n, kept)
    opened = until(second, steps)
    assert opened.frames[-1].metrics == half.frames[-1].metrics
    assert [frame.step for frame in opened.frames] == [frame.step for frame in half.frames]
    assert asdict(opened.references) == pytest.approx(asdict(half.references), rel=0, abs=0, nan_ok=True)
    assert (opened.phase, opened.seconds, opened.empty) == ("paused", half.seconds, half.empty)
    later = until(second, 2 * steps)
    assert second.state.vector.tobytes() == whole.state.vector.tobytes()
    assert later.losses.tobytes() == at_once.losses.tobytes()
    for mine, other in zip(later.frames, at_once.frames, strict=True):
        assert mine.metrics == other.metrics
        assert all(mine.views[k].shares == other.views[k].shares for k in mine.views)
    assert later.frames[-1].points[2].tobytes() == at_once.frames[-1].points[2].tobytes()


def test_points_keep_the_digits_of_a_float16_and_lose_no_more_the_next_time():
    look, state = trained()
    file = run_file.dumps(look, state, 500)
    kept = run_file.loads(file)
    for mine, other in zip(kept.frames, look.frames, strict=True):
        for k, points in other.points.items():
            assert np.abs(mine.points[k] - points).max() <= np.abs(points).max() * 2.0**-10
    again = run_file.dumps(replace(look, frames=kept.frames), kept.state, 500)
    assert again == file


def test_a_state_ahead_of_its_frames_is_shown_at_rest(engine):
    look, state = trained()
    ahead = training.advance(state, steps=1)
    losses = np.concatenate([look.losses, ahead.losses])
    kept = run_file.loads(run_file.dumps(replace(look, step=7, losses=losses), ahead, 500))
    seen = until(engine.open_run(SMALL, 500, kept), 7)
    assert [frame.step for frame in seen.frames] == [0, 2, 4, 6, 7]


def test_a_run_that_failed_comes_back_failed(engine):
    look, state = trained()
    wild = replace(state, vector=np.full_like(state.vector, np.nan), failure="[see](http://example.com)")
    run = engine.open_run(SMALL, 500, run_file.loads(run_file.dumps(look, wild, 500)))
    assert run.progress().phase == "failed"
    assert run.progress().failure == training.divergence_advice(SMALL, 6)


def test_of_a_long_run_the_file_keeps_the_first_and_the_newest_frames():
    look, _ = trained()
    many = replace(look, frames=tuple(replace(look.frames[0], step=step) for step in range(5000)))
    chosen = run_file.frames_to_save(many, 2000)
    assert (chosen[0], chosen[-1]) == (0, 4999)
    assert 1000 < len(chosen) * 2000 * 5 * 2 / 2**14 < run_file.MAX_POINT_BYTES / 2**14
    assert run_file.frames_to_save(look, 500) == [0, 1, 2, 3]


def test_nothing_is_kept_before_there_is_a_frame():
    look, state = trained()
    with pytest.raises(ValueError, match="from its first frame"):
        run_file.dumps(replace(look, frames=()), state, 500)


# ---- on its page


def page(pool) -> AppTest:
    """The training page with its exports open, its run at the first frame."""
    app = open_training_run(points="500")
    app.session_state.take_away = True
    return app.run()


def test_a_run_opens_on_its_page_and_the_controls_follow_it(pool):
    look, state = trained(CLASSES)
    app = page(pool)
    before = app.session_state.run
    app.file_uploader[0].upload("run.npz", run_file.dumps(look, state, 500)).run()
    run = app.session_state.run
    assert run is not before
    assert (run.spec, run.n, run.progress().step) == (CLASSES, 500, 6)
    assert {name: app.session_state[name] for name in ("loss", "dim", "optimiser")} == {
        "loss": "am_softmax", "dim": 8, "optimiser": "sgd",
    }  # fmt: skip
    assert not app.error
    assert not app.exception


def test_a_run_that_the_controls_have_no_place_for_is_refused(pool):
    spec = replace(SMALL, batch=30)
    look, state = trained(spec)
    app = page(pool)
    before = app.session_state.run
    app.file_uploader[0].upload("run.npz", run_file.dumps(look, state, 500)).run()
    assert app.session_state.run is before
    assert app.error[0].value == "This file can't be opened."
    assert "batch size must be one of 4, 8, 16" in app.text[0].value


# ---- hostile files


@pytest.fixture(scope="module")
def good() -> bytes:
    look, state = trained()
    return run_file.dumps(look, state, 500)


def parts(file: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(file), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def zipped(arrays: dict[str, np.ndarray], *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=allow_pickle, **arrays)
    return file.getvalue()


def told(file: bytes, **changes: object) -> bytes:
    """The file with another description."""
    arrays = parts(file)
    about = json.loads(arrays["about"].tobytes())
    for name, value in changes.items():
        place, _, last = name.rpartition("__")
        (about[place] if place else about)[last] = value
    return zipped(arrays | {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)})


TOLD = {
    "another version": ({"version": 2}, "another version"),
    "no settings": ({"spec": None}, "its settings"),
    "unknown loss": ({"spec__loss": "<img src=x>"}, "unknown loss"),
    "unknown data": ({"spec__dataset": "../../etc/passwd"}, "unknown data set"),
    "a text for a number": ({"spec__dim": "8"}, "dim must be a whole number"),
    "half a dimension": ({"spec__dim": 8.5}, "dim must be a whole number"),
    "a batch of a million": ({"spec__batch": 10**6}, "batch is 1000000"),
    "other weights": ({"spec__dim": 16}, "vector has the shape"),
    "a parameter that is not": ({"spec__theta": {"bogus": 1}}, "bogus"),
    "a list for parameters": ({"spec__theta": [1]}, "theta must be names"),
    "odd points": ({"n": 501}, "501 points"),
    "too many steps": ({"step": 10**9}, "1000000000 steps"),
    "losses without steps": ({"step": 7}, "losses has the shape"),
    "a step that is none": ({"step": True}, "step is no whole number"),
    "time that is none": ({"seconds": "1"}, "a number is out of range"),
    "infinite collapse": ({"references__collapse": 1e300}, "a number is out of range"),
    "an epoch of nothing": ({"references__epoch_steps": 0}, "an epoch"),
    "no lines": ({"references": 3}, "holds no run"),
    "NaN": ({"seconds": float("nan")}, "NaN is no number"),
}


@pytest.mark.parametrize(("changes", "words"), TOLD.values(), ids=TOLD)
def test_a_description_that_no_run_has_is_refused(good, changes, words):
    with pytest.raises(DataError, match=words):
        run_file.loads(told(good, **changes))


def with_number(name: str, value: float):
    def change(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name].flat[-1] = value

    return change


CHANGED = {
    "NaN weights": (with_number("vector", np.nan), "weights are not finite"),
    "NaN points": (with_number("points2", np.nan), "not to scale"),
    "points out of scale": (with_number("points3", 2.0), "not to scale"),
    "no scale": (with_number("scale2", 0.0), "not to scale"),
    "infinite scale": (with_number("scale2", np.inf), "out of range"),
    "NaN measures": (with_number("metrics", np.nan), "metrics has numbers out of range"),
    "crooked axes": (with_number("axes2", 5.0), "axes2 are no axes"),
    "NaN mean": (with_number("mean3", np.nan), "axes3 are no axes"),
    "steps that go back": (with_number("steps", 1), "do not ascend"),
    "steps beyond the newest": (with_number("steps", 99), "do not ascend"),
    "no frames": (lambda a: a.update(steps=a["steps"][:0]), "do not ascend"),
    "steps in a square": (lambda a: a.update(steps=a["steps"][None]), "do not ascend"),
    "fewer points": (lambda a: a.update(points2=a["points2"][:, :-1].copy()), "points2 has the shape"),
    "a longer vector": (lambda a: a.update(vector=np.append(a["vector"], a["vector"][:1])), "vector has the shape"),
    "doubles": (lambda a: a.update(vector=a["vector"].astype(float)), "vector is an array of float64"),
    "pages first": (lambda a: a.update(axes2=np.asfortranarray(a["axes2"])), "in C order"),
    "something besides": (lambda a: a.update(extra=a["steps"]), "does not belong here"),
    "no weights": (lambda a: a.pop("vector"), "no 'vector'"),
    "no description": (lambda a: a.pop("about"), "no 'about'"),
    "a long description": (lambda a: a.update(about=np.full(2**17, 32, np.uint8)), "too long"),
    "deep brackets": (lambda a: a.update(about=np.full(2**16, ord("["), np.uint8)), "holds no run"),
    "no text": (lambda a: a.update(about=np.full(9, 255, np.uint8)), "holds no run"),
}


@pytest.mark.parametrize(("change", "words"), CHANGED.values(), ids=CHANGED)
def test_arrays_that_no_run_has_are_refused(good, change, words):
    arrays = parts(good)
    change(arrays)
    with pytest.raises(DataError, match=words):
        run_file.loads(zipped(arrays))


def test_pickled_objects_are_never_run(good, tmp_path):
    mark = tmp_path / "mark"
    arrays = parts(good) | {"steps": np.array([Trap(mark)] * 4, dtype=object)}
    with pytest.raises(DataError):
        run_file.loads(zipped(arrays, allow_pickle=True))
    assert not Path(mark).exists()


def npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def bomb(claimed: int, there: int) -> bytes:
    """A file whose vector claims so many numbers, and unpacks to so many zero bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as stored, stored.open("vector.npy", "w") as member:
        member.write(npy_header((claimed,)))
        for _ in range(there // 2**20):
            member.write(bytes(2**20))
    return file.getvalue()


def lying(file: bytes, size: int) -> bytes:
    """The file with another unpacked size in its directory and its local header."""
    packed = bytearray(file)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = packed.find(mark)
        packed[at + place : at + place + 4] = size.to_bytes(4, "little")
    return bytes(packed)


BOMBS = {
    "a bomb": lambda: bomb(2**28, 2**28),
    "a bomb that says it is small": lambda: lying(bomb(2**10, 2**28), 2**12 + len(npy_header((2**10,)))),
    "a giant shape": lambda: bomb(2**40, 0),
    "a shape beyond all numbers": lambda: bomb(2**70, 0),
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_what_would_unpack_to_gigabytes_is_refused_in_little_memory(make):
    file = make()
    tracemalloc.start()
    with pytest.raises(DataError):
        run_file.loads(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(file) + 2**20


def test_a_file_that_is_too_large_is_not_even_looked_at():
    with pytest.raises(DataError, match="are the most"):
        run_file.loads(bytes(run_file.MAX_FILE + 1))


def same(kept: SavedRun, state: State) -> bool:
    return asdict(kept.state.spec) == asdict(state.spec) and kept.state.vector.tobytes() == state.vector.tobytes()


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 0.5, 1e308, 10**30, "", "x", "9" * 5000, [], [[]], {}, {"a": {}}, "\x00", "\ud800",
    float("inf"),
)  # fmt: skip


def broken(good: bytes, n: int, seed: int = 0) -> Iterator[tuple[bytes, bool]]:
    """So many files made of a good one, and whether what still opens must be the same run.

    Cut short, or with bytes changed in the zip's list or at its start: the same, since it was a date that was hit. With
    another value in its description, or another array: a run that there might be.
    """
    rng = np.random.default_rng(seed)
    directory = good.rfind(b"PK\x05\x06") - 1200  # where the zip says what it holds
    whole = parts(good)
    about = json.loads(whole["about"].tobytes())
    for i in range(n):
        file = bytearray(good)
        match i % 5:
            case 0:
                del file[int(rng.integers(len(file))) :]
            case 1:
                for at in rng.integers(directory, len(file), 3):
                    file[at] = rng.integers(256)
            case 2:
                low = int(rng.integers(300))
                file[low : low + 4] = rng.bytes(4)
            case 3:
                told = json.loads(json.dumps(about))
                place = [told, told["spec"], told["references"]][int(rng.integers(3))]
                place[str(rng.choice(list(place)))] = ODD[int(rng.integers(len(ODD)))]
                file = bytearray(stored(whole | {"about": np.frombuffer(json.dumps(told).encode(), np.uint8)}))
            case 4:
                name = str(rng.choice([each for each in whole if each != "about"]))
                file = bytearray(stored(whole | {name: _other(whole[name], rng)}))
        yield bytes(file), i % 5 < 3


def stored(arrays: dict[str, np.ndarray]) -> bytes:
    """A file of arrays that are not packed, which is soon written."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _other(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The array with another shape, type, or with a number that no run has."""
    changed = array.copy().ravel()
    if changed.size:
        with np.errstate(over="ignore"):
            numbers = (np.nan, np.inf, -1e30, 1e30, -1) if changed.dtype.kind == "f" else (-1, 2**31 - 1, 0)
            changed[int(rng.integers(changed.size))] = numbers[int(rng.integers(len(numbers)))]
    ways = [
        changed.reshape(array.shape),
        changed[:-1],
        changed[:0],
        changed[None],
        array.astype(">f8"),
        array[..., None],
    ]
    return np.ascontiguousarray(ways[int(rng.integers(len(ways)))])


def opened_or_refused(good: bytes, n: int, seed: int = 0) -> int:
    """Open so many broken files; how many were refused. Fails on whatever is neither refused nor a run."""
    state = run_file.loads(good).state
    refused = 0
    for file, alike in broken(good, n, seed):
        try:
            kept = run_file.loads(file)
        except DataError:
            refused += 1
        else:
            assert kept.state.failure or np.isfinite(kept.state.vector).all()
            assert not alike or same(kept, state)
    return refused


def test_damaged_files_are_refused_in_words_or_do_not_differ():
    good = run_file.dumps(*trained(CLASSES), 500)
    assert opened_or_refused(good, 250) > 150
