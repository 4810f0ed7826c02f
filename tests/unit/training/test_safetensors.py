"""Exported encoders: the file describes itself, and the program beside it embeds as the run does."""

import json
import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load

from cl_core import training
from cl_core.data import datasets
from cl_core.training import RunSpec
from cl_core.training.files import safetensors
from tests.runs import SMALL, trained

ENCODERS = {
    "mlp": RunSpec(dim=3, batch=32),
    "no unit norm": RunSpec(dim=8, batch=32, unit_norm=False),
    "no projector": RunSpec(encoder="plain_mlp", dim=256, batch=32),
    "article": RunSpec(encoder="article", dim=256, batch=32),
    "unit features": RunSpec(encoder="unit_mlp", dim=8, batch=32, loss="softmax"),
    "cnn": RunSpec(encoder="cnn", dim=8, batch=32),
    "drawn by class": RunSpec(dim=8, batch=32, images_per_class=4),
    "few training images": RunSpec(dim=8, batch=32, images_per_class=4, training_images=1000),
    "points": SMALL,
}
# One is loaded in a process without this project on its path, the others in this one, where torch is imported already.
IN_SUBPROCESS = "mlp"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == IN_SUBPROCESS else name for name in ENCODERS]
)
def test_loading_program_embeds_as_the_run_does(name, tmp_path, monkeypatch, capsys):
    spec = ENCODERS[name]
    state = training.advance(training.start(spec), steps=1)
    (tmp_path / safetensors.FILE).write_bytes(safetensors.dumps(state))
    (tmp_path / "embed.py").write_text(safetensors.loading_program(spec))
    if spec is SMALL:
        x = np.array([[0.25, -0.5]], np.float32)
    else:
        x = datasets.load(spec.dataset).x_test[:1]
        Image.fromarray(x[0]).save(tmp_path / "image.png")
    if name == IN_SUBPROCESS:
        monkeypatch.delenv("PYTHONPATH", raising=False)
        done = subprocess.run([sys.executable, "embed.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        output = done.stdout
    else:
        monkeypatch.chdir(tmp_path)
        runpy.run_path("embed.py")
        output = capsys.readouterr().out
    np.testing.assert_allclose([float(number) for number in output.split()], training.embed(state, x)[0], atol=1e-6)


def test_program_and_file_say_how_batches_were_drawn():
    spec = replace(SMALL, images_per_class=8)
    assert "batches drawn by class: 4 classes, 8 images of each." in safetensors.loading_program(spec)
    assert "on 1,000 of the 4,000 training points.\n" in safetensors.loading_program(
        replace(SMALL, training_images=1000)
    )
    assert "class" not in safetensors.loading_program(SMALL)
    assert "training" not in safetensors.loading_program(SMALL)
    assert b'\\"images_per_class\\": 8' in safetensors.dumps(training.start(spec))


def test_encoder_file_has_spec_step_and_weights():
    _, state = trained()
    file = safetensors.dumps(state)
    metadata = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])["__metadata__"]
    assert RunSpec(**json.loads(metadata["spec"])) == SMALL
    assert metadata["step"] == "6"
    weights = load(file)
    assert sum(array.size for array in weights.values()) * 4 == safetensors.estimated_size(SMALL)
    first = weights["body.1.weight"].ravel()
    assert (first == state.vector[: len(first)]).all()
