"""The decorator that says which sentence of the catalogue a test computes, and the scenes that such tests share."""

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit

Test = Callable[..., Any]
BACKED: dict[str, list[str]] = {}  # sentence -> names of the tests that compute it

Z = unit(torch.randn(24, 6, generator=torch.Generator().manual_seed(7), dtype=torch.float64))
Y = torch.arange(24) % 5  # every class at least four times
VIEWS = torch.arange(12).repeat(2)  # as labels: rows i and i + 12 are one image
MARGINS = (0.05, 0.25, 0.4, 0.5)


def backs(*sentences: str) -> Callable[[Test], Test]:
    """Note that a test computes sentences of the catalogue, quoted exactly (decorator).

    A sentence that is reworded has no test any more, and `test_catalogue` fails until its test has been looked at.

    Args:
        *sentences: The sentences.

    Returns:
        A decorator that returns the test unchanged.

    Raises:
        ValueError: when pytest would not collect the test.
    """

    def note(test: Test) -> Test:
        if not test.__name__.startswith("test_"):
            raise ValueError(f"{test.__name__} is never run")
        for sentence in sentences:
            BACKED.setdefault(sentence, []).append(test.__qualname__)
        return test

    return note


def values(*x: float) -> Tensor:
    """Return a float64 vector."""
    return torch.tensor(x, dtype=torch.float64)


def grid(low: float = -1.0, high: float = 1.0, n: int = 41) -> tuple[Tensor, Tensor]:
    """Return x_n and x_p of a square grid, both (n * n,)."""
    x = torch.linspace(low, high, n, dtype=torch.float64)
    x_n, x_p = torch.meshgrid(x, x, indexing="ij")
    return x_n.ravel(), x_p.ravel()


def value(key: str, x_p: Tensor, x_n: Tensor, **theta: Any) -> Tensor:
    """Return the loss of each scene of one positive at x_p (A,) and negatives at x_n (A,) or (A, K), as (A,)."""
    return LOSSES[key](Contrast.of_pairs(x_p, x_n), **theta).total


def slopes(key: str, x_p: Tensor, x_n: Tensor, **theta: Any) -> tuple[Tensor, Tensor]:
    """Return the derivatives of the loss of each scene by x_p and by x_n, of their shapes."""
    x_p, x_n = x_p.clone().requires_grad_(), x_n.clone().requires_grad_()
    pull, push = torch.autograd.grad(value(key, x_p, x_n, **theta).sum(), [x_p, x_n])
    return pull, push


def batch_mean(key: str, z: Tensor, y: Tensor, weight: Tensor | None = None, **theta: Any) -> Tensor:
    """Return the mean loss of a batch."""
    loss = LOSSES[key]
    return loss(loss.contrast(z, y, theta, weight), **theta).mean()


def gradient(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Return the gradient of f at z."""
    z = z.clone().requires_grad_()
    return torch.autograd.grad(f(z), z)[0]


def same(f: Callable[[Tensor], Tensor], g: Callable[[Tensor], Tensor], z: Tensor = Z) -> bool:
    """Return whether two functions of the embeddings have the same value and the same gradient."""
    close = torch.allclose(f(z), g(z), rtol=1e-9, atol=1e-12)
    return close and torch.allclose(gradient(f, z), gradient(g, z), rtol=1e-9, atol=1e-11)


def class_weights(classes: int = 5, dim: int = 6, seed: int = 3) -> Tensor:
    """Return random class weights of different lengths, (classes, dim)."""
    return torch.randn(classes, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def simplex(classes: int) -> Tensor:
    """Return the corners of a regular simplex of unit vectors, (classes, classes)."""
    return unit(torch.eye(classes, dtype=torch.float64) - 1 / classes)


def every(**options: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return all combinations of options."""
    return [dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())]
