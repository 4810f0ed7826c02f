"""The initial weights of a run as a list of random draws, which a browser repeats without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import pi
from typing import Any, Literal

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from cl_core.programs.compiler import compile_function
from cl_core.programs.graph import UnsupportedError
from cl_core.programs.program import Program
from cl_core.training import RunSpec, modules, optimisers

NORMAL_BLOCKS = 64  # blocks of 16 numbers in a run of `normal_program`
_SMALL = 16  # PyTorch makes fewer normals than this one by one, in float64

Kind = Literal["zeros", "uniform", "normal"]


@dataclass(frozen=True)
class Draw:
    """A part of the vector that is written at once.

    Attributes:
        start: index of its first number in the vector.
        count: how many numbers it has.
        kind: "zeros", "uniform" from -scale to scale, or "normal" with the standard deviation scale.
        scale: float64; 0 for zeros.
    """

    start: int
    count: int
    kind: Kind
    scale: float


@dataclass(frozen=True)
class InitialWeights:
    """How to make the vector of the first `State` of a run; `components/trainer/random.js` does it.

    Attributes:
        size: length of the vector. Numbers that no draw writes are 0: the optimiser's moments.
        draws: in the order in which they take random numbers from the generator. A later one may write the same part
            again, as for the class weights of the article's program.
    """

    size: int
    draws: tuple[Draw, ...]


def initial_weights(spec: RunSpec) -> InitialWeights:
    """Return how the initial weights of a run are drawn.

    The trainer's own initialisation runs on modules without numbers, and its random operations are recorded.

    Args:
        spec: the run. The seed does not matter.

    Returns:
        The draws, as `dataclasses.asdict` makes them ready for JSON.

    Raises:
        UnsupportedError: when an initialisation writes anything but zeros, uniform numbers around 0 or normal ones of
            mean 0, or not a parameter as a whole.
    """
    net, loss = modules.build(spec)
    parameters = [p for module in (net, loss) for p in module.parameters()]
    *starts, total = accumulate((p.numel() for p in parameters), initial=0)
    recorder = _Recorder({id(p): start for p, start in zip(parameters, starts, strict=True)})
    with recorder:
        modules.initialise(spec, net, loss, Generator())
    if {draw.start for draw in recorder.draws} != set(starts):
        raise UnsupportedError("an initialisation that does not write every parameter as a whole")
    return InitialWeights(total * (1 + len(optimisers.MOMENT_NAMES[spec.optimiser])), tuple(recorder.draws))


class _Recorder(TorchDispatchMode):
    """Records which random numbers parameters get, instead of drawing them.

    Args:
        starts: id of each parameter -> its first index in the vector.
    """

    def __init__(self, starts: dict[int, int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.draws: list[Draw] = []
        self._starts = starts

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: the guard against torch.compile would import it, which takes two seconds."""
        return False

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if not args or id(args[0]) not in self._starts or not func._schema.is_mutable:  # noqa: SLF001
            return func(*args, **(kwargs or {}))
        tensor, *numbers = args
        self.draws.append(Draw(self._starts[id(tensor)], tensor.numel(), *_kind_and_scale(func, *numbers)))
        return tensor


def _kind_and_scale(func: Any, *numbers: float) -> tuple[Kind, float]:
    aten = torch.ops.aten
    match numbers:
        case () if func == aten.zero_.default:
            return "zeros", 0.0
        case (0 | 0.0,) if func == aten.fill_.Scalar:
            return "zeros", 0.0
        case (low, high) if func == aten.uniform_.default and low == -high:
            return "uniform", float(high)
        case (0 | 0.0, std) if func == aten.normal_.default:
            return "normal", float(std)
    raise UnsupportedError(f"an initialisation by {func} of {', '.join(map(str, numbers))}")


def normal_program(blocks: int = NORMAL_BLOCKS) -> Program:
    """Compile the transform of uniform random numbers to normal ones that PyTorch's CPU generator uses.

    A browser's own logarithm and sine may differ from another's by a bit, those of the engine do not. The inputs are
    `uniforms`, (blocks, 16) float32 from 0 to 1, and `pairs`, (8, 2) float64, for a tensor of fewer than 16 numbers;
    the outputs are `normals` and `few` of the same shapes and types, with the standard deviation 1.

    PyTorch approximates the float32 functions by other means for each kind of processor. Among 2 million normals, 83 %
    are equal to its own with AVX2 and the largest difference is 4.8e-7, 3 units in the last place; without AVX2 it is
    2.3e-6, since PyTorch then keeps the angle in float64. `few` is equal once rounded to float32, in 30,000 numbers.

    Args:
        blocks: how many blocks of 16 numbers a run of the program transforms.

    Returns:
        The program.
    """

    def transform(uniforms: Tensor, pairs: Tensor) -> list[Tensor]:
        # Box and Muller (1958); the places are those of normal_fill and normal_distribution in PyTorch's source
        halves = uniforms.view(blocks, 2, 8)
        normals = _polar((1 - halves[:, 0]).log(), halves[:, 1])
        few = _polar((-pairs[:, 1]).log1p(), pairs[:, 0])
        return [torch.stack(normals, 1).view(blocks, 16), torch.stack(few, 1)]

    inputs = {"uniforms": torch.zeros(blocks, 16), "pairs": torch.zeros(_SMALL // 2, 2, dtype=torch.float64)}
    return compile_function(transform, inputs, ("normals", "few"))


def _polar(log: Tensor, turn: Tensor) -> tuple[Tensor, Tensor]:
    """Return two independent normals, of the logarithm of a uniform number and of another uniform number."""
    radius, angle = (-2 * log).sqrt(), 2 * pi * turn
    return radius * angle.cos(), radius * angle.sin()
