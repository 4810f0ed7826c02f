"""Triplets over a run: the cloud of digits beside the shares of the three kinds, at one moment for both."""

from collections.abc import Callable
from functools import lru_cache
from math import ceil, sqrt

import numpy as np
import streamlit as st

from cl_core.analysis.metrics import MARGIN, PART
from cl_core.components import embedding as cloud_face
from cl_core.components.embedding import Cloud
from cl_core.components.embedding.mount import embedding
from cl_core.components.shares import Shares
from cl_core.components.shares.mount import shares
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.runtime.run import Run
from cl_core.training.frames import RunProgress
from cl_core.training.pretrained import recordings
from cl_core.training.pretrained.recordings import Recording
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.training import embedding_cloud
from cl_core.ui.widgets.embedding_source import OWN
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

NONE = "none"
GROUP = "film"  # of all pictures here: they show one moment
HEIGHT = 500  # pixels, of a picture
HEIGHT_OF_TWO = 420  # where two runs are to be seen together

FILM = Control(
    "film", "run", next(iter(recordings.RECORDINGS)), "a prepared run, or your own", (*recordings.RECORDINGS, OWN)
)
BESIDE = Control(
    "beside", "and below it", NONE, "another run from the same start on the same batches, at the same step",
    (NONE, *recordings.RECORDINGS, OWN),
)  # fmt: skip
CONTROLS = (FILM, BESIDE)


def controls_in_sidebar() -> None:
    """Which run is shown, and which one below it."""
    with st.sidebar:
        for control in CONTROLS:
            control.render()


def show() -> None:
    """The run that was chosen, and the one to hold it against, one below the other with one time for both."""
    film, beside = (st.session_state.get(control.name, control.default) for control in CONTROLS)
    chosen = [film] if beside in (NONE, film) else [film, beside]
    if len(chosen) == 2:
        st.caption("Both runs are shown at the same step; each cloud has a scale of its own.")
    for place, name in enumerate(chosen):
        height = HEIGHT if len(chosen) == 1 else HEIGHT_OF_TWO
        if name == OWN:
            _own(place, height)
        else:
            _film(name, place, height)


def _film(name: str, place: int, height: int) -> None:
    """A prepared run."""
    try:
        film = recordings.load(name)
    except DataError as error:
        st.error(str(error), icon=":material/broken_image:")
        return
    st.markdown(f"**{_title(film)}.** {recording_summary(film)}")
    st.fragment(_pictures)(_cloud_of(film, timeline=place == 0), _shares_of(film), place, height)
    link = training_controls.link_of(film.spec, points=recordings.IMAGES)
    controls.page_link("training", "Train this very run", ":material/play_circle:", link)


def _pictures(cloud: Cloud, scene: Shares, place: int, height: int) -> None:
    """Where the images are, and what their triplets are."""
    left, right = st.columns(2, gap="medium")
    with left:
        embedding(cloud, key=f"film_cloud_{place}", height=height, group=GROUP)
    with right:
        shares(scene, key=f"film_shares_{place}", height=height, group=GROUP)


def _title(film: Recording) -> str:
    return f"{film.name.partition(',')[0].capitalize()} mining, m = {film.margin:g}"


def recording_summary(film: Recording) -> str:
    """What to look for in a film, in a sentence or two; every number is the film's."""
    semihard = film.shares[:, 1]
    most = int(semihard.argmax())
    if film.collapsed is None:
        rare = f", fewer than {recordings.FEW:.0%} from step {film.used_up:,} on" if film.used_up else ""
        return (
            f"Semi-hard triplets are what it learns from, and it uses them up: {semihard[most]:.0%} of all at step "
            f"{film.steps[most]:,}, {semihard[-1]:.1%} at step {film.steps[-1]:,}{rare}. Play it: the digits part as "
            "the striped amber area runs out."
        )
    off = float(np.abs(film.losses[film.steps >= film.collapsed] / film.collapse - 1).max())
    easy = film.shares[:, 0].max()
    ever = f"At most {easy:.1%} of the triplets are ever easy" if easy >= 0.0005 else "Next to no triplet is ever easy"
    return (
        f"All digits shrink into one point: from step {film.collapsed:,} on the spread is below "
        f"{recordings.COLLAPSED:g}, and the loss sticks within {ceil(off * 1000) / 1000:.1%} of its margin. {ever}; "
        f"{semihard[-1]:.0%} end as semi-hard, as everything lies inside the margin by then. "
        "Play it, and call the step at which you would have stopped."
    )


@lru_cache(maxsize=16)
def _cloud_of(film: Recording, timeline: bool) -> Cloud:
    data = datasets.load(film.spec.dataset)
    return Cloud(
        stream=f"film/{film.name}",
        points=list(film.points),
        steps=film.steps.tolist(),
        labels=film.labels,
        class_names=data.class_names,
        title=f"PCA view of {len(film.rows):,} test images, {_title(film)}",
        axes=("axis 1", "axis 2"),
        shares=[(float(x), float(y)) for x, y in film.views],
        rows=film.rows,
        sprite=datasets.sprite_sheet(data, film.rows),
        sprite_columns=ceil(sqrt(len(film.rows))),
        sprite_size=(data.shape[1], data.shape[0]),
        alt=f"kNN accuracy {film.knn[-1]:.1%}, spread {film.spread[-1]:.3f}.",
        timeline=timeline,
        words={**cloud_face.WORDS, "live": "End"},
    )


def _shares_of(film: Recording) -> Shares:
    return Shares(
        stream=f"film/{film.name}",
        steps=film.steps,
        shares=film.shares,
        losses=film.losses,
        collapse=film.collapse,
        floor=film.floor,
        title=f"All triplets of {len(film.rows):,} test images, m = {film.margin:g}",
        alt=recording_summary(film),
    )


def _own(place: int, height: int) -> None:
    """The visitor's own run, as far as it has come."""
    run: Run | None = st.session_state.get("run")
    if run is None:
        st.info(
            "There is no run of yours yet: start one, and come back while it trains.", icon=":material/play_circle:"
        )
        controls.page_link("training", "Go to live training", ":material/play_circle:", {})
        return
    pulse = refresh_rate_of(run)
    part: Callable[[Run, RefreshRate, int, int], None] = st.fragment(_live, run_every=pulse.tick)
    part(run, pulse, place, height)


def _live(run: Run, pulse: RefreshRate, place: int, height: int) -> None:
    """The visitor's run as it is now; looking at it keeps it alive."""
    run.renew_lease(pulse.crowd)
    busy = run.busy  # before the look, so that nothing comes between the last look and the last rerun
    look = run.progress()
    if look.failure:
        st.error(look.failure, icon=":material/error:")
    st.markdown(
        f"**Your run, step {look.step:,}.** Its triplets are counted at FaceNet's margin of {MARGIN:g} in d², whatever "
        "it is trained with, so that runs of any loss compare."
    )
    _pictures(embedding_cloud(run, look, 2), _shares_of_look(run, look), place, height)
    if not pulse.suits(busy):
        st.rerun()


def _shares_of_look(run: Run, look: RunProgress) -> Shares:
    steps = np.array([frame.step for frame in look.frames], np.int64)
    measured = [frame.metrics for frame in look.frames]
    # the loss of a frame's weights is that of the step to come; the newest frame shows the last that is known
    at = np.minimum(steps, len(look.losses) - 1)
    lines = look.references
    return Shares(
        stream=run.name,
        steps=steps,
        shares=np.array([(m.easy, m.semihard, m.hard) for m in measured]).reshape(-1, 3),
        losses=look.losses[at] if len(look.losses) else np.full(len(steps), np.nan),
        collapse=lines.collapse if lines else np.nan,
        floor=lines.floor if lines else np.nan,
        title=f"All triplets of {min(run.n, PART):,} test images, m = {MARGIN:g}",
    )
