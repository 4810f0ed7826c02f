"""Page of the published experiment: its five parts, of which one is shown."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from cl_core.experiments import STUDIES, table
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.pages.experiments import cells, rerun, results
from cl_core.ui.pages.experiments.shipped_results import COMMAND, ShippedResults, load_shipped, show_empty

PAGE = "experiments"
PARTS: Mapping[str, Callable[[ShippedResults], None]] = MappingProxyType(
    {
        "table and claims": results.show,
        "one thing at a time": results.show_decoupled,
        "pictures": cells.show_pictures,
        "one cell": cells.show,
        "cost": results.show_cost,
    }
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "table and claims": "Findings",
        "one thing at a time": "One factor at a time",
        "pictures": "Pictures",
        "one cell": "One run",
        "cost": "Cost",
    }
)
PART = Control("part", "part", next(iter(PARTS)), options=tuple(PARTS), row=True, titles=TITLES)


def controls_for_link(_: Link) -> list[Control]:
    """List every control of every part, so that parts that are not shown keep their settings.

    Args:
        _: ignored; the controls are the same under every link.
    """
    return [PART, results.KIND, *cells.CONTROLS, *rerun.CONTROLS]


def experiment_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def experiment_part() -> str:
    """Show the control that chooses a part; return the part."""
    part: str = PART.render()
    return part


def show_experiment(part: str) -> None:
    """Show a part, with the versions that its results were made with.

    Args:
        part: a key of `PARTS`.
    """
    with st.spinner("Reading the results"):
        shipped = load_shipped()
    for fault in shipped.faults:
        st.error(fault, icon=":material/broken_image:")
    if shipped.results.empty:
        show_empty("There are no results yet. This command makes them. If it is stopped, it resumes where it was:")
        return
    PARTS[part](shipped)
    counts = {key: len(names) for key, names in table.missing_cells(shipped.results).items() if names}
    missing = ", ".join(f"{count} of “{STUDIES[key].title}”" for key, count in counts.items())
    with st.expander("Where these numbers come from", icon=":material/info:"):
        st.markdown(
            f"{len(shipped.results)} results, made by `{COMMAND}` with {table.environment_of(shipped.results)}."
            + (f" Runs that are missing: {missing}." if missing else "")
        )
