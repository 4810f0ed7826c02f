"""Mount the arena in Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.arena.message import Arena, encode
from cl_core.components.mounting import no_op, register

_component = register(
    Path(__file__).parent,
    "run_bar.css",
    "legend.css",
    "time.css",
    "../embedding/embedding.css",
    "../timeline/timeline.css",
)


def arena(
    content: Arena,
    *,
    key: str,
    on_report: Callable[[Any], None],
    on_reseed: Callable[[], None],
    on_refused: Callable[[Any], None],
) -> tuple[str, int] | None:
    """Show the arena. All that its callbacks get is untrusted.

    Args:
        content: what to show.
        key: Streamlit key of the component, and name of the race in the browser.
        on_report: called with a text for `report.decode`.
        on_reseed: called when the visitor asks for another seed.
        on_refused: called with the reason when the browser cannot train.

    Returns:
        Name of the race and step that the viewer looks at; None while the pictures follow the newest frame.
    """

    def reported(name: str) -> Any:
        return (st.session_state.get(key) or {}).get(name)

    result = _component(
        key=key,
        data=encode(content, key),
        on_report_change=lambda: on_report(reported("report")),
        on_reseed_change=on_reseed,
        on_refused_change=lambda: on_refused(reported("refused")),
        on_step_change=no_op,
    )
    match result.get("step"):
        case {"stream": str(race), "step": int(step)} if step >= 0:
            return race, step
    return None
