"""Verification by a threshold: are two images of the same class?"""

import streamlit as st

from cl_core import charts
from cl_core.data import datasets
from cl_core.pretrained.retrieval_reports import RetrievalReport
from cl_core.ui.link.control import Control
from cl_core.ui.pages.retrieval import networks
from cl_core.ui.widgets.chart import chart

ALL = "all"
THRESHOLD = Control(
    "threshold",
    "threshold",
    0.5,
    "two images with this cosine or more count as one class",
    low=-1.0,
    high=1.0,
    step=0.01,
)
DIGIT = Control(
    "digit", "pairs of", ALL, options=(ALL, *"0123456789"),
    titles={ALL: "all classes", **{digit: f"digit {digit}" for digit in "0123456789"}},
)  # fmt: skip
CONTROLS = (*networks.CONTROLS, THRESHOLD, DIGIT)
TARGET = 1e-3  # false match rate of "TAR at FAR"


def controls_in_sidebar() -> None:
    """Show the controls of the two networks."""
    networks.controls_in_sidebar()


def show() -> None:
    """Show both networks' pairs by similarity, the error rates of the threshold, and those of all thresholds."""
    reports = networks.chosen_reports()
    if reports is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        threshold, digit = float(THRESHOLD.render()), DIGIT.render()
    label = None if digit == ALL else datasets.load("mnist").class_names.index(digit)
    for column, (title, report) in zip(st.columns(len(reports)), reports.items(), strict=True):
        with column:
            st.subheader(title, anchor=False)
            _show_network(title, report, label, threshold)
    st.subheader("All thresholds", anchor=False)
    rows = charts.error_rows({title: report.pairs for title, report in reports.items()}, label, threshold)
    text = "; ".join(
        f"{title}: equal error rate {report.pairs.equal_error(label)[1]:.2%}" for title, report in reports.items()
    )
    chart(rows, charts.error_chart(list(reports), f"False non-match rate by false match rate. {text}."))
    st.caption("Each point of a curve is a threshold; the dot is the chosen one. Nearer to the lower left is better.")


def _show_network(title: str, report: RetrievalReport, label: int | None, threshold: float) -> None:
    pairs = report.pairs
    at = pairs.nearest_edge(threshold)
    match, miss = float(pairs.false_match_rate(label)[at]), float(pairs.false_non_match_rate(label)[at])
    same, different = int(pairs.same(label).sum()), int(pairs.different(label).sum())
    left, right = st.columns(2)
    left.metric("false match rate", f"{match:.3%}", help="different-class pairs that reach the threshold")
    right.metric("false non-match rate", f"{miss:.2%}", help="same-class pairs that do not reach the threshold")
    text = (
        f"{title}: similarities of {same:,} same-class and {different:,} different-class pairs. At {threshold:g}, "
        f"{match:.3%} of the different-class pairs match, and {miss:.2%} of the same-class pairs do not."
    )
    chart(charts.pairs_rows(pairs, label), charts.pairs_chart(text, threshold))
    equal, error = pairs.equal_error(label)
    strict, accepted = pairs.true_accept_rate(TARGET, label)
    st.markdown(
        f"Both error rates are **{error:.2%}** at threshold {equal:.3f} (equal error rate). With at most {TARGET:.1%} "
        f"false matches, from threshold {strict:.3f} on, **{accepted:.1%}** of the same-class pairs match."
    )
    st.caption(f"All {same + different:,} pairs are counted, {same:,} of them of one class.")
