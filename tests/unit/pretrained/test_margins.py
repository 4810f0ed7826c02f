"""Runs of the start page's film: complete, equal but for the margin, and reproducible."""

import json

import numpy as np
import pytest

from cl_core.data import datasets, npz
from cl_core.pretrained import margins
from cl_core.pretrained.margins import FIRST_SHOWN, IMAGES, MARGINS
from cl_core.programs.trainer import Trainer

REMAKE_HINT = "the net, the loss or a default has changed; run: python -m cl_core.pretrained margins"


@pytest.mark.parametrize("margin", MARGINS)
def test_run_is_complete(margin):
    run = margins.load(margin)
    assert run.spec == margins.spec_of(margin), REMAKE_HINT
    assert run.steps.tolist() == margins.frame_steps()
    assert run.points.shape == (len(run.steps), IMAGES, 2)
    data = datasets.load("mnist")
    np.testing.assert_array_equal(run.labels, data.y_test[datasets.probe_indices(data, IMAGES)])


def test_runs_differ_in_the_margin_only():
    others = {json.dumps({**vars(margins.spec_of(margin)), "theta": 0}, sort_keys=True) for margin in MARGINS}
    starts = {margins.load(margin).points[0].tobytes() for margin in MARGINS}
    assert len(others) == len(starts) == 1
    assert FIRST_SHOWN in MARGINS


def centre_distances(margin):
    run = margins.load(margin)
    centres = np.stack([run.points[-1][run.labels == digit].mean(axis=0) for digit in range(10)])
    return np.linalg.norm(centres[:, None] - centres, axis=-1)[np.triu_indices(10, 1)]


def test_a_larger_margin_keeps_digits_farther_apart():
    distances = [float(np.median(centre_distances(margin))) for margin in MARGINS]
    assert distances == sorted(distances)
    assert distances[-1] > 2 * distances[0]


@pytest.mark.slow
def test_first_frames_are_reproduced():
    run = margins.load(FIRST_SHOWN)
    trainer = Trainer(run.spec, IMAGES)
    state = trainer.advance(trainer.start(), int(run.steps[5]))
    np.testing.assert_allclose(trainer.frame(state).points[2], run.points[5], rtol=0, atol=2e-3, err_msg=REMAKE_HINT)


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(margins, "path_of", lambda _: tmp_path / "margin.npz")
    np.savez_compressed(tmp_path / "margin.npz", steps=np.zeros(2, np.uint16))
    with pytest.raises(npz.DataError, match="pretrained margins"):
        margins.load.__wrapped__(FIRST_SHOWN)
