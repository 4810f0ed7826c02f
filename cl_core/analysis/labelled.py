"""Embeddings with labels, as callers hand them over: converted and checked in one place."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def labelled_embeddings(embeddings: Any, labels: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Check embeddings and their labels, and return them as arrays.

    Args:
        embeddings: (N, D) finite floats, of NumPy or torch.
        labels: (N,) or (N, 1) integers.

    Returns:
        Embeddings (N, D), and labels (N,) of any integer type.

    Raises:
        ValueError: when they are not as described.
    """
    z, y = _to_numpy(embeddings).astype(np.float64), _to_numpy(labels)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if z.ndim != 2 or not z.size:
        raise ValueError(f"embeddings must be a matrix (N, D) with at least one entry, not {z.shape}")
    if not np.isfinite(z).all():
        raise ValueError("embeddings contain NaN or infinity")
    if y.shape != (len(z),) or y.dtype.kind not in "iu":
        raise ValueError(f"labels must be {len(z)} integers, one for each embedding, not {y.dtype} {y.shape}")
    return z, y


def _to_numpy(array: Any) -> NDArray[Any]:
    """Return an array or a tensor of any device and type as an array."""
    if not isinstance(array, Tensor):
        return np.asarray(array)
    tensor = array.detach().cpu()
    return np.asarray(tensor.float() if tensor.dtype == torch.bfloat16 else tensor)
