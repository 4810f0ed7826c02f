"""The contrastive loss: positive pairs attract, negative pairs repel up to a margin, each pair on its own."""

from typing import Annotated

from torch import Tensor

from cl_core.losses.autograd import apply_rows
from cl_core.losses.base import Landmarks, Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import DISTANCE_TITLES, Choice, Flag, Param

DISTANCES = ("euclidean", "cosine")


def landmarks(margin: float, distance: str, **_: object) -> Landmarks:
    """Return the s_n below which a negative has no gradient; positives are pulled to s_p = 1 wherever they are."""
    return Landmarks(target=None, neutral=1 - margin**2 / 2 if distance == "euclidean" else 1 - margin)


def caution(unit_norm: bool, margin: float, distance: str, **_: object) -> str:
    """Return a warning if unit vectors cannot be as far apart as the margin, else an empty string."""
    if margin > 2 and (unit_norm or distance == "cosine"):
        return f"No two unit-length embeddings are {margin:g} apart: the largest distance is 2."
    return ""


@loss(
    title="Contrastive (max-margin)",
    aliases=("max margin", "siamese", "pair loss"),
    formula=r"\ell_{ij}=\begin{cases}d_{ij}^2 & y_i=y_j\\ [\,<margin>-d_{ij}\,]_+^2 & y_i\ne y_j\end{cases}",
    paper=Paper(
        "Hadsell, Chopra, LeCun",
        2006,
        "Dimensionality Reduction by Learning an Invariant Mapping",
        "CVPR",
        "https://doi.org/10.1109/CVPR.2006.100",
    ),
    metric="euclidean",
    no_boundary="Its two terms are independent: the force on a pair does not depend on any other pair.",
    boundary_formula=r"s_n=1-\tfrac{m^2}2\ \text{(the neutral line)}",
    landmarks=landmarks,
    caution=caution,
    presets=(
        Preset("TensorFlow Addons", {"margin": 1.0, "distance": "euclidean", "half": False}),
        Preset("the paper's factor 1/2", {"margin": 1.0, "half": True}),
    ),
    relations=("The triplet loss compares both distances in one hinge, while this loss has a separate term for each.",),
    misreadings=(
        "Distance and hinge are both *squared*. Texts often omit this, and pytorch-metric-learning's ContrastiveLoss "
        "is linear.",
        "Two images of different classes on the same point are not separated by their own pair: its gradient there is "
        "0.",
    ),
)
def contrastive(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.1, 2.0, 0.05, "how far apart images of different classes must be")] = 1.0,
    distance: Annotated[
        str, Choice("d", DISTANCES, "Euclidean distance, or 1 - cosine", DISTANCE_TITLES)
    ] = "euclidean",
    half: Annotated[bool, Flag(r"\tfrac12", "the factor 1/2 of the paper on both branches")] = False,
) -> Terms:
    """Pairs of one class attract at any distance; other pairs repel until they are a margin apart.

    Both branches are the square of a residual, r = d for positives and r = d - m for negatives inside the margin, so
    both have the derivative 2r.

    Returns:
        Terms with one term per unordered pair.
    """
    scale = 0.5 if half else 1.0

    def total_and_slope(value: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        residual = (value - margin).clamp_(max=0).masked_fill_(~negative, 0).addcmul_(value, positive.to(value.dtype))
        return residual.square().sum(1).mul_(scale), residual.mul_(2 * scale)

    def total(value: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        residual = value.where(positive, (value - margin).clamp(max=0).where(negative, 0))
        return scale * residual.square().sum(1)

    totals = apply_rows(c, total_and_slope, total, margin)
    return Terms(totals, c.n_positive + c.n_negative, multiplicity=2 if c.symmetric else 1)
