"""Checkpoints are made by the engine: the shipped ones again, and new files load."""

from types import SimpleNamespace

import numpy as np
import pytest

from cl_core.data import datasets
from cl_core.pretrained import checkpoint_runs, checkpoints, embeddings
from cl_core.pretrained.processes import in_processes
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec


def weights_of(spec, step):
    trainer = Trainer(spec, embeddings.KNN_IMAGES)
    return trainer.advance(trainer.start(), step).vector


@pytest.mark.parametrize("loss", checkpoints.LOSSES)
def test_training_again_gives_the_shipped_bits(loss):
    shipped = checkpoints.load(loss, "half-trained")
    assert shipped.step < 100
    expected = weights_of(shipped.spec, shipped.step)[: len(shipped.vector) // (1 + checkpoints.MOMENTS_PER_WEIGHT)]
    np.testing.assert_array_equal(shipped.vector[: len(expected)], expected.astype(np.float16))


def test_made_checkpoints_load_again(tmp_path, monkeypatch):
    spec, steps = RunSpec("blobs", "supcon", dim=4, batch=32), {"half-trained": 2, "trained": 5}
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    monkeypatch.setattr(embeddings, "recipe_run", lambda _: spec)
    monkeypatch.setattr(embeddings, "load", lambda _, stage: SimpleNamespace(step=steps[stage]))
    checkpoint_runs.make(["supcon"], workers=1)
    for stage, step in steps.items():
        state = checkpoints.load("supcon", stage)
        assert (state.spec, state.step) == (spec, step)
        size = len(state.vector) // (1 + checkpoints.MOMENTS_PER_WEIGHT)
        np.testing.assert_array_equal(state.vector[:size], weights_of(spec, step)[:size].astype(np.float16))
        assert not state.vector[size:].any()


@pytest.mark.slow
def test_results_of_processes_come_in_the_order_of_jobs():
    assert list(in_processes(abs, [-3, 1, -2], 2)) == list(in_processes(abs, [-3, 1, -2], 1)) == [3, 1, 2]
