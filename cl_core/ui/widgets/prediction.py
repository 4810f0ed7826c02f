"""Covered planes: the visitor predicts by a click where the boundary lies before it is shown."""

from math import nan

import numpy as np
import streamlit as st

from cl_core import charts
from cl_core.analysis import similarity_plane
from cl_core.analysis.similarity_plane import Plane
from cl_core.components.plane import Field, PlaneState
from cl_core.teaching.lessons import Question
from cl_core.ui.link.control import Control
from cl_core.ui.widgets import question
from cl_core.ui.widgets.question import AskedQuestion

COVER = Control(
    "cover", "hide the answer first", False, "boundary, forces and loss are hidden until you have predicted them"
)
DEFAULT_QUESTION = Question("Where is the boundary?", (), None, "")  # where no lesson asks another one


def current_question() -> AskedQuestion:
    """Return the question that uncovers the planes: that of the lesson's step, or the default one."""
    asked: AskedQuestion | None = st.session_state.get("question")
    return asked or AskedQuestion(DEFAULT_QUESTION, f"cover of link {st.session_state.get('links_opened', 0)}", "")


def is_hidden() -> bool:
    """Return whether the planes are covered now."""
    return bool(st.session_state.get(COVER.name)) and not question.has_answered(current_question())


def predict(pinned: PlaneState) -> None:
    """Show the panel beside a covered plane, with the pinned point and the button that submits it.

    Args:
        pinned: point that the visitor has pinned.
    """
    asked = current_question()
    st.markdown("#### Predict first")
    if asked.question.choices:
        st.markdown("The plane is hidden until you have answered the question above.")
        return
    st.markdown(
        "The plane is hidden. Where is the boundary? Click on a point, or choose one with the arrow keys and Enter."
        if asked.question is DEFAULT_QUESTION
        else "The plane is hidden. Click on a point to answer, or choose one with the arrow keys and Enter."
    )
    chosen = pinned.x is not None and pinned.y is not None
    st.markdown(f"$s_n={pinned.x:.2f}$, $s_p={pinned.y:.2f}$" if chosen else "No point chosen yet.")
    place = (pinned.x or 0.0, pinned.y or 0.0)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Submit", type="primary", key="commit", disabled=not chosen, on_click=question.submit, args=(asked, place)
        )
        question.skip_popover(asked)


def answered_by_place() -> bool:
    """Return whether the planes were covered by a question for a place that is answered or skipped by now."""
    asked = current_question()
    return bool(st.session_state.get(COVER.name)) and not asked.question.choices and question.has_answered(asked)


def with_answers(field: Field) -> Field:
    """Return a plane with the answers of the room and the visitor's own marked on it."""
    asked = current_question()
    mine = question.own_answer(asked)
    places = [answer for answer in question.answers(asked) if isinstance(answer, tuple)]
    return charts.add_answers(field, np.array(places).reshape(-1, 2), mine if isinstance(mine, tuple) else None)


def distance_sentence(plane: Plane) -> str:
    """Return a sentence with the distance of the visitor's answer from the boundary; "" without either."""
    mine = question.own_answer(current_question())
    distance = (
        similarity_plane.distance_to_curve(plane.boundary, *mine)
        if isinstance(mine, tuple) and plane.boundary is not None
        else nan
    )
    return "" if np.isnan(distance) else f"Your point is **{distance:.2f}** away from the current boundary."
