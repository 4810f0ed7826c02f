"""Training by the engine: run.js in Node against the same programs in wasmtime, and against PyTorch."""

import gzip
import hashlib
import json
import subprocess
from dataclasses import asdict, replace
from functools import lru_cache

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.components import trainer
from cl_core.components.envelope import pack, unpack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.compiler import compile_function
from cl_core.programs.engine.build import WASM
from cl_core.programs.graph import UnsupportedError
from cl_core.programs.sliders import sliders
from cl_core.programs.steps import step_program
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec
from cl_core.training.batches import batch_indices, training_set
from cl_core.training.collapse_values import collapse_and_floor
from cl_core.training.frames import make_frame, next_frame_step
from cl_core.training.regions import regions_of
from tests import ROOT
from tests.unit.components.test_javascript import node

N, STEPS = 200, 25
SPECS = (
    RunSpec(loss="supcon", batch=32, seed=3),
    RunSpec(loss="triplet", theta={"mining": "semihard"}, batch=32, dim=2, rate=0.003),
    RunSpec(loss="am_softmax", batch=32, dim=8),
    RunSpec(loss="triplet", batch=30, images_per_class=6, seed=5, dim=3),
    RunSpec(loss="supcon", dataset="rings", batch=36, images_per_class=12, dim=4),
    RunSpec(loss="l_softmax", schedule="l_softmax", batch=32, dim=2, unit_norm=False),
    RunSpec(
        loss="triplet", theta={"mining": "batch_hard"}, dataset="rings", batch=36, dim=2, optimiser="sgd", rate=0.03
    ),
    RunSpec(loss="contrastive", dataset="rings", batch=36, dim=4, training_images=500),
    RunSpec(loss="softmax", dataset="rings", batch=32, dim=2),
    RunSpec(loss="nt_xent", batch=8, dim=4, seed=11),
    RunSpec(loss="nt_xent", dataset="rings", batch=36, dim=4),
    RunSpec(loss="supcon", dataset="rings", batch=36, dim=4, wrong_labels=0.3, classes_left_out="1,3"),
    RunSpec(loss="triplet", dataset="rings", batch=36, images_per_class=12, dim=4, wrong_labels=0.3),
    RunSpec(loss="supcon", batch=128, dim=4, training_images=50),
    RunSpec(loss="nt_xent", batch=128, dim=4, training_images=20),
)
IDS = (
    "supcon", "triplet", "am_softmax", "by class", "points by class", "schedule", "batch-hard", "fewer images",
    "few normals", "two views", "two views of points", "wrong labels", "wrong labels by class",
    "fewer images than a batch", "fewer images than a batch of two views",
)  # fmt: skip


@lru_cache
def examples(dataset, training_images, classes_left_out):
    """Return the files of the training examples and of the probes."""
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, N)
    x, y = training_set(RunSpec(dataset=dataset, training_images=training_images, classes_left_out=classes_left_out))
    return {
        "examples": trainer.encode_examples(x.numpy(), y.numpy()),
        "probes": trainer.encode_examples(data.x_test[rows], data.y_test[rows]),
    }


def in_node(spec, folder, *plan, file=None):
    """Return what tests/javascript/run_training.js prints."""
    files = {
        "run": file or trainer.encode(spec, N),
        **examples(spec.dataset, spec.training_images, spec.classes_left_out),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    theta = {name: spec.theta[name] for name in sliders(LOSSES[spec.loss])}
    choice = {"seed": spec.seed, "rate": spec.rate, "theta": theta}
    paths = [str(folder / name) for name in files]
    arguments = [str(WASM), paths[0], json.dumps(choice), *paths[1:], json.dumps(plan)]
    command = [node(), "tests/javascript/run_training.js", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def checksum_of(numbers):
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()


@pytest.mark.parametrize("spec", SPECS, ids=IDS)
def test_run_has_the_same_bits_in_node_and_wasmtime_and_stays_near_pytorch(spec, tmp_path):
    result = in_node(spec, tmp_path, "frame", STEPS, "frame")
    run = Trainer(spec, N)
    start = run.start()
    state = run.advance(run.advance(start, 10), STEPS - 10)  # a pause changes nothing
    first = run.frame(start)
    frames = first, run.frame(state, first.views)
    for there, here in zip(result["frames"], frames, strict=True):
        assert there["step"] == here.step
        assert there["checksums"] == [checksum_of(points) for points in here.points.values()]
        assert there["shares"] == [list(view.shares) for view in here.views.values()]
        assert there["metrics"] == asdict(here.metrics)
        assert there.get("regions") == (None if here.regions is None else checksum_of(here.regions))
    assert (frames[0].regions is not None) == (spec.dim == 2 and LOSSES[spec.loss].classes)
    if frames[1].regions is not None:
        np.testing.assert_allclose(frames[1].regions, regions_of(state), rtol=1e-5, atol=1e-4)
    assert result["vector"] == checksum_of(state.vector)
    before, after = result["frames"]
    assert before["losses"] == []
    assert after["losses"] == run.advance(start, STEPS).losses.tolist()
    assert [*result["references"].values()] == [*run.references()]
    assert before["seconds"] == 0 < after["seconds"]
    assert frames[0].seconds == 0 < frames[1].seconds

    first_of_pytorch = training.start(spec)
    later = training.advance(first_of_pytorch, steps=STEPS)
    np.testing.assert_allclose(start.vector, first_of_pytorch.vector, rtol=0, atol=1e-6)
    np.testing.assert_allclose(after["losses"][:3], later.losses[:3], rtol=1e-4)  # then the runs part slowly
    assert np.mean(after["losses"]) == pytest.approx(later.losses.mean(), rel=0.1)
    assert after["empty"] == later.empty
    assert before["metrics"]["knn"] == pytest.approx(make_frame(first_of_pytorch, N).metrics.knn, abs=2 / N)
    if spec.dim > 3:  # in few dimensions the runs part sooner
        assert after["metrics"]["knn"] == pytest.approx(make_frame(later, N).metrics.knn, abs=0.05)
        assert after["metrics"]["knn"] >= before["metrics"]["knn"]
    assert run.references() == pytest.approx(collapse_and_floor(spec), rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("spec", SPECS, ids=IDS)
def test_run_from_a_snapshot_has_the_bits_of_one_without_a_pause(spec, tmp_path):
    whole = in_node(spec, tmp_path, "frame", 20, "frame", 8, "frame")
    # 13 has no frame with batches of 32, so the one that a pause adds there must not turn the later ones
    paused = in_node(spec, tmp_path, "frame", 13, "frame", "restore", 7, "frame", 8, "frame")
    assert paused["vector"] == whole["vector"]
    assert paused["frames"][1]["step"] == 13
    del paused["frames"][1]
    assert [frame["checksums"] for frame in paused["frames"]] == [frame["checksums"] for frame in whole["frames"]]
    assert [f["metrics"] for f in paused["frames"]] == [f["metrics"] for f in whole["frames"]]
    assert paused["frames"][1]["losses"] == whole["frames"][1]["losses"][13:]
    assert paused["frames"][2]["seconds"] > paused["frames"][1]["seconds"]


def test_batches_by_class_are_the_librarys_over_many_orders(tmp_path):
    # of 1,000 rows in each class, 48 are drawn: an order of one class ends after 125 draws, one of the 5 after 5 steps
    spec = RunSpec(dataset="rings", loss="contrastive", batch=3 * 48, images_per_class=48, dim=2, rate=1e-6)
    data = datasets.load("rings")
    rows = np.arange(len(data.x_train))
    sums = compile_function(
        lambda vector, step, rate, x, y: [vector, x.sum() + 0 * rate.float(), (y > 0).sum()],
        {
            "vector": torch.zeros(step_program(spec).inputs[0].shape),
            "step": torch.zeros((), dtype=torch.float64),
            "rate": torch.zeros((), dtype=torch.float64),
            "x": torch.zeros(spec.batch, 2),
            "y": torch.zeros(spec.batch, dtype=torch.int64),
        },
        ("vector", "loss", "terms"),
    )
    file = with_buffers(trainer.encode(spec, N), step=sums.to_bytes())
    losses = in_node(spec, tmp_path, 230, "frame", file=file)["frames"][0]["losses"]
    expected = [data.x_train[batch_indices(spec, step, len(rows)).numpy()] for step in range(230)]
    np.testing.assert_allclose(losses, [x.astype(float).sum() for x in expected], atol=1e-3)
    assert len({x.tobytes() for x in expected}) == 230


def test_references_may_stand_in_the_file(tmp_path):
    header, buffers = unpack(trainer.encode(RunSpec(dataset="rings", batch=32, dim=2), N))
    del header["buffers"], buffers["references"], buffers["labels"]
    file = pack({**header, "references": {"collapse": 1.5, "floor": None}}, buffers)
    result = in_node(RunSpec(dataset="rings", batch=32, dim=2), tmp_path, file=file)
    assert result["references"] == {"collapse": 1.5, "floor": None}  # JSON has no NaN


def test_steps_without_valid_terms_are_counted(tmp_path):
    spec = RunSpec(loss="triplet", batch=4, dim=2)
    run = Trainer(spec, N)
    state = run.advance(run.start(), 12)
    assert 0 < state.empty < 12
    assert in_node(spec, tmp_path, 5, "restore", 7, "frame")["frames"][0]["empty"] == state.empty


def test_trainer_stops_where_numbers_run_out_of_range():
    run = Trainer(RunSpec("blobs", "npair", unit_norm=False, optimiser="sgd", rate=10.0, batch=32, dim=2), N)
    state = run.advance(run.start(), 200)
    assert state.step == len(state.losses) < 200
    assert np.isfinite(state.losses).all()
    assert state.failure in {training.divergence_advice(run.spec, state.step + extra) for extra in (0, 1)}
    again = run.advance(state, 5)
    assert (again.step, again.failure, len(again.losses)) == (state.step, state.failure, 0)
    with pytest.raises(ValueError, match="ran out of range"):
        run.frame(replace(state, vector=np.full_like(state.vector, np.nan)))


@pytest.mark.parametrize("dim", [2, 6])
def test_trainer_embeds_what_its_frames_measure(dim):
    run = Trainer(RunSpec(dataset="rings", batch=32, dim=dim), N)
    state = run.advance(run.start(), 3)
    frame, (snapshot, knn) = run.frame(state), run.embed(state, N)
    assert (snapshot.step, snapshot.z.shape, snapshot.z.dtype) == (3, (N, dim), np.float32)
    np.testing.assert_array_equal(snapshot.y, training.snapshot(state, N).y)
    np.testing.assert_allclose(snapshot.z, training.snapshot(state, N).z, rtol=1e-4, atol=1e-5)
    assert knn == frame.metrics.knn
    np.testing.assert_allclose(frame.points[2], frame.views[2].project(snapshot.z), atol=1e-5)
    part, _ = run.embed(state, 40)
    np.testing.assert_array_equal(part.z, snapshot.z[:40])


def test_every_step_has_a_frame_up_to_the_bound(tmp_path):
    spec = RunSpec(dataset="rings", loss="softmax", batch=32, dim=2, unit_norm=False)
    file = trainer.encode(spec, N)
    after = next_frame_step(spec, 40)
    assert in_node(spec, tmp_path, after, "frame", file=file)["due"] == [True, True]
    assert in_node(spec, tmp_path, after - 1, "frame", file=file)["due"] == [False, True]
    header, buffers = unpack(file)
    del header["buffers"]
    bounded = pack({**header, "max_frames": 2}, buffers)
    assert in_node(spec, tmp_path, "frame", after - 1, file=bounded)["due"] == [False, True]
    assert in_node(spec, tmp_path, "frame", after - 1, "frame", file=bounded)["due"] == [False, False]
    assert in_node(spec, tmp_path, "frame", after - 1, "frame", "restore", file=bounded)["due"] == [False, False]
    assert in_node(spec, tmp_path, "frame", after, "frame", "restore", file=bounded)["due"] == [True, True]


@pytest.mark.parametrize(
    "spec",
    [
        RunSpec(dataset="rings", batch=32, dim=2),
        RunSpec(dataset="rings", batch=32, dim=2, rate=0.02),
        RunSpec(dataset="rings", batch=32, dim=2, rate=0.02, theta={"temperature": 0.03}, unit_norm=False),
    ],
)
def test_message_for_numbers_out_of_range_is_the_librarys(spec, tmp_path):
    file = trainer.encode(replace(spec, rate=1e-3, theta={}), N)  # the visitor may have changed both since
    assert in_node(spec, tmp_path, file=file)["text"] == training.divergence_advice(spec, 7)


def test_change_counts_from_the_next_step(tmp_path):
    spec = RunSpec(dataset="rings", batch=32, dim=2)
    changed = in_node(spec, tmp_path, 3, {"rate": 0.01}, 3, "frame")
    assert changed["frames"][0]["losses"][:4] == in_node(spec, tmp_path, 4, "frame")["frames"][0]["losses"]
    assert changed["vector"] != in_node(spec, tmp_path, 6)["vector"]
    assert changed["vector"] == in_node(spec, tmp_path, 3, "frame", {"rate": 0.01}, "restore", 3)["vector"]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (RunSpec(dataset="blobs", batch=128, drop_last=False), "the last of 4,000 images would have 32"),
        (RunSpec(dataset="blobs", batch=3000, drop_last=False), "the last of 4,000 images would have 1,000"),
    ],
)
def test_runs_that_a_browser_cannot_train_are_refused(spec, text):
    with pytest.raises(UnsupportedError, match=text):
        trainer.encode(spec, N)


def test_last_batch_may_stay_if_it_is_as_large_as_the_others():
    spec = RunSpec(dataset="blobs", batch=100, drop_last=False, dim=2)
    assert unpack(trainer.encode(spec, N))[0]["images"] == 100


def test_examples_are_packed_with_their_labels():
    data = datasets.load("rings")
    packed = trainer.encode_examples(data.x_train, data.y_train)
    assert packed == trainer.encode_examples(data.x_train, data.y_train)
    buffers = unpack(gzip.decompress(packed))[1]
    np.testing.assert_array_equal(buffers["labels"], data.y_train)
    np.testing.assert_array_equal(buffers["x"].reshape(-1, 2), data.x_train)
    assert buffers["x"].dtype == np.float32


def test_frames_come_at_the_steps_of_the_library():
    spec = RunSpec(batch=1024, loss="softmax", dim=2, unit_norm=False)
    steps = unpack(trainer.encode(spec, N))[0]["frame_steps"]
    assert steps[-1] == training.config.MAX_STEPS
    assert steps[:-1] == [next_frame_step(spec, step) for step in [0, *steps[:-2]]]


def with_buffers(file, **added):
    header, buffers = unpack(file)
    del header["buffers"]
    return pack(header, {**buffers, **added})
