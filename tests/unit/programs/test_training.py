"""Training by the engine: run.js in Node against the same programs in wasmtime, and against PyTorch."""

import hashlib
import json
import subprocess

import numpy as np
import pytest

from cl_core import training
from cl_core.components import trainer
from cl_core.components.envelope import unpack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.engine.build import WASM
from cl_core.programs.frames import frame_program
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.sliders import sliders
from cl_core.training import RunSpec
from cl_core.training.batches import batch_indices
from cl_core.training.frames import make_frame, next_frame_step
from tests import ROOT
from tests.unit.components.test_javascript import node

N, STEPS = 200, 25
SPECS = (
    RunSpec(loss="supcon", batch=32, seed=3),
    RunSpec(loss="triplet", theta={"mining": "semihard"}, batch=32, dim=2, rate=0.003),
    RunSpec(loss="am_softmax", batch=32, dim=8),
)


def file_of_images(path, x, y):
    path.write_bytes(y.astype(np.uint8).tobytes() + x.tobytes())
    return str(path)


def in_node(spec, folder):
    """Return the frames that Node shows before and after the steps."""
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, N)
    (folder / "run").write_bytes(trainer.encode(spec, frame_program(spec, N)))
    theta = {name: spec.theta[name] for name in sliders(LOSSES[spec.loss])}
    arguments = [
        str(WASM),
        str(folder / "run"),
        json.dumps({"seed": spec.seed, "rate": spec.rate, "theta": theta}),
        file_of_images(folder / "images", data.x_train, data.y_train),
        file_of_images(folder / "probes", data.x_test[rows], data.y_test[rows]),
        str(STEPS),
    ]
    command = [node(), "tests/javascript/run_training.js", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def in_wasmtime(spec, file, vector):
    """Return the checksums of the points before and after the steps, and the losses of the steps."""
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, N)
    header, programs = unpack(file)
    step, frame = (Running(Program.from_bytes(programs[name].tobytes())) for name in ("step", "frame"))
    frame.write({"x": data.x_test[rows], "y": data.y_test[rows]})
    axes = {"axes": np.reshape(header["axes"], (-1, 2))} if header["axes"] else {}
    theta = {name: spec.theta[name] for name in sliders(LOSSES[spec.loss])}
    losses = []

    def draw(axes):
        drawn = frame(weights=vector[: header["network"]], **axes)
        checksums.append(hashlib.sha256(drawn["points"].tobytes()).hexdigest())
        return {"axes": drawn["axes"]} if axes else {}

    checksums: list[str] = []
    axes = draw(axes)
    for done in range(STEPS):
        indices = batch_indices(spec, done, len(data.x_train)).numpy()
        inputs = {"x": data.x_train[indices], "y": data.y_train[indices], "step": done, "rate": spec.rate}
        stepped = step(vector=vector, **inputs, **theta)
        vector = stepped["vector"]
        losses.append(float(stepped["loss"]))
    draw(axes)
    return checksums, losses


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.loss)
def test_run_has_the_bits_of_wasmtime_and_stays_near_pytorch(spec, tmp_path):
    before, after = in_node(spec, tmp_path)
    assert (before["step"], after["step"], before["losses"]) == (0, STEPS, [])
    state = training.start(spec)
    if not LOSSES[spec.loss].classes:  # normal class weights differ from PyTorch's in the last bit
        checksums, losses = in_wasmtime(spec, (tmp_path / "run").read_bytes(), state.vector)
        assert [before["checksum"], after["checksum"]] == checksums
        assert after["losses"] == losses
    later = training.advance(state, steps=STEPS)
    np.testing.assert_allclose(after["losses"][:3], later.losses[:3], rtol=1e-4)  # then the runs part slowly
    assert np.mean(after["losses"]) == pytest.approx(later.losses.mean(), rel=0.1)
    assert before["metrics"]["knn"] == pytest.approx(make_frame(state, N).metrics.knn, abs=2 / N)
    if spec.dim > 2:  # in the plane the runs part sooner
        assert after["metrics"]["knn"] == pytest.approx(make_frame(later, N).metrics.knn, abs=0.05)
    assert after["metrics"]["knn"] > before["metrics"]["knn"]


def test_frames_come_at_the_steps_of_the_library():
    spec = RunSpec(batch=1024, loss="softmax", dim=2, unit_norm=False)
    steps = unpack(trainer.encode(spec, frame_program(spec, N)))[0]["frame_steps"]
    assert steps[-1] == training.config.MAX_STEPS
    assert steps[:-1] == [next_frame_step(spec, step) for step in [0, *steps[:-2]]]
