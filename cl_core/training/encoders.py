"""The small networks that map an image, or a point of the plane, to an embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt
from typing import cast

from torch import Generator, Tensor, nn

WIDTH = 256  # units of every hidden layer, and of the encoder's output before the projector
SLOPE = 0.3  # of the leaky ReLU below 0 in the article's program, which is also Keras' default


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


def _projector(dim: int) -> nn.Module:
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, dim))


class _Unit(nn.Module):
    """A layer that scales every row to unit length."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x)


def _unit_mlp(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(_mlp(shape), _Unit())


def _leaky_layers(inputs: int, units: int) -> list[nn.Module]:
    return [nn.Linear(inputs, WIDTH), nn.LeakyReLU(SLOPE), nn.Linear(WIDTH, units), nn.LeakyReLU(SLOPE)]


def _article_encoder(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *_leaky_layers(prod(shape), WIDTH), _Unit())


def _article_projector(dim: int) -> nn.Module:
    return nn.Sequential(*_leaky_layers(WIDTH, dim))


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
        projector: builds the projector for a number of dimensions; `torch.nn.Identity` for none.
        any_dim: whether embeddings can have any number of dimensions, not only `WIDTH`.
        keras_weights: whether the weights are initialised as Keras does, not as torch does.
    """

    title: str
    help: str
    body: Callable[[tuple[int, ...]], nn.Module]
    projector: Callable[[int], nn.Module] = _projector
    any_dim: bool = True
    keras_weights: bool = False


ENCODERS = {
    "mlp": Architecture("MLP", "two layers of 256, and a projector: a layer of 256, then the embedding", _mlp),
    "unit_mlp": Architecture(
        "MLP, unit features", "the same, with the input of the projector at unit length", _unit_mlp
    ),
    "plain_mlp": Architecture(
        "MLP, no projector", "784-256-256 with unit length, without a projector", _unit_mlp, nn.Identity, any_dim=False
    ),
    "cnn": Architecture("Small CNN", "two strided convolutions (16, 32), 256, and the same projector", _cnn),
    "article": Architecture(
        "The article's program",
        "four layers of 256, a leaky ReLU after each and unit length after the second, with Keras' initial weights",
        _article_encoder,
        _article_projector,
        any_dim=False,
        keras_weights=True,
    ),
    "plain_article": Architecture(
        "The article's program, no projector",
        "its first two layers, with unit length, without a projector",
        _article_encoder,
        nn.Identity,
        any_dim=False,
        keras_weights=True,
    ),
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
        ValueError: when the architecture has a fixed number of dimensions, and `dim` is another.
    """
    architecture = ENCODERS[key]
    if not architecture.any_dim and dim != WIDTH:
        raise ValueError(f"the encoder {key} has {WIDTH} dimensions, not {dim}")
    return Encoder(architecture.body(shape), architecture.projector(dim), unit_norm=unit_norm)


def initialise(key: str, net: nn.Module, generator: Generator) -> None:
    """Initialise every linear and convolutional layer of a network in place, as its architecture asks.

    By default that is what torch does (He et al. 2015), else what Keras does: Glorot and Bengio's (2010) uniform
    weights, and no bias. Torch's constructors use the global random generator; here it is passed in, so that a run is
    reproducible.

    Args:
        key: key of `ENCODERS`.
        net: the network.
        generator: source of the random numbers.
    """
    for layer in net.modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        if ENCODERS[key].keras_weights:
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(cast("Tensor", layer.bias))
        else:
            nn.init.kaiming_uniform_(layer.weight, a=sqrt(5), generator=generator)
            if layer.bias is not None:
                bound = 1 / sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
