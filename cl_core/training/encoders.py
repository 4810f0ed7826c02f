"""The small nets that turn a picture into an embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt
from typing import cast

from torch import Generator, Tensor, nn

WIDTH = 256  # of every hidden layer of the multilayer perceptron


class Encoder(nn.Module):
    """An encoder with its projector: the loss sees what `forward` returns, a linear probe sees `features`.

    Inputs are (B, *shape) floats in [0, 1] for images (any finite floats for points of the plane), embeddings
    are (B, dim) floats, of unit length where `unit_norm` is set.
    """

    def __init__(self, body: nn.Module, projector: nn.Module, *, unit_norm: bool) -> None:
        super().__init__()
        self.body = body
        self.projector = projector
        self.unit_norm = unit_norm

    def features(self, x: Tensor) -> Tensor:
        """What the encoder makes of a batch before the projector: (B, *shape) -> (B, width)."""
        return cast("Tensor", self.body(x))

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings of a batch: (B, *shape) -> (B, dim)."""
        z = self.projector(self.body(x))
        return nn.functional.normalize(z) if self.unit_norm else cast("Tensor", z)


def _mlp(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())


class _Unit(nn.Module):
    """Scales every row to unit length."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x)


def _unit_mlp(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(_mlp(shape), _Unit())


def _cnn(shape: tuple[int, ...]) -> nn.Module:
    height, width = ((side + 3) // 4 for side in shape)  # after two strides of two
    return nn.Sequential(
        nn.Unflatten(1, (1, shape[0])),
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * height * width, WIDTH),
        nn.ReLU(),
    )


@dataclass(frozen=True)
class Architecture:
    """One entry of the catalogue: what it is called, what it is, how its body is built, and if a projector follows."""

    title: str
    help: str
    body: Callable[[tuple[int, ...]], nn.Module]
    projects: bool = True


ENCODERS = {
    "mlp": Architecture("MLP", "784-256-256 and a projector 256-256, as in the article", _mlp),
    "unit_mlp": Architecture("MLP, unit features", "the same with what enters the projector at unit length", _unit_mlp),
    "plain_mlp": Architecture(
        "MLP, no projector", "784-256-256 to unit length, and nothing behind it", _unit_mlp, False
    ),
    "cnn": Architecture("Small CNN", "two strided convolutions (16, 32), 256, and the same projector", _cnn),
}


def build(key: str, shape: tuple[int, ...], dim: int, *, unit_norm: bool) -> Encoder:
    """The net called `key` for inputs of `shape`, with embeddings of `dim` numbers.

    A `dim` of 2 or 3 is the bottleneck for pictures that need no projection. Weights are whatever torch puts
    there; `initialise` gives them their start.

    Raises KeyError for an unknown key, and ValueError for another `dim` than WIDTH where no projector follows.
    """
    if not ENCODERS[key].projects and dim != WIDTH:
        raise ValueError(f"without a projector an embedding has the encoder's {WIDTH} dimensions, not {dim}")
    projector: nn.Module = nn.Identity()
    if ENCODERS[key].projects:
        projector = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, dim))
    return Encoder(ENCODERS[key].body(shape), projector, unit_norm=unit_norm)


def initialise(net: nn.Module, dice: Generator) -> None:
    """Give every linear and convolutional layer torch's usual start (He et al. 2015), with dice passed in."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=sqrt(5), generator=dice)
            if layer.bias is not None:
                bound = 1 / sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=dice)
