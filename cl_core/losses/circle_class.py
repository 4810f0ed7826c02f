"""Circle loss with class weights in place of the batch: cross-entropy over logits with self-paced weights."""

import math
from typing import Annotated

from cl_core.losses._self_paced import Side, self_paced
from cl_core.losses.base import Preset, loss
from cl_core.losses.circle import BOUNDARY, MISREADINGS, PAPER, boundary, curve, landmarks, weights
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


def caution(dim: int, classes: int, margin: float, **_: object) -> str:
    """Return a warning if, in 2-D, neighbouring class weights are more similar than sqrt(2) m, else an empty string."""
    nearest = math.cos(2 * math.pi / classes)
    if dim == 2 and classes > 1 and nearest > math.sqrt(2) * margin:
        return (
            f"In 2-D two of {classes} class weights have a similarity of at least {nearest:.2f}, but this margin "
            f"allows {math.sqrt(2) * margin:.2f} at most: it cannot be met. Take more dimensions."
        )
    return ""


@loss(
    title="Circle loss, class level",
    aliases=("circle classification",),
    formula=r"\ell_i=-\log\frac{e^{<scale>\,\alpha_y(s_{iy}-1+<margin>)}}{e^{<scale>\,\alpha_y(s_{iy}-1+<margin>)}"
    r"+\sum_{c\ne y}e^{<scale>\,\alpha_c(s_{ic}-<margin>)}}",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=BOUNDARY,
    landmarks=landmarks,
    weights=weights,
    caution=caution,
    classes=True,
    presets=(Preset("face recognition", {"margin": 0.25, "scale": 256.0}),),
    relations=(
        r"It is cross-entropy over the logits $\gamma\alpha(s-\Delta)$, and circle loss with a single positive: the "
        "weight of the correct class.",
    ),
    misreadings=MISREADINGS,
)
def circle_class(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.05, 0.5, 0.01, "how far from the best similarities a row may stay")] = 0.25,
    scale: Annotated[
        float, Param(r"\gamma", 8.0, 512.0, 8.0, "large: only the worst class counts", log=True, domain="> 0")
    ] = 32.0,
) -> Terms:
    """The similarities to the correct and to the other class weights are weighted by their distances from their optima.

    Returns:
        Terms with one term per row.
    """
    terms = self_paced(c, Side(1 + margin, 1 - margin, scale), Side(-margin, margin, scale))
    return Terms(terms.total, c.n_positive)  # a row counts even if there is no other class
