"""Census of triplets: every triplet of thousands of test images, counted by a worker, and what the counts say."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.analysis.census import Census
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.losses.triplet import SYMBOLS
from cl_core.palette import KIND_SYMBOLS
from cl_core.pretrained import checkpoints
from cl_core.runtime.census_job import CensusJob, CensusProgress, CensusRequest
from cl_core.runtime.errors import describe_error
from cl_core.ui.link.control import Control
from cl_core.ui.link.controls import section
from cl_core.ui.pages.triplets.real_batch import EMBEDDED_BY, EMBEDDING, PARAMETERS, PIXELS
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import NO_RUN, OWN
from cl_core.ui.widgets.visitor_run import own_run

COUNTED = Control(
    "counted", "test images", 1000, "all are compared with each other", options=(500, 1000, 2000, 5000, 10_000)
)
PART = Control("part_shown", "which triplets", "not easy", options=tuple(charts.PARTS), row=True)
MARGIN, DISTANCE = PARAMETERS[:2]
CONTROLS: Sequence[Control] = (MARGIN, DISTANCE, EMBEDDING, EMBEDDED_BY, COUNTED, PART)

MAX_UNASKED = 2000  # images; a larger census starts only on a click
POLL_SECONDS = 0.4  # between two checks of a running census
MARGINS = tuple(round(0.2 * i, 1) for i in range(11))  # of the curve
HARDEST_SHOWN = 8  # triplets
PIXEL_SIZE = 3  # pixels on each side of an enlarged pixel
MAX_CACHED = 64  # results, on the server


def controls_in_sidebar() -> None:
    """Show the controls of what is counted, and how."""
    with st.sidebar:
        MARGIN.render()
        DISTANCE.render()
        with section("Which images", (EMBEDDING, EMBEDDED_BY, COUNTED), expanded=True):
            stage = EMBEDDING.render()
            EMBEDDED_BY.render(disabled=stage in (PIXELS, OWN))
            COUNTED.render()


def show() -> None:
    """Show the census that the controls ask for: its result, its progress, or the button that starts it."""
    request = _current_request()
    if request is None:
        return
    job: CensusJob | None = st.session_state.get("census")
    if job is None or job.request is not request:
        if job is not None:
            job.stop()
            st.session_state.census = None
        if (cached := _cached_results().get(_cache_key(request))) is not None:
            _show_results(cached, request)
            return
        if request.n > MAX_UNASKED and not _count_requested(request):
            return
        job = st.session_state.census = CensusJob(engine().queue.client(), request)
    progress = job.progress()
    if progress.census is not None:
        _cache_result(request, progress.census)
        _show_results(progress.census, request)
    else:
        st.fragment(_show_progress, run_every=POLL_SECONDS if progress.phase == "counting" else None)(
            job, progress.phase
        )


def _current_request() -> CensusRequest | None:
    """Return the request of the controls, the same object while they are unchanged; None, with a notice, on errors."""
    values = st.session_state
    stage, loss, n = values[EMBEDDING.name], values[EMBEDDED_BY.name], values[COUNTED.name]
    margin, distance = values[MARGIN.name], values[DISTANCE.name]
    run = own_run() if stage == OWN else None
    settings = (stage, loss, run and run.name, n, margin, distance)
    current: tuple[object, CensusRequest] | None = values.get("census_question")
    if current is None or current[0] != settings:
        try:
            state = run.state if run else None if stage in (PIXELS, OWN) else checkpoints.load(loss, stage)
        except DataError as error:
            st.error(describe_error(error), icon=":material/broken_image:")
            return None
        if stage == OWN and state is None:
            st.info(NO_RUN, icon=":material/play_circle:")
            return None
        other_margins = tuple(other for other in MARGINS if other != margin)
        dataset = state.spec.dataset if state else "mnist"
        current = values.census_question = (settings, CensusRequest(dataset, state, n, margin, distance, other_margins))
    return current[1]


def _forget_request() -> None:
    """Forget the request, so that the next one counts the visitor's run at its present step."""
    st.session_state.pop("census_question", None)


def _cache_key(request: CensusRequest) -> object:
    """Return the cache key of a census; a run is identified by its spec and step."""
    state = request.state
    net = None if state is None else (repr(state.spec), state.step)
    return request.dataset, net, request.n, request.margin, request.distance


@st.cache_resource(show_spinner=False)
def _cached_results() -> dict[object, Census]:
    """Return the results of this server, of all sessions, newest last."""
    return {}


def _cache_result(request: CensusRequest, result: Census) -> None:
    cache = _cached_results()
    cache[_cache_key(request)] = result
    for oldest in list(cache)[:-MAX_CACHED]:
        cache.pop(oldest, None)


def _count_requested(request: CensusRequest) -> bool:
    """Explain a large census and show the button that starts it; return whether it was clicked."""
    slot = st.empty()
    with slot.container():
        st.markdown(
            f"{request.n:,} images have **{request.triplets:,} triplets**. They are counted exactly, but not listed "
            "one by one: sorting the distances of an anchor is enough. This takes some seconds."
        )
        label = f"Count all {request.triplets:,}"
        pressed = st.button(label, type="primary", icon=":material/calculate:", key="count_census")
    if pressed:
        slot.empty()
    return pressed


def _show_progress(job: CensusJob, phase: str) -> None:
    """Show the progress, a button to stop or resume, and renew the job's lease."""
    job.renew_lease()
    progress = job.progress()
    if progress.phase != phase:  # a full rerun is needed to change a fragment's interval
        streamlit_compat.rerun()
    _show_notices(progress)
    if progress.phase == "failed":
        return
    request = job.request
    share = progress.done / progress.total
    with st.container(horizontal=True, vertical_alignment="center"):
        text = f"{progress.done:,} of {progress.total:,} anchors; {request.triplets:,} triplets in total"
        st.progress(share, text="Embedding the images …" if not progress.done else text)
        if progress.phase == "counting":
            st.button("Stop", icon=":material/stop:", key="stop_census", on_click=job.stop)
        else:
            st.button("Resume", icon=":material/play_arrow:", key="continue_census", on_click=job.resume)
    if progress.phase == "stopped":
        st.caption("Stopped. You can resume where it stopped.")


def _show_notices(progress: CensusProgress) -> None:
    if progress.failure:
        st.error(progress.failure, icon=":material/error:")
    if progress.note:
        st.info(progress.note, icon=":material/healing:")


def _show_results(result: Census, request: CensusRequest) -> None:
    """Show totals, pairs of classes, anchors, margins, and the hardest triplets."""
    data = datasets.load(request.dataset)
    if not result.total:
        st.info("There is no valid triplet among these images.", icon=":material/inbox:")
        return
    columns = st.columns(4)
    kinds = {"easy": result.easy, "semihard": result.semihard, "hard": result.hard}
    for column, (kind, count) in zip(columns, kinds.items(), strict=False):
        column.metric(f"{KIND_SYMBOLS[kind]} {charts.KINDS[kind]}", f"{count / result.total:.2%}")
        column.caption(f"{count:,}")
    columns[3].metric("all triplets", _count_text(result.total))
    columns[3].caption(f"{result.total:,} in total")
    st.caption(
        f"δ = {SYMBOLS[result.distance]}, m = {result.margin:g}. A negative exactly as far as the positive counts as "
        "hard, one farther by exactly the margin counts as easy."
    )
    if st.session_state[EMBEDDING.name] == OWN and request.state:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Your run at step {request.state.step:,}.")
            st.button("Count the current state", icon=":material/refresh:", type="tertiary", on_click=_forget_request)
    left, right = st.columns([0.54, 0.46], gap="large")
    with left:
        st.markdown("#### Most confused classes")
        part = PART.render()
        rows = charts.pair_rows(result, data.class_names, part)
        chart(rows, charts.pair_chart(part, data.class_names, _pairs_text(rows, part)))
        st.caption(_pairs_text(rows, part))
    with right:
        st.markdown("#### A few anchors cause most violations")
        text = _anchors_text(result)
        chart(charts.anchor_rows(result), charts.anchor_chart(text))
        st.caption(text)
        st.markdown("#### Shares by margin")
        rows = charts.margin_rows(result)
        chart(rows, charts.margin_chart(result.margin, _margins_text(result)))
    _show_hardest(result, request, data)


def _count_text(count: int) -> str:
    for size, unit in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:,}"


def _pairs_text(rows: pd.DataFrame, part: str) -> str:
    worst = rows.sort_values("share", ascending=False).head(3)
    pairs = ", ".join(f"{row.anchor} against {row.negative} ({row.share:.2%})" for row in worst.itertuples())
    return f"Share of triplets that are {part}, in per cent, by class of anchor and negative. Largest: {pairs}."


def _anchors_text(result: Census) -> str:
    totals = result.per_anchor.sum(1)
    easy_only = int((result.per_anchor[totals > 0, 1:].sum(1) == 0).sum())
    easy = (
        f"{easy_only:,} of {len(totals):,} anchors have only easy triplets"
        if easy_only
        else "Every anchor has at least one non-easy triplet"
    )
    share = result.share_of_top_anchors(0.05)
    return f"5 % of the anchors have {share:.0%} of all triplets that are not easy. {easy}."


def _margins_text(result: Census) -> str:
    hard = result.hard / result.total
    pairs = zip(result.margins.tolist(), result.per_margin[:, 0].tolist(), strict=True)
    shares = ", ".join(f"{count / result.total:.1%} at {margin:g}" for margin, count in pairs)
    return f"Hard triplets are {hard:.1%} at any margin; easy ones are {shares}."


def _show_hardest(result: Census, request: CensusRequest, data: datasets.Dataset) -> None:
    """Show the hardest triplet of each of the hardest anchors."""
    st.markdown("#### The hardest triplets")
    st.caption(
        "The anchors with the hardest triplets, each with its farthest positive and its nearest negative. Some of "
        "these digits are hard to read for people too."
    )
    rows, labels = request.rows, request.labels
    columns = st.columns(4, gap="medium")
    for i, a in enumerate(result.hardest(HARDEST_SHOWN).tolist()):
        p, n = int(result.farthest_positive[a]), int(result.nearest_negative[a])
        with columns[i % len(columns)]:
            text = (
                f"anchor **{data.class_names[labels[a]]}** · positive at {result.farthest_distance[a]:.2f} · "
                f"negative **{data.class_names[labels[n]]}** at {result.nearest_distance[a]:.2f}"
            )
            if data.is_image:
                st.image(_side_by_side(data.x_test[rows[[a, p, n]]]), width="stretch", alt=text.replace("**", ""))
            st.caption(text)


def _side_by_side(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return three images in a row, enlarged without blurring, (H, 3 W + gaps)."""
    large = np.kron(images, np.ones((PIXEL_SIZE, PIXEL_SIZE), np.uint8))
    gap = np.full((large.shape[1], 2 * PIXEL_SIZE), 128, np.uint8)
    return np.hstack([large[0], gap, large[1], gap, large[2]])
