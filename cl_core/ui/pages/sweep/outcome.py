"""What a sweep found: the chart, the best values, small pictures of the embedding, and the link to a run."""

from collections.abc import Hashable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.data import datasets
from cl_core.experiments.sweeps.plan import STEPS, Plan, spec_of
from cl_core.experiments.sweeps.results import points_of
from cl_core.experiments.sweeps.summary import SCORES, Setting, Summary, summarise
from cl_core.experiments.sweeps.trials import DRAWN, POINT_STEPS, PROBES
from cl_core.losses import LOSSES
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState
from cl_core.ui.pages.training_controls import link_of
from cl_core.ui.widgets.chart import picking_chart
from cl_core.ui.widgets.page_state import set_facts

CURVE, MAP = "curves", "map"
SCORE = Control("score", "score", "knn", options=tuple(SCORES), row=True, titles=SCORES)
SHAPE = Control("shape", "shown as", CURVE, options=(CURVE, MAP), row=True, titles={CURVE: "Curves", MAP: "Map"})
PICKED = PictureState("picked", "the run that is chosen", "", low=0, high=1e6, places=(1, 1), numbers=(2, 2))
CONTROLS = (SCORE, SHAPE, PICKED)


def show_outcome(plan: Plan, table: pd.DataFrame, scope: str) -> None:
    """Show what a sweep found.

    Args:
        plan: the sweep.
        table: its measurements so far, as from `sweeps.table_of`.
        scope: name of the sweep; another one forgets which run was chosen.
    """
    if table.empty:
        st.info("The first finished run will appear here.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True):
        score = SCORE.render()
        shape = SHAPE.render() if len(table[["other", "at"]].drop_duplicates()) > 1 else CURVE
    summaries = summarise(table, score)
    names = {setting: plan.setting_name(*setting) for setting in summaries}
    value, setting = _picked(plan, summaries, scope)
    title = LOSSES[plan.base.loss].parameters[plan.parameter].label
    if shape == MAP:
        figure = charts.map_chart(title, plan.other_title, SCORES[score])
    else:
        figure = charts.sweep_chart(
            list(names.values()), title, SCORES[score], plan.values, logarithmic=plan.logarithmic
        )
    rows = _chart_rows(table, summaries, names, score)
    clicked = picking_chart(
        rows, figure, description(plan, summaries, SCORES[score]), key=f"sweep_{shape}", selection=charts.PICK
    )
    if clicked and (new := (float(clicked[0]["value"]), int(clicked[0]["setting"]))) != st.session_state.get("clicked"):
        st.session_state["clicked"] = new
        PICKED.save([new], scope)
        value, setting = new[0], list(summaries)[new[1]]
    st.markdown("\n".join(f"- {line}" for line in best_lines(plan, summaries)))
    st.caption(
        f"Large marks are means over {plan.seeds} seeds, bars two standard errors, small marks single runs. "
        f"Scores are of {PROBES:,} test images. A value counts as worse only if it is more than two standard errors of "
        "the paired difference below the best."
    )
    _show_run(plan, table, summaries, names, (value, setting), scope)
    st.download_button(
        "Download the measurements (CSV)", lambda: table.drop(columns="points").to_csv(index=False),
        file_name=f"sweep-{plan.base.loss}-{plan.parameter}.csv", mime="text/csv", icon=":material/download:",
        type="tertiary", on_click="ignore", key="sweep_csv",
    )  # fmt: skip
    first = next(iter(summaries.values()))
    set_facts(best=first.best, tied=len(first.tied))


def best_lines(plan: Plan, summaries: Mapping[Setting, Summary]) -> list[str]:
    """Return for each setting a sentence on the best value and those that cannot be told apart from it, as Markdown."""
    title = LOSSES[plan.base.loss].parameters[plan.parameter].title
    lines = []
    for setting, summary in summaries.items():
        name = plan.setting_name(*setting)
        best = summary.estimates[summary.best]
        others = ", ".join(f"{value:g}" for value in summary.tied if value != summary.best)
        if not summary.is_decided:
            rest = "; no other value can be told apart from it" if len(summary.estimates) > 1 else ""
        else:
            rest = f"; cannot be told apart from {others}" if others else "; all others are worse"
        failed = sum(summary.failed.values())
        lines.append(
            f"{name[0].upper()}{name[1:]}: best {title} **{summary.best:g}** ({best.value:.1%}){rest}."
            + (f" {failed} runs failed and count as 0." if failed else "")
        )
    return lines


def description(plan: Plan, summaries: Mapping[Setting, Summary], score: str) -> str:
    """Return the text alternative of the chart: every mean.

    Args:
        plan: the sweep.
        summaries: as from `summarise`.
        score: title of the score.
    """
    title = LOSSES[plan.base.loss].parameters[plan.parameter].title
    parts = [
        f"{plan.setting_name(*setting)}: "
        + ", ".join(f"{value:g}: {each.value:.1%}" for value, each in summary.estimates.items())
        for setting, summary in summaries.items()
    ]
    return f"{score} by {title}. " + ". ".join(parts) + "."


def _chart_rows(
    table: pd.DataFrame, summaries: Mapping[Setting, Summary], names: Mapping[Setting, str], score: str
) -> pd.DataFrame:
    numbers = {setting: number for number, setting in enumerate(summaries)}
    means = pd.DataFrame(
        [
            (numbers[key], names[key], value, each.value, each.error, each.seeds, summary.failed.get(value, 0))
            for key, summary in summaries.items()
            for value, each in summary.estimates.items()
        ],
        columns=["setting", "series", "value", "score", "error", "seeds", "failed"],
    )
    keys = list(zip(table["other"], table["at"], strict=True))
    runs = pd.DataFrame(
        {
            "setting": [numbers[key] for key in keys],
            "series": [names[key] for key in keys],
            "value": table["value"].to_numpy(),
            "score": table[score].fillna(0).to_numpy(),
        }
    )
    return charts.sweep_rows(means, runs, {numbers[key]: summary.best for key, summary in summaries.items()})


def _picked(plan: Plan, summaries: Mapping[Setting, Summary], scope: str) -> tuple[float, Setting]:
    """Return value and setting of the chosen run: at first the best value of the last setting."""
    settings = list(summaries)
    for value, number in PICKED.current(scope):
        if value in plan.values and number < len(settings) and float(number).is_integer():
            return value, settings[int(number)]
    return summaries[settings[-1]].best, settings[-1]


def _show_run(
    plan: Plan,
    table: pd.DataFrame,
    summaries: Mapping[Setting, Summary],
    names: Mapping[Setting, str],
    picked: tuple[float, Setting],
    scope: str,
) -> None:
    """Show a small picture of the embedding at each value, the menus that choose a run, and the link that opens it."""
    value, setting = picked
    settings = list(summaries)
    title = LOSSES[plan.base.loss].parameters[plan.parameter].title
    st.markdown(f"#### The embedding at each {title}")
    # the menus follow a click in the chart, and write the link
    st.session_state["picked_value"], st.session_state["picked_setting"] = value, settings.index(setting)

    def save() -> None:
        PICKED.save([(st.session_state["picked_value"], st.session_state["picked_setting"])], scope)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            title, plan.values, key="picked_value", format_func=lambda each: f"{each:g}", on_change=save, width=160
        )
        if len(settings) > 1:
            st.selectbox(
                "setting", range(len(settings)), key="picked_setting", on_change=save, width=320,
                format_func=lambda number: names[settings[number]],
            )  # fmt: skip
        other = setting[0] if plan.other not in ("", STEPS) else 0.0
        spec = spec_of(plan.base, plan.parameter, value, plan.other, other, 0)
        controls.page_link("training", "Open this run in live training", ":material/play_circle:", link_of(spec))
    rows = table[(table["other"] == setting[0]) & (table["at"] == setting[1]) & (table["seed"] == 0)]
    st.html(_pictures(plan, rows, value, title))
    st.caption(
        f"The first two principal components of {DRAWN} test images in the run with seed 0 ({names[setting]}), each "
        "picture scaled to its farthest point."
    )


def _pictures(plan: Plan, rows: pd.DataFrame, chosen: float, title: str) -> str:
    """Return the small pictures as HTML, in the order of the values."""
    data = datasets.load(plan.base.dataset)
    labels = data.y_test[datasets.probe_indices(data, PROBES)][:DRAWN]
    figures = [
        _figure(values, labels, chosen=bool(values["value"] == chosen), title=title)
        for values in rows.sort_values("value").to_dict("records")
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(figures)}</div>'


def _figure(values: Mapping[Hashable, Any], labels: NDArray[np.int64], *, chosen: bool, title: str) -> str:
    """Return the picture of one run; `values` are those of a row of the table."""
    score = "failed" if values["failure"] else f"{values['knn']:.1%}"
    svg = charts.small_cloud(points_of(values["points"]), labels, POINT_STEPS)
    result = values["failure"] or f"kNN accuracy {score}"
    words = escape(f"{title} {values['value']:g}: {result}", quote=True)
    border = "2px solid currentColor" if chosen else "1px solid #8886"
    return (
        f'<figure style="margin:0;text-align:center"><img alt="{words}" src="data:image/svg+xml,{quote(svg)}" '
        f'style="border:{border};border-radius:8px;width:120px;height:120px">'
        f'<figcaption style="font-size:0.875rem">{values["value"]:g}<br>{score}</figcaption></figure>'
    )
