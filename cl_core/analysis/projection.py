"""How many numbers become two or three: views of an embedding that hold still while it changes."""

from dataclasses import dataclass, replace
from math import radians
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

TINY = float(np.finfo(np.float32).tiny)  # what a collapsed embedding's variance counts as
MAX_TURN = radians(30.0)  # the farthest the drawn plane turns from one frame to the next


class View(Protocol):
    """Anything that turns embeddings (n, D) into the coordinates (n, k) that are drawn."""

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of all variance along each drawn axis, 0 to 1."""

    @property
    def best_share(self) -> float:
        """The share that the best view of as many axes would show, 0 to 1."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the axes are called."""

    def project(self, z: Array) -> Array:
        """Coordinates (n, k) of embeddings (n, D)."""

    def compacted(self) -> "View":
        """What is kept of it once nothing is drawn by it any more, nor the next one turned from it."""


@dataclass(frozen=True)
class PcaView:
    """The plane (k = 2) or space (k = 3) of largest variance, aligned with the frame before.

    Principal components have no sign and, where variances are close, no order; drawn afresh each frame they flip
    and jump. Here the axes start as the first k principal components. Afterwards the new principal subspace
    is entered by the shortest turn from the old axes (orthogonal Procrustes), and by no more than `TURN` a frame:
    when two components change places the picture swings over within a few frames.

    Attributes:
        mean: (D,) the centre of the embedding.
        axes: (D, k) orthonormal columns.
        shares: the share of all variance along each of them.
        best: the share that the unturned principal subspace would show; at least `sum(shares)`.
    """

    mean: Array
    axes: Array
    shares: tuple[float, ...]
    best_share: float

    @classmethod
    def fit(cls, z: Array, k: int, previous: "PcaView | None" = None) -> "PcaView":
        """Fit a view to embeddings z (n, D), D >= k, close to the `previous` one of the same D and k.

        Raises ValueError where D < k, or z is not finite.
        """
        if z.shape[1] < k:
            raise ValueError(f"{z.shape[1]} dimensions cannot be drawn in {k}")
        if not np.isfinite(z).all():
            raise ValueError("embeddings with NaN or infinity cannot be drawn")
        mean = z.mean(axis=0, dtype=np.float64)
        centred = z - mean
        covariance = centred.T @ centred / len(z)
        variances, components = np.linalg.eigh(covariance)  # ascending
        axes = components[:, ::-1][:, :k]
        # eigenvectors have no sign: the largest entry of each is made positive, so that equal data draw alike
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(k)])
        total = max(float(variances.sum()), TINY)
        best = float(variances[-k:].sum()) / total
        if previous is not None:
            axes = _turned(previous.axes.astype(np.float64), axes)
        shares = np.einsum("dk,de,ek->k", axes, covariance, axes) / total
        return cls(mean.astype(np.float32), axes.astype(np.float32), tuple(float(s) for s in shares), min(best, 1.0))

    @property
    def names(self) -> tuple[str, ...]:
        """What the axes are called: of a plane turned into place only the plane is principal."""
        return tuple(f"axis {i + 1}" for i in range(self.axes.shape[1]))

    def project(self, z: Array) -> Array:
        """Coordinates (n, k) of embeddings (n, D)."""
        return (z - self.mean) @ self.axes

    def compacted(self) -> "PcaView":
        """Without its centre, and with axes (0, k)."""
        return replace(self, mean=np.empty(0, np.float32), axes=np.empty((0, self.axes.shape[1]), np.float32))


def _turned(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axes (D, k) of the subspace of `new`, or as near to it as a turn of `TURN` from `old` comes.

    Along the geodesic between the two subspaces (Edelman, Arias and Smith 1998, section 2.5): with
    old' new = A cos(angle) B', the columns old A turn into new B, each in a plane of its own.
    """
    left, cosines, right = np.linalg.svd(old.T @ new)
    angles = np.arccos(np.clip(cosines, 0.0, 1.0))
    start, target = old @ left, new @ right.T
    if angles.max() <= MAX_TURN:
        return np.asarray(target @ left.T)
    aside = target - start * cosines  # (D, k), orthogonal to the old subspace
    aside /= np.maximum(np.linalg.norm(aside, axis=0), 1e-12)
    part = angles * (MAX_TURN / angles.max())
    return np.asarray((start * np.cos(part) + aside * np.sin(part)) @ left.T)


@dataclass(frozen=True)
class IdentityView:
    """An embedding of two or three numbers, drawn as it is."""

    shares: tuple[float, ...]
    best_share: float = 1.0

    @classmethod
    def fit(cls, z: Array) -> "IdentityView":
        """The view of embeddings z (n, 2) or (n, 3)."""
        variances = z.var(axis=0, dtype=np.float64)
        total = max(float(variances.sum()), TINY)
        return cls(tuple(float(v) / total for v in variances))

    @property
    def names(self) -> tuple[str, ...]:
        """What the axes are called."""
        return tuple(f"z{i + 1}" for i in range(len(self.shares)))

    def project(self, z: Array) -> Array:
        """The embeddings themselves."""
        return z

    def compacted(self) -> "IdentityView":
        """All of it: it is small."""
        return self


def fit_views(z: Array, previous: "dict[int, View] | None" = None) -> dict[int, View]:
    """The views of embeddings (n, D) that can be drawn: by number of axes, 2 and, where D allows it, 3.

    `previous` are the views of the frame before, with which these are aligned.
    """
    dim = z.shape[1]
    found: dict[int, View] = {}
    for k in (2, 3):
        if dim == k:
            found[k] = IdentityView.fit(z)
        elif dim > k:
            before = (previous or {}).get(k)
            found[k] = PcaView.fit(z, k, before if isinstance(before, PcaView) else None)
    return found
