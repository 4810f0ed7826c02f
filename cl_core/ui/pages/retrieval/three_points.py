"""Points to drag among class weights: classified correctly, and yet nearest to a point of another class."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import streamlit as st

from cl_core.analysis.point_scene import MAX_CLASSES, MAX_POINTS, PointScene, point_scene
from cl_core.analysis.retrieval import MEASURES
from cl_core.components.points import MAX_COORDINATE, Points, PointsState
from cl_core.components.points.mount import points
from cl_core.losses import LOSSES
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import presentation
from cl_core.ui.widgets import page_state

Point = tuple[float, float]


@dataclass(frozen=True)
class Preset:
    """Points and class weights of a scene.

    Attributes:
        points: x and y of each.
        labels: class of each.
        weights: directions of the class weights in degrees.
        description: what to see in the scene, as Markdown.
    """

    points: tuple[Point, ...]
    labels: tuple[int, ...]
    weights: tuple[int, ...]
    description: str


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "three points": Preset(
            ((-0.85, 0.3), (-0.17, 0.8), (0.17, 0.84)), (0, 0, 1), (140, 40),
            "All three are on the side of their class. But the nearest neighbour of z2 is z3, of the other class.",
        ),
        "two of each class": Preset(
            ((-0.85, 0.3), (-0.17, 0.74), (0.16, 0.8), (0.9, 0.25)), (0, 0, 1, 1), (140, 40),
            "Every point has another one of its class. Two are classified correctly, but retrieved wrongly.",
        ),
        "three classes": Preset(
            ((-0.3, 0.7), (0.4, 0.85), (0.8, 0.36), (0.6, -0.6), (-0.7, -0.55), (-0.85, 0.15)), (0, 0, 1, 1, 2, 2),
            (90, 330, 210),
            "Three class weights, as far apart as they can be. Which points does a search confuse?",
        ),
        "margin met": Preset(
            ((-0.95, 0.1), (-0.5, 0.65), (0.5, 0.65), (0.95, 0.1)), (0, 0, 1, 1), (140, 40),
            "Every nearest neighbour is correct. Can you make one wrong while all points meet the margin?",
        ),
    }
)  # fmt: skip
SOFTMAX, MARGIN_LOSS = "softmax", "am_softmax"
SCENE = Control(
    "points", "points", next(iter(PRESETS)), options=tuple(PRESETS), row=True,
    titles={preset: preset.capitalize() for preset in PRESETS},
)  # fmt: skip
LOSS = Control(
    "regions", "regions of", SOFTMAX, "softmax needs the largest cosine; AM-softmax needs it to be larger by a margin",
    options=(SOFTMAX, MARGIN_LOSS), row=True, titles={key: LOSSES[key].short_title for key in (SOFTMAX, MARGIN_LOSS)},
)  # fmt: skip
MARGIN = Control(
    "margin", "margin $m$", LOSSES[MARGIN_LOSS].parameters["margin"].default,
    "by how much the correct class's cosine must be larger; training uses up to 0.5", low=0.0, high=1.5, step=0.01,
)  # fmt: skip
MEASURE = Control(
    "measure", "nearest by", MEASURES[0], options=MEASURES, titles={"cosine": "cosine", "euclidean": "distance"}
)
POSITIONS = PictureState(
    "places", "where the points are", "", "x and y of each", low=-MAX_COORDINATE, high=MAX_COORDINATE,
    places=(2, MAX_POINTS),
)  # fmt: skip
WEIGHTS = PictureState(
    "weights", "directions of the class weights", "", "degrees", low=0, high=359, places=(2, MAX_CLASSES),
    numbers=(1, 1), whole=True,
)  # fmt: skip
STYLE = "<style>.st-key-points_margin { min-height: 4.75rem; }</style>"  # of the slider, which comes and goes
CONTROLS = (SCENE, LOSS, MARGIN, MEASURE, POSITIONS, WEIGHTS)


def controls_in_sidebar() -> None:
    """Show the control of the measure; the others stand above the picture, where they are seen on a phone too."""
    with st.sidebar:
        MEASURE.render()
        st.caption("Class weights have length 1, so only directions decide the class, for softmax too.")


def show() -> None:
    """Show the scene, and what follows from it."""
    name = SCENE.render(on_change=_reset)
    preset = PRESETS[name]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(preset.description)
        st.button("Reset the points", icon=":material/replay:", type="tertiary", on_click=_reset, key="points_back")
    left, right = st.columns([0.35, 0.65], vertical_alignment="bottom")
    with left:
        loss: str = LOSS.render()
    margin: float | None = None
    with right, st.container(key="points_margin", vertical_alignment="bottom"):
        if loss == MARGIN_LOSS:
            margin = float(MARGIN.render())
        else:
            st.markdown("Softmax has no margin: the largest cosine is enough.")
    st.html(STYLE)
    measure = st.session_state[MEASURE.name]
    stream = f"{name}/{st.session_state.setdefault('points_begun', 0)}"
    initial = PointsState(preset.points, preset.weights)
    state = _saved_state(stream, initial)
    facts = point_scene(state.points, preset.labels, state.weights, margin or 0.0, measure)
    scene = Points(
        stream, initial, preset.labels, LOSSES[loss].title, margin, measure,
        slider=MARGIN.name if presentation().is_free(MARGIN.name) else "", alt=_alt(facts),
    )  # fmt: skip
    points(scene, key=mount_key("points_picture"), state=state, on_move=partial(_save_state, scene))
    page_state.set_facts(
        classified=int(facts.classified.sum()),
        retrieved=int(facts.retrieved.sum()),
        met=int(facts.met.sum()),
        certain="yes" if facts.retrieval_is_certain else "no",
    )


def _alt(facts: PointScene) -> str:
    n = len(facts.classified)
    return (
        f"{n} points in the plane with {facts.class_cosine.shape[1]} class weights; {facts.classified.sum()} of {n} "
        f"classified correctly, the nearest neighbour correct for {facts.retrieved.sum()} of {n}"
    )


def _saved_state(stream: str, initial: PointsState) -> PointsState:
    """Return the places and directions from the link or the visitor, or those of the preset."""
    places, weights = POSITIONS.current(stream), WEIGHTS.current(stream)
    found = [(x, y) for x, y in places] or list(initial.points)
    directions = [int(degrees) for (degrees,) in weights] or list(initial.weights)
    for control, given, wanted in ((POSITIONS, found, initial.points), (WEIGHTS, directions, initial.weights)):
        if len(given) != len(wanted):
            st.warning(
                f"`{control.name}` has {len(given)} entries, but this scene needs {len(wanted)}; it is ignored",
                icon=":material/link_off:",
            )
    return PointsState(
        tuple(found) if len(found) == len(initial.points) else initial.points,
        tuple(directions) if len(directions) == len(initial.weights) else initial.weights,
    )


def _save_state(scene: Points, state: PointsState) -> None:
    """Write into the link what differs from the preset, after the visitor has dragged something."""
    POSITIONS.save(state.points if state.points != scene.initial.points else (), scene.stream)
    weights = [(degrees,) for degrees in state.weights]
    WEIGHTS.save(weights if state.weights != scene.initial.weights else (), scene.stream)


def _reset() -> None:
    """Reset points and class weights to those of the preset."""
    st.session_state["points_begun"] = st.session_state.get("points_begun", 0) + 1
