"""Every offered program is run, and prints the value that cl_core computes."""

import contextlib
import functools
import io
import math
import os
import subprocess
import sys

import pytest
import torch

from cl_core import losses
from cl_core.analysis import similarity_plane
from cl_core.losses import LOSSES, snippets
from cl_core.losses.plain import points
from cl_core.losses.snippets import FLAVOURS
from tests import ROOT
from tests.unit.losses.test_losses import CORNERS

GENERATOR = torch.Generator().manual_seed(5)
Z = 0.8 * torch.randn(24, 5, generator=GENERATOR, dtype=torch.float64)
Y = torch.tensor([0, 1, 2, 3] * 5 + [0, 0, 1, 4])  # classes of several sizes, one of a single image
WEIGHT = torch.randn(6, 5, generator=GENERATOR, dtype=torch.float64)  # of 6 classes, the last of which has no image
BIAS = torch.randn(6, generator=GENERATOR, dtype=torch.float64)
BATCHES = {
    "usual": (Z, Y),
    "unit": (Z / Z.norm(dim=1, keepdim=True), Y),
    "apart": (40 * torch.eye(5, dtype=torch.float64)[Y] + Z, Y),  # the loss is near its floor
    "pairs": (Z[:10], torch.arange(5).repeat_interleave(2)),
}
SETTINGS = {  # the ends of every slider, and the published settings
    key: [*CORNERS[key], *(loss.defaults | dict(preset.theta) for preset in loss.presets)]
    for key, loss in LOSSES.items()
}
IN_PML = {  # for which parameters pytorch-metric-learning 2.9 has the loss
    "contrastive": lambda theta: True,
    "triplet": lambda theta: theta["mining"] not in ("semihard_near", "semihard_tfa"),
    "npair": lambda theta: True,
    "nt_xent": lambda theta: True,
    "supcon": lambda theta: theta["variant"] == "out",
    "info_nce": lambda theta: True,
    "normface": lambda theta: True,
    "l_softmax": lambda theta: theta["annealing"] == 0,
    "sphereface": lambda theta: theta["annealing"] == 0,
    "am_softmax": lambda theta: True,
    "arcface": lambda theta: True,
    "circle": lambda theta: theta["pool"] == "anchor",
    "circle_class": lambda theta: True,
}


def run(code):
    """Run a program in this process, and return the numbers that it prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "snippet.py", "exec"), {"__name__": "snippet"})
    return [float(line.split()[-1]) for line in output.getvalue().splitlines()]


@pytest.fixture
def save_batch(tmp_path, monkeypatch):
    """Return a function that writes the file of a batch where the programs look for it."""
    monkeypatch.chdir(tmp_path)
    return lambda *batch: (tmp_path / "batch.npz").write_bytes(snippets.batch_file(*batch))


def batch_of(loss, name):
    """Return the batch of that name, with class weights if the loss has them."""
    z, y = BATCHES[name]
    if not loss.classes:
        return z, y
    return (z, y, WEIGHT, BIAS) if loss.key == "softmax" else (z, y, WEIGHT)


def module_value(loss, theta, z, y, weight=None, bias=None):
    """Return the value of the loss's module."""
    sizes = {"num_classes": len(weight), "embedding_dim": weight.shape[1]} if loss.classes else {}
    f = losses.module(loss.key, **sizes, **theta).double()
    if weight is not None:
        f.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return f(z, None if loss.views else y).item()


@functools.cache  # the flavours share it
def expected_value(key, setting, name):
    loss = LOSSES[key]
    return module_value(loss, SETTINGS[key][setting], *batch_of(loss, name))


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("key", LOSSES)
def test_program_prints_the_value_of_the_library(save_batch, key, flavour, name):
    save_batch(*batch_of(LOSSES[key], name))
    for setting in range(0, len(SETTINGS[key]), 1 if name == "usual" else 5):
        theta = SETTINGS[key][setting]
        code = snippets.program(key, theta, flavour)
        if code is not None:
            (value,) = run(code)
            assert math.isclose(value, expected_value(key, setting, name), rel_tol=1e-9, abs_tol=1e-12), theta


def test_program_exists_exactly_where_its_flavour_has_the_loss():
    for key, settings in SETTINGS.items():
        for theta in settings:
            assert snippets.program(key, theta, "ours")
            assert (snippets.program(key, theta, "plain") is not None) == (key in snippets.PLAIN)
            if key in snippets.PLAIN:
                assert (snippets.program(key, theta, "pml") is not None) == IN_PML.get(key, lambda theta: False)(theta)


def test_every_published_loss_has_a_program_in_plain_pytorch():
    published = (  # losses that are added later need none
        "contrastive", "triplet", "npair", "nt_xent", "supcon", "info_nce", "softmax", "normface", "l_softmax",
        "sphereface", "am_softmax", "arcface", "circle", "circle_class", "pccl", "pccl_released",
    )  # fmt: skip
    assert set(snippets.PLAIN) == set(points.PLAIN) == set(published)


@pytest.mark.parametrize(
    ("y", "keys"),
    [
        ([0, 1, 2, 3], ("contrastive", "triplet", "npair", "info_nce", "supcon", "circle", "pccl", "pccl_released")),
        ([1, 1, 1, 1], ("contrastive", "triplet", "npair", "info_nce", "supcon", "circle", "pccl", "pccl_released")),
    ],
)
def test_plain_program_handles_batches_without_positives_or_negatives(save_batch, y, keys):
    z, y = Z[:4], torch.tensor(y)
    save_batch(z, y)
    for key in keys:
        for theta in CORNERS[key]:
            (value,) = run(snippets.program(key, theta, "plain"))
            assert math.isclose(value, module_value(LOSSES[key], theta, z, y), rel_tol=1e-9, abs_tol=1e-12)


# --- one point of the plane -------------------------------------------------------------------------------------------

POINTS = [(0.2, 0.9), (0.7, 0.3), (-0.6, -0.4), (0.45, 0.5), (-1.0, 1.0), (1.0, -1.0), (0.999, 0.9995)]


run_once = functools.cache(run)  # many settings and lengths have the same program


@functools.cache  # the flavours share it
def expected_at_point(key, setting, s_p, s_n, length):
    return similarity_plane.evaluate_at(LOSSES[key], SETTINGS[key][setting], s_p, s_n, length)


@pytest.mark.parametrize(
    ("key", "flavour"),
    [
        # by the library hardly two settings have the same program
        pytest.param(key, flavour, marks=[pytest.mark.slow] if flavour == "ours" or key == "triplet" else [])
        for key in LOSSES
        for flavour in ("ours", "plain")
    ],
)
def test_point_program_prints_value_and_both_derivatives_of_the_plane(key, flavour):
    for setting, theta in enumerate(SETTINGS[key]):
        for s_n, s_p in POINTS:
            for length in (1.0, 2.5):
                code = snippets.point_program(key, theta, s_n, s_p, flavour, length)
                if code is None:
                    assert key not in points.PLAIN
                    continue
                expected = expected_at_point(key, setting, s_p, s_n, length)
                for value, expected_number in zip(run_once(code), expected, strict=True):
                    # torch's softplus is x from x = 20 on, an error of 2e-9 in its derivative
                    assert math.isclose(value, expected_number, rel_tol=3e-9, abs_tol=1e-9), (theta, s_n, s_p)


def test_pml_flavour_has_no_point_program():
    assert snippets.point_program("supcon", {}, 0.2, 0.9, "pml") is None


# --- style of the programs --------------------------------------------------------------------------------------------


def test_programs_are_short_and_pass_a_linter(tmp_path):
    for key, settings in SETTINGS.items():
        for i, theta in enumerate(settings):
            codes = {flavour: snippets.program(key, theta, flavour) for flavour in FLAVOURS}
            codes |= {f"{flavour}_point": snippets.point_program(key, theta, 0.3, 0.8, flavour) for flavour in FLAVOURS}
            for flavour, code in codes.items():
                if code is not None:
                    lines = [line for line in code.splitlines() if line.strip()]
                    assert len(lines) <= 45, (key, theta, flavour)
                    (tmp_path / f"{key}_{i}_{flavour}.py").write_text(code)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--line-length",
        "120",
        "--select",
        "E,F,I,W",
        tmp_path,
    ]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", tmp_path]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout


def test_program_contains_the_slider_values():
    theta = {"margin": 0.37, "scale": 48.0}
    for key, flavour in (("circle", "ours"), ("circle", "plain"), ("circle", "pml"), ("am_softmax", "plain")):
        code = snippets.program(key, theta, flavour)
        assert "0.37" in code
        assert "48.0" in code


@pytest.mark.slow  # a process that imports torch
@pytest.mark.parametrize("flavour", ["ours", "plain"])
def test_program_runs_as_a_script(tmp_path, flavour):
    (tmp_path / "batch.npz").write_bytes(snippets.batch_file(Z, Y))
    (tmp_path / "program.py").write_text(snippets.program("circle", {}, flavour))
    if flavour == "ours":  # it runs in the app's folder
        (tmp_path / "cl_core").symlink_to(ROOT / "cl_core")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "program.py"]
    process = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert math.isclose(float(process.stdout), module_value(LOSSES["circle"], {}, Z, Y), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("supcon", {}, "tensorflow"), "there is no flavour 'tensorflow'; there are: ours, plain, pml"),
        (("tripled", {}, "ours"), "there is no loss 'tripled'"),
        (("supcon", {"temperature": 0}, "ours"), "greater than 0"),
        (("supcon", {"warmth": 1}, "plain"), "no parameter 'warmth'"),
    ],
)
def test_invalid_arguments_raise_readable_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        snippets.program(*arguments)
