"""How the losses hang together: families by what they compare, and what turns the one into the other."""

from dataclasses import dataclass

from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.palette import Palette

FILLS = Palette(light=("#e6ebfb", "#e3f2e6", "#faecdf"), dark=("#2a3350", "#2f3d33", "#44352a"))  # of the families
INK, LINE = Palette(light=("#1b2130",), dark=("#e9ecf4",)), Palette(light=("#7b8496",), dark=("#8b94a8",))


@dataclass(frozen=True)
class Family:
    """Losses that compare the same kind of things."""

    title: str
    description: str


PAIRS = Family(
    "Pairs and triplets",
    "They compare distances one at a time, and stop at a margin: what is far enough feels nothing.",
)
SETS = Family(
    "One against the whole batch",
    "They weigh a positive against all others at once, as a classifier weighs classes; the hardest get most force.",
)
CLASSES = Family(
    "Class weights",
    "They learn one vector a class and compare with those, not with other examples; a margin handicaps the own class.",
)
FAMILIES = (PAIRS, SETS, CLASSES)


def family_of(loss: Loss) -> Family:
    """Where a loss belongs, by what it compares."""
    if loss.classes:
        return CLASSES
    return PAIRS if loss.metric in ("euclidean", "sqeuclidean", "cosine") else SETS


@dataclass(frozen=True)
class Edge:
    """One loss becomes another one under a condition; or, if not `exact`, the other one is the same idea carried on."""

    source: str
    target: str
    condition: str
    exact: bool = True


EDGES = (  # each exact one is computed in tests/pages/test_glossary_page.py
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
    """The picture in Graphviz's language: an arrow from a loss to what it becomes."""
    fills, (ink,), (line,) = (palette.dark if dark else palette.light for palette in (FILLS, INK, LINE))
    fill = dict(zip(FAMILIES, fills, strict=True))
    text = f'fontname="sans-serif" fontcolor="{ink}" color="{line}"'
    boxes = [(key, _broken(loss.title), fill[family_of(loss)]) for key, loss in LOSSES.items()]
    return "\n".join(
        [
            "digraph {",
            'bgcolor="transparent" nodesep=0.2 ranksep=0.35',
            f'node [shape=box style="filled,rounded" fontsize=13 margin="0.1,0.05" {text}]',
            f"edge [fontsize=11 {text}]",
            *(f'{key} [label="{title}" fillcolor="{colour}"]' for key, title, colour in boxes),
            *(
                f'{e.source} -> {e.target} [label="{e.condition}" style={"solid" if e.exact else "dashed"}]'
                for e in EDGES
            ),
            "}",
        ]
    )


def _broken(title: str) -> str:
    """A title in two lines where it can be."""
    return title.replace(" (", "\n(").replace(", ", ",\n")


def family_alt() -> str:
    """The picture for those who do not see it."""
    title = {key: loss.title for key, loss in LOSSES.items()}
    return "; ".join(f"{title[e.source]} to {title[e.target]}: {' '.join(e.condition.split())}" for e in EDGES) + "."
