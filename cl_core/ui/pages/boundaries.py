"""The boundary page: one loss or two over the plane of similarities or of angles, with real pairs laid over it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from cl_core import charts, losses
from cl_core.analysis import pairs, similarity_plane
from cl_core.components.plane import Field, PlaneState
from cl_core.components.plane.mount import plane as plane_picture
from cl_core.components.wedge import Wedge
from cl_core.components.wedge.mount import wedge as wedge_picture
from cl_core.losses import snippets
from cl_core.losses.base import Loss
from cl_core.training.pretrained import embeddings
from cl_core.training.pretrained.embeddings import PretrainedEmbedding
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import height, presentation
from cl_core.ui.widgets import prediction, question
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding
from cl_core.ui.widgets.prediction import COVER

PAGE = "boundaries"
SECOND = "_2"  # what the second loss's names end with
DEFAULTS = {"": "circle", SECOND: "am_softmax"}
HEIGHT = 600  # pixels, of a plane
NO_PAIRS = "none"

TWO = Control("two", "a second loss beside it", False)
PLANE = Control("plane", "plane", "similarities", options=("similarities", "angles"), row=True)
PAIRS = Control("pairs", "real pairs", NO_PAIRS, options=(NO_PAIRS, *embeddings.STAGES, OWN), row=True)
WHICH = Control("which", "which pairs", "random", options=pairs.SELECTIONS, row=True)
LENGTH = Control(
    "length", "length of embeddings", 4.0, "for losses in which length counts; the others have length 1",
    low=1.0, high=20.0, step=0.5,
)  # fmt: skip

PLACE = PictureState("place", "place that is kept", "", "s_n and s_p", low=-1.0, high=1.0)
PLACE_OF_ANGLES = PictureState("place_angles", "angles that are kept", "", "theta_2 and theta_1", low=0.0, high=180.0)
BETWEEN = PictureState(
    "between", "angle between class weights", "", "degrees", low=0, high=180, numbers=(1, 1), whole=True
)


def controls_for_link(link: Link) -> list[Control]:
    """Every control of the page under a link."""
    found = [TWO, PLANE, PAIRS, WHICH, LENGTH, COVER, PLACE, PLACE_OF_ANGLES, BETWEEN]
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        found += [choice, *controls.loss_parameters(controls.loss_of_link(choice, link), suffix)]
    return found


def boundary_notes() -> list[str]:
    """What in the link could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def boundary_controls() -> list[LossChoice]:
    """The controls of the losses in the sidebar: the one loss or the two to be drawn."""
    with st.sidebar:
        chosen = [controls.loss_controls(DEFAULTS[""])]
        if TWO.render():
            chosen.append(controls.loss_controls(DEFAULTS[SECOND], SECOND))
        if any(each.loss.lengths for each in chosen):
            LENGTH.render()
        COVER.render()
    return chosen


def show_boundaries(chosen: Sequence[LossChoice]) -> None:
    """The planes side by side, with what is written under them."""
    angles_too = any(each.loss.classes for each in chosen) and not prediction.is_hidden()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if PAIRS.name not in presentation().hide:
                st.markdown("Real pairs", width="content")
            stage = PAIRS.render()
            which = WHICH.render() if stage != NO_PAIRS else WHICH.default
        angles = angles_too and PLANE.render() == "angles"
    for column, each in zip(st.columns(len(chosen), gap="medium"), chosen, strict=True):
        with column:
            if angles and each.loss.classes:
                _angles(each)
            else:
                _similarities(each, stage, which, alone=len(chosen) == 1)


def _similarities(chosen: LossChoice, stage: str, which: str, *, alone: bool) -> None:
    """One loss over (s_n, s_p)."""
    found = similarity_plane.similarity_plane(chosen.loss, chosen.theta, length=_length())
    embedded = None if stage == NO_PAIRS else chosen_embedding(chosen.loss.key, stage)
    points = None if embedded is None else _points(embedded, chosen.loss.classes, which)
    violated = None if points is None else pairs.violates_boundary(chosen.loss, chosen.theta, points)
    field = charts.similarity_field(chosen.loss, chosen.theta, found, points, violated)
    covered = prediction.is_hidden()
    picture, words = st.columns([0.64, 0.36], gap="medium") if alone else (st.container(), st.container())
    with picture:
        if prediction.answered_by_place():
            st.session_state.place_read = PLACE.current()
            pulse = question.PULSE if prediction.now().room else None
            kept = st.fragment(_with_answers, run_every=pulse)(field, f"similarities{chosen.suffix}")
        else:
            shown = charts.hide_answer(field) if covered else field
            kept = _plane(shown, f"similarities{chosen.suffix}", "similarities", PLACE)
    if covered:
        with words:
            if not chosen.suffix:
                prediction.predict(kept)
        return
    with words:
        if prediction.answered_by_place():
            st.markdown(prediction.how_far(found))
        if embedded is not None and violated is not None:
            st.markdown(_violating_in_words(chosen, embedded, violated))
        for line in charts.landmarks_text(chosen.loss, chosen.theta):
            st.markdown(f"- {line}")
        if chosen.theta.get("mining", "all") != "all":
            st.caption(
                "Only triplets that the mining rule lets through have a loss; where there is none, nothing is drawn."
            )
        _more(chosen, kept)
    _formulas(chosen.loss, chosen.theta)


def _with_answers(field: Field, key: str) -> PlaneState:
    """A plane with what everybody has predicted, looked at again and again where others may still do so."""
    kept = _plane(prediction.with_answers(field), key, "similarities", PLACE)
    if PLACE.current() != st.session_state.place_read:
        st.rerun()  # what is written beside it is to follow
    return kept


def _angles(chosen: LossChoice) -> None:
    """One loss over (theta_2, theta_1), and the wedge that it asks for."""
    loss, theta = chosen.loss, chosen.theta
    _wedge(chosen)
    found = similarity_plane.angle_plane(loss, theta, length=_length())
    _plane(charts.angle_field(loss, found), f"angles{chosen.suffix}", "angles", PLACE_OF_ANGLES)
    if loss.schedules:
        st.markdown(r"What an angle counts: $\psi$, against $\cos m\theta$, which rises again, and $\cos\theta$")
        angles = similarity_plane.angle_functions(int(theta["margin"]), float(theta["annealing"]))
        chart(charts.psi_rows(angles), charts.psi_chart(), charts.psi_alt(angles))
    _formulas(loss, theta)
    _more(chosen, PlaneState())


def _plane(field: Field, key: str, group: str, place: PictureState) -> PlaneState:
    """A plane with the place that the link or the visitor keeps in it; which is, in a group, one for all."""

    def keep(state: PlaneState) -> None:
        place.save([] if state.x is None or state.y is None else [(state.x, state.y)])

    found = place.current()
    kept = PlaneState(*found[0]) if found else None
    return plane_picture(
        field, key=mount_key(key), height=height(HEIGHT), group=mount_key(group), kept=kept, on_keep=keep
    )


def _wedge(chosen: LossChoice) -> None:
    """What the loss asks of two class weights, at the angle that the link or the visitor has put them."""
    loss, theta = chosen.loss, chosen.theta
    picture = Wedge(
        loss.title, similarity_plane.wedge_angles(loss, theta), away=similarity_plane.wedge_angles_away(loss, theta),
        alt=f"What {loss.title} asks of two classes; " + ", ".join(f"{name} {value}" for name, value in theta.items()),
    )  # fmt: skip
    if found := BETWEEN.current():
        picture = replace(picture, between=int(found[0][0]))

    def turn(between: int) -> None:
        BETWEEN.save([] if between == Wedge.between else [(between,)])

    key, group = mount_key(f"wedge{chosen.suffix}"), mount_key("wedge")
    wedge_picture(picture, key=key, height=400, group=group, on_turn=turn)


def _length() -> float:
    return float(st.session_state.get(LENGTH.name, LENGTH.default))


@lru_cache(maxsize=32)
def _points_of(embedded: PretrainedEmbedding, classes: bool, which: str) -> np.ndarray:
    return pairs.pair_similarities(embedded.z, embedded.y, embedded.weight if classes else None, which)


def _points(embedded: PretrainedEmbedding, classes: bool, which: str) -> np.ndarray | None:
    """The embedding's pairs; None where the loss wants class weights and the embedding has none."""
    if classes and embedded.weight is None:
        st.info("Your run has no class weights to compare with, as its loss needs none.", icon=":material/info:")
        return None
    return _points_of(embedded, classes, which)


def _violating_in_words(chosen: LossChoice, embedded: PretrainedEmbedding, violated: np.ndarray) -> str:
    what = "images against their own and the nearest other class weight" if chosen.loss.classes else "real triplets"
    still = "are still pushed apart" if chosen.loss.boundary is None else "still violate the boundary"
    own = losses.get(embedded.spec.loss).title
    return (
        f"**{int(violated.sum()):,} of {len(violated):,}** {what} {still} "
        f"({violated.mean():.1%}). {own} after {embedded.step:,} steps, kNN {embedded.knn:.1%}; by cosines alone."
    )


def _formulas(loss: Loss, theta: Mapping[str, Any]) -> None:
    """The loss with its present numbers, and its boundary."""
    with st.container(border=True):
        for part in loss.formula_at(theta).split(r",\quad"):
            st.latex(rf"\small {part}")
        if loss.boundary_formula:
            st.caption("The boundary, for one positive and one negative")
            for part in loss.boundary_formula.split(r",\quad"):
                st.latex(rf"\small {part}")
        if loss.no_boundary:
            st.caption(loss.no_boundary)


def _more(chosen: LossChoice, kept: PlaneState) -> None:
    """What else belongs to the picture, folded away."""
    loss, theta = chosen.loss, chosen.theta
    with st.expander("What the parameters mean", icon=":material/tune:"):
        for parameter in loss.parameters.values():
            st.markdown(f"- ${parameter.symbol}$ `{parameter.name}`: {parameter.help} ({parameter.range_text()})")
        st.markdown(f"Source: {loss.paper} [{loss.paper.url}]({loss.paper.url})")
    with st.expander("Often misread", icon=":material/psychology_alt:"):
        for misreading in loss.misreadings:
            st.markdown(f"- {misreading}")
    _as_code(chosen, kept)
    link = {"loss": loss.key, **{name: str(value) for name, value in theta.items()}}
    controls.page_link("training", "Train with it", ":material/play_circle:", link)


def _as_code(chosen: LossChoice, kept: PlaneState) -> None:
    """A program that prints the numbers of the place that is kept."""
    with st.expander("As code", icon=":material/code:"):
        if kept.x is None or kept.y is None:
            st.caption("Click on the plane to keep a place; here is then the program that prints its numbers.")
            return
        for flavour, title in snippets.FLAVOURS.items():
            code = snippets.point_program(chosen.loss.key, chosen.theta, kept.x, kept.y, flavour, _length())
            if code is not None:
                st.caption(title)
                st.code(code, language="python")
