"""Relations between the losses: families by what they compare, and conditions under which one loss becomes another."""

from dataclasses import dataclass

from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.palette import Palette

# background of each family
FILLS = Palette(light=("#e6ebfb", "#e3f2e6", "#faecdf"), dark=("#2a3350", "#2f3d33", "#44352a"))
INK, LINE = Palette(light=("#1b2130",), dark=("#e9ecf4",)), Palette(light=("#7b8496",), dark=("#8b94a8",))


@dataclass(frozen=True)
class Family:
    """Losses that compare the same kind of things.

    Attributes:
        title: display name.
        description: what its losses compare, and what follows from it.
    """

    title: str
    description: str


PAIRS = Family(
    "Pairs and triplets",
    "They compare single distances, and stop at a margin: a negative that is far enough has no force.",
)
SETS = Family(
    "One against the whole batch",
    "They compare a positive with all others at once, as a classifier compares classes. The hardest get most force.",
)
CLASSES = Family(
    "Class weights",
    "They learn one vector per class and compare with these, not with other examples. A margin lowers the logit of the "
    "correct class.",
)
FAMILIES = (PAIRS, SETS, CLASSES)


def family_of(loss: Loss) -> Family:
    """Return the family of a loss, by what the loss compares."""
    if loss.classes:
        return CLASSES
    return PAIRS if loss.metric in ("euclidean", "sqeuclidean", "cosine") else SETS


@dataclass(frozen=True)
class Edge:
    """One loss becomes another under a condition.

    Attributes:
        source: key of the first loss.
        target: key of the loss that it becomes.
        condition: the condition, as a label.
        exact: whether both are then equal; if not, the target carries on the idea of the source.
    """

    source: str
    target: str
    condition: str
    exact: bool = True


EDGES = (  # each exact one is computed in tests/unit/charts/test_loss_family.py
    Edge("contrastive", "triplet", "one hinge\nfor both", exact=False),
    Edge("circle", "triplet", "weights 1,\nscale → ∞"),
    Edge("npair", "info_nce", "unit length,\ntemperature"),
    Edge("nt_xent", "supcon", "label = image"),
    Edge("supcon", "info_nce", "one positive"),
    Edge("info_nce", "normface", "class weights"),
    Edge("softmax", "normface", "unit length,\nscale"),
    Edge("am_softmax", "normface", "m = 0"),
    Edge("arcface", "normface", "m = 0"),
    Edge("l_softmax", "softmax", "m = 1,\nno bias"),
    Edge("l_softmax", "sphereface", "unit weights"),
    Edge("pccl_released", "circle", "k = 1,\nwhole batch"),
    Edge("circle", "pccl", "no margins"),
    Edge("circle", "circle_class", "class weights"),
    Edge("circle_class", "am_softmax", "weights 1"),
)


def graphviz_dot(*, dark: bool) -> str:
    """Return the diagram in the DOT language of Graphviz, with an arrow from each loss to what it becomes.

    Args:
        dark: whether the colours are for a dark background.

    Returns:
        The DOT source.
    """
    fills, (ink,), (line,) = (palette.dark if dark else palette.light for palette in (FILLS, INK, LINE))
    fill = dict(zip(FAMILIES, fills, strict=True))
    text = f'fontname="sans-serif" fontcolor="{ink}" color="{line}"'
    boxes = [(key, _break_title(loss.title), fill[family_of(loss)]) for key, loss in LOSSES.items()]
    return "\n".join(
        [
            "digraph {",
            'bgcolor="transparent" nodesep=0.2 ranksep=0.35',
            f'node [shape=box style="filled,rounded" fontsize=13 margin="0.1,0.05" {text}]',
            f"edge [fontsize=11 {text}]",
            *(f'{key} [label="{title}" fillcolor="{colour}"]' for key, title, colour in boxes),
            *(
                f'{edge.source} -> {edge.target} [label="{edge.condition}" style={"solid" if edge.exact else "dashed"}]'
                for edge in EDGES
            ),
            "}",
        ]
    )


def _break_title(title: str) -> str:
    """Break a title into two lines where it has a place for it."""
    return title.replace(" (", "\n(").replace(", ", ",\n")


def family_alt() -> str:
    """Return the text alternative of the diagram: source, target and condition of every edge."""
    title = {key: loss.title for key, loss in LOSSES.items()}
    return "; ".join(f"{title[e.source]} to {title[e.target]}: {' '.join(e.condition.split())}" for e in EDGES) + "."
