"""Page of derivations: a loss rewritten in steps, each with its formulas and its picture."""

from dataclasses import replace

import streamlit as st

from cl_core import charts
from cl_core.analysis.one_anchor import pair_forces
from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components.plane.mount import plane as plane_picture
from cl_core.losses import LOSSES
from cl_core.teaching.derivations import DERIVATIONS, NEGATIVES, Step
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.picture_state import mount_key
from cl_core.ui.link.presentation import height, presentation
from cl_core.ui.widgets.chart import chart

PAGE = "derivations"
STEP = "derivation_step"  # links use "step" for lessons
HEIGHT = 600  # pixels, of a plane
DERIVATION = Control(
    "derivation", "derivation", next(iter(DERIVATIONS)), options=tuple(DERIVATIONS), row=True,
    titles={key: each.title for key, each in DERIVATIONS.items()},
)  # fmt: skip


def step_control(key: str) -> Control:
    """Return the control of the step of a derivation."""
    return Control(STEP, "step", 1, low=1, high=len(DERIVATIONS[key].steps), step=1)


def controls_for_link(link: Link) -> list[Control]:
    """List every control that the page has under a link.

    Args:
        link: query parameters by name; the derivation that it names decides how many steps there are.
    """
    return [DERIVATION, step_control(DERIVATION.parse(link.get(DERIVATION.name)))]


def derivation_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def _go_to(number: int) -> None:
    st.session_state[STEP] = number


def show_derivation() -> None:
    """Show the chosen derivation at the chosen step, with buttons for the next and the previous one."""
    key = DERIVATION.render(on_change=lambda: _go_to(1))
    derivation = DERIVATIONS[key]
    control = step_control(key)
    last = len(derivation.steps)
    st.markdown(f"**{derivation.question}**")
    text, picture = st.columns([0.45, 0.55], gap="medium")
    with text:
        number = control.render()
        step = derivation.steps[number - 1]
        if presentation().is_free(control.name):
            with st.container(horizontal=True):
                st.button(
                    "Previous",
                    key="previous_step",
                    icon=":material/arrow_back:",
                    disabled=number == 1,
                    on_click=_go_to,
                    args=(number - 1,),
                )
                st.button(
                    "Next", key="next_step", icon=":material/arrow_forward:", disabled=number == last, on_click=_go_to,
                    args=(number + 1,), type="primary",
                )  # fmt: skip
        st.subheader(f"{number}. {step.title}")
        with st.container(border=True):
            for formula in step.formulas:
                st.latex(formula)
        st.markdown(step.text)
        if step.value is not None:
            _show_value(step, derivation.steps[number - 2] if number > 1 else None)
        if number == last:
            _offer_more(key)
    with picture:
        _show_picture(step, f"derivation_{key}_{number}")


def _show_value(step: Step, before: Step | None) -> None:
    """Show the value of the formula for the pairs of the example, and whether it is that of the step before."""
    assert step.value is not None
    value = step.value()
    same = before is not None and before.value is not None and abs(before.value() - value) < 1e-9
    end = ", as in the step before: it is the same loss in other symbols." if same else "."
    st.caption(f"For the example's pairs the formula gives {value:.6g}{end}")


def _show_picture(step: Step, key: str) -> None:
    """Show the forces on the example's pairs, or the loss of one positive and one negative over its plane."""
    loss = LOSSES[step.loss]
    if step.positives:
        _, pull, push = pair_forces(loss, step.theta, step.positives, NEGATIVES)
        rows = charts.force_rows(step.positives, NEGATIVES, pull, push)
        st.markdown("The force on each pair of one anchor")
        chart(rows, charts.force_chart(len(rows)), charts.force_text(rows))
        st.caption(f"Together: {sum(pull):.3f} on the positives, {-sum(push):.3f} on the negatives.")
        return
    plane = similarity_plane(loss, step.theta)
    field = charts.similarity_field(loss, step.theta, plane)
    if not step.circle:
        curves = [curve for curve in field.curves if curve.role in ("boundary", "neutral")]
        field = replace(field, curves=curves, marks=(), box=None, box_label="")
    plane_picture(field, key=mount_key(key), height=height(HEIGHT), group="")


def _offer_more(key: str) -> None:
    """Show a link to where the last step can be tried."""
    if key == "circle":
        link = {"loss": "circle_general", "pacing": "0.5"}
        controls.page_link("boundaries", "Move the circle's optima and margins", ":material/tune:", link)
    else:
        controls.page_link(
            "batch", "See the forces on a real batch", ":material/ac_unit:", {"loss": "npair", "loss_2": "info_nce"}
        )
