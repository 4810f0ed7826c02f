"""One triplet to drag: presets of its points, and three small tasks that are ticked when they are done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import streamlit as st
import torch

from cl_core.analysis.triplet_scene import triplet_scene
from cl_core.components.live import Live
from cl_core.components.triplet import MAX_COORDINATE, MAX_NEGATIVES, Triplets, TripletState, initial_state
from cl_core.components.triplet.mount import triplets
from cl_core.losses.miners import KINDS
from cl_core.programs import shipped
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages.triplets.real_batch import PARAMETERS, TRIPLET
from cl_core.ui.server.browser_files import engine_url
from cl_core.ui.widgets import page_state

Point = tuple[float, float]


@dataclass(frozen=True)
class Preset:
    """Points of a scene, with the settings that belong to them.

    Attributes:
        positive: x and y.
        negatives: x and y of each.
        description: what to see in the scene, as Markdown.
        anchor: x and y.
        margin: of the triplet loss.
        distance: "sqeuclidean", "euclidean" or "cosine".
        space: "plane", or "circle" for unit vectors.
    """

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
            "One negative of each kind. Drag any point, and watch the rings: the inner ring goes through the positive, "
            "the outer ring adds the margin.",
        ),
        "easy": Preset(
            (0.45, 0.1), ((-0.6, 0.65),),
            "The negative is farther than the positive by more than the margin: it has no loss and no force.",
        ),
        "semi-hard": Preset(
            (0.5, 0.15), ((-0.2, 0.6),), "The negative is ranked correctly: it is farther than the positive. But it is "
            "not farther by the margin, so it is still pushed.",
        ),
        "hard": Preset(
            (0.65, -0.2), ((-0.25, 0.3),), "The negative is ranked wrongly: it is nearer than the positive.",
        ),
        "tie": Preset(
            (0.6, 0.0), ((0.0, 0.6), (-0.48, -0.64)),
            "n1 is exactly as far as the positive. Such a tie counts as hard. n2 is farther by exactly the margin. "
            "Such a tie counts as easy, since its loss is 0 (pytorch-metric-learning calls it semi-hard).",
            distance="euclidean",
        ),
        "duplicate": Preset(
            (0.5, 0.25), ((0.5, 0.25), (0.0, 0.0)),
            "Images that occur twice, with different labels: n1 lies on the positive, n2 on the anchor. n2 is as hard "
            "as possible, but its gradient is 0, so no force moves it.",
        ),
        "margin too large": Preset(
            (-0.8, 0.6), ((-1.0, 0.0), (0.0, -1.0)),
            "Unit vectors are at most 2 apart. With a margin of 1.2 in Euclidean distance no negative can be easy "
            "while the positive is farther than 0.8, so the loss cannot reach 0.",
            anchor=(1.0, 0.0), margin=1.2, distance="euclidean", space="circle",
        ),
    }
)  # fmt: skip

MARGIN, DISTANCE = PARAMETERS[:2]
SCENE = Control(
    "scene",
    "scene",
    next(iter(PRESETS)),
    options=tuple(PRESETS),
    row=True,
    titles={preset: preset.capitalize() for preset in PRESETS},
)
SPACE = Control(
    "space", "embedding space", "plane", "unit circle: embeddings of length 1", options=("plane", "circle"),
    titles={"circle": "unit circle"},
)  # fmt: skip
POSITIONS = PictureState(
    "at",
    "where the points are",
    "",
    "anchor, positive, negatives",
    low=-MAX_COORDINATE,
    high=MAX_COORDINATE,
    places=(3, MAX_NEGATIVES + 2),
)
SELECTED = PictureState(
    "negative", "negative", "", "the selected negative", low=1, high=MAX_NEGATIVES, numbers=(1, 1), whole=True
)
CONTROLS: Sequence[Control] = (MARGIN, DISTANCE, SCENE, SPACE, POSITIONS, SELECTED)


def controls_in_sidebar() -> None:
    """Show the controls of the margin, the distance and the space of the points."""
    with st.sidebar:
        MARGIN.render()
        distance = DISTANCE.render()
        SPACE.render(disabled=distance == "cosine")
        if distance == "cosine":
            st.caption("Cosine distance depends only on directions, so the points are on the unit circle.")


def show() -> None:
    """Show the scene, and what to try with it."""
    values = st.session_state
    name = SCENE.render(on_change=_apply_preset)
    preset = PRESETS[name]
    left, right = st.columns([0.78, 0.22], vertical_alignment="center")
    left.caption(preset.description)
    right.button("Reset the points", icon=":material/replay:", type="tertiary", on_click=_apply_preset, key="back")
    margin, distance = values[MARGIN.name], values[DISTANCE.name]
    circle = values[SPACE.name] == "circle" or distance == "cosine"
    resets = values.setdefault("scene_begun", 0)
    scene = Triplets(
        f"{name}/{resets}", preset.anchor, preset.positive, preset.negatives, margin, distance, circle,
        alt=f"an anchor, a positive and {len(preset.negatives)} negatives",
        live=Live(
            engine_url(), shipped.triplets(distance, circle, len(preset.negatives)),
            {"margin": MARGIN.name}, {"margin": margin},
        ),
    )  # fmt: skip
    state = triplets(scene, key=mount_key("triplet"), state=_saved_state(scene), on_move=partial(_save_state, scene))
    _publish_facts(scene, state)
    if caution := TRIPLET.caution(circle, margin=margin, distance=distance):
        st.info(caution, icon=":material/info:")
    _show_tasks(scene, state)


def _publish_facts(scene: Triplets, state: TripletState) -> None:
    """Set the facts that a lesson's step may wait for."""
    kinds = kinds_of(scene, state, scene.distance)
    differs = kinds_of(scene, state, "sqeuclidean") != kinds_of(scene, state, "euclidean")
    page_state.set_facts(
        first=kinds[0], differ="yes" if differs else "no", **{kind: kinds.count(kind) for kind in KINDS}
    )


def _saved_state(scene: Triplets) -> TripletState | None:
    """Return the positions and the selection from the link or the visitor; None for those of the preset."""
    positions, selection = POSITIONS.current(scene.stream), SELECTED.current(scene.stream)
    initial = initial_state(scene)
    points = [(x, y) for x, y in positions]
    if points and len(points) != len(initial.negatives) + 2:
        message = f"`at` has {len(points)} points, but this scene needs {len(initial.negatives) + 2}; it is ignored"
        st.warning(message, icon=":material/link_off:")
        points = []
    anchor, positive, *negatives = points or [initial.anchor, initial.positive, *initial.negatives]
    selected = min(int(selection[0][0]), len(negatives)) - 1 if selection else 0
    return TripletState(anchor, positive, tuple(negatives), selected) if positions or selection else None


def _save_state(scene: Triplets, state: TripletState) -> None:
    """Write into the link what differs from the preset, after the visitor has dragged a point."""
    initial = initial_state(scene)
    moved = (state.anchor, state.positive, state.negatives) != (initial.anchor, initial.positive, initial.negatives)
    POSITIONS.save([state.anchor, state.positive, *state.negatives] if moved else [], scene.stream)
    SELECTED.save([(state.selected + 1,)] if state.selected else [], scene.stream)


def _apply_preset() -> None:
    """Set the preset's values, except those that the link locks, and reset the points."""
    values = st.session_state
    preset = PRESETS[values[SCENE.name]]
    for control, value in ((MARGIN, preset.margin), (DISTANCE, preset.distance), (SPACE, preset.space)):
        if control.name not in presentation().lock:
            values[control.name] = value
    values.scene_begun = values.get("scene_begun", 0) + 1


def kinds_of(scene: Triplets, state: TripletState, distance: str) -> list[str]:
    """Return the kind of each negative at the present positions.

    Args:
        scene: the scene, with its margin.
        state: positions of the points.
        distance: the distance to measure with, which may differ from the scene's.

    Returns:
        "easy", "semihard" or "hard" for each negative.
    """
    points = torch.tensor([state.anchor, state.positive, *state.negatives], dtype=torch.float64)
    kinds = triplet_scene(points, scene.margin, distance, circle=scene.circle).kinds
    return [tuple(KINDS)[kind] for kind in kinds.tolist()]


def _moved_positive(scene: Triplets, state: TripletState) -> bool:
    """Whether moving the positive has made hard a negative that was not and that has not been moved."""
    negatives = zip(scene.negatives, state.negatives, strict=True)
    is_hard = [kind == "hard" for kind in kinds_of(scene, state, scene.distance)]
    initial_kinds = kinds_of(scene, TripletState(scene.anchor, scene.positive, tuple(scene.negatives)), scene.distance)
    return state.positive != scene.positive and any(
        hard_now and kind_before != "hard" and old == new
        for hard_now, kind_before, (old, new) in zip(is_hard, initial_kinds, negatives, strict=True)
    )


TASKS: Mapping[str, Callable[[Triplets, TripletState], bool]] = MappingProxyType(
    {
        "Drag a negative into the striped amber ring: it is farther than the positive, but still pushed.": (
            lambda scene, at: (
                at.negatives != tuple(scene.negatives) and "semihard" in kinds_of(scene, at, scene.distance)
            )
        ),
        "Make a negative hard without moving it.": _moved_positive,
        "Find a place where a negative is semi-hard for d² and easy for d, or the other way round.": (
            lambda scene, at: kinds_of(scene, at, "sqeuclidean") != kinds_of(scene, at, "euclidean")
        ),
    }
)


def _show_tasks(scene: Triplets, state: TripletState) -> None:
    """Show what to try; a task that was done once stays ticked."""
    done: set[str] = st.session_state.setdefault("triplet_tasks", set())
    moved = (state.anchor, state.positive, state.negatives) != (scene.anchor, scene.positive, tuple(scene.negatives))
    if moved and not scene.circle:
        done |= {task for task, is_done in TASKS.items() if is_done(scene, state)}
    st.markdown("#### Try it")
    for task in TASKS:
        st.markdown(f":material/{'check_circle' if task in done else 'radio_button_unchecked'}: {task}")
    if len(done) == len(TASKS):
        st.success(
            "A hard triplet is ranked wrongly. A semi-hard triplet is ranked correctly, but inside the margin. An easy "
            "triplet has no loss.",
            icon=":material/celebration:",
        )
