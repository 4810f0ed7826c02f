"""A covered plane: where the boundary lies is to be predicted by a click before it is shown."""

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
    "cover", "cover the planes first", False, "the boundary, the forces and the loss, until one has predicted them"
)
ALONE = Question("Where is the boundary?", (), None, "")  # where no lesson asks


def now() -> AskedQuestion:
    """What is to be answered before the planes are uncovered: the question of the lesson's step, or our own."""
    asked: AskedQuestion | None = st.session_state.get("question")
    return asked or AskedQuestion(ALONE, f"cover of link {st.session_state.get('links_opened', 0)}", "")


def is_hidden() -> bool:
    """Whether the planes are to be covered now."""
    return bool(st.session_state.get(COVER.name)) and not question.has_answered(now())


def predict(kept: PlaneState) -> None:
    """What stands beside a covered plane: the place that one has clicked on, and the way to commit oneself to it."""
    asked = now()
    st.markdown("#### Predict first")
    if asked.question.choices:
        st.markdown("The plane is covered until you have answered the question above.")
        return
    st.markdown(
        "The plane is covered. Where is the boundary? Click on a place, or choose one by the arrow keys and Enter."
        if asked.question is ALONE
        else "The plane is covered. Click on your answer, or choose it by the arrow keys and Enter."
    )
    chosen = kept.x is not None and kept.y is not None
    st.markdown(f"$s_n={kept.x:.2f}$, $s_p={kept.y:.2f}$" if chosen else "No place yet.")
    place = (kept.x or 0.0, kept.y or 0.0)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Commit", type="primary", key="commit", disabled=not chosen, on_click=question.submit, args=(asked, place)
        )
        question.room_notice(asked)


def answered_by_place() -> bool:
    """Whether the planes were covered, and there are places to be shown on them now."""
    return bool(st.session_state.get(COVER.name)) and not now().question.choices and question.has_answered(now())


def with_answers(field: Field) -> Field:
    """A plane with everybody's places, and the visitor's own."""
    asked = now()
    mine = question.own_answer(asked)
    places = [each for each in question.answers(asked) if isinstance(each, tuple)]
    return charts.add_answers(field, np.array(places).reshape(-1, 2), mine if isinstance(mine, tuple) else None)


def how_far(found: Plane) -> str:
    """How far the visitor's place was from the boundary, in words; nothing without either."""
    mine = question.own_answer(now())
    far = (
        similarity_plane.distance_to_curve(found.boundary, *mine)
        if isinstance(mine, tuple) and found.boundary is not None
        else nan
    )
    return "" if np.isnan(far) else f"Your place is **{far:.2f}** from the boundary as it is now."
