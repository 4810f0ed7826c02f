"""The triplet loss: a negative should be farther from the anchor than a positive, by a margin."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses.base import Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.miners import MINERS, mine
from cl_core.losses.parameters import DISTANCE_TITLES, Choice, Param

SYMBOLS: Mapping[str, str] = MappingProxyType({"sqeuclidean": "d²", "euclidean": "d", "cosine": "1 − s"})
DISTANCES = tuple(SYMBOLS)
MINER_TITLES: Mapping[str, str] = MappingProxyType({key: miner.title for key, miner in MINERS.items()})


def curve(t: Tensor, margin: float, distance: str, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p) of the boundary for t from 0 to 1, NaN where there is none.

    s_p = s_n + m/2 for d squared, s_n + m for 1 - s, 1 - (sqrt(2 - 2 s_n) - m)^2 / 2 for d.
    """
    s_n = 2 * t - 1
    match distance:
        case "sqeuclidean":
            return s_n, s_n + margin / 2
        case "cosine":
            return s_n, s_n + margin
    d_ap = (2 - 2 * s_n).sqrt() - margin
    return s_n, torch.where(d_ap >= 0, 1 - d_ap.square() / 2, torch.nan)


def caution(unit_norm: bool, margin: float, distance: str, **_: object) -> str:
    """Return a warning if the distance of unit vectors leaves no room for the margin, else an empty string."""
    if not unit_norm or distance != "euclidean" or margin < 1:
        return ""
    if margin > 2:
        return f"On unit vectors no distance exceeds 2, so with m = {margin:g} no triplet can ever be easy."
    return (
        f"On unit vectors no distance exceeds 2, so with m = {margin:g} no triplet with d_ap > {2 - margin:g} can "
        "ever be easy."
    )


@loss(
    title="Triplet margin",
    aliases=("facenet",),
    formula=r"\ell_{apn}=[\,\delta_{ap}-\delta_{an}+<margin>\,]_+",
    paper=Paper(
        "Schroff, Kalenichenko, Philbin",
        2015,
        "FaceNet: A Unified Embedding for Face Recognition and Clustering",
        "CVPR",
        "https://arxiv.org/abs/1503.03832",
    ),
    metric="sqeuclidean",
    boundary=lambda x_p, x_n, margin, **_: x_p - x_n + margin,
    level=0.0,
    curve=curve,
    boundary_formula=r"\delta_{ap}+m=\delta_{an}",
    caution=caution,
    presets=(
        Preset("FaceNet", {"margin": 0.2, "distance": "sqeuclidean", "mining": "semihard"}),
        Preset("TensorFlow Addons", {"margin": 1.0, "distance": "euclidean", "mining": "semihard_tfa"}),
        Preset("pytorch-metric-learning", {"margin": 0.05, "distance": "euclidean", "mining": "all_nonzero"}),
        Preset("batch-hard", {"margin": 0.2, "distance": "euclidean", "mining": "batch_hard"}),
    ),
    relations=(
        "Circle loss's plain form, divided by its scale, becomes the batch-hard triplet loss on similarities as the "
        "scale grows.",
        "With d and with d squared the same triplets are hard, but not the same triplets are semi-hard.",
    ),
    misreadings=(
        "A semi-hard negative is ranked *correctly*: it is farther than the positive, but inside the margin.",
        "The hardest negative is not the best one: if it is always chosen early in training, the network collapses to "
        "a point.",
        r"A margin $m$ in $d$ is $2d_{ap}m+m^2$ in $d^2$: the same number selects other negatives.",
        "A loss that stays at exactly its margin is not a coincidence: positives and negatives are equally far. In "
        "practice every distance is then 0.",
        "This is FaceNet's formula. LMNN (Weinberger et al. 2006), which is often named with it, pulls target "
        "neighbours and pushes others with a margin of 1, for a linear map.",
        "TensorFlow Addons' semi-hard mining takes the nearest negative that is farther than the positive, at any "
        "distance. If there is none, it takes the farthest negative, which is hard.",
    ),
)
def triplet(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.0, 2.0, 0.05, "how much farther a negative must be")] = 0.2,
    distance: Annotated[
        str, Choice(r"\delta", DISTANCES, "squared Euclidean, Euclidean, or 1 - cosine", DISTANCE_TITLES)
    ] = "sqeuclidean",
    mining: Annotated[
        str, Choice(r"\mathcal{T}", tuple(MINERS), "which triplets the loss uses", MINER_TITLES)
    ] = "semihard",
) -> Terms:
    """A negative should be farther than a positive, by a margin; beyond it the force stops.

    Returns:
        Terms with one term per triplet that the miner selects.
    """
    return mine(c, margin, mining)
