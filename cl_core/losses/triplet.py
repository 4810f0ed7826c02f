"""The triplet loss: a negative should be farther from the anchor than a positive, by a margin."""

from typing import Annotated

from cl_core.contrast import Contrast, Terms
from cl_core.mining import MINERS, mine
from cl_core.spec import Choice, Paper, Param, loss

DISTANCES = ("sqeuclidean", "euclidean", "cosine")


@loss(
    title="Triplet margin",
    formula=r"\ell_{apn}=[\,\delta_{ap}-\delta_{an}+m\,]_+",
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
)
def triplet(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.0, 2.0, 0.05, "how much farther a negative must be")] = 0.2,
    distance: Annotated[str, Choice(r"\delta", DISTANCES, "squared, plain, or 1 - cosine")] = "sqeuclidean",
    mining: Annotated[str, Choice(r"\mathcal{T}", tuple(MINERS), "which triplets count")] = "semihard",
) -> Terms:
    """A negative should be farther than a positive, by a margin; beyond it the force stops.

    One term a triplet that the mining rule lets through.
    """
    return mine(c, margin, mining)
