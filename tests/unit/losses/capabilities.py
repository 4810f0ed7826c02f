"""What every loss can do outside the app: low precision, transforms, second derivatives, learnt parameters, devices.

Each check takes one case, and fails with an AssertionError if a number is wrong. test_capabilities.py runs all of them
and compares the outcomes with the table in cl_core/losses/README.md, which `python -m tests.docs` writes from them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode

from cl_core import losses
from cl_core.losses import LOSSES
from cl_core.losses.loss_module import LossModule
from cl_core.losses.miners import MINERS

ROWS, DIMENSIONS, CLASSES = 24, 6, 4


@dataclass(frozen=True)
class Case:
    """A loss with parameters, and a batch that it takes."""

    key: str
    theta: dict[str, Any] = field(default_factory=dict)
    classes: int = CLASSES

    def __str__(self) -> str:
        return " ".join([self.key, *(f"{name}={value}" for name, value in self.theta.items())])

    @property
    def labels(self) -> Tensor | None:
        return None if LOSSES[self.key].views else torch.arange(ROWS) % CLASSES

    def embeddings(self, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(ROWS, DIMENSIONS, dtype=torch.float64, generator=torch.Generator().manual_seed(5)).to(dtype)

    def module(self, dtype: torch.dtype = torch.float64, /, **theta: Any) -> LossModule:
        sizes = {"num_classes": self.classes, "embedding_dim": DIMENSIONS} if LOSSES[self.key].classes else {}
        f = losses.module(self.key, **sizes, **self.theta | theta)
        f.reset_parameters(torch.Generator().manual_seed(1))
        return f if dtype == torch.float32 else f.to(dtype)  # fake parameters cannot be converted


CASES = (
    *(Case(key) for key in LOSSES),
    *(Case("triplet", {"mining": mining}) for mining in MINERS),
    *(Case(key, {"distance": distance}) for key in ("triplet", "contrastive") for distance in ("euclidean", "cosine")),
    Case("supcon", {"variant": "in"}),
    Case("circle", {"pool": "batch"}),
    Case("circle_general", {"gradient": "true", "pacing": 0.6}),
    Case("npair", {"l2": 0.01}),
)


def value_and_gradient(f: Callable[..., Tensor], z: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
    z = z.detach().clone().requires_grad_()
    value = f(z, y)
    return value.detach(), torch.autograd.grad(value, z)[0]


def assert_close(actual: Tensor, expected: Tensor, tolerance: float) -> None:
    scale = 1 + float(expected.abs().max())
    assert float((actual.detach().double() - expected.double()).abs().max()) <= tolerance * scale


def _low_precision(dtype: torch.dtype) -> Callable[[Case], None]:
    def check(case: Case) -> None:
        """The numbers of float32, whose gradient is rounded to the type of the embeddings."""
        z, f = case.embeddings(dtype), case.module(torch.float32)
        z[3] = z[7]  # two rows that coincide, and a row of zeros
        z[5] = 0
        expected, expected_gradient = value_and_gradient(f, z.float(), case.labels)
        value, gradient = value_and_gradient(f, z, case.labels)
        assert torch.isfinite(gradient).all()
        assert value.dtype == torch.float32
        assert gradient.dtype == dtype
        assert torch.equal(value, expected)
        largest = torch.finfo(dtype).max  # the gradient of the row of zeros is 1e12 times that of its direction
        assert torch.equal(gradient, expected_gradient.clamp(-largest, largest).to(dtype))

    return check


def autocast(case: Case) -> None:
    """Both autocasts change nothing, forward and backward."""
    z, f = case.embeddings(torch.float32), case.module(torch.float32)
    expected, expected_gradient = value_and_gradient(f, z, case.labels)
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype):
            value, gradient = value_and_gradient(f, z, case.labels)
        assert torch.equal(value, expected)
        assert torch.equal(gradient, expected_gradient)


def double_backward(case: Case) -> None:
    """The second derivative is that of central differences of the first."""
    f, direction = case.module(), torch.randn(ROWS, DIMENSIONS, dtype=torch.float64, generator=torch.manual_seed(3))
    z = case.embeddings().requires_grad_()
    (gradient,) = torch.autograd.grad(f(z, case.labels), z, create_graph=True)
    (second,) = torch.autograd.grad((gradient * direction).sum(), z)
    step = 1e-6
    for row, column in ((0, 0), (7, 3), (23, 5)):
        moved = torch.zeros_like(direction)
        moved[row, column] = step
        ahead, behind = ((value_and_gradient(f, z + s * moved, case.labels)[1] * direction).sum() for s in (1, -1))
        assert_close(second[row, column], (ahead - behind) / (2 * step), 1e-6)


def compiled(case: Case) -> None:
    """`torch.compile(fullgraph=True)` gives the same value and gradient."""
    f, z = case.module(), case.embeddings()
    expected = value_and_gradient(f, z, case.labels)
    torch._dynamo.reset()
    actual = value_and_gradient(torch.compile(f, fullgraph=True, backend="aot_eager"), z, case.labels)
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, 1e-12)


def functional_gradient(case: Case) -> None:
    f, z = case.module(), case.embeddings()
    assert_close(torch.func.grad(lambda z: f(z, case.labels))(z), value_and_gradient(f, z, case.labels)[1], 1e-12)


def vmapped(case: Case) -> None:
    f, z = case.module(), torch.stack([case.embeddings(), case.embeddings().flip(0)])
    values = torch.func.vmap(lambda z: f(z, case.labels))(z)
    gradients = torch.func.vmap(torch.func.grad(lambda z: f(z, case.labels)))(z)
    for batch, value, gradient in zip(z, values, gradients, strict=True):
        expected = value_and_gradient(f, batch, case.labels)
        assert_close(value, expected[0], 1e-12)
        assert_close(gradient, expected[1], 1e-12)


def traced(case: Case) -> None:
    """A graph that `make_fx` made of one batch is right for another."""
    f, z = case.module(), case.embeddings()
    graph = make_fx(lambda z: f(z, case.labels))(z)
    assert_close(graph(z.flip(0) * 1.5), f(z.flip(0) * 1.5, case.labels).detach(), 1e-12)


def learnable(case: Case) -> None:
    """The gradient of each number among the parameters is that of central differences."""
    z = case.embeddings()
    step = 1e-6
    for parameter in LOSSES[case.key].parameters.values():
        if parameter.kind != "number":
            continue
        value = float(case.theta.get(parameter.name, parameter.default)) or 1e-3  # 0 is an end of the range
        if parameter.corners[-1] == value:
            value -= 1e-3  # both sides of it must be allowed
        learnt = nn.Parameter(torch.tensor(value, dtype=torch.float64))
        f = case.module(**{parameter.name: learnt})
        assert dict(f.named_parameters())[parameter.name] is learnt
        (gradient,) = torch.autograd.grad(f(z, case.labels), learnt)
        ahead, behind = (case.module(**{parameter.name: value + s * step})(z, case.labels) for s in (1, -1))
        assert_close(gradient, ((ahead - behind) / (2 * step)).detach(), 1e-6)


class WithoutDeviceGuards(TorchFunctionMode):
    """Replace the operators that a build of PyTorch without CUDA refuses for fake CUDA tensors by equal functions."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is Tensor.__invert__:
            return torch.bitwise_not(*args)
        if function is not Tensor.__getitem__:
            return function(*args, **(kwargs or {}))
        tensor, index = args
        dim = 0
        for part in index if isinstance(index, tuple) else (index,):
            if part is None:
                tensor = tensor.unsqueeze(dim)
            elif isinstance(part, int):
                tensor, dim = tensor.select(dim, part), dim - 1
            else:
                start, stop, _ = part.indices(tensor.shape[dim])
                tensor = tensor.narrow(dim, start, stop - start)
            dim += 1
        return tensor


def devices(case: Case) -> None:
    """All tensors are made on the device of the embeddings: a fake CUDA device, and `meta` with gradients."""
    labels = case.labels
    with FakeTensorMode(allow_non_fake_inputs=False), WithoutDeviceGuards():
        with torch.device("cuda"):
            f = case.module(torch.float32).requires_grad_(False)  # autograd too needs a build with CUDA
            z = torch.empty(ROWS, DIMENSIONS)
            y = None if labels is None else torch.empty(ROWS, dtype=torch.int64)
        assert f(z, y).device.type == "cuda"
    z = torch.empty(ROWS, DIMENSIONS, device="meta", requires_grad=True)
    case.module(torch.float32).to("meta")(z, None if labels is None else labels.to("meta")).backward()
    assert z.grad is not None
    assert z.grad.device.type == "meta"


CAPABILITIES: dict[str, Callable[[Case], None]] = {
    "float16": _low_precision(torch.float16),
    "bfloat16": _low_precision(torch.bfloat16),
    "autocast": autocast,
    "double backward": double_backward,
    "compile": compiled,
    "func.grad": functional_gradient,
    "vmap": vmapped,
    "make_fx": traced,
    "learnable parameters": learnable,
    "devices": devices,
}


def outcome(capability: str, case: Case) -> str:
    """Return "works", or the message of an error that the loss raises; anything else is an exception."""
    try:
        CAPABILITIES[capability](case)
    except (ValueError, NotImplementedError) as error:
        return f"error: {error}"
    return "works"


def table() -> str:
    """Return the outcome of each loss (rows, all cases of a loss together) and capability (columns) as Markdown."""
    lines = [f"| loss | {' | '.join(CAPABILITIES)} |", "|---" * (1 + len(CAPABILITIES)) + "|"]
    for key in LOSSES:
        cases = [case for case in CASES if case.key == key]
        cells = ["<br>".join(sorted({outcome(name, case) for case in cases})) for name in CAPABILITIES]
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(lines)
