"""Curves and scores of a race: the curves of all contenders, a table of their scores, and a verdict."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import streamlit as st

from cl_core import charts
from cl_core.analysis.leaderboard import Standing, rank
from cl_core.runtime.race import RaceProgress, ReadableRace
from cl_core.training.frames import SCORES, RunProgress, score
from cl_core.ui.pages import race_controls
from cl_core.ui.pages.race_controls import TRIPLETS
from cl_core.ui.widgets.chart import chart


def show_scores(race: ReadableRace) -> None:
    """Show the curves, and the contenders' scores at the viewed step.

    Args:
        race: the race.
    """
    progress = race.progress()
    names = tuple(race_controls.contender_names(race.specs))
    if progress.step < 0 and progress.phase != "failed":
        st.caption("Scores appear with the first frame.")
        return
    with_frames = [
        (name, runs) for name, runs in zip(names, progress.runs, strict=True) if all(run.frames for run in runs)
    ]
    step = _viewed_step(progress)
    if progress.step > 0:
        _show_curves(names, [runs for _, runs in with_frames], [name for name, _ in with_frames], step)
    else:
        st.caption("Curves appear with the second frame.")
    results = [standing for standing in standings(progress, names, step) if not np.isnan(standing.means).all()]
    left, right = st.columns([0.6, 0.4], gap="medium", vertical_alignment="center")
    left.markdown(_score_table(names, results))
    right.markdown("\n\n".join((f"**At step {step:,}**", *(standing.summary for standing in _informative(results)))))
    for name, runs in zip(names, progress.runs, strict=True):
        if empty := sum(run.empty for run in runs):
            st.caption(f"{name}: {empty:,} steps so far had no valid term in their batch, so they changed nothing.")


def _show_curves(
    names: tuple[str, ...], runs: Sequence[Sequence[RunProgress]], shown_names: Sequence[str], step: int
) -> None:
    """Show the curve of the chosen quantity, or the three curves of triplet shares."""
    chosen = st.session_state.get(race_controls.SCORE.name, race_controls.SCORE.default)
    for quantity, column in zip(charts.TRIPLETS, st.columns(3) if chosen == TRIPLETS else (), strict=False):
        with column:
            _show_curve(names, runs, shown_names, quantity, step)
    if chosen != TRIPLETS:
        _show_curve(names, runs, shown_names, chosen, step)
    unknown = [name for name, seeds in zip(shown_names, runs, strict=True) if not all(map(charts.has_floor, seeds))]
    if chosen == charts.LOSS:
        st.caption("0 is the lowest possible loss, 1 is the loss if all points coincide.")
        if unknown:
            st.caption(f"Left out, because their lowest possible loss is not known: {', '.join(unknown)}.")


def _show_curve(
    names: tuple[str, ...], runs: Sequence[Sequence[RunProgress]], shown_names: Sequence[str], quantity: str, step: int
) -> None:
    rows = charts.race_rows(runs, shown_names, quantity, step)
    chart(rows, _chart(names, quantity), charts.race_alt(rows, quantity, step), key=f"race_chart_{quantity}")


_chart = lru_cache(maxsize=64)(charts.race_chart)


def _viewed_step(progress: RaceProgress) -> int:
    """Return the step that the visitor is viewing: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("race_looked_at")
    return max(progress.step if chosen is None else min(chosen, progress.step), 0)


def standings(progress: RaceProgress, names: Sequence[str], step: int) -> list[Standing]:
    """Rank the contenders at a step by each score; runs that failed before the step do not count.

    Args:
        progress: of the race.
        names: of the contenders.
        step: of the frames to compare.

    Returns:
        One standing for each of `SCORES`.
    """
    results = []
    for key, title in SCORES.items():
        values = [
            [score(frame, key) for run in runs for frame in run.frames if frame.step == step] for runs in progress.runs
        ]
        results.append(rank(title, names, values))
    return results


def _informative(results: Sequence[Standing]) -> Sequence[Standing]:
    """Return the first standing alone if all of them say that one seed cannot tell."""
    return results[:1] if all("One seed" in standing.summary for standing in results) else results


def _score_table(names: Sequence[str], results: Sequence[Standing]) -> str:
    """Return the scores as a Markdown table."""
    head = ["run", *(standing.title for standing in results)]
    rows = [[name, *(standing.format_score(index) for standing in results)] for index, name in enumerate(names)]
    lines = [head, ["---", *["---:"] * len(results)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
