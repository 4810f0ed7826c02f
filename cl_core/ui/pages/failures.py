"""Page of failures on purpose: a card for each, and the failing run beside the cured one until its symptom shows."""

from dataclasses import replace

import streamlit as st

from cl_core import training
from cl_core.teaching.failures import FAILURES, Failure
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.presentation import autoplays, intro, presentation
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.failure_results import IMAGES
from cl_core.ui.pages.failures_in_browser import show_failure_in_browser
from cl_core.ui.pages.failures_on_server import show_failure_on_server
from cl_core.ui.widgets.browser_training import reason_for_server
from cl_core.ui.widgets.card_grid import card_grid
from cl_core.ui.widgets.playback_buttons import PACE
from cl_core.ui.widgets.visitor_race import forget_race

PAGE = "break_it"
NONE = "none"

FAILURE = Control("failure", "failure", NONE, "a failing run beside a cured one", (NONE, *FAILURES),
                  titles={key: failure.title for key, failure in FAILURES.items()})  # fmt: skip
SEED = Control("seed", "seed", 0, "of the weights and the order of the images, the same for both runs",
               low=training.SEED_RANGE[0], high=training.SEED_RANGE[1], step=1)  # fmt: skip

ICONS = {
    "hard_collapse": "compress",
    "cold": "ac_unit",
    "hot": "local_fire_department",
    "margin": "straighten",
    "unbounded": "open_in_full",
    "flat": "crop_landscape",
    "unscaled": "tune",
    "fast": "rocket_launch",
    "alone": "person_off",
}


def controls_for_link(_link: Link) -> tuple[Control, ...]:
    """List every control of the page.

    Args:
        _link: ignored; the controls are the same under every link.
    """
    return FAILURE, SEED, PACE, training_controls.ENGINE


def failure_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used.

    On arrival by a link, the session's race is dropped, so that the page opens the one that the link describes.
    """
    if controls.opened_by_link(PAGE):
        forget_race("breaking")
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def failure_controls() -> tuple[Failure | None, int]:
    """Show the controls in the sidebar.

    Returns:
        The failure, None while none is chosen, and the seed of both runs.
    """
    with st.sidebar:
        chosen, seed = FAILURES.get(FAILURE.render()), SEED.render()
        training_controls.ENGINE.render()
    return chosen, seed


def show_gallery() -> None:
    """Show a card for each failure; its button starts it."""
    forget_race("breaking")
    intro("Break it", "Nine ways in which training fails. Click on one to see it beside a cured run, which has the "
          "same initial weights and the same images.")  # fmt: skip
    is_free = presentation().is_free(FAILURE.name)
    with card_grid("failures"):
        for failure in FAILURES.values():
            with st.container(border=True, height="stretch", gap="small"):
                st.button(
                    failure.title, icon=f":material/{ICONS[failure.key]}:", key=f"break_{failure.key}",
                    on_click=_start_failure, args=(failure,), disabled=not is_free, width="stretch",
                )  # fmt: skip
                st.markdown(failure.summary)


def _set_failure(key: str) -> None:
    """Set the control of the failure, before it is shown."""
    controls.set_to_defaults([replace(FAILURE, default=key)], all_of_them=True)


def _start_failure(failure: Failure) -> None:
    """Start the failure whose card was clicked."""
    _set_failure(failure.key)
    st.session_state.failure_starts = True


def show_failure(failure: Failure, seed: int) -> None:
    """Show the failing run beside the cured one where they train, and why, if that is not where the visitor wants it.

    Args:
        failure: what goes wrong.
        seed: of the weights and the order of the images, the same for both runs.
    """
    clicked = bool(st.session_state.pop("failure_starts", False))
    starts = autoplays() or clicked
    text, button = st.columns([0.82, 0.18], vertical_alignment="bottom")
    with text:
        intro(f":material/{ICONS[failure.key]}: {failure.title}", f"{failure.summary} **Watch** {failure.watch}")
    button.button(
        "All failures", icon=":material/apps:", key="all_failures", on_click=_set_failure, args=(NONE,),
        disabled=not presentation().is_free(FAILURE.name), width="stretch",
    )  # fmt: skip
    if training_controls.trains_on_server():
        show_failure_on_server(failure, seed, starts=starts)
    elif reason := reason_for_server(failure.runs(seed), IMAGES):
        st.info(f"Both runs train on the server. {reason}", icon=":material/dns:")
        show_failure_on_server(failure, seed, starts=starts)
    else:
        show_failure_in_browser(failure, seed, starts=starts)
