"""Projection of embeddings to two or three dimensions, aligned from frame to frame so that pictures move smoothly."""

from dataclasses import dataclass, replace
from math import radians
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

MIN_VARIANCE = float(np.finfo(np.float32).tiny)  # in place of the variance of a collapsed embedding, which is 0
MAX_TURN = radians(30.0)  # largest angle between the drawn subspaces of two successive frames


class View(Protocol):
    """A map from embeddings (n, D) to the coordinates (n, k) that are drawn."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the total variance along each drawn axis, 0 to 1."""

    @property
    def best_share(self) -> float:
        """Share of the total variance that the best view with as many axes would show, 0 to 1."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""

    def project(self, z: Array) -> Array:
        """Return coordinates (n, k) of embeddings (n, D)."""

    def compacted(self) -> "View":
        """Return the view without the arrays that only `project` and the alignment of the next view need."""


@dataclass(frozen=True)
class PcaView:
    """The plane (k = 2) or space (k = 3) of largest variance, aligned with the previous frame.

    Principal components have no sign and, where variances are close, no order, so they flip and jump if each frame is
    projected on its own. Here the axes of the first frame are its first k principal components. In each later frame the
    axes are rotated into the new principal subspace by the smallest rotation (orthogonal Procrustes), and by at most
    `MAX_TURN`: when two components change places, the picture turns within a few frames.

    Attributes:
        mean: (D,) mean of the embedding.
        axes: (D, k) orthonormal columns.
        shares: share of the total variance along each axis.
        best_share: share of the total variance in the principal subspace itself; at least `sum(shares)`.
    """

    mean: Array
    axes: Array
    shares: tuple[float, ...]
    best_share: float

    @classmethod
    def fit(cls, z: Array, k: int, previous: "PcaView | None" = None) -> "PcaView":
        """Fit a view to embeddings.

        Args:
            z: embeddings (n, D), D >= k.
            k: number of axes, 2 or 3.
            previous: view of the previous frame, of the same D and k, to align with.

        Raises:
            ValueError: when D < k, or `z` is not finite.
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
        # eigenvectors have no sign: the largest entry of each is made positive, so that equal data give equal pictures
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(k)])
        total = max(float(variances.sum()), MIN_VARIANCE)
        best = float(variances[-k:].sum()) / total
        if previous is not None:
            axes = _rotated(previous.axes.astype(np.float64), axes)
        shares = np.einsum("dk,de,ek->k", axes, covariance, axes) / total
        return cls(mean.astype(np.float32), axes.astype(np.float32), tuple(float(s) for s in shares), min(best, 1.0))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes; not "PC 1", since after the alignment only the subspace is principal, not its axes."""
        return tuple(f"axis {i + 1}" for i in range(self.axes.shape[1]))

    def project(self, z: Array) -> Array:
        """Return coordinates (n, k) of embeddings (n, D)."""
        return (z - self.mean) @ self.axes

    def compacted(self) -> "PcaView":
        """Return the view without its mean, and with axes (0, k)."""
        return replace(self, mean=np.empty(0, np.float32), axes=np.empty((0, self.axes.shape[1]), np.float32))


def _rotated(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotate axes `old` (D, k) into the subspace of `new`, or by `MAX_TURN` towards it.

    The rotation follows the geodesic between the two subspaces (Edelman, Arias and Smith 1998, section 2.5): with
    old' new = A cos(angle) B', the columns of old A rotate into those of new B, each in a plane of its own.
    """
    left, cosines, right = np.linalg.svd(old.T @ new)
    angles = np.arccos(np.clip(cosines, 0.0, 1.0))
    start, target = old @ left, new @ right.T
    if angles.max() <= MAX_TURN:
        return np.asarray(target @ left.T)
    normal = target - start * cosines  # (D, k), orthogonal to the old subspace
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-12)
    turn = angles * (MAX_TURN / angles.max())
    return np.asarray((start * np.cos(turn) + normal * np.sin(turn)) @ left.T)


@dataclass(frozen=True)
class IdentityView:
    """A view of an embedding of two or three dimensions, which is drawn as it is.

    Attributes:
        shares: share of the total variance along each axis.
        best_share: 1, since nothing is left out.
    """

    shares: tuple[float, ...]
    best_share: float = 1.0

    @classmethod
    def fit(cls, z: Array) -> "IdentityView":
        """Fit a view to embeddings (n, 2) or (n, 3)."""
        variances = z.var(axis=0, dtype=np.float64)
        total = max(float(variances.sum()), MIN_VARIANCE)
        return cls(tuple(float(v) / total for v in variances))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(f"z{i + 1}" for i in range(len(self.shares)))

    def project(self, z: Array) -> Array:
        """Return the embeddings themselves."""
        return z

    def compacted(self) -> "IdentityView":
        """Return the view itself: it has no arrays."""
        return self


def fit_views(z: Array, previous: "dict[int, View] | None" = None) -> dict[int, View]:
    """Fit the views that embeddings can be drawn in.

    Args:
        z: embeddings (n, D), D >= 2.
        previous: views of the previous frame, to align with.

    Returns:
        Number of axes -> view, for 2 axes and, where D >= 3, for 3.

    Raises:
        ValueError: when `z` is not finite and has to be projected.
    """
    dim = z.shape[1]
    views: dict[int, View] = {}
    for k in (2, 3):
        if dim == k:
            views[k] = IdentityView.fit(z)
        elif dim > k:
            before = (previous or {}).get(k)
            views[k] = PcaView.fit(z, k, before if isinstance(before, PcaView) else None)
    return views
