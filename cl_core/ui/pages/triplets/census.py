"""Every triplet of thousands of test images, counted while one watches, and what the counts say."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.analysis.census import Census
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.palette import MARKS
from cl_core.runtime.census_job import CensusJob, CensusProgress, CensusRequest
from cl_core.runtime.run import Run
from cl_core.training.pretrained import checkpoints
from cl_core.ui.link.control import Control
from cl_core.ui.link.controls import section
from cl_core.ui.pages.triplets.real_batch import EMBEDDED_BY, EMBEDDING, PARAMETERS, PIXELS, SYMBOLS
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import NO_RUN, OWN

COUNTED = Control(
    "counted", "test images", 1000, "all of them against each other", options=(500, 1000, 2000, 5000, 10_000)
)
PART = Control("part_shown", "what of the triplets", "not easy", options=tuple(charts.PARTS), row=True)
MARGIN, DISTANCE = PARAMETERS[:2]
CONTROLS: Sequence[Control] = (MARGIN, DISTANCE, EMBEDDING, EMBEDDED_BY, COUNTED, PART)

AT_ONCE = 2000  # images that are counted without being asked
TICK = 0.4  # seconds between two looks at a census under way
MARGINS = tuple(round(0.2 * i, 1) for i in range(11))  # of the curve
SHOWN = 8  # hardest triplets
ENLARGED = 3  # pixels that one of an image becomes
KEPT = 64  # answers that the server remembers


def controls_in_sidebar() -> None:
    """What is counted, and how."""
    with st.sidebar:
        MARGIN.render()
        DISTANCE.render()
        with section("Which images", (EMBEDDING, EMBEDDED_BY, COUNTED), expanded=True):
            stage = EMBEDDING.render()
            EMBEDDED_BY.render(disabled=stage in (PIXELS, OWN))
            COUNTED.render()


def show() -> None:
    """The census that the controls ask for: what is known of it, or the way to it."""
    question = _question()
    if question is None:
        return
    counting: CensusJob | None = st.session_state.get("census")
    if counting is None or counting.question is not question:
        if counting is not None:
            counting.stop()
            st.session_state.census = None
        if (known := _known().get(_name(question))) is not None:
            _results(known, question)
            return
        if question.n > AT_ONCE and not _asked(question):
            return
        counting = st.session_state.census = CensusJob(engine().queue.client(), question)
    look = counting.progress()
    if look.census is not None:
        _remember(question, look.census)
        _results(look.census, question)
    else:
        st.fragment(_under_way, run_every=TICK if look.phase == "counting" else None)(counting, look.phase)


def _question() -> CensusRequest | None:
    """What the controls ask for; the same object for as long as they ask the same. None, and why is said, for none."""
    values = st.session_state
    stage, loss, n = values[EMBEDDING.name], values[EMBEDDED_BY.name], values[COUNTED.name]
    margin, distance = values[MARGIN.name], values[DISTANCE.name]
    run: Run | None = values.get("run") if stage == OWN else None
    asked = (stage, loss, run and run.name, n, margin, distance)
    known: tuple[object, CensusRequest] | None = values.get("census_question")
    if known is None or known[0] != asked:
        try:
            state = run.state if run else None if stage in (PIXELS, OWN) else checkpoints.load(loss, stage)
        except DataError as error:
            st.error(str(error), icon=":material/broken_image:")
            return None
        if stage == OWN and state is None:
            st.info(NO_RUN, icon=":material/play_circle:")
            return None
        others = tuple(other for other in MARGINS if other != margin)
        dataset = state.spec.dataset if state else "mnist"
        known = values.census_question = (asked, CensusRequest(dataset, state, n, margin, distance, others))
    return known[1]


def _again() -> None:
    """Ask the visitor's run anew, which has gone on since."""
    st.session_state.pop("census_question", None)


def _name(question: CensusRequest) -> object:
    """What a census is remembered by: a run is its spec and step."""
    state = question.state
    net = None if state is None else (repr(state.spec), state.step)
    return question.dataset, net, question.n, question.margin, question.distance


@st.cache_resource(show_spinner=False)
def _known() -> dict[object, Census]:
    """Answers of this server, whoever asked, newest last."""
    return {}


def _remember(question: CensusRequest, found: Census) -> None:
    known = _known()
    known[_name(question)] = found
    for old in list(known)[:-KEPT]:
        known.pop(old, None)


def _asked(question: CensusRequest) -> bool:
    """The way to a large census, gone once it is taken."""
    place = st.empty()
    with place.container():
        st.markdown(
            f"**{question.triplets:,} triplets** stand between {question.n:,} images. None of them is listed: one sort "
            "for each anchor counts all of its triplets at once, exactly. It takes some seconds of one processor."
        )
        words = f"Count all {question.triplets:,}"
        pressed = st.button(words, type="primary", icon=":material/calculate:", key="count_census")
    if pressed:
        place.empty()
    return pressed


def _under_way(counting: CensusJob, phase: str) -> None:
    """How far it is, and a way to stop it."""
    counting.renew_lease()
    look = counting.progress()
    if look.phase != phase:  # the pulse of a fragment is set by whoever calls it
        st.rerun()
    _notices(look)
    if look.phase == "failed":
        return
    question = counting.question
    share = look.done / look.total
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"{look.done:,} of {look.total:,} anchors; {question.triplets:,} triplets in all"
        st.progress(share, text="Embedding the images …" if not look.done else words)
        if look.phase == "counting":
            st.button("Stop", icon=":material/stop:", key="stop_census", on_click=counting.stop)
        else:
            st.button("Go on", icon=":material/play_arrow:", key="continue_census", on_click=counting.resume)
    if look.phase == "stopped":
        st.caption("Stopped; what was counted is kept.")


def _notices(look: CensusProgress) -> None:
    if look.failure:
        st.error(look.failure, icon=":material/error:")
    if look.note:
        st.info(look.note, icon=":material/healing:")


def _results(found: Census, question: CensusRequest) -> None:
    """Totals, pairs of classes, anchors, margins, and the worst triplets."""
    data = datasets.load(question.dataset)
    if not found.total:
        st.info("There is no valid triplet among these images.", icon=":material/inbox:")
        return
    columns = st.columns(4)
    kinds = {"easy": found.easy, "semihard": found.semihard, "hard": found.hard}
    for column, (kind, count) in zip(columns, kinds.items(), strict=False):
        column.metric(f"{MARKS[kind]} {charts.KINDS[kind]}", f"{count / found.total:.2%}")
        column.caption(f"{count:,}")
    columns[3].metric("all triplets", _short(found.total))
    columns[3].caption(f"{found.total:,}, each counted")
    st.caption(
        f"δ = {SYMBOLS[found.distance]}, m = {found.margin:g}. Ties: a negative exactly as far as the positive is "
        "hard, one farther by exactly the margin is easy."
    )
    if st.session_state[EMBEDDING.name] == OWN and question.state:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Your run at step {question.state.step:,}.")
            st.button("Count it as it is now", icon=":material/refresh:", type="tertiary", on_click=_again)
    left, right = st.columns([0.54, 0.46], gap="large")
    with left:
        st.markdown("#### Which classes get in each other's way")
        part = PART.render()
        rows = charts.pair_rows(found, data.class_names, part)
        chart(rows, charts.pair_chart(part, data.class_names, _pairs_in_words(rows, part)))
        st.caption(_pairs_in_words(rows, part))
    with right:
        st.markdown("#### Few anchors make the trouble")
        words = _anchors_in_words(found)
        chart(charts.anchor_rows(found), charts.anchor_chart(words))
        st.caption(words)
        st.markdown("#### With another margin")
        rows = charts.margin_rows(found)
        chart(rows, charts.margin_chart(found.margin, _margins_in_words(found)))
    _hardest(found, question, data)


def _short(count: int) -> str:
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.1f} {word}"
    return f"{count:,}"


def _pairs_in_words(rows: pd.DataFrame, part: str) -> str:
    worst = rows.sort_values("share", ascending=False).head(3)
    each = ", ".join(f"{row.anchor} against {row.negative} ({row.share:.2%})" for row in worst.itertuples())
    return f"Per cent of the triplets of an anchor's class against a negative's that are {part}; most: {each}."


def _anchors_in_words(found: Census) -> str:
    whole = found.per_anchor.sum(1)
    none = int((found.per_anchor[whole > 0, 1:].sum(1) == 0).sum())
    return (
        f"5 % of the anchors own {found.share_of_top_anchors(0.05):.0%} of all triplets that are not easy; "
        f"{f'{none:,} of {len(whole):,} anchors have' if none else 'not one anchor has'} easy triplets only."
    )


def _margins_in_words(found: Census) -> str:
    hard = found.hard / found.total
    pairs = zip(found.margins.tolist(), found.per_margin[:, 0].tolist(), strict=True)
    each = ", ".join(f"{count / found.total:.1%} at {margin:g}" for margin, count in pairs)
    return f"Hard triplets are {hard:.1%} at any margin; easy ones are {each}."


def _hardest(found: Census, question: CensusRequest, data: datasets.Dataset) -> None:
    """The worst triplet of each of the worst anchors."""
    st.markdown("#### The hardest triplets")
    st.caption(
        "Anchor, its farthest positive, its nearest negative: of the anchors for which that is worst. Look at them "
        "before you blame the loss; some are hard for people too."
    )
    rows, labels = question.rows, question.labels
    places = st.columns(4, gap="medium")
    for i, a in enumerate(found.hardest(SHOWN).tolist()):
        p, n = int(found.farthest[a]), int(found.nearest[a])
        with places[i % len(places)]:
            words = (
                f"anchor **{data.class_names[labels[a]]}** · positive at {found.far[a]:.2f} · "
                f"negative **{data.class_names[labels[n]]}** at {found.near[a]:.2f}"
            )
            if data.is_image:
                st.image(_side_by_side(data.x_test[rows[[a, p, n]]]), width="stretch", alt=words.replace("**", ""))
            st.caption(words)


def _side_by_side(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Three images in a row, enlarged without blurring, (H, 3 W + gaps)."""
    large = np.kron(images, np.ones((ENLARGED, ENLARGED), np.uint8))
    gap = np.full((large.shape[1], 2 * ENLARGED), 128, np.uint8)
    return np.hstack([large[0], gap, large[1], gap, large[2]])
