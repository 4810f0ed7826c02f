"""What is shown around the pictures of a race, wherever it goes on: notices, curves, scores, and what all share."""

from urllib.parse import quote

import streamlit as st

from cl_core import charts
from cl_core.losses import LOSSES
from cl_core.runtime.race import ReadableRace
from cl_core.ui.pages import race_controls, race_scores
from cl_core.ui.pages.race_controls import HIDDEN

GROUP = "race"  # of all pictures here: they share one timeline
HEIGHTS = {2: 460, 3: 400, 4: 310, 5: 330}  # pixels, of each picture, by the number of contenders


def contender_label(index: int, name: str) -> str:
    """Return a contender's name with its line and mark in the curves, as HTML; names hold no text from a link."""
    return (
        '<div style="align-items:center;display:flex;font-size:1.1rem;font-weight:650;gap:8px;line-height:1.25">'
        f'<img alt="" src="{contender_line(index)}"><span title="{name}" style="overflow:hidden;'
        f'text-overflow:ellipsis;white-space:nowrap">{name}</span></div>'
    )


def contender_line(index: int) -> str:
    """Return the URL of a picture of a contender's line and mark in the curves."""
    style = charts.RUN_STYLES[index]
    dash = " ".join(map(str, style.dash)) if style.dash[1] else "none"
    mark = {
        "circle": "<circle cx='20' cy='8' r='6'/>",
        "square": "<rect x='14.5' y='2.5' width='11' height='11'/>",
        "triangle-up": "<path d='M20 1 27 14H13z'/>",
        "diamond": "<path d='M20 1 27 8 20 15 13 8z'/>",
        "cross": "<path d='M18 2h4v4h4v4h-4v4h-4v-4h-4V6h4z'/>",
    }[style.shape]
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='16' fill='{style.colour}'>"
        f"<path d='M0 8H40' stroke='{style.colour}' stroke-width='3' stroke-dasharray='{dash}'/>{mark}</svg>"
    )
    return f"data:image/svg+xml,{quote(picture)}"


def show_notices(race: ReadableRace) -> None:
    """Show the failures and notes of all runs."""
    progress = race.progress()
    for name, runs in zip(race_controls.contender_names(race.specs), progress.runs, strict=True):
        for run in runs:
            seed = f", seed {run.spec.seed}" if race.seeds > 1 else ""
            if run.failure:
                st.error(f"**{name}{seed}** has stopped. {run.failure}", icon=":material/error:")
            if run.note:
                st.info(f"**{name}{seed}**: {run.note}", icon=":material/healing:")


def show_results(race: ReadableRace, interval: float | None) -> None:
    """Show curves and scores, or the vote that takes their place, and what is the same for all.

    Args:
        race: the race.
        interval: seconds between two updates; None for none.
    """
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Curves**", width="content")
            race_controls.SCORE.render()
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Scores**", width="content")
            hidden = race_controls.SCORES_SHOWN.render() == HIDDEN
    if hidden:
        _show_vote()
    else:
        st.fragment(race_scores.show_scores, run_every=interval)(race)
    with st.expander("What is the same for all runs", icon=":material/balance:"):
        st.markdown(_fairness_text(race))


def _show_vote() -> None:
    """Show the vote that replaces curves and scores until they are revealed."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown("**Which run has the best kNN score?** Vote by the pictures only, then reveal.", width="content")
        st.button(
            "Reveal", icon=":material/visibility:", type="primary", key="reveal", on_click=race_controls.reveal_scores
        )


def _fairness_text(race: ReadableRace) -> str:
    """Return what the contenders share and what the settings make differ, as Markdown."""
    specs, names = race.specs, race_controls.contender_names(race.specs)
    by_class = [name for name, spec in zip(names, specs, strict=True) if spec.images_per_class]
    lines = [
        "- All runs have the same seed: the same initial weights"
        f"{'' if by_class else ', the same order of the images'} and the same noise.",
        "- All runs are always shown at the same step: none continues before all have reached it.",
        "- Loss curves are scaled between the lowest possible loss and the loss if all points coincide, because raw "
        "losses cannot be compared.",
        "- Scores are measured on the same test images, in the full space. The linear probe is fitted on one half of "
        "them and tested on the other.",
    ]
    if len({(spec.encoder, spec.images_per_step, spec.images_per_class) for spec in specs}) == 1:
        lines.insert(1, "- Every step sees the same batch of images.")
    else:
        sizes = ", ".join(f"{name} {spec.images_per_step:,}" for name, spec in zip(names, specs, strict=True))
        order = (
            f"These runs draw their batches by class, so their order of images differs: {', '.join(by_class)}."
            if by_class
            else "All runs use the images in the same order, so at the same step a run with a larger batch has seen "
            "more of them."
        )
        lines.insert(1, f"- Images per training step: {sizes}. {order}")
    if len({spec.unit_norm for spec in specs}) > 1:
        free = ", ".join(LOSSES[spec.loss].short_title for spec in specs if not spec.unit_norm)
        lines.append(f"- One difference: {free} does not normalise the length of embeddings.")
    return "\n".join(lines)
