"""The fast and the dense form of every loss and miner agree; which of them runs is recognised in every kind of call.

`execution.is_transformed` uses private functions of PyTorch, since there are no public ones. Their behaviour was seen
with torch 2.13.0; these tests say whether another release still has it.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from cl_core.losses import LOSSES, _dense_triplets, autograd, distances, execution
from cl_core.losses.miners import MINERS
from tests.batches import BATCHES, batch
from tests.unit.losses.capabilities import CASES, DIMENSIONS, Case, assert_close, value_and_gradient

CHOOSING = [mining for mining, miner in MINERS.items() if miner.choice is not None]
LARGER = batch("forty classes", [i * i % 41 for i in range(90)], 12, DIMENSIONS)


def fits(case, b):
    if LOSSES[case.key].classes:
        return int(b.y.min()) >= 0
    return not LOSSES[case.key].views or len(b.z) % 2 == 0 or len(b.z) == 1


DENSE_FORMS = [  # with the number of triplets up to which all are compared at once; a miner has two dense forms
    *(pytest.param(case, 0, id=str(case)) for case in CASES),
    *(pytest.param(case, 1 << 30, id=f"{case} at once") for case in CASES if case.key == "triplet"),
]


@pytest.mark.parametrize(("case", "max_triplets"), DENSE_FORMS)
def test_fast_and_dense_form_agree(case, max_triplets, monkeypatch):
    monkeypatch.setattr(_dense_triplets, "MAX_TRIPLETS", max_triplets)
    for b in (*BATCHES, LARGER):
        if not fits(case, b):
            continue
        z = torch.nn.functional.pad(b.z, (0, DIMENSIONS - b.z.shape[1]))
        y = None if LOSSES[case.key].views else b.y
        f = replace(case, classes=int(b.y.max()) + 1).module()
        fast, n_terms = value_and_gradient(f, z, y), f.n_terms
        with monkeypatch.context() as patch:
            for module in (autograd, distances):
                patch.setattr(module, "has_fast_form", lambda _: False)
            dense = value_and_gradient(f, z, y)
        assert f.n_terms == n_terms, b.name
        assert_close(dense[0], fast[0], 1e-12)
        if not (b.ties and case.theta.get("mining") in CHOOSING):  # of equal distances any one may be chosen
            assert_close(dense[1], fast[1], 1e-12)


def test_ordinary_tensors_have_values():
    z = torch.ones(2, 3)
    assert execution.has_fast_form(z)
    assert execution.has_fast_form(z.clone().requires_grad_() * 2)
    assert execution.has_fast_form(nn.Parameter(z))
    with torch.no_grad():
        assert execution.has_fast_form(z)
    with torch.inference_mode():
        assert execution.has_fast_form(z + 1)


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, z: torch.func.vmap(f)(z[None]),
        lambda f, z: torch.func.grad(f)(z),
        lambda f, z: torch.func.jacrev(f)(z),
        lambda f, z: torch.func.jvp(f, (z,), (z,)),
        lambda f, z: torch.func.functionalize(f)(z),
        lambda f, z: make_fx(f)(z),
        lambda f, z: make_fx(f, tracing_mode="fake")(z),
    ],
    ids=["vmap", "grad", "jacrev", "jvp", "functionalize", "make_fx", "make_fx of fake tensors"],
)
def test_transforms_are_recognised(transform):
    seen = []

    def f(z):
        seen.append((execution.is_transformed(z), execution.has_values(z), execution.has_fast_form(z)))
        return z.sum()

    transform(f, torch.ones(2, 3))
    assert set(seen) == {(True, False, False)}
    assert execution.has_values(torch.ones(1))


def test_tensors_without_numbers_are_recognised():
    assert not execution.has_values(torch.ones(2, device="meta"))
    with FakeTensorMode():
        assert not execution.has_values(torch.ones(2))


def test_compilation_is_recognised():
    @torch.compile(backend="eager", fullgraph=True)
    def f(z):
        return z * 1 if execution.has_fast_form(z) else z * 2

    assert f(torch.ones(1)).item() == 2


def test_sums_over_many_terms_are_in_float64_where_there_is_one():
    assert execution.accumulation_dtype(torch.device("cpu")) == torch.float64
    assert execution.accumulation_dtype(torch.device("mps")) == torch.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gradient_of_a_short_row_stays_within_the_range_of_its_type(dtype):
    z = torch.full((4, 3), 1e-7).to(dtype).requires_grad_()
    Case("supcon").module(torch.float32)(z, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(z.grad).all()
