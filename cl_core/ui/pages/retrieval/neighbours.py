"""The ten nearest images of an image under two networks, and how often they are of its class."""

from html import escape

import numpy as np
import streamlit as st

from cl_core.data import datasets
from cl_core.data.datasets import Dataset
from cl_core.pretrained.retrieval_reports import RetrievalReport
from cl_core.ui.link.control import Control
from cl_core.ui.pages.retrieval import networks
from cl_core.ui.widgets.image_url import image_url

IMAGE = Control("image", "test image", 0, "its number in the test set", low=0, high=9999, step=1)
CONTROLS = (*networks.CONTROLS, IMAGE)
DATASET = "mnist"  # that every checkpoint was trained on
STYLE = """<style>
.nearest { display: grid; gap: 10px; grid-template-columns: 1.6fr repeat(5, 1fr); max-width: 44rem; }
.nearest figure { margin: 0; text-align: center; }
.nearest img {
  background: black; border: 3px solid transparent; border-radius: 8px; box-sizing: border-box; display: block;
  height: auto; image-rendering: pixelated; width: 100%;
}
.nearest .wrong img { border-color: light-dark(#c2410c, #f08c4a); }
.nearest .asked { grid-row: span 2; margin-right: 10px; }
.nearest .asked img { border-color: currentColor; }
.nearest figcaption { font-size: 0.875rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.nearest .wrong figcaption { font-weight: 700; }
@media (width <= 640px) {
  .nearest { grid-template-columns: repeat(5, 1fr); }
  .nearest .asked { grid-column: 1 / -1; grid-row: auto; width: 40%; }
  .nearest figcaption { white-space: normal; }
}
</style>"""


def controls_in_sidebar() -> None:
    """Show the controls of the two networks."""
    networks.controls_in_sidebar()


def show() -> None:
    """Show the scores of both networks, and the nearest images of the chosen one."""
    reports = networks.chosen_reports()
    if reports is None:
        return
    data = datasets.load(DATASET)
    for column, (title, report) in zip(st.columns(len(reports)), reports.items(), strict=True):
        with column:
            st.subheader(title, anchor=False)
            _show_scores(report)
    st.subheader("An image and its ten nearest", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        image = int(IMAGE.render())
        st.button(
            "Next image that is retrieved wrongly", icon=":material/skip_next:", key="next_wrong",
            on_click=_go_to_next_wrong, args=(list(reports.values()), image),
        )  # fmt: skip
    st.html(STYLE)
    for column, (title, report) in zip(st.columns(len(reports)), reports.items(), strict=True):
        with column:
            _show_nearest(title, report, data, image)


def _show_scores(report: RetrievalReport) -> None:
    """Show the scores of a network over all test images."""
    found = report.retrieval
    scores = {f"recall@{k}": found.recall_at(k) for k in (1, 5, found.k)} | {"MAP@R": found.map_at_r}
    for column, (name, score) in zip(st.columns(len(scores)), scores.items(), strict=True):
        column.metric(name, f"{score:.1%}")
    wrongly = found.retrieved_wrongly()
    if report.classified is None:
        st.markdown(f"The nearest image of **{wrongly.sum():,}** of {len(wrongly):,} images is of another class.")
        return
    both = int((report.classified & wrongly).sum())
    st.markdown(
        f"**{report.classified.mean():.1%}** are classified correctly by the class weights. Of these, **{both:,}** are "
        "retrieved wrongly: their nearest image is of another class."
    )


def _go_to_next_wrong(reports: list[RetrievalReport], image: int) -> None:
    """Choose the next image whose nearest image is of another class under one of the networks."""
    wrong = np.sort(np.concatenate([report.rows[report.retrieval.retrieved_wrongly()] for report in reports]))
    later = wrong[wrong > image]
    if len(wrong):
        st.session_state[IMAGE.name] = int(later[0] if len(later) else wrong[0])


def _show_nearest(title: str, report: RetrievalReport, data: Dataset, image: int) -> None:
    """Show an image with its nearest ones; wrong ones have a frame and a cross."""
    found = report.retrieval
    point = int(np.flatnonzero(report.rows == image)[0])
    own = data.class_names[found.y[point]]
    figures = [_figure("asked", image, own, f"image {image}, a {own}")]
    for neighbour, cosine, right in zip(
        found.neighbours[point], found.similarity[point], found.correct[point], strict=True
    ):
        name = data.class_names[found.y[neighbour]]
        text = f"{cosine:.3f}" if right else f"✗ {name} {cosine:.3f}"
        alt = f"a {name}, similarity {cosine:.3f}{'' if right else ', another class'}"
        figures.append(_figure("" if right else "wrong", int(report.rows[neighbour]), text, alt))
    st.markdown(f"**{title}**: {int(found.correct[point].sum())} of {found.k} are of its class")
    st.html(f'<div class="nearest">{"".join(figures)}</div>')


def _figure(kind: str, row: int, text: str, alt: str) -> str:
    caption = f"<figcaption>{escape(text)}</figcaption>"
    return f'<figure class="{kind}"><img src="{image_url(DATASET, row)}" alt="{escape(alt)}">{caption}</figure>'
