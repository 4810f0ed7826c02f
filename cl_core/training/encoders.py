"""The small networks that map an image, or a point of the plane, to an embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt
from typing import cast

from torch import Generator, Tensor, nn

WIDTH = 256  # units of every hidden layer, and of the encoder's output before the projector


class Encoder(nn.Module):
    """An encoder with its projector: the loss gets the output of `forward`, a linear probe gets `features`.

    Inputs are (B, *shape) floats, in [0, 1] for images and any finite floats for points of the plane. Embeddings are
    (B, dim) floats, of unit length if `unit_norm` is set.

    Attributes:
        body: the encoder, (B, *shape) -> (B, `WIDTH`).
        projector: the projector, (B, `WIDTH`) -> (B, dim); the identity if the architecture has none.
        unit_norm: whether embeddings are scaled to unit length.
    """

    def __init__(self, body: nn.Module, projector: nn.Module, *, unit_norm: bool) -> None:
        super().__init__()
        self.body = body
        self.projector = projector
        self.unit_norm = unit_norm

    def features(self, x: Tensor) -> Tensor:
        """Return the input of the projector: (B, *shape) -> (B, `WIDTH`)."""
        return cast("Tensor", self.body(x))

    def forward(self, x: Tensor) -> Tensor:
        """Return the embeddings of a batch: (B, *shape) -> (B, dim)."""
        z = self.projector(self.body(x))
        return nn.functional.normalize(z) if self.unit_norm else cast("Tensor", z)


def _mlp(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())


class _Unit(nn.Module):
    """A layer that scales every row to unit length."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x)


def _unit_mlp(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(_mlp(shape), _Unit())


def _cnn(shape: tuple[int, ...]) -> nn.Module:
    height, width = ((side + 3) // 4 for side in shape)  # two strides of two, each rounded up
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
    """One entry of the catalogue `ENCODERS`.

    Attributes:
        title: name shown on pages.
        help: description shown on pages.
        body: builds the encoder for inputs of a shape, without the projector.
        projects: whether a projector follows the encoder.
    """

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
    """Build the network called `key`; call `initialise` to set its weights.

    Args:
        key: key of `ENCODERS`.
        shape: shape of one input: (H, W) of an image, or (2,) of a point.
        dim: dimensions of an embedding. A `dim` of 2 or 3 is a bottleneck for pictures that need no projection.
        unit_norm: whether embeddings are scaled to unit length.

    Returns:
        The network, with the weights that torch's constructors leave.

    Raises:
        KeyError: when the key is unknown.
        ValueError: when the architecture has no projector and `dim` is not `WIDTH`.
    """
    if not ENCODERS[key].projects and dim != WIDTH:
        raise ValueError(f"without a projector an embedding has the encoder's {WIDTH} dimensions, not {dim}")
    projector: nn.Module = nn.Identity()
    if ENCODERS[key].projects:
        projector = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, dim))
    return Encoder(ENCODERS[key].body(shape), projector, unit_norm=unit_norm)


def initialise(net: nn.Module, generator: Generator) -> None:
    """Initialise every linear and convolutional layer in place, as torch does by default (He et al. 2015).

    Torch's constructors use the global random generator; here it is passed in, so that a run is reproducible.

    Args:
        net: the network.
        generator: source of the random numbers.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=sqrt(5), generator=generator)
            if layer.bias is not None:
                bound = 1 / sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
