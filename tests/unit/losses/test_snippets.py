"""Every program that is handed out is run, and prints the number that this library has."""

import contextlib
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

DICE = torch.Generator().manual_seed(5)
Z = 0.8 * torch.randn(24, 5, generator=DICE, dtype=torch.float64)
Y = torch.tensor([0, 1, 2, 3] * 5 + [0, 0, 1, 4])  # uneven, and one of a class of its own
WEIGHT = torch.randn(6, 5, generator=DICE, dtype=torch.float64)  # of 6 classes: nobody has the last one
BIAS = torch.randn(6, generator=DICE, dtype=torch.float64)
BATCHES = {
    "usual": (Z, Y),
    "unit": (Z / Z.norm(dim=1, keepdim=True), Y),
    "apart": (40 * torch.eye(5, dtype=torch.float64)[Y] + Z, Y),  # little is left to learn
    "pairs": (Z[:10], torch.arange(5).repeat_interleave(2)),
}
EVERY = {  # at the ends of every slider, and at what is published
    key: [*CORNERS[key], *(loss.defaults | dict(preset.theta) for preset in loss.presets)]
    for key, loss in LOSSES.items()
}
LIBRARY = {  # what pytorch-metric-learning 2.9 has, and where it has not
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


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(code, z, y, ...)`: all numbers that a program prints where this batch lies beside it."""
    monkeypatch.chdir(tmp_path)

    def printed(code, *batch):
        if batch:
            (tmp_path / "batch.npz").write_bytes(snippets.batch_file(*batch))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "snippet.py", "exec"), {"__name__": "snippet"})
        return [float(line.split()[-1]) for line in out.getvalue().splitlines()]

    return printed


def batch_of(loss, name):
    """A batch, with class weights where the loss has some."""
    z, y = BATCHES[name]
    if not loss.classes:
        return z, y
    return (z, y, WEIGHT, BIAS) if loss.key == "softmax" else (z, y, WEIGHT)


def shown(loss, theta, z, y, weight=None, bias=None):
    """What this library says of a batch."""
    sizes = {"num_classes": len(weight), "embedding_dim": weight.shape[1]} if loss.classes else {}
    f = losses.module(loss.key, **sizes, **theta).double()
    if weight is not None:
        f.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return f(z, y).item()


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("key", LOSSES)
def test_program_prints_the_value_of_the_library(run, key, flavour, name):
    loss = LOSSES[key]
    batch = batch_of(loss, name)
    for theta in EVERY[key] if name == "usual" else EVERY[key][::5]:
        code = snippets.program(key, theta, flavour)
        if code is not None:
            (printed,) = run(code, *batch)
            assert math.isclose(printed, shown(loss, theta, *batch), rel_tol=1e-9, abs_tol=1e-12), theta


def test_program_exists_exactly_where_its_flavour_has_the_loss():
    for key, every in EVERY.items():
        for theta in every:
            assert snippets.program(key, theta, "ours")
            assert (snippets.program(key, theta, "plain") is not None) == (key in snippets.PLAIN)
            if key in snippets.PLAIN:
                assert (snippets.program(key, theta, "pml") is not None) == LIBRARY.get(key, lambda theta: False)(theta)


def test_every_published_loss_has_a_program_in_plain_pytorch():
    published = (  # losses that are added later may do without
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
def test_plain_program_handles_batches_without_positives_or_negatives(run, y, keys):
    z, y = Z[:4], torch.tensor(y)
    for key in keys:
        for theta in CORNERS[key]:
            (printed,) = run(snippets.program(key, theta, "plain"), z, y)
            assert math.isclose(printed, shown(LOSSES[key], theta, z, y), rel_tol=1e-9, abs_tol=1e-12)


# --- one point of the plane -------------------------------------------------------------------------------------------

POINTS = [(0.2, 0.9), (0.7, 0.3), (-0.6, -0.4), (0.45, 0.5), (-1.0, 1.0), (1.0, -1.0), (0.999, 0.9995)]


@pytest.mark.parametrize("flavour", ["ours", "plain"])
@pytest.mark.parametrize("key", LOSSES)
def test_point_program_prints_value_and_both_derivatives_of_the_plane(run, key, flavour):
    loss = LOSSES[key]
    for theta in EVERY[key]:
        for s_n, s_p in POINTS:
            for length in (1.0, 2.5):
                code = snippets.point_program(key, theta, s_n, s_p, flavour, length)
                if code is None:
                    assert key not in points.PLAIN
                    continue
                expected = similarity_plane.evaluate_at(loss, theta, s_p, s_n, length)
                for printed, number in zip(run(code), expected, strict=True):
                    # softplus takes log(1 + e^x) as x from x = 20 on, which costs 2e-9 of its slope
                    assert math.isclose(printed, number, rel_tol=3e-9, abs_tol=1e-9), (theta, s_n, s_p)


def test_pml_flavour_has_no_point_program():
    assert snippets.point_program("supcon", {}, 0.2, 0.9, "pml") is None


# --- what it is like to read one --------------------------------------------------------------------------------------


def test_programs_are_short_and_pass_a_linter(tmp_path):
    for key, every in EVERY.items():
        for i, theta in enumerate(every):
            codes = {flavour: snippets.program(key, theta, flavour) for flavour in FLAVOURS}
            codes |= {f"{flavour}_point": snippets.point_program(key, theta, 0.3, 0.8, flavour) for flavour in FLAVOURS}
            for flavour, code in codes.items():
                if code is not None:
                    lines = [line for line in code.splitlines() if line.strip()]
                    assert len(lines) <= 45, (key, theta, flavour)
                    (tmp_path / f"{key}_{i}_{flavour}.py").write_text(code)
    lint = [
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
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    style = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", tmp_path]
    done = subprocess.run(style, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_program_contains_the_slider_values():
    theta = {"margin": 0.37, "scale": 48.0}
    for key, flavour in (("circle", "ours"), ("circle", "plain"), ("circle", "pml"), ("am_softmax", "plain")):
        code = snippets.program(key, theta, flavour)
        assert "0.37" in code
        assert "48.0" in code


@pytest.mark.parametrize("flavour", ["ours", "plain"])
def test_program_runs_as_a_script(tmp_path, flavour):
    (tmp_path / "batch.npz").write_bytes(snippets.batch_file(Z, Y))
    (tmp_path / "program.py").write_text(snippets.program("circle", {}, flavour))
    if flavour == "ours":  # it is to be kept in the app's folder
        (tmp_path / "cl_core").symlink_to(ROOT / "cl_core")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    call = [sys.executable, "program.py"]
    done = subprocess.run(call, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert math.isclose(float(done.stdout), shown(LOSSES["circle"], {}, Z, Y), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("supcon", {}, "tensorflow"), "there is no flavour 'tensorflow'; there are: ours, plain, pml"),
        (("tripled", {}, "ours"), "there is no loss 'tripled'"),
        (("supcon", {"temperature": 0}, "ours"), "greater than 0"),
        (("supcon", {"warmth": 1}, "plain"), "no parameter 'warmth'"),
    ],
)
def test_invalid_arguments_raise_readable_errors(arguments, words):
    with pytest.raises(ValueError, match=words):
        snippets.program(*arguments)
