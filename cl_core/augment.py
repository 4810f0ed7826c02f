"""Two views of the same picture, for the loss that learns without labels."""

import torch
from torch import Generator, Tensor

SHIFT = 2  # pixels, each way
NOISE = 0.1  # standard deviation, of a range of 0 to 1 (images) or about -1 to 1 (points)


def views(x: Tensor, dice: Generator) -> Tensor:
    """Two noisy views of every row: (N, H, W) or (N, 2) -> (2 N, ...), rows i and i + N from the same one.

    Images are also moved by up to `SHIFT` pixels each way, the edge filled with zeros.
    """
    both = torch.cat([x, x])
    if x.dim() == 3:
        both = _shifted(both, dice)
    return both + NOISE * torch.randn(both.shape, generator=dice)


def _shifted(x: Tensor, dice: Generator) -> Tensor:
    """Every image (N, H, W) moved by whole pixels of its own."""
    n, height, width = x.shape
    padded = torch.nn.functional.pad(x, (SHIFT, SHIFT, SHIFT, SHIFT))
    corner = torch.randint(0, 2 * SHIFT + 1, (2, n), generator=dice)
    rows = corner[0][:, None] + torch.arange(height)  # (N, H)
    columns = corner[1][:, None] + torch.arange(width)  # (N, W)
    return padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
