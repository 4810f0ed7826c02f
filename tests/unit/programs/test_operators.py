"""What the engine computes, against PyTorch: every operation, with special values, odd strides and empty shapes."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from cl_core.programs.compiler import compile_function
from cl_core.programs.convolution import convolution, convolution_backward
from cl_core.programs.graph import UnsupportedError
from cl_core.programs.host import Running
from cl_core.programs.program import Program

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, -1e-30, 3e4, -3e4, 88.0, -104.0, math.inf, -math.inf, math.nan]
FLOATS = (torch.float32, torch.float64)


def results(
    function: Callable[..., Tensor | Sequence[Tensor]], *inputs: Tensor
) -> tuple[list[np.ndarray], list[Tensor]]:
    """Return what the engine and what PyTorch makes of a function."""

    def as_list(*tensors: Tensor) -> list[Tensor]:
        result = function(*tensors)
        return [result] if isinstance(result, Tensor) else list(result)

    expected = as_list(*inputs)
    names = [f"in{index}" for index in range(len(inputs))]
    program = compile_function(
        as_list, dict(zip(names, inputs, strict=True)), [f"out{i}" for i in range(len(expected))]
    )
    program = Program.from_bytes(program.to_bytes())
    got = Running(program)(**{name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})
    return list(got.values()), expected


def check(
    function: Callable[..., Tensor | Sequence[Tensor]], *inputs: Tensor, exact: bool = False, n_terms: int = 1
) -> None:
    """Assert that the engine and PyTorch agree; to the last digits times the square root of the terms of a sum."""
    for got, expected in zip(*results(function, *inputs), strict=True):
        wanted = expected.numpy().astype(got.dtype)
        assert got.shape == wanted.shape
        if exact or wanted.dtype.kind != "f":
            np.testing.assert_array_equal(got, wanted)
        else:
            digits = (3e-7 if wanted.dtype == np.float32 else 4e-16) * math.sqrt(n_terms)
            scale = (
                np.abs(wanted[np.isfinite(wanted)]).max(initial=n_terms > 1) if wanted.ndim > 1 or n_terms > 1 else 0
            )
            np.testing.assert_allclose(got, wanted, rtol=4 * digits, atol=max(digits * scale, 1e-44))


def numbers(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(dtype)


ONE = {
    "neg": torch.neg, "abs": torch.abs, "relu": torch.relu, "sqrt": torch.sqrt, "reciprocal": torch.reciprocal,
    "exp": torch.exp, "log": torch.log, "expm1": torch.expm1, "log1p": torch.log1p, "sigmoid": torch.sigmoid,
    "sin": torch.sin, "cos": torch.cos, "acos": torch.acos, "floor": torch.floor, "square": torch.square,
    "cube": lambda x: x**3, "seventh": lambda x: x**7, "root": lambda x: x**0.5, "clamp": lambda x: x.clamp(-1, 2),
    "leaky": lambda x: torch.nn.functional.leaky_relu(x, 0.3), "logsigmoid": torch.nn.functional.logsigmoid,
    "fill": lambda x: x.masked_fill(x > 0, 7.0), "double": torch.Tensor.double, "float": torch.Tensor.float,
    "bool": torch.Tensor.bool, "as_byte": lambda x: (x > 0).view(torch.uint8), "remainder": lambda x: x.remainder(2),
    "rsqrt": torch.rsqrt, "softplus": torch.nn.functional.softplus,
}  # fmt: skip
TWO = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "min": torch.minimum, "max": torch.maximum,
    "eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge,
    "where": lambda x, y: torch.where(x > y, x, y), "alpha": lambda x, y: torch.add(x, y, alpha=3),
    "and": lambda x, y: (x > 0) & (y > 0), "or": lambda x, y: (x > 0) | (y > 0), "xor": lambda x, y: (x > 0) ^ (y > 0),
    "not": lambda x, y: ~(x > y), "count": lambda x, y: (x > y).sum(), "mixed": lambda x, y: x.double() + y.float(),
}  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", ONE)
def test_function_of_one_number_equals_torch(name, dtype):
    special = torch.tensor(SPECIAL, dtype=dtype)
    if name in ("sin", "cos", "remainder"):  # torch's own are not defined there, or for large numbers by other digits
        special = special[special.abs() < 1e3]
    check(ONE[name], special)
    check(ONE[name], numbers(300, dtype=dtype))
    check(ONE[name], numbers(3, 7, dtype=dtype))


@pytest.mark.parametrize(("dtype", "low", "high"), [(torch.float32, -110, -80), (torch.float64, -750, -700)], ids=str)
def test_exponential_is_exact_where_it_becomes_zero(dtype, low, high):
    x = torch.linspace(low, high, 3001, dtype=dtype)
    got, expected = results(torch.exp, x)
    smallest = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps  # the smallest subnormal number
    np.testing.assert_allclose(got[0], expected[0].numpy(), rtol=4 * torch.finfo(dtype).eps, atol=2 * smallest)
    assert (np.diff(got[0]) >= 0).all()
    assert got[0][0] == 0


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", TWO)
def test_function_of_two_numbers_equals_torch(name, dtype):
    x = torch.tensor(SPECIAL, dtype=dtype)
    check(TWO[name], x[:, None].expand(-1, len(x)).contiguous(), x.expand(len(x), -1).contiguous())
    check(TWO[name], numbers(5, 1, dtype=dtype), numbers(1, 300, dtype=dtype, seed=1))  # broadcast
    check(TWO[name], numbers(0, 4, dtype=dtype), numbers(4, dtype=dtype))  # empty


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_power_of_numbers_of_at_least_0_equals_torch(dtype):
    x = torch.tensor([0.0, 1e-30, 1e-3, 0.4, 1.0, 2.5, 3e4, math.inf], dtype=dtype)[:, None]
    exponent = torch.tensor([-2.0, -0.3, 0.0, 0.3, 1.0, 3.0, 4.5], dtype=dtype)
    (got,), (expected,) = results(lambda x, y: x**y, x, exponent)
    # a rounding of the logarithm's product becomes a relative error of its size; a power of a float32 below 1e-38 is 0
    digits = torch.finfo(dtype).eps * (1 + (x.clamp(1e-30, 3e4).log() * exponent).abs().max())
    np.testing.assert_allclose(got, expected.numpy(), rtol=2 * float(digits), atol=2 * torch.finfo(dtype).tiny)
    (got,), _ = results(lambda x, y: x**y, -x[1:], exponent[[1, 3]])
    assert np.isnan(got[:-1]).all()


def test_whole_numbers_equal_torch():
    x, y = torch.arange(-7, 8), torch.tensor([3, -2, 1] * 5)
    check(lambda x, y: [x + y, x - y, x * y, x // y, x % y, x == y, x > y, x.clamp(-2, 3), -x, x.float()], x, y)
    check(lambda x: [x.sum(), x.cumsum(0), x.amax(0), x > 3, x / 255], torch.arange(200).to(torch.uint8))
    check(lambda x: x.cumsum(1), torch.arange(12).reshape(3, 4))


VIEWS = {
    "transpose": lambda x: x.t() + 1, "permute": lambda x: x.reshape(4, 3, 10).permute(2, 0, 1) * 2,
    "slice": lambda x: x[1:9:3, 2:] + 1, "select": lambda x: x[3] + x[-1], "split": lambda x: x.split(5)[1] * 1,
    "split_with_sizes": lambda x: x.split([2, 7, 3])[1] * 1,
    "expand": lambda x: x[:, :1].expand(12, 9) + 0, "unsqueeze": lambda x: x[:, None, :] - x[None],
    "cat": lambda x: torch.cat([x, x + 1], 1),
    "cat_rows": lambda x: torch.cat([x[:2], x * 2, x[5:]]), "stack": lambda x: torch.stack([x, x * 2], 1),
    "unbind": lambda x: x.unbind(1)[3] * 1, "squeeze": lambda x: x[:, :1].squeeze(1) * 1,
    "squeeze_axes": lambda x: x[:1, None, :4].squeeze((0, 1)) * 1, "flip": lambda x: x.flip(1),
    "windows": lambda x: x.unfold(0, 4, 3) + 0, "pad": lambda x: torch.nn.functional.pad(x, (1, 2, 3, 0)),
    "copy_of_transpose": lambda x: x.t().reshape(-1) * 1, "input": lambda x: x, "constant": lambda x: torch.ones(3, 2),
    "twice": lambda x: (lambda y: [y, y])(x + 1), "eye": lambda x: torch.eye(10) * x[:10],
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_view_equals_torch(name):
    check(VIEWS[name], numbers(12, 10), exact=True)


@pytest.mark.parametrize("shape", [(6, 5, 7), (1, 1, 1), (3, 300, 2), (4, 2, 300), (2, 0, 3)], ids=str)
@pytest.mark.parametrize("axes", [0, 1, 2, (0, 1), (1, 2), None], ids=str)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_sum_equals_torch(shape, axes, dtype):
    x = numbers(*shape, dtype=dtype)
    n_terms = 10 * max(x.numel(), 2)
    check(lambda x: x.sum() if axes is None else x.sum(axes), x, n_terms=n_terms)
    check(lambda x: x.permute(2, 0, 1).sum(-1, keepdim=True), x, n_terms=n_terms)
    check(lambda x: [(x > 0).sum(1), x.float().sum(1, dtype=torch.float64)], x, n_terms=n_terms)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_extremes_equal_torch(dtype):
    x = numbers(7, 9, dtype=dtype).round(decimals=1)  # with ties
    check(lambda x: [x.amax(0), x.amin(1, keepdim=True), x.argmax(1), x.argmin(0), x.max(), *x.min(1), *x.max(0)], x)
    check(lambda x: [(x > 1).any(), (x > 1).any(1), torch.linalg.vector_norm(x, dim=1)], x)
    with_nan = torch.tensor([[1.0, math.nan, 3.0], [math.inf, 2.0, -math.inf]], dtype=dtype)
    check(lambda x: [x.amax(1), x.amin(1), x.argmax(1), x.argmin(1)], with_nan)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(
    "sizes", [(1, 1, 1), (4, 8, 16), (5, 9, 3), (130, 33, 70), (7, 500, 410), (3, 4, 0), (0, 2, 3)], ids=str
)
def test_matrix_product_equals_torch(sizes, dtype):
    m, n, k = sizes
    a, b, bias = numbers(m, k, dtype=dtype), numbers(k, n, dtype=dtype, seed=1), numbers(n, dtype=dtype, seed=2)
    for got, expected in zip(
        *results(
            lambda a, b, bias: [
                a @ b, torch.addmm(bias, a, b), b.t() @ a.t(), a[::2] @ b, (b[:, :1].t() @ a.t()).t(), a @ b[:, 0],
            ],
            a, b, bias,
        ),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(got, expected.numpy(), rtol=0, atol=(1e-4 if dtype == torch.float32 else 1e-12))


def product_in_order(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """Multiply matrices as the engine does, to the bit: equal parts of at most 256 terms, one after the other."""
    k = a.shape[1]
    part = -(-k // max(-(-k // 256), 1))
    total = np.zeros((len(a), b.shape[1]), a.dtype) if bias is None else np.broadcast_to(bias, (len(a), b.shape[1]))
    for start in range(0, k, max(part, 1)):
        terms = np.zeros((len(a), b.shape[1]), a.dtype)
        for q in range(start, min(start + part, k)):
            terms = terms + a[:, q, None] * b[q]
        total = terms if bias is None and start == 0 else total + terms
    return total


# how an input is made of a matrix, and the matrix of the input
LAYOUTS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "rows": (lambda x: x, lambda x: x),
    "columns": (lambda x: x.t().contiguous(), lambda x: x.t()),
    "every third": (lambda x: x.repeat_interleave(3, 1), lambda x: x[:, ::3]),
}


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("layout_b", LAYOUTS)
@pytest.mark.parametrize("layout_a", LAYOUTS)
@pytest.mark.parametrize(
    "sizes",
    [(1, 1, 1), (5, 9, 3), (130, 70, 33), (37, 530, 300), (300, 3, 64), (2, 64, 513), (0, 2, 3), (3, 4, 0)],
    ids=str,
)
def test_matrix_product_with_zeros_equals_sums_in_order(sizes, layout_a, layout_b, dtype):
    """A zero is left out of a sum only where that changes no bit: not where the other number is infinite or NaN."""
    m, n, k = sizes
    generator = torch.Generator().manual_seed(m)
    (store_a, view_a), (store_b, view_b) = LAYOUTS[layout_a], LAYOUTS[layout_b]

    def multiply(a: Tensor, b: Tensor, bias: Tensor) -> list[Tensor]:
        return [view_a(a) @ view_b(b), torch.addmm(bias, view_a(a), view_b(b))]

    running: Running | None = None
    for share_a, share_b, special in ((0, 0, 1), (0.5, 0, 1), (0, 0.9, 1), (0.8, 0.8, math.inf), (1, 0, math.nan)):
        a, b, bias = numbers(m, k, dtype=dtype), numbers(k, n, dtype=dtype, seed=1), numbers(n, dtype=dtype, seed=2)
        a[torch.rand(m, k, generator=generator) < share_a] = 0
        b[torch.rand(k, n, generator=generator) < share_b] = -0.0
        if m * n * k and special != 1:
            a[m // 2, 0] = b[k // 2, n - 1] = special
            a[0, k // 2] = b[0, 0] = 0
        inputs = {"a": store_a(a), "b": store_b(b), "bias": bias}
        running = running or Running(compile_function(multiply, inputs, ["product", "with_bias"]))
        got = running(**{name: tensor.numpy() for name, tensor in inputs.items()})
        for ours, to_add in zip(got.values(), (None, bias.numpy()), strict=True):
            with np.errstate(invalid="ignore"):
                wanted = product_in_order(a.numpy(), b.numpy(), to_add)
            np.testing.assert_array_equal(ours, wanted)
            np.testing.assert_array_equal(np.signbit(ours[ours == 0]), np.signbit(wanted[wanted == 0]))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 16, 17, 140, 400])
def test_order_and_search_equal_torch(n, dtype):
    x = numbers(5, n, dtype=dtype).round(decimals=1)
    x[0, 0] = math.inf
    x[1, :: max(n // 3, 1)] = -0.0
    bounds = numbers(5, 11, dtype=dtype, seed=1).round(decimals=1)
    check(lambda x: torch.sort(x, dim=1, stable=True), x, exact=True)
    check(lambda x: torch.sort(x, dim=1, descending=True, stable=True), x, exact=True)

    def ranks(x: Tensor, bounds: Tensor) -> list[Tensor]:
        ascending = x.sort(1).values
        return [torch.searchsorted(ascending, bounds, right=right) for right in (False, True)]

    check(ranks, x, bounds)
    check(lambda x: x.sort(1).values.cumsum(1), x[2:], n_terms=10 * n)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (7, 7), (7, 0), (400, 5), (400, 64), (400, 65)])
def test_first_ones_of_an_order_are_those_of_the_whole_order(n, k, dtype):
    x = numbers(6, n, dtype=dtype).round(decimals=1)  # with ties
    x[0, 0], x[1, n // 2], x[2] = math.inf, math.nan, 0.5
    x[3, :: max(n // 3, 1)] = -0.0
    for largest in (False, True):
        program = compile_function(partial(torch.topk, k=k, largest=largest), {"x": x}, ["y", "i"])
        got = Running(program)(x=x.numpy())
        # PyTorch's own order of ties is not stable; NaN is the largest number in both
        expected = x.sort(dim=1, descending=largest, stable=True)
        np.testing.assert_array_equal(got["i"], expected.indices[:, :k].numpy())
        np.testing.assert_array_equal(got["y"], expected.values[:, :k].numpy())


def test_gather_and_scatter_equal_torch():
    x, index = numbers(6, 5, 4), torch.randint(0, 5, (6, 3, 4), generator=torch.Generator().manual_seed(0))
    check(lambda x, i: x.gather(1, i), x, index, exact=True)
    check(lambda x, i: torch.zeros(6, 5, 4).scatter_add(1, i, x[:, :3]), x, index)
    check(lambda x, i: x[0].gather(1, i[0, :2, :2]), x, index.clamp(max=3), exact=True)


def test_scatter_of_one_element_along_an_axis_equals_torch():
    x, index = numbers(6, 5, 4), torch.randint(0, 5, (6, 1, 4), generator=torch.Generator().manual_seed(0))
    check(lambda x, i: x.scatter(1, i, x[:, 2:4] * 2), x, index, exact=True)
    check(lambda x, i: x.scatter(1, i, 7.0), x, index, exact=True)
    check(lambda x, i: x.scatter(-1, i, 7.0), x[0, :4], torch.tensor([[3], [0], [1], [0]]), exact=True)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_softmax_and_cross_entropy_equal_torch(dtype):
    x, y = 9 * numbers(7, 5, dtype=dtype), torch.tensor([0, 4, 2, 2, 1, 0, 3])
    x[1, 2], x[2] = -math.inf, 300.0

    def losses(x: Tensor, y: Tensor) -> list[Tensor]:
        given = x.detach().requires_grad_()
        values = [given.logsumexp(1), given.softmax(1), torch.nn.functional.cross_entropy(given, y)]
        slopes = torch.autograd.grad(sum((value.square().sum() for value in values), torch.zeros(())), given)
        return [each.detach() for each in (*values, *slopes)]

    check(losses, x, y, n_terms=40)


def test_index_outside_its_array_stops_the_program():
    program = compile_function(lambda x, i: [x.gather(0, i)], {"x": numbers(4), "i": torch.tensor([0, 1])}, ["y"])
    running = Running(program)
    with pytest.raises(ValueError, match="an index outside its array"):
        running(x=np.zeros(4, np.float32), i=[0, 4])
    with pytest.raises(ValueError, match="an index outside its array"):
        running(x=np.zeros(4, np.float32), i=[-1, 0])


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_distance_equals_torch(dtype):
    z, w = numbers(9, 21, dtype=dtype), numbers(7, 21, dtype=dtype, seed=1)
    exact = "donot_use_mm_for_euclid_dist"
    check(lambda z, w: [torch.cdist(z, w), torch.cdist(z, z, compute_mode=exact), torch.cdist(z[:4], z)], z, w)
    z[3, 5] = math.nan
    check(lambda z: torch.cdist(z, z, compute_mode=exact), z)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"), [(9, 3, 2, 1), (7, 3, 2, 1), (6, 3, 1, 1), (11, 4, 3, 0), (14, 3, 2, 1)]
)
def test_convolution_and_its_gradients_equal_torch(size, kernel, stride, padding):
    x, w, b = (numbers(*shape, dtype=torch.float64) for shape in ((3, 2, size, size + 1), (5, 2, kernel, kernel), (5,)))
    settings = [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1
    y = torch.nn.functional.conv2d(x, w, b, stride, padding)
    grad = numbers(*y.shape, dtype=torch.float64, seed=3)
    torch.testing.assert_close(convolution(x, w, b, *settings), y, rtol=0, atol=1e-13)
    leaves = [each.requires_grad_() for each in (x, w, b)]
    expected = torch.autograd.grad(torch.nn.functional.conv2d(*leaves, stride, padding), leaves, grad)
    got = convolution_backward(grad, x.detach(), w.detach(), [5], *settings, [True] * 3)
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 2, 9, 14), (1, 1, 1, 1)], ids=str)
def test_sampling_between_pixels_equals_torch(shape):
    x = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    anywhere = 3 * torch.rand(shape[0], 7, 40, 2, dtype=torch.float64, generator=generator) - 1.5
    centres = (2 * torch.arange(shape[3], dtype=torch.float64) + 1) / shape[3] - 1
    anywhere[:, 0, : min(shape[3], 40), 0] = centres[:40]  # on a pixel
    anywhere[:, 1, :, 0], anywhere[:, 2, :, 1] = -1.0, 1.0  # on an edge
    anywhere[:, 3, :5] = torch.tensor([1e9, -1e9], dtype=torch.float64)

    def sample(x: Tensor, grid: Tensor) -> Tensor:
        return torch.nn.functional.grid_sample(x, grid, align_corners=False)

    (got,), (expected,) = results(sample, x, anywhere)
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-13, rtol=0)
    with pytest.raises(NotImplementedError, match="only bilinear"):
        compile_function(
            lambda x, grid: [torch.nn.functional.grid_sample(x, grid, align_corners=True)],
            {"x": x, "grid": anywhere},
            ["y"],
        )


UNSUPPORTED = {
    "fft": lambda x: torch.fft.fft(x).real, "power": lambda x: x**0.3, "norm": lambda x: torch.linalg.vector_norm(x, 3),
    "as many as there are": lambda x: x[x > 0], "a branch": lambda x: x if x.sum() > 0 else -x,
    "running sum of columns": lambda x: x.cumsum(0), "scattered axes": lambda x: x.reshape(2, 2, 2, 2).sum((0, 2)),
    "two elements": lambda x: x.scatter(1, torch.zeros(4, 2, dtype=torch.int64), 7.0),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_the_engine_does_not_do_is_named(name):
    with pytest.raises(UnsupportedError, match=r"^(the|a) "):
        compile_function(lambda x: [UNSUPPORTED[name](x)], {"x": numbers(4, 4)}, ["y"])


def test_many_values_at_once_are_split_into_groups_that_fit_the_registers():
    def wide(x: Tensor) -> Tensor:
        parts = [x[index] * (index + 2) for index in range(60)]
        roots = [torch.exp(-part) for part in parts]
        return sum((a * b for a, b in zip(parts, reversed(roots), strict=True)), torch.zeros(()))

    check(wide, numbers(60, 33).abs())
