"""Page of decision boundaries: one or two losses over the plane of similarities or angles, with real pairs in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from cl_core import charts, losses
from cl_core.analysis import pairs, similarity_plane, wedge
from cl_core.components.live import Live
from cl_core.components.plane import Field, PlaneState
from cl_core.components.plane.mount import plane as plane_picture
from cl_core.components.wedge import Wedge
from cl_core.components.wedge.mount import wedge as wedge_picture
from cl_core.losses import snippets
from cl_core.losses.base import Loss
from cl_core.pretrained import embeddings
from cl_core.pretrained.embeddings import PretrainedEmbedding
from cl_core.programs import planes, shipped
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import height, presentation
from cl_core.ui.pages.frozen_weights import show_frozen_weights
from cl_core.ui.server import streamlit_compat
from cl_core.ui.widgets import prediction, question
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding
from cl_core.ui.widgets.live_picture import live_picture
from cl_core.ui.widgets.prediction import COVER

PAGE = "boundaries"
SECOND_SUFFIX = "_2"  # appended to the control names of the second loss
DEFAULTS = {"": "circle", SECOND_SUFFIX: "am_softmax"}
HEIGHT = 690  # pixels, of a plane
WEDGE_HEIGHT = 440  # pixels, of a wedge
NO_PAIRS = "none"

SECOND_LOSS = Control("two", "compare with a second loss", False)
PLANE = Control("plane", "plane", "similarities", options=("similarities", "angles"), row=True)
PAIRS = Control("pairs", "real pairs", NO_PAIRS, options=(NO_PAIRS, *embeddings.STAGES, OWN), row=True)
SELECTION = Control("which", "which pairs", "random", options=pairs.SELECTIONS, row=True)
LENGTH = Control(
    planes.LENGTH, "length of embeddings", 4.0, "for losses that depend on the length; for the others it is 1",
    low=1.0, high=20.0, step=0.5,
)  # fmt: skip

PLACE = PictureState("place", "pinned place", "", "s_n and s_p", low=-1.0, high=1.0)
ANGLES = PictureState("place_angles", "pinned angles", "", "theta_2 and theta_1", low=0.0, high=180.0)
BETWEEN = PictureState(
    "between", "angle between class weights", "", "degrees", low=0, high=180, numbers=(1, 1), whole=True
)


def controls_for_link(link: Link) -> list[Control]:
    """List every control that the page has under a link.

    Args:
        link: query parameters by name; the losses that it names decide which parameter controls there are.
    """
    every_control = [SECOND_LOSS, PLANE, PAIRS, SELECTION, LENGTH, COVER, PLACE, ANGLES, BETWEEN]
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        every_control += [choice, *controls.loss_parameters(controls.loss_of_link(choice, link), suffix)]
    return every_control


def boundary_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def boundary_controls() -> list[LossChoice]:
    """Show the controls of the losses in the sidebar.

    Returns:
        One loss with its parameters, or two.
    """
    with st.sidebar:
        chosen = [controls.loss_controls(DEFAULTS[""])]
        if SECOND_LOSS.render():
            chosen.append(controls.loss_controls(DEFAULTS[SECOND_SUFFIX], SECOND_SUFFIX))
        if any(choice.loss.lengths for choice in chosen):
            LENGTH.render()
        COVER.render()
    return chosen


def show_boundaries(chosen: Sequence[LossChoice]) -> None:
    """Show the planes of the losses side by side, with their formulas and details.

    Args:
        chosen: the losses to show.
    """
    offer_angles = any(choice.loss.classes for choice in chosen) and not prediction.is_hidden()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if PAIRS.name not in presentation().hide:
                st.markdown("Real pairs", width="content")
            stage = PAIRS.render()
            selection = SELECTION.render() if stage != NO_PAIRS else SELECTION.default
        show_angles = offer_angles and PLANE.render() == "angles"
    for column, choice in zip(st.columns(len(chosen), gap="small"), chosen, strict=True):
        with column:
            if show_angles and choice.loss.classes:
                _show_angles(choice, alone=len(chosen) == 1)
            else:
                _show_similarities(choice, stage, selection, alone=len(chosen) == 1)


def _show_similarities(chosen: LossChoice, stage: str, selection: str, *, alone: bool) -> None:
    """Show one loss over the plane (s_n, s_p), or the hidden plane with the request to predict."""
    plane = similarity_plane.similarity_plane(chosen.loss, chosen.theta, length=_length())
    embedding = None if stage == NO_PAIRS else chosen_embedding(chosen.loss.key, stage)
    points = None if embedding is None else _pairs_or_notice(embedding, chosen.loss.classes, selection)
    violated = None if points is None else pairs.violates_boundary(chosen.loss, chosen.theta, points)
    field = charts.similarity_field(chosen.loss, chosen.theta, plane, points, violated)
    field = replace(field, live=_live(chosen, "similarities"))
    hidden = prediction.is_hidden()
    picture, text = st.columns([0.6, 0.4], gap="small") if alone else (st.container(), st.container())
    with picture:
        if prediction.answered_by_place():
            st.session_state.place_read = PLACE.current()
            interval = question.POLL_SECONDS if prediction.current_question().room else None
            pinned = st.fragment(_plane_with_answers, run_every=interval)(field, f"similarities{chosen.suffix}")
        else:
            shown_field = charts.hide_answer(field) if hidden else field
            pinned = _show_plane(shown_field, f"similarities{chosen.suffix}", "similarities", PLACE)
    if hidden:
        with text:
            if not chosen.suffix:
                prediction.predict(pinned)
        return
    with text:
        if prediction.answered_by_place():
            st.markdown(prediction.distance_sentence(plane))
        if embedding is not None and violated is not None:
            st.markdown(_violation_text(chosen, embedding, violated))
        for line in charts.landmarks_text(chosen.loss, chosen.theta):
            st.markdown(f"- {line}")
        if chosen.theta.get("mining", "all") != "all":
            st.caption("Only triplets that the miner selects have a loss. The rest of the plane is empty.")
        if "gradient" in chosen.loss.parameters:
            show_frozen_weights(chosen)
        _show_details(chosen, pinned)
    _show_formulas(chosen.loss, chosen.theta)


def _plane_with_answers(field: Field, key: str) -> PlaneState:
    """Show a plane with the room's predictions; refreshed by a fragment while others can still answer."""
    pinned = _show_plane(prediction.with_answers(field), key, "similarities", PLACE)
    if PLACE.current() != st.session_state.place_read:
        streamlit_compat.rerun()  # update the text beside the plane
    return pinned


def _show_angles(chosen: LossChoice, *, alone: bool) -> None:
    """Show one loss over the plane (theta_2, theta_1), and its wedge between two class weights."""
    loss, theta = chosen.loss, chosen.theta
    left, right = st.columns(2, gap="small") if alone else (st.container(), st.container())
    with left:
        _show_wedge(chosen)
    plane = similarity_plane.angle_plane(loss, theta, length=_length())
    field = replace(charts.angle_field(loss, plane), live=_live(chosen, "angles"))
    with right:
        _show_plane(field, f"angles{chosen.suffix}", "angles", ANGLES)
    if loss.schedules:
        st.markdown(r"The function $\psi$, compared with $\cos m\theta$, which rises again, and with $\cos\theta$")
        angles = similarity_plane.angle_functions(int(theta["margin"]), float(theta["annealing"]))
        chart(charts.psi_rows(angles), charts.psi_chart(), charts.psi_alt(angles))
    _show_formulas(loss, theta)
    _show_details(chosen, PlaneState())


def _show_plane(field: Field, key: str, group: str, place: PictureState) -> PlaneState:
    """Show a plane with the pinned place of the link or the visitor, which all planes of a group share."""

    def keep(state: PlaneState) -> None:
        place.save([] if state.x is None or state.y is None else [(state.x, state.y)])

    saved = place.current()
    pinned = PlaneState(*saved[0]) if saved else None
    return plane_picture(
        field, key=mount_key(key), height=height(HEIGHT), group=mount_key(group), kept=pinned, on_keep=keep
    )


def _show_wedge(chosen: LossChoice) -> None:
    """Show the angles that the loss demands around two class weights, at the angle set by link or visitor."""
    loss, theta = chosen.loss, chosen.theta
    picture = Wedge(
        loss.title, wedge.wedge_angles(loss, theta),
        away=wedge.wedge_angles_away(loss, theta), live=_live(chosen, "wedge"),
        alt=f"The angles at which the margin of {loss.title} is met; {loss.theta_text(theta)}",
    )  # fmt: skip
    if saved := BETWEEN.current():
        picture = replace(picture, between=int(saved[0][0]))

    def turn(degrees: int) -> None:
        BETWEEN.save([] if degrees == Wedge.between else [(degrees,)])

    key, group = mount_key(f"wedge{chosen.suffix}"), mount_key("wedge")
    wedge_picture(picture, key=key, height=height(WEDGE_HEIGHT), group=group, on_turn=turn)


def _live(chosen: LossChoice, kind: str) -> Live:
    """Return what lets a plane follow the sliders of its loss while they are held."""
    program = shipped.plane(kind, chosen.loss, chosen.theta)
    return live_picture(chosen, program, {LENGTH.name: _length()} if chosen.loss.lengths else None)


def _length() -> float:
    return float(st.session_state.get(LENGTH.name, LENGTH.default))


@lru_cache(maxsize=32)
def _pair_points(embedding: PretrainedEmbedding, classes: bool, selection: str) -> np.ndarray:
    return pairs.pair_similarities(embedding.z, embedding.y, embedding.weight if classes else None, selection)


def _pairs_or_notice(embedding: PretrainedEmbedding, classes: bool, selection: str) -> np.ndarray | None:
    """Return the embedding's pairs; None, with a notice, if the loss needs class weights that it lacks."""
    if classes and embedding.weight is None:
        st.info("Your run has no class weights, because its loss does not use any.", icon=":material/info:")
        return None
    return _pair_points(embedding, classes, selection)


def _violation_text(chosen: LossChoice, embedding: PretrainedEmbedding, violated: np.ndarray) -> str:
    subject = "images" if chosen.loss.classes else "real triplets"
    verb = "still have a force" if chosen.loss.boundary is None else "still violate the boundary"
    rival = ", compared with the nearest other class weight" if chosen.loss.classes else ""
    title = losses.get(embedding.spec.loss).title
    return (
        f"**{int(violated.sum()):,} of {len(violated):,}** {subject} {verb}{rival} ({violated.mean():.1%}). "
        f"The embedding was trained with {title} for {embedding.step:,} steps; its kNN accuracy by cosines is "
        f"{embedding.knn:.1%}."
    )


def _show_formulas(loss: Loss, theta: Mapping[str, Any]) -> None:
    """Show the loss with its present numbers, and its boundary."""
    with st.container(border=True):
        for part in loss.formula_at(theta).split(r",\quad"):
            st.latex(rf"\small {part}")
        if loss.boundary_formula:
            st.caption("The boundary, for one positive and one negative")
            for part in loss.boundary_formula.split(r",\quad"):
                st.latex(rf"\small {part}")
        if loss.no_boundary:
            st.caption(loss.no_boundary)


def _show_details(chosen: LossChoice, pinned: PlaneState) -> None:
    """Show parameters, misreadings, code and a link to training, in expanders."""
    loss, theta = chosen.loss, chosen.theta
    with st.expander("What the parameters mean", icon=":material/tune:"):
        for parameter in loss.parameters.values():
            st.markdown(f"- {parameter.title} ${parameter.symbol}$: {parameter.help} ({parameter.range_text()})")
        st.markdown(f"Source: {loss.paper} [{loss.paper.url}]({loss.paper.url})")
    with st.expander("Often misread", icon=":material/psychology_alt:"):
        for misreading in loss.misreadings:
            st.markdown(f"- {misreading}")
    _show_code(chosen, pinned)
    link = {"loss": loss.key, **{name: str(value) for name, value in theta.items()}}
    controls.page_link("training", "Train with it", ":material/play_circle:", link)
    if loss.weights is not None:
        controls.page_link(
            "derivations", "Why it is a circle, in six steps", ":material/function:", {"derivation": "circle"}
        )


def _show_code(chosen: LossChoice, pinned: PlaneState) -> None:
    """Show a program that prints the numbers at the pinned place."""
    with st.expander("Code for these values", icon=":material/code:"):
        if pinned.x is None or pinned.y is None:
            st.caption("Click on the plane to pin a place. A program that prints its values appears here.")
            return
        for flavour, title in snippets.FLAVOURS.items():
            code = snippets.point_program(chosen.loss.key, chosen.theta, pinned.x, pinned.y, flavour, _length())
            if code is not None:
                st.caption(title)
                st.code(code, language="python")
