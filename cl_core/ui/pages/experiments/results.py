"""Results of the experiment: the table, the verdicts on the claims, the decoupled study, and the cost."""

import numpy as np
import pandas as pd
import streamlit as st

from cl_core import charts
from cl_core.experiments import METHODS, article, findings, table
from cl_core.experiments.evidence import LABELS, Verdict
from cl_core.experiments.grid import DATASETS
from cl_core.experiments.table import ARTICLE, BATCHES, DIFFERENCE, KINDS, MEASURED, PUBLISHED, RIGHT, SPANS
from cl_core.ui.link.control import Control
from cl_core.ui.pages.experiments.shipped_results import COMMAND, ShippedResults, show_empty
from cl_core.ui.widgets.chart import chart

KIND = Control("numbers", "which numbers", PUBLISHED, options=KINDS, row=True, titles=table.KIND_TITLES)
SHOWN_METHOD, SHOWN_SPAN = "sup_nt_xent", SPANS[-1]  # of the one picture beside the findings
BADGES = {
    True: ":green-badge[:material/check_circle: {}]",
    False: ":red-badge[:material/cancel: {}]",
    None: ":gray-badge[:material/help: {}]",
}
# keys of verdicts whose numbers are shares of images
SHARE_VERDICTS = ("beats", "best", "mining", "falls", "batch", "robust", "worse")
DESCRIPTIONS = {
    PUBLISHED: "Accuracy in per cent of this project's network, with the article's unusual choices.",
    ARTICLE: "Accuracy in per cent of the network of the article's program, with its unusual choices.",
    RIGHT: "Accuracy in per cent of this project's network, with softmax applied once and the losses as defined.",
    DIFFERENCE: "Change in percentage points after the corrections, for the same seeds: blue and + is better, orange "
    "and − is worse.",
}


def show(shipped: ShippedResults) -> None:
    """Show what was found, the table, each claim with its verdict, and what differs from the article's program.

    Args:
        shipped: results of the experiment.
    """
    with st.spinner("Comparing the claims with the results"):
        verdicts, sentences = shipped.verdicts, shipped.findings
    text, picture = st.columns([0.52, 0.48], gap="large", vertical_alignment="center")
    with text:
        st.markdown("\n\n".join(sentences))
        st.caption(findings.agreement(verdicts))
    with picture:
        _show_picture(shipped.decoupled)
    st.markdown("#### Accuracy of every loss and batch size")
    kind = KIND.render()
    fade_note = "" if kind == DIFFERENCE else " The paler a tile, the larger its error, up to four times the smallest."
    st.caption(f"{DESCRIPTIONS[kind]}{fade_note} ± is the sample standard deviation over seeds.")
    for column, dataset in zip(st.columns(len(DATASETS), gap="medium"), DATASETS, strict=True):
        with column:
            st.markdown(f"#### {table.title_of(dataset)}")
            rows = charts.heat_rows(shipped.summary, dataset, kind)
            description = f"{table.title_of(dataset)}, {table.KIND_TITLES[kind]}, per cent: {_heat_alt(rows)}"
            chart(rows, charts.heat_chart(description, len(table.methods_of(kind))), key=f"heat_{dataset}")
    with st.expander(f"The article's {len(verdicts)} claims, one by one", icon=":material/fact_check:"):
        st.caption(
            "Open a claim to see its numbers. The verdict in the badge uses the results with the article's unusual "
            "choices, of both networks."
        )
        for verdict in verdicts:
            _show_verdict(verdict)
    _show_differences()


def _show_picture(rows: pd.DataFrame) -> None:
    """Show accuracy by batch size at equal rates and steps, of one loss; nothing where it was not run."""
    lines = charts.rate_rows(rows, SHOWN_METHOD, SHOWN_SPAN)
    if lines["error"].isna().all():
        return
    title = f"{METHODS[SHOWN_METHOD].title}, {SHOWN_SPAN}, one line for each learning rate"
    chart(lines, charts.rate_chart(_domain(rows), _rate_alt(title, lines)), key="finding")
    st.caption(f"{title}.")


def _domain(rows: pd.DataFrame) -> tuple[float, float]:
    """Return the range of errors that the charts of the learning rates share."""
    measured = rows.loc[rows["state"] == MEASURED, "mean"]
    return 0.8 * max(1 - measured.max(), 1e-3), min(0.95, 1.2 * (1 - measured.min()))


def _rate_alt(title: str, lines: pd.DataFrame) -> str:
    return f"{title}: " + "; ".join(f"batch {row.batch}, rate {row.rate}: {row.words}" for row in lines.itertuples())


def _heat_alt(rows: pd.DataFrame) -> str:
    """Return the values of the table by method, for its text alternative."""
    by_method = rows.groupby("method", sort=False)["words"].agg(", ".join)
    return "; ".join(f"{method}: {values}" for method, values in by_method.items())


def _show_verdict(verdict: Verdict) -> None:
    with st.expander(f"**{verdict.claim}** {BADGES[verdict.holds].format(verdict.label)}"):
        st.markdown(
            " · ".join(
                f"{table.KIND_TITLES.get(kind, kind)}: **{LABELS[answer]}**" for kind, answer in verdict.answers.items()
            )
        )
        st.markdown("\n".join(f"- {line}" for line in verdict.explanation.splitlines()))
        st.dataframe(_evidence_table(verdict), hide_index=True)


def _show_differences() -> None:
    """Show how the article's program differs from the cells as published, and what cannot be known of it."""
    with st.expander("Method, and differences from the article's program", icon=":material/science:"):
        st.markdown("\n".join(f"- {sentence}" for sentence in article.METHOD))
        rows = [f"| {what} | {program} | {ours} |" for what, program, ours in article.DIFFERENCES]
        st.markdown("\n".join(["| | the article's program | this project, as published |", "|---|---|---|", *rows]))
        st.markdown("\n".join(f"- {sentence}" for sentence in article.UNKNOWN))


def _evidence_table(verdict: Verdict) -> pd.DataFrame:
    """Return a verdict's comparisons as text; missing values are empty, not 0."""
    rows = verdict.evidence
    scale, digits = (100.0, 2) if verdict.key in SHARE_VERDICTS else (1.0, 3)

    def text(column: str) -> list[str]:
        return ["" if np.isnan(value) else f"{scale * value:.{digits}f}" for value in rows[column]]

    columns = {
        "where": rows["dataset"].map(table.title_of)
        + ", "
        + rows["kind"].map(lambda kind: table.KIND_TITLES.get(kind, kind)),
        "comparison": rows["comparison"],
        "answer": rows["answer"],
        "first": text("first"),
        "second": text("second"),
    }
    if verdict.key in SHARE_VERDICTS:
        columns |= {"difference": text("difference"), "std. error": text("error")}
    return pd.DataFrame({**columns, "seeds": rows["seeds"]})


def show_decoupled(shipped: ShippedResults) -> None:
    """Show accuracy against batch size, a line for each rate: for equal epochs, and for equal steps.

    Args:
        shipped: results of the experiment.
    """
    rows = shipped.decoupled
    measured = rows.loc[rows["state"] == MEASURED, "mean"]
    if measured.empty:
        show_empty("None of these runs was made yet. This command makes them:", f"{COMMAND} --studies decoupled")
        return
    alone = next(verdict for verdict in shipped.verdicts if verdict.key == "batch")
    st.info("\n".join(f"- {line}" for line in alone.explanation.splitlines()))
    for method in rows["method"].unique():
        st.markdown(f"#### {METHODS[method].title}")
        for column, span in zip(st.columns(2, gap="medium"), SPANS, strict=True):
            lines = charts.rate_rows(rows, method, span)
            description = _rate_alt(f"{METHODS[method].title}, {span}", lines)
            with column:
                n_missing = int(lines["error"].isna().sum())
                st.markdown(f"**{span}**" + (f", {n_missing} of {len(lines)} not run or failed" if n_missing else ""))
                if n_missing < len(lines):
                    chart(lines, charts.rate_chart(_domain(rows), description))


def show_cost(shipped: ShippedResults) -> None:
    """Show processor seconds and memory of each method's first stage, by batch size.

    Args:
        shipped: results of the experiment.
    """
    seconds = table.summary(shipped.results, "seconds")
    memory = table.summary(shipped.results, "memory")
    for dataset in DATASETS:
        st.markdown(f"#### {table.title_of(dataset)}")
        table_rows = [
            {
                "method": table.row_title(method),
                **{f"{batch:,} · s": _cost_text(seconds, dataset, method, batch) for batch in BATCHES},
                **{f"{batch:,} · MiB": _cost_text(memory, dataset, method, batch) for batch in BATCHES},
            }
            for method in table.ROWS
        ]
        st.dataframe(pd.DataFrame(table_rows), hide_index=True, height="content")
    second_stage = shipped.results["seconds_two"].mean() if "seconds_two" in shipped.results else np.nan
    st.caption(
        "Time and memory of the first stage as published, by batch size, on one processor: the mean over seeds of the "
        "processor time in seconds, and of the peak growth of memory in MiB. "
        f"The second stage took {second_stage:.0f} s on average."
    )


def _cost_text(summary: pd.DataFrame, dataset: str, method: str, batch: int) -> str:
    rows = summary[(summary["dataset"] == dataset) & (summary["method"] == method) & (summary["batch"] == batch)]
    row = rows[rows["kind"] == PUBLISHED].iloc[0]
    return f"{row['mean']:,.0f}" if row["state"] == MEASURED else str(row["state"])
