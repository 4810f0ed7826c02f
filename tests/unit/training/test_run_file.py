"""A saved run trains on exactly as the original, and hostile files are refused."""

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

from cl_core import training
from cl_core.data.npz import DataError
from cl_core.runtime import engine as engine_module
from cl_core.runtime.run import Run
from cl_core.training import RunSpec, State
from cl_core.training.config import LATER_SETTINGS
from cl_core.training.files import run_file
from cl_core.training.frames import RunProgress
from cl_core.training.saved_run import SavedRun
from tests.executors import engine_with
from tests.runs import CLASS_WEIGHTS, SMALL, trained
from tests.unit.data.test_npz import Trap


def run_to_step(run: Run, step: int) -> RunProgress:
    """Do single steps until a run is paused at `step`; return its progress then."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        run.renew_lease()
        progress = run.progress()
        if not run.busy and progress.frames and progress.frames[-1].step == progress.step:
            if progress.step == step:
                return progress
            run.step()
        time.sleep(0.002)
    raise AssertionError(f"at step {progress.step}, {progress.failure}")


@pytest.fixture
def engine():
    return engine_with()


RUNS = {
    "adam": SMALL,
    "sgd and class weights": CLASS_WEIGHTS,
    "two dimensions, no projection": RunSpec(dataset="blobs", dim=2, batch=32, unit_norm=False),
    "class weights in the plane": RunSpec(dataset="blobs", loss="am_softmax", theta={"margin": 0.1}, dim=2, batch=32),
    "drawn by class": RunSpec(dataset="blobs", dim=4, batch=8, images_per_class=2),
    "few training images": RunSpec(dataset="blobs", dim=4, batch=8, training_images=100),
}


@pytest.mark.parametrize("spec", RUNS.values(), ids=RUNS)
def test_loaded_run_trains_on_exactly_as_the_original(engine, spec, monkeypatch):
    n, steps = 100, 5  # fewer points than a page shows: frames are made faster
    for module in (engine_module, run_file):
        monkeypatch.setattr(module, "PROBE_SIZES", (n, *module.PROBE_SIZES))
    whole, first = engine.open_run(spec, n), engine.open_run(spec, n)
    uninterrupted, half = run_to_step(whole, 2 * steps), run_to_step(first, steps)
    saved = run_file.loads(run_file.dumps(half, first.state, n))
    first.close()
    second = engine.open_run(saved.state.spec, saved.n, saved)
    loaded = run_to_step(second, steps)
    assert loaded.frames[-1].metrics == half.frames[-1].metrics
    assert [frame.step for frame in loaded.frames] == [frame.step for frame in half.frames]
    assert asdict(loaded.references) == pytest.approx(asdict(half.references), rel=0, abs=0, nan_ok=True)
    assert (loaded.phase, loaded.seconds, loaded.empty) == ("paused", half.seconds, half.empty)
    later = run_to_step(second, 2 * steps)
    assert second.state.vector.tobytes() == whole.state.vector.tobytes()
    assert later.losses.tobytes() == uninterrupted.losses.tobytes()
    for actual, expected in zip(later.frames, uninterrupted.frames, strict=True):
        assert actual.metrics == expected.metrics
        assert all(actual.views[k].shares == expected.views[k].shares for k in actual.views)
    assert later.frames[-1].points[2].tobytes() == uninterrupted.frames[-1].points[2].tobytes()


def test_saved_points_have_float16_precision_and_lose_nothing_when_saved_again():
    progress, state = trained()
    file = run_file.dumps(progress, state, 500)
    saved = run_file.loads(file)
    for actual, expected in zip(saved.frames, progress.frames, strict=True):
        for k, points in expected.points.items():
            assert np.abs(actual.points[k] - points).max() <= np.abs(points).max() * 2.0**-10
    saved_again = run_file.dumps(replace(progress, frames=saved.frames), saved.state, 500)
    assert saved_again == file


def test_loaded_state_ahead_of_its_frames_gets_a_frame(engine):
    progress, state = trained()
    ahead = training.advance(state, steps=1)
    losses = np.concatenate([progress.losses, ahead.losses])
    saved = run_file.loads(run_file.dumps(replace(progress, step=7, losses=losses), ahead, 500))
    loaded = run_to_step(engine.open_run(SMALL, 500, saved), 7)
    assert [frame.step for frame in loaded.frames] == [0, 2, 4, 6, 7]


def test_failed_run_is_loaded_as_failed(engine):
    progress, state = trained()
    diverged = replace(state, vector=np.full_like(state.vector, np.nan), failure="[see](http://example.com)")
    run = engine.open_run(SMALL, 500, run_file.loads(run_file.dumps(progress, diverged, 500)))
    assert run.progress().phase == "failed"
    assert run.progress().failure == training.divergence_advice(SMALL, 6)


def test_file_of_long_run_has_limited_frames_with_first_and_last():
    progress, _ = trained()
    many = replace(progress, frames=tuple(replace(progress.frames[0], step=step) for step in range(5000)))
    chosen = run_file.frames_to_save(many, 2000)
    assert (chosen[0], chosen[-1]) == (0, 4999)
    assert 1000 < len(chosen) * 2000 * 5 * 2 / 2**14 < run_file.MAX_POINT_BYTES / 2**14
    assert run_file.frames_to_save(progress, 500) == [0, 1, 2, 3]


def test_run_without_frames_cannot_be_saved():
    progress, state = trained()
    with pytest.raises(ValueError, match="from its first frame"):
        run_file.dumps(replace(progress, frames=()), state, 500)


# ---- hostile files


@pytest.fixture(scope="module")
def valid_file() -> bytes:
    progress, state = trained()
    return run_file.dumps(progress, state, 500)


def arrays_of(file: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(file), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def uncompressed(arrays: dict[str, np.ndarray], *, allow_pickle: bool = False) -> bytes:
    """Return an uncompressed file of arrays, which is written faster."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=allow_pickle, **arrays)
    return file.getvalue()


def with_description(file: bytes, **changes: object) -> bytes:
    """Return the file with changes to its description; `a__b` is the value b of the object a."""
    arrays = arrays_of(file)
    about = json.loads(arrays["about"].tobytes())
    for name, value in changes.items():
        place, _, last = name.rpartition("__")
        (about[place] if place else about)[last] = value
    return uncompressed(arrays | {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)})


def test_file_without_a_later_setting_opens_with_its_default(valid_file):
    spec = asdict(SMALL)
    for name in LATER_SETTINGS:
        del spec[name]
    assert run_file.loads(with_description(valid_file, spec=spec)).state.spec == SMALL
    del spec["loss"]
    with pytest.raises(DataError, match="its settings are not those of a run"):
        run_file.loads(with_description(valid_file, spec=spec))


def test_collapse_value_of_zero_in_an_older_file_is_computed_anew(valid_file):
    """Earlier versions stored 0 where the first batch had no valid term."""
    progress, state = trained(replace(SMALL, batch=4))
    file = with_description(run_file.dumps(progress, state, 500), references__collapse=0.0, references__floor=0.0)
    assert run_file.loads(file).references == progress.references
    assert progress.references.collapse == pytest.approx(np.log(3))


CHANGE = {"step": 1, "rate": 0.01, "theta": {"temperature": 0.2}}
WRONG_DESCRIPTIONS = {
    "another version": ({"version": 2}, "another version"),
    "no settings": ({"spec": None}, "its settings"),
    "unknown loss": ({"spec__loss": "<img src=x>"}, "unknown loss"),
    "unknown data": ({"spec__dataset": "../../etc/passwd"}, "unknown data set"),
    "a text for a number": ({"spec__dim": "8"}, "dim must be a whole number"),
    "a fractional dimension": ({"spec__dim": 8.5}, "dim must be a whole number"),
    "a batch of a million": ({"spec__batch": 10**6}, "batch is 1000000"),
    "weights of another size": ({"spec__dim": 16}, "vector has the shape"),
    "too few training images": ({"spec__training_images": 7}, "training_images is 7"),
    "a text for a number of images": ({"spec__training_images": "all"}, "training_images must be a whole number"),
    "more classes than there are": ({"spec__images_per_class": 2}, "takes 16 classes"),
    "an unknown parameter": ({"spec__theta": {"bogus": 1}}, "bogus"),
    "a list for parameters": ({"spec__theta": [1]}, "theta must be names"),
    "an unknown number of points": ({"n": 501}, "501 points"),
    "too many steps": ({"step": 10**9}, "1000000000 steps"),
    "losses without steps": ({"step": 7}, "losses has the shape"),
    "a boolean step": ({"step": True}, "step is not a whole number"),
    "a text for a time": ({"seconds": "1"}, "a number is out of range"),
    "a collapse value out of range": ({"references__collapse": 1e300}, "a number is out of range"),
    "an epoch of no steps": ({"references__epoch_steps": 0}, "steps per epoch"),
    "no references": ({"references": 3}, "does not contain a run"),
    "changes that are no list": ({"changes": {"step": 1}}, "its changes are no list"),
    "too many changes": ({"changes": [CHANGE] * 201}, "too long"),
    "a change after the last step": ({"changes": [CHANGE | {"step": 10**6}]}, "a change of its settings"),
    "a change before the first step": ({"changes": [CHANGE | {"step": 0}]}, "a change of its settings"),
    "a change at a boolean step": ({"changes": [CHANGE | {"step": True}]}, "a change of its settings"),
    "a change of what cannot change": ({"changes": [CHANGE | {"theta": {"batch": 4}}]}, "a change of its settings"),
    "a change to a rate out of range": ({"changes": [CHANGE | {"rate": 1e9}]}, "rate"),
    "a change to a text": ({"changes": [CHANGE | {"theta": {"temperature": "<b>"}}]}, "temperature"),
    "a change without a rate": ({"changes": [{"step": 1, "theta": {}}]}, "does not contain a run"),
    "a change that is a number": ({"changes": [3]}, "does not contain a run"),
    "NaN": ({"seconds": float("nan")}, "NaN is not a number"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG_DESCRIPTIONS.values(), ids=WRONG_DESCRIPTIONS)
def test_invalid_description_is_refused(valid_file, changes, message):
    with pytest.raises(DataError, match=message):
        run_file.loads(with_description(valid_file, **changes))


def with_number(name: str, value: float, at: int = -1):
    def change(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name].flat[at] = value

    return change


WRONG_ARRAYS = {
    "NaN weights": (with_number("vector", np.nan), "weights are not finite"),
    "NaN points": (with_number("points2", np.nan), "not scaled correctly"),
    "points beyond the scale": (with_number("points3", 2.0), "not scaled correctly"),
    "zero scale": (with_number("scale2", 0.0), "not scaled correctly"),
    "infinite scale": (with_number("scale2", np.inf), "out of range"),
    "NaN metrics": (with_number("metrics", np.nan, at=0), "metrics has numbers out of range"),
    "axes that are not orthonormal": (with_number("axes2", 5.0), "axes2 are not orthonormal"),
    "NaN mean": (with_number("mean3", np.nan), "axes3 are not orthonormal"),
    "descending steps": (with_number("steps", 1), "do not ascend"),
    "steps beyond the newest": (with_number("steps", 99), "do not ascend"),
    "no frames": (lambda a: a.update(steps=a["steps"][:0]), "do not ascend"),
    "two-dimensional steps": (lambda a: a.update(steps=a["steps"][None]), "do not ascend"),
    "fewer points": (lambda a: a.update(points2=a["points2"][:, :-1].copy()), "points2 has the shape"),
    "a longer vector": (lambda a: a.update(vector=np.append(a["vector"], a["vector"][:1])), "vector has the shape"),
    "float64 weights": (lambda a: a.update(vector=a["vector"].astype(float)), "vector is an array of float64"),
    "Fortran order": (lambda a: a.update(axes2=np.asfortranarray(a["axes2"])), "in C order"),
    "an extra array": (lambda a: a.update(extra=a["steps"]), "does not belong here"),
    "no weights": (lambda a: a.pop("vector"), "no vector"),
    "no description": (lambda a: a.pop("about"), "no about"),
    "a long description": (lambda a: a.update(about=np.full(2**17, 32, np.uint8)), "too long"),
    "deep brackets": (lambda a: a.update(about=np.full(2**16, ord("["), np.uint8)), "does not contain a run"),
    "no UTF-8": (lambda a: a.update(about=np.full(9, 255, np.uint8)), "does not contain a run"),
}


@pytest.mark.parametrize(("change", "message"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_invalid_arrays_are_refused(valid_file, change, message):
    arrays = arrays_of(valid_file)
    change(arrays)
    with pytest.raises(DataError, match=message):
        run_file.loads(uncompressed(arrays))


def test_pickled_objects_are_never_loaded(valid_file, tmp_path):
    mark = tmp_path / "mark"
    arrays = arrays_of(valid_file) | {"steps": np.array([Trap(mark)] * 4, dtype=object)}
    with pytest.raises(DataError):
        run_file.loads(uncompressed(arrays, allow_pickle=True))
    assert not Path(mark).exists()


def npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def zip_bomb(claimed: int, unpacked: int) -> bytes:
    """Return a file whose vector claims so many numbers and unpacks to so many zero bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("vector.npy", "w") as member:
        member.write(npy_header((claimed,)))
        for _ in range(unpacked // 2**20):
            member.write(bytes(2**20))
    return file.getvalue()


def with_claimed_size(file: bytes, size: int) -> bytes:
    """Return the file with another unpacked size in its directory and its local header."""
    packed = bytearray(file)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = packed.find(mark)
        packed[at + place : at + place + 4] = size.to_bytes(4, "little")
    return bytes(packed)


BOMBS = {
    "a zip bomb": lambda: zip_bomb(2**26, 2**26),
    "a zip bomb that claims to be small": lambda: with_claimed_size(
        zip_bomb(2**10, 2**26), 2**12 + len(npy_header((2**10,)))
    ),
    "a giant shape": lambda: zip_bomb(2**40, 0),
    "a shape beyond 64 bits": lambda: zip_bomb(2**70, 0),
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_zip_bombs_are_refused_in_little_memory(make):
    file = make()
    tracemalloc.start()
    with pytest.raises(DataError):
        run_file.loads(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(file) + 2**20


def test_too_large_file_is_refused_unread():
    with pytest.raises(DataError, match="are allowed"):
        run_file.loads(bytes(run_file.MAX_FILE + 1))


def is_same_run(saved: SavedRun, state: State) -> bool:
    return asdict(saved.state.spec) == asdict(state.spec) and saved.state.vector.tobytes() == state.vector.tobytes()


ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 0.5, 1e308, 10**30, "", "x", "9" * 5000, [], [[]], {}, {"a": {}}, "\x00", "\ud800",
    float("inf"),
)  # fmt: skip


def damaged_files(valid_file: bytes, n: int, seed: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Yield damaged copies of a file, and whether one that still opens must hold the same run.

    Truncated files, and files with bytes changed in the zip directory or at the start, must: only a date was changed.
    Files with another value in the description, or another array, may hold another run.
    """
    rng = np.random.default_rng(seed)
    directory = valid_file.rfind(b"PK\x05\x06") - 1200  # the zip directory
    arrays = arrays_of(valid_file)
    about = json.loads(arrays["about"].tobytes())
    for i in range(n):
        file = bytearray(valid_file)
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
                changed = json.loads(json.dumps(about))
                place = [changed, changed["spec"], changed["references"]][int(rng.integers(3))]
                place[str(rng.choice(list(place)))] = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]
                file = bytearray(
                    uncompressed(arrays | {"about": np.frombuffer(json.dumps(changed).encode(), np.uint8)})
                )
            case 4:
                name = str(rng.choice([other for other in arrays if other != "about"]))
                file = bytearray(uncompressed(arrays | {name: _changed_array(arrays[name], rng)}))
        yield bytes(file), i % 5 < 3


def _changed_array(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the array with another shape or type, or with a number that no run has."""
    changed = array.copy().ravel()
    if changed.size:
        with np.errstate(over="ignore"):
            numbers = (np.nan, np.inf, -1e30, 1e30, -1) if changed.dtype.kind == "f" else (-1, 2**31 - 1, 0)
            changed[int(rng.integers(changed.size))] = numbers[int(rng.integers(len(numbers)))]
    variants = [
        changed.reshape(array.shape),
        changed[:-1],
        changed[:0],
        changed[None],
        array.astype(">f8"),
        array[..., None],
    ]
    return np.ascontiguousarray(variants[int(rng.integers(len(variants)))])


def refused_count(valid_file: bytes, n: int, seed: int = 0) -> int:
    """Return how many of `n` damaged files were refused; fail if one is neither refused nor a valid run."""
    state = run_file.loads(valid_file).state
    refused = 0
    for file, must_be_same in damaged_files(valid_file, n, seed):
        try:
            saved = run_file.loads(file)
        except DataError:
            refused += 1
        else:
            assert saved.state.failure or np.isfinite(saved.state.vector).all()
            assert not must_be_same or is_same_run(saved, state)
    return refused


@pytest.mark.slow
def test_damaged_files_are_refused_or_hold_the_same_run():
    valid_file = run_file.dumps(*trained(CLASS_WEIGHTS), 500)
    assert refused_count(valid_file, 250) > 150
