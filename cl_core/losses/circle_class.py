"""Circle loss against class weights: cross-entropy whose logits carry the same self-paced weights."""

import math
from typing import Annotated

from cl_core.losses._self_paced import Side, self_paced
from cl_core.losses.base import Preset, loss
from cl_core.losses.circle import BOUNDARY, MISREADINGS, PAPER, boundary, curve, landmarks
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


def caution(dim: int, classes: int, margin: float, **_: object) -> str:
    """In the plane, the weights of neighbouring classes must be sqrt(2) m apart or more."""
    nearest = math.cos(2 * math.pi / classes)
    if dim == 2 and classes > 1 and nearest > math.sqrt(2) * margin:
        return (
            f"In 2-D two of {classes} class weights have a similarity of {nearest:.2f} at least, and this margin wants "
            f"{math.sqrt(2) * margin:.2f} at most: it cannot be met. Take more dimensions."
        )
    return ""


@loss(
    title="Circle loss, class level",
    formula=r"\ell_i=-\log\frac{e^{<scale>\,\alpha_y(s_{iy}-1+<margin>)}}{e^{<scale>\,\alpha_y(s_{iy}-1+<margin>)}"
    r"+\sum_{c\ne y}e^{<scale>\,\alpha_c(s_{ic}-<margin>)}}",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=BOUNDARY,
    landmarks=landmarks,
    caution=caution,
    classes=True,
    presets=(Preset("face recognition", {"margin": 0.25, "scale": 256.0}),),
    relations=(
        r"It is cross-entropy over the logits $\gamma\alpha(s-\Delta)$, and circle loss with a single positive: the "
        "weight of one's own class.",
    ),
    misreadings=MISREADINGS,
)
def circle_class(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.05, 0.5, 0.01, "how far from the ideal corner one may stay")] = 0.25,
    scale: Annotated[
        float, Param(r"\gamma", 8.0, 512.0, 8.0, "large: only the worst class counts", log=True, domain="> 0")
    ] = 32.0,
) -> Terms:
    """One's own class weight and the others are weighed by how far they are from where they should be.

    One term a row.
    """
    terms = self_paced(c, Side(1 + margin, 1 - margin, scale), Side(-margin, margin, scale))
    return Terms(terms.total, c.n_positive)  # a row counts even where its class has no rival
