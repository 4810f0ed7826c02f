"""Runs that browsers hand over: read like run files, and never trusted."""

import base64
import json
from dataclasses import asdict

import numpy as np
import pytest

from cl_core import training
from cl_core.analysis.projection import PcaView
from cl_core.components.envelope import NOT_FINITE, pack, quantise, unpack
from cl_core.components.trainer import handover
from cl_core.data.npz import DataError
from cl_core.training import RunSpec
from tests.runs import CLASS_WEIGHTS, SMALL, trained

N = 500
SPECS = {
    "projected": SMALL,
    "class weights": CLASS_WEIGHTS,
    "a plane": RunSpec(dataset="blobs", dim=2, batch=32),
    "class weights in a plane": RunSpec(dataset="blobs", loss="softmax", dim=2, batch=32, unit_norm=False),
    "a space": RunSpec(dataset="blobs", dim=3, batch=32),
}


def parts_of(spec):
    """Return header and buffers as `handover.js` makes them, with the run that they describe."""
    progress, state = trained(spec, n=N)
    frames = progress.frames
    references = {name: value if np.isfinite(value) else None for name, value in asdict(progress.references).items()}
    header = {
        "about": {
            "version": 1, "spec": asdict(spec), "n": N, "step": state.step, "seconds": 1.5, "empty": 1,
            "failure": None, "references": references,
        },
        "steps": [frame.step for frame in frames],
        "seconds": [frame.seconds for frame in frames],
        "metrics": [list(asdict(frame.metrics).values()) for frame in frames],
    }  # fmt: skip
    buffers = {"vector": state.vector, "losses": progress.losses}
    if frames[0].regions is not None:
        buffers["regions"] = np.stack([frame.regions for frame in frames])
    for k, newest in frames[-1].views.items():
        quantised = [quantise(frame.points[k]) for frame in frames]
        header[f"scale{k}"] = [scale for _, scale in quantised]
        header[f"shares{k}"] = [list(frame.views[k].shares) for frame in frames]
        buffers[f"points{k}"] = np.stack([codes for codes, _ in quantised])
        if isinstance(newest, PcaView):
            buffers[f"axes{k}"], buffers["mean"] = newest.axes, newest.mean
    return header, buffers, progress, state


def encoded(header, buffers):
    return base64.b64encode(pack(header, buffers)).decode()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_run_is_read_as_it_was_and_trains_on(spec):
    header, buffers, progress, state = parts_of(spec)
    saved = handover.decode(encoded(header, buffers))
    assert saved.state.spec == spec
    assert (saved.n, saved.state.step, saved.state.seconds, saved.empty) == (N, state.step, 1.5, 1)
    assert saved.state.vector.tobytes() == state.vector.tobytes()
    assert saved.losses.tobytes() == progress.losses.tobytes()
    assert asdict(saved.references) == pytest.approx(asdict(progress.references), nan_ok=True)
    for read, frame in zip(saved.frames, progress.frames, strict=True):
        assert (read.step, read.metrics) == (frame.step, frame.metrics)
        np.testing.assert_array_equal(read.regions, frame.regions)
        for k, points in frame.points.items():
            np.testing.assert_allclose(read.points[k], points, atol=np.abs(points).max() / 30_000)
    later = [training.advance(each, steps=3).vector.tobytes() for each in (saved.state, state)]
    assert later[0] == later[1]


def test_anything_else_is_refused_with_a_sentence():
    header, buffers, *_ = parts_of(SMALL)
    text = encoded(header, buffers)
    for wrong in (None, 3, {}, "", "@@@@", text[:100], text[: len(text) // 8 * 4], "AAAA" * 30):
        with pytest.raises(DataError):
            handover.decode(wrong)


@pytest.mark.parametrize("part", ["header", "about", "buffers"])
def test_every_part_that_is_missing_or_forged_is_refused(part):
    header, buffers, *_ = parts_of(SMALL)
    target = {"header": header, "about": header["about"], "buffers": buffers}[part]
    for name in list(target):
        kept = target[name]
        forged = [None, "text", [], {}, -1] if part != "buffers" else [kept[:1], kept.astype("uint8"), kept.ravel()[1:]]
        for value in forged:
            if part == "about" and name == "failure":
                continue  # any text counts as a failure, whose text is made again
            target[name] = value
            with pytest.raises(DataError):
                handover.decode(encoded(header, buffers))
        del target[name]
        if name != "failure":
            with pytest.raises(DataError):
                handover.decode(encoded(header, buffers))
        target[name] = kept


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("vector", 7, np.nan),
        ("vector", 0, np.inf),
        ("points2", (0, 0, 0), NOT_FINITE),
        ("axes2", (0, 0), 3.0),
        ("mean", 0, np.nan),
    ],
)
def test_numbers_that_cannot_be_are_refused(name, index, value):
    header, buffers, *_ = parts_of(SMALL)
    buffers[name] = buffers[name].copy()
    buffers[name][index] = value
    with pytest.raises(DataError):
        handover.decode(encoded(header, buffers))


def test_failure_is_told_in_our_own_words():
    header, buffers, *_ = parts_of(SMALL)
    header["about"]["failure"] = "[click](http://example.com)"
    failure = handover.decode(encoded(header, buffers)).state.failure
    assert "ran out of range" in failure
    assert "example" not in failure


def test_envelope_of_the_test_is_that_of_the_browser():
    header, buffers, *_ = parts_of(SMALL)
    read, _ = unpack(base64.b64decode(encoded(header, buffers)))
    assert json.loads(json.dumps(header)) == {name: value for name, value in read.items() if name != "buffers"}
