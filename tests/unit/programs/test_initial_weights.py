"""The random numbers of components/trainer/random.js against those of numpy and PyTorch."""

import base64
import json
import subprocess
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from cl_core import training
from cl_core.programs.engine.build import WASM
from cl_core.programs.graph import UnsupportedError
from cl_core.programs.host import Running
from cl_core.programs.initial_weights import Draw, initial_weights, normal_program
from cl_core.training import RunSpec, encoders, modules, rng
from tests import ROOT
from tests.unit.components.test_javascript import node

SEEDS = (0, 1, 12345, 2**31 - 1)
# PyTorch computes low + x (high - low) with one rounding where the processor can, as random.js does, else with two;
# without AVX2 it also keeps the angles of normals in float64
FUSED = torch.backends.cpu.get_cpu_capability() != "DEFAULT"
LARGEST_DIFFERENCE = 1e-6 if FUSED else 5e-6  # of a normal; measured among 2 million: 4.8e-7 and 2.3e-6

SPECS = {
    "mlp": RunSpec(dim=2, seed=1),
    "mlp 128": RunSpec(dim=128, seed=2**31 - 1),
    "no projector": RunSpec(encoder="plain_mlp", dim=256, optimiser="sgd"),
    "cnn": RunSpec(encoder="cnn", seed=12345),
    "article": RunSpec(encoder="article", dim=256),
    "points": RunSpec(dataset="blobs", dim=3, seed=4),
    "article, class weights": RunSpec(encoder="article", dim=256, loss="softmax", seed=3),
}
CLASS_WEIGHTS = {
    "blocks": RunSpec(loss="normface", dim=128, seed=2),
    "no whole blocks": RunSpec(loss="softmax", dim=7, seed=3),
    "fewer than a block": RunSpec(loss="arcface", dataset="rings", dim=2, seed=5),
    "fewer than a block, odd": RunSpec(loss="arcface", dataset="rings", dim=3, seed=6),
}


def in_node(folder, dtype=np.float32, **cases):
    """Return what Node draws in each of the cases."""
    (folder / "program").write_bytes(normal_program().to_bytes())
    (folder / "cases.json").write_text(json.dumps(cases))
    command = [node(), "tests/javascript/run_random.js", str(WASM), str(folder / "program"), str(folder / "cases.json")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (drawn,) = [numbers for name, numbers in json.loads(done.stdout).items() if name in cases]
    return [np.frombuffer(base64.b64decode(each), dtype) if isinstance(each, str) else each for each in drawn]


def test_seeds_are_those_of_numpy(tmp_path):
    cases = [
        (seed, purpose, number) for seed in SEEDS for purpose in range(6) for number in (0, 1, 7, 20_000, 2**32 - 1)
    ]
    for case, seed in zip(cases, in_node(tmp_path, seeds=cases), strict=True):
        # PyTorch's generator takes the 32 low bits of its seed
        assert seed == rng.generator(*case).initial_seed() & 0xFFFFFFFF, case
        ours, theirs = torch.Generator().manual_seed(seed), rng.generator(*case)
        assert torch.equal(torch.rand(3, generator=ours), torch.rand(3, generator=theirs))


def test_permutations_are_those_of_pytorch(tmp_path):
    cases = [(seed, epoch, n, rng.ORDER) for seed in SEEDS for epoch in (0, 3) for n in (1, 2, 3, 10, 625, 1000)]
    cases += [(1, 0, 60_000, rng.ORDER), (0, 2, 10, rng.CLASS_ORDER), (0, 2, 6000, rng.IMAGE_ORDER)]
    for case, drawn in zip(cases, in_node(tmp_path, np.int32, permutations=cases), strict=True):
        np.testing.assert_array_equal(drawn, rng.permutation(*case).numpy(), err_msg=str(case))


def test_initial_weights_are_the_trainers(tmp_path):
    cases = [(spec.seed, asdict(initial_weights(spec))) for spec in SPECS.values()]
    for name, drawn in zip(SPECS, in_node(tmp_path, vectors=cases), strict=True):
        expected = training.start(SPECS[name]).vector
        if FUSED:
            np.testing.assert_array_equal(drawn, expected, err_msg=name)
        else:
            np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-7, err_msg=name)


def test_class_weights_are_the_trainers_to_the_last_bits(tmp_path):
    cases = [(spec.seed, asdict(initial_weights(spec))) for spec in CLASS_WEIGHTS.values()]
    for name, drawn in zip(CLASS_WEIGHTS, in_node(tmp_path, vectors=cases), strict=True):
        spec = CLASS_WEIGHTS[name]
        np.testing.assert_allclose(drawn, training.start(spec).vector, rtol=0, atol=LARGEST_DIFFERENCE, err_msg=name)
        normal = [draw for draw in initial_weights(spec).draws if draw.kind == "normal"]
        assert len(normal) == 1
        assert normal[0].scale == spec.dim**-0.5


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 31, 1024, 1040, 100_003])
def test_normals_are_those_of_pytorch_to_the_last_bits(count, tmp_path):
    (drawn,) = in_node(tmp_path, normals=[(count, count, 1.0)])
    expected = torch.randn(count, generator=torch.Generator().manual_seed(count)).numpy()
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=LARGEST_DIFFERENCE)


def test_node_and_wasmtime_compute_the_same_bits_of_normals(tmp_path):
    program = normal_program()
    (blocks, size), pairs = program.inputs[0].shape, program.inputs[1].shape
    (drawn,) = in_node(tmp_path, normals=[(8, blocks * size, 1.0)])
    here = Running(program)(uniforms=torch.rand(blocks, size, generator=torch.Generator().manual_seed(8)).numpy())
    np.testing.assert_array_equal(drawn, here["normals"].ravel())
    (few,) = in_node(tmp_path, normals=[(8, 15, 1.0)])
    generator = torch.Generator().manual_seed(8)
    here = Running(program)(pairs=torch.rand(pairs, dtype=torch.float64, generator=generator).numpy())
    np.testing.assert_array_equal(few, here["few"].ravel()[:15].astype(np.float32))


@pytest.mark.parametrize("key", encoders.ENCODERS)
def test_every_weight_is_drawn(key):
    spec = RunSpec(encoder=key, dim=256, loss="softmax")
    weights = initial_weights(spec)
    written = np.zeros(weights.size, bool)
    for draw in weights.draws:
        written[draw.start : draw.start + draw.count] = True
    assert written.sum() == sum(p.numel() for module in modules.build(spec) for p in module.parameters())
    assert weights.size == len(training.start(spec).vector)


def test_draws_have_the_order_of_the_trainer():
    first, second, *_ = initial_weights(RunSpec()).draws
    assert first == Draw(0, 784 * 256, "uniform", pytest.approx(1 / 28))
    assert second == Draw(784 * 256, 256, "uniform", pytest.approx(1 / 28))


@pytest.mark.parametrize("initialise", [nn.init.ones_, lambda p: nn.init.normal_(p, mean=1), nn.init.orthogonal_])
def test_another_initialisation_is_refused(initialise, monkeypatch):
    monkeypatch.setattr(modules, "initialise", lambda _spec, net, *_: initialise(next(net.parameters())))
    with pytest.raises(UnsupportedError, match="an initialisation"):
        initial_weights(RunSpec())
