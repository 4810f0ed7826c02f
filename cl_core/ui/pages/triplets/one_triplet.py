"""One triplet that one drags: where it starts, and three small tasks that it notices when they are done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import streamlit as st

from cl_core.analysis.census import KINDS, census
from cl_core.components.triplet import NEGATIVES, SPAN, Triplets, TripletState, initial_state
from cl_core.components.triplet.mount import triplets
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages.triplets.real_batch import PARAMETERS, TRIPLET
from cl_core.ui.widgets import page_state

Point = tuple[float, float]


@dataclass(frozen=True)
class Preset:
    """Where the points begin, and what else is set with them."""

    positive: Point
    negatives: tuple[Point, ...]
    description: str
    anchor: Point = (0.0, 0.0)
    margin: float = 0.2
    distance: str = "sqeuclidean"
    space: str = "plane"


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "all three": Preset(
            (0.6, 0.0), ((-0.3, 0.35), (0.2, 0.65), (-0.55, -0.7)),
            "One negative of each kind. Drag any point, and watch the rings: the inner one goes through the positive, "
            "the outer one is where the margin ends.",
        ),
        "easy": Preset(
            (0.45, 0.1), ((-0.6, 0.65),),
            "Farther than the positive by more than the margin: no loss, no force, nothing to learn.",
        ),
        "semi-hard": Preset(
            (0.5, 0.15), ((-0.2, 0.6),), "Ranked rightly already: it is farther than the positive. But not by the "
            "margin, so it is still pushed.",
        ),
        "hard": Preset(
            (0.65, -0.2), ((-0.25, 0.3),), "Ranked wrongly: the negative is nearer than the positive.",
        ),
        "tie": Preset(
            (0.6, 0.0), ((0.0, 0.6), (-0.48, -0.64)),
            "n1 is exactly as far as the positive: a tie, and ties are hard. n2 is exactly the margin farther: "
            "that tie is easy, its loss is 0. (pytorch-metric-learning calls it semi-hard.)", distance="euclidean",
        ),
        "duplicate": Preset(
            (0.5, 0.25), ((0.5, 0.25), (0.0, 0.0)),
            "The same image with two labels: n1 lies on the positive, n2 on the anchor. n2 is as hard as can be, and "
            "yet nothing says which way to push it apart.",
        ),
        "margin too large": Preset(
            (-0.8, 0.6), ((-1.0, 0.0), (0.0, -1.0)),
            "Unit vectors are at most 2 apart. With a margin of 1.2 in plain distance no negative can be easy while "
            "the positive is farther than 0.8: this loss never ends.",
            anchor=(1.0, 0.0), margin=1.2, distance="euclidean", space="circle",
        ),
    }
)  # fmt: skip

MARGIN, DISTANCE = PARAMETERS[:2]
SCENE = Control("scene", "scene", next(iter(PRESETS)), options=tuple(PRESETS), row=True)
SPACE = Control("space", "points live", "plane", "circle: embeddings of length 1", options=("plane", "circle"))
AT = PictureState(
    "at", "where the points are", "", "anchor, positive, negatives", low=-SPAN, high=SPAN, places=(3, NEGATIVES + 2)
)
CHOSEN = PictureState("negative", "negative", "", "the chosen one", low=1, high=NEGATIVES, numbers=(1, 1), whole=True)
CONTROLS: Sequence[Control] = (MARGIN, DISTANCE, SCENE, SPACE, AT, CHOSEN)


def controls_in_sidebar() -> None:
    """The loss's margin and distance, and the space the points live in."""
    with st.sidebar:
        MARGIN.render()
        distance = DISTANCE.render()
        SPACE.render(disabled=distance == "cosine")
        if distance == "cosine":
            st.caption("1 − s sees directions only, so the points are on the circle.")


def show() -> None:
    """The scene, and what to try with it."""
    values = st.session_state
    name = SCENE.render(on_change=_begin)
    preset = PRESETS[name]
    what, back = st.columns([0.78, 0.22], vertical_alignment="center")
    what.caption(preset.description)
    back.button("Put the points back", icon=":material/replay:", type="tertiary", on_click=_begin, key="back")
    margin, distance = values[MARGIN.name], values[DISTANCE.name]
    circle = values[SPACE.name] == "circle" or distance == "cosine"
    begun = values.setdefault("scene_begun", 0)
    scene = Triplets(
        f"{name}/{begun}", preset.anchor, preset.positive, preset.negatives, margin, distance, circle,
        alt=f"an anchor, a positive and {len(preset.negatives)} negatives",
    )  # fmt: skip
    left = triplets(scene, key=mount_key("triplet"), state=_left(scene), on_move=partial(_keep, scene))
    _tell(scene, left)
    if words := TRIPLET.caution(circle, margin=margin, distance=distance):
        st.info(words, icon=":material/info:")
    _tasks(scene, left)


def _tell(scene: Triplets, at: TripletState) -> None:
    """What a lesson may wait for."""
    kinds = kinds_of(scene, at, scene.distance)
    differ = kinds_of(scene, at, "sqeuclidean") != kinds_of(scene, at, "euclidean")
    page_state.set_facts(
        first=kinds[0], differ="yes" if differ else "no", **{kind: kinds.count(kind) for kind in KINDS}
    )


def _left(scene: Triplets) -> TripletState | None:
    """Where the link or the visitor has left the points, and which negative is selected; None for the beginning."""
    at, chosen = AT.current(scene.stream), CHOSEN.current(scene.stream)
    begun = initial_state(scene)
    points = [(x, y) for x, y in at]
    if points and len(points) != len(begun.negatives) + 2:
        words = f"`at` names {len(points)} points, and this scene has {len(begun.negatives) + 2}; its own are used"
        st.warning(words, icon=":material/link_off:")
        points = []
    anchor, positive, *negatives = points or [begun.anchor, begun.positive, *begun.negatives]
    selected = min(int(chosen[0][0]), len(negatives)) - 1 if chosen else 0
    return TripletState(anchor, positive, tuple(negatives), selected) if at or chosen else None


def _keep(scene: Triplets, left: TripletState) -> None:
    """The visitor has let go: what is not as in the beginning goes into the link."""
    begun = initial_state(scene)
    moved = (left.anchor, left.positive, left.negatives) != (begun.anchor, begun.positive, begun.negatives)
    AT.save([left.anchor, left.positive, *left.negatives] if moved else [], scene.stream)
    CHOSEN.save([(left.selected + 1,)] if left.selected else [], scene.stream)


def _begin() -> None:
    """Take what a preset sets, but for what the link locks, and put its points where they begin."""
    values = st.session_state
    preset = PRESETS[values[SCENE.name]]
    for control, value in ((MARGIN, preset.margin), (DISTANCE, preset.distance), (SPACE, preset.space)):
        if control.name not in presentation().lock:
            values[control.name] = value
    values.scene_begun = values.get("scene_begun", 0) + 1


def kinds_of(scene: Triplets, at: TripletState, distance: str) -> list[str]:
    """The kind of each negative where the points are now, by another distance perhaps."""
    threes = (np.array([at.anchor, at.positive, negative]) for negative in at.negatives)
    counts = (census(three, np.array([0, 0, 1]), scene.margin, distance).per_anchor[0] for three in threes)
    return [KINDS[int(count.argmax())] for count in counts]


def _moved_positive(scene: Triplets, at: TripletState) -> bool:
    kept = zip(scene.negatives, at.negatives, strict=True)
    hard = [kind == "hard" for kind in kinds_of(scene, at, scene.distance)]
    before = kinds_of(scene, TripletState(scene.anchor, scene.positive, tuple(scene.negatives)), scene.distance)
    return at.positive != scene.positive and any(
        now and was != "hard" and old == new for now, was, (old, new) in zip(hard, before, kept, strict=True)
    )


TASKS: Mapping[str, Callable[[Triplets, TripletState], bool]] = MappingProxyType(
    {
        "Drag a negative into the striped amber ring: it is farther than the positive, and still pushed.": (
            lambda scene, at: (
                at.negatives != tuple(scene.negatives) and "semihard" in kinds_of(scene, at, scene.distance)
            )
        ),
        "Make a negative hard without touching it.": _moved_positive,
        "Find a place where a negative is semi-hard for d² and easy for d, or the other way round.": (
            lambda scene, at: kinds_of(scene, at, "sqeuclidean") != kinds_of(scene, at, "euclidean")
        ),
    }
)


def _tasks(scene: Triplets, at: TripletState) -> None:
    """What to try; what was done once stays ticked."""
    done: set[str] = st.session_state.setdefault("triplet_tasks", set())
    moved = (at.anchor, at.positive, at.negatives) != (scene.anchor, scene.positive, tuple(scene.negatives))
    if moved and not scene.circle:
        done |= {words for words, fulfilled in TASKS.items() if fulfilled(scene, at)}
    st.markdown("#### Try it")
    for words in TASKS:
        st.markdown(f":material/{'check_circle' if words in done else 'radio_button_unchecked'}: {words}")
    if len(done) == len(TASKS):
        st.success(
            "Hard is ranked wrongly, semi-hard is ranked rightly but inside the margin, easy is done. That is all.",
            icon=":material/celebration:",
        )
