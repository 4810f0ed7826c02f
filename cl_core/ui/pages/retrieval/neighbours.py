"""The ten nearest images of an image under two networks, and how often they are of its class."""

from functools import lru_cache
from math import ceil, sqrt

import numpy as np
import streamlit as st

from cl_core.components.neighbours import Network, Search, encode_network
from cl_core.components.neighbours.mount import neighbours
from cl_core.data import datasets
from cl_core.pretrained.retrieval_reports import RetrievalReport
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.pages.retrieval import networks
from cl_core.ui.server.browser_files import file_url

IMAGE = PictureState(
    "image", "test image", "", "its number in the test set", low=0, high=9999, numbers=(1, 1), whole=True
)
CONTROLS = (*networks.CONTROLS, IMAGE)
DATASET = "mnist"  # that every checkpoint was trained on


def controls_in_sidebar() -> None:
    """Show the controls of the two networks."""
    networks.controls_in_sidebar()


def show() -> None:
    """Show all images with the nearest ones of the chosen image, and the scores of both networks."""
    reports = networks.chosen_reports()
    if reports is None:
        return
    data = datasets.load(DATASET)
    n = len(data.x_test)
    chosen = IMAGE.current()
    search = Search(
        [Network(title, file_url("neighbours.bin", _network_file(report))) for title, report in reports.items()],
        int(chosen[0][0]) if chosen else 0, n, data.class_names, file_url("test-images.png", _sheet()),
        ceil(sqrt(n)), (data.shape[1], data.shape[0]), alt="and the ten nearest of one, by cosine",
    )  # fmt: skip
    neighbours(search, key=mount_key("neighbours_picture"), on_choose=_choose)
    st.subheader("All 10,000 images", anchor=False)
    for column, (title, report) in zip(st.columns(len(reports)), reports.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            _show_scores(report)


@lru_cache(maxsize=12)
def _network_file(report: RetrievalReport) -> bytes:
    return encode_network(report.retrieval, report.rows, report.places)


@lru_cache(maxsize=1)
def _sheet() -> bytes:
    """Return all test images as a picture, by their numbers: 16 shades of grey, 0.9 MB."""
    data = datasets.load(DATASET)
    return datasets.sprite_sheet(data, np.arange(len(data.x_test)), bits=4)


def _choose(image: int) -> None:
    IMAGE.save([(image,)] if image else ())


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
