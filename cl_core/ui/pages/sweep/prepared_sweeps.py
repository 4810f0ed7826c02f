"""The shipped sweeps, and what they decide."""

import streamlit as st

from cl_core.data.npz import DataError
from cl_core.experiments.evidence import LABELS
from cl_core.experiments.sweeps import prepared
from cl_core.experiments.sweeps.claims import CLAIMS, SWEEPS_OF_CLAIM, SweepVerdict
from cl_core.experiments.sweeps.plan import Plan
from cl_core.experiments.sweeps.prepared import PREPARED
from cl_core.experiments.table import title_of
from cl_core.losses import LOSSES
from cl_core.runtime.errors import describe_error
from cl_core.ui.link.control import Control
from cl_core.ui.pages.sweep.outcome import show_outcome
from cl_core.ui.widgets.page_state import set_facts

SWEEP = Control(
    "sweep", "sweep", next(iter(PREPARED)), options=tuple(PREPARED),
    titles={key: each.title for key, each in PREPARED.items()},
)  # fmt: skip
COLOURS = {True: "green", False: "red", None: "gray"}
CONTROLS = (SWEEP,)


def show() -> None:
    """Show a shipped sweep, then the statements that it is evidence for."""
    key = SWEEP.render()
    plan = PREPARED[key].plan
    try:
        table = prepared.load(key)
    except DataError as error:
        st.error(
            f"{describe_error(error)} This makes it: `python -m cl_core.experiments sweep --prepared {key}`",
            icon=":material/broken_image:",
        )
        return
    st.caption(describe(plan))
    show_outcome(plan, table, key)
    concerned = [name for name, keys in SWEEPS_OF_CLAIM.items() if key in keys]
    if concerned:
        st.markdown("#### What it decides")
    for name in concerned:
        _show_verdict(name)


def describe(plan: Plan) -> str:
    """Return what a sweep ran, as a sentence: data, network, steps, runs."""
    base = plan.base
    images = f"{base.training_images:,} training images of" if base.training_images else "the training images of"
    if plan.other == "training_images":
        images = "images of"
    parts = [f"{LOSSES[base.loss].title} on {images} {title_of(base.dataset)}", f"{len(plan.trials)} runs"]
    if plan.other != "batch":
        parts.append(f"batch size {base.batch}")
    if plan.epochs:
        parts.append(f"measured after {' and '.join(map(str, plan.epochs))} epochs")
    elif plan.other != "steps":
        parts.append(f"{plan.steps[-1]:,} training steps")
    return ", ".join((*parts, f"learning rate {base.rate:g}", f"{plan.seeds} seeds")) + "."


@st.cache_data(show_spinner=False)
def _verdict(name: str, _stamp: tuple[int, ...]) -> SweepVerdict:
    return CLAIMS[name]()


def verdict(name: str) -> SweepVerdict:
    """Return the verdict on a statement, computed once for each version of the files.

    Args:
        name: key of `claims.CLAIMS`.

    Raises:
        OSError: when a file is missing; also a DataError when one is damaged.
    """
    files = (prepared.FOLDER / f"{key}.parquet" for key in SWEEPS_OF_CLAIM[name])
    return _verdict(name, tuple(file.stat().st_mtime_ns for file in files))


def _show_verdict(name: str) -> None:
    try:
        found = verdict(name)
    except (DataError, OSError):
        st.info("A file of the sweeps that decide this is missing or damaged.", icon=":material/broken_image:")
        return
    set_facts(**{f"claim_{name}": LABELS[found.holds]})
    with st.container(border=True):
        st.markdown(f":{COLOURS[found.holds]}-badge[{LABELS[found.holds]}] **{found.claim}**")
        st.markdown(found.explanation)
        with st.expander("All comparisons", icon=":material/table_rows:"):
            rows = found.evidence.assign(
                sweep=[PREPARED[key].title for key in found.evidence["sweep"]],
                difference=100 * found.evidence["difference"],
                error=100 * found.evidence["error"],
            )
            st.dataframe(
                rows, hide_index=True,
                column_config={
                    "difference": st.column_config.NumberColumn("difference, points", format="%+.2f"),
                    "error": st.column_config.NumberColumn("standard error", format="%.2f"),
                },
            )  # fmt: skip
