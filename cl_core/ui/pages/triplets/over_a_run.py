"""Triplets over a run: the cloud of digits beside the shares of easy, semi-hard and hard triplets, on one timeline."""

from collections.abc import Callable
from functools import lru_cache
from math import ceil, sqrt

import numpy as np
import streamlit as st

from cl_core.analysis.metrics import PAIR_SAMPLE_SIZE, TRIPLET_MARGIN
from cl_core.components import embedding as embedding_component
from cl_core.components.embedding import Cloud
from cl_core.components.embedding.mount import embedding
from cl_core.components.shares import Shares
from cl_core.components.shares.mount import shares
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.pretrained import recordings
from cl_core.pretrained.recordings import Recording
from cl_core.runtime.errors import describe_error
from cl_core.runtime.readable_run import ReadableRun
from cl_core.training.frames import RunProgress
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.training_pictures import embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.widgets.embedding_source import OWN
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of
from cl_core.ui.widgets.visitor_run import own_run

NONE = "none"
GROUP = "film"  # of all pictures here: they share one timeline
HEIGHT = 560  # pixels, of a picture
HEIGHT_OF_EACH = 420  # pixels, where two runs are shown

RUN = Control(
    "film", "run", next(iter(recordings.RECORDINGS)), "a recorded run, or your own", (*recordings.RECORDINGS, OWN)
)
SECOND_RUN = Control(
    "beside", "compare with", NONE, "another run with the same initial weights and batches, at the same step",
    (NONE, *recordings.RECORDINGS, OWN),
)  # fmt: skip
CONTROLS = (RUN, SECOND_RUN)


def controls_in_sidebar() -> None:
    """Show the controls that choose the run and the run to compare it with."""
    with st.sidebar:
        for control in CONTROLS:
            control.render()


def show() -> None:
    """Show the chosen run and, below it, the run to compare it with; both share one timeline."""
    first, second = (st.session_state.get(control.name, control.default) for control in CONTROLS)
    chosen = [first] if second in (NONE, first) else [first, second]
    if len(chosen) == 2:
        st.caption("Both runs are shown at the same step; each picture has its own scale.")
    for index, name in enumerate(chosen):
        height = HEIGHT if len(chosen) == 1 else HEIGHT_OF_EACH
        if name == OWN:
            _show_own_run(index, height)
        else:
            _show_recording(name, index, height)


def _show_recording(name: str, index: int, height: int) -> None:
    """Show a recorded run."""
    try:
        recording = recordings.load(name)
    except DataError as error:
        st.error(describe_error(error), icon=":material/broken_image:")
        return
    st.markdown(f"**{_title(recording)}.** {recording_summary(recording)}")
    st.fragment(_show_pictures)(
        _recording_cloud(recording, timeline=index == 0), _recording_shares(recording), index, height
    )
    link = training_controls.link_of(recording.spec, points=recordings.IMAGES)
    controls.page_link("training", "Train this run live", ":material/play_circle:", link)


def _show_pictures(cloud: Cloud, scene: Shares, index: int, height: int) -> None:
    """Show the positions of the images beside the shares of their triplets."""
    left, right = st.columns(2, gap="medium")
    with left:
        embedding(cloud, key=f"film_cloud_{index}", height=height, group=GROUP)
    with right:
        shares(scene, key=f"film_shares_{index}", height=height, group=GROUP)


def _title(recording: Recording) -> str:
    return f"{recording.name.partition(',')[0].capitalize()} mining, m = {recording.margin:g}"


def recording_summary(recording: Recording) -> str:
    """Return what to look for in a recording, in two or three sentences; all numbers come from the recording.

    Args:
        recording: the recorded run.
    """
    semihard = recording.shares[:, 1]
    peak = int(semihard.argmax())
    if recording.collapsed is None:
        used_up_note = (
            f", fewer than {recordings.USED_UP_SHARE:.0%} from step {recording.used_up:,} on"
            if recording.used_up
            else ""
        )
        return (
            f"The run learns from semi-hard triplets, which get used up: they are {semihard[peak]:.0%} of all triplets "
            f"at step {recording.steps[peak]:,}, and {semihard[-1]:.1%} at step {recording.steps[-1]:,}{used_up_note}. "
            "Play it: the digits separate while the striped amber area shrinks."
        )
    deviation = float(np.abs(recording.losses[recording.steps >= recording.collapsed] / recording.collapse - 1).max())
    easy = recording.shares[:, 0].max()
    easy_note = (
        f"At most {easy:.1%} of the triplets are ever easy" if easy >= 0.0005 else "Almost no triplet is ever easy"
    )
    return (
        f"All digits collapse into one point: from step {recording.collapsed:,} on the spread is below "
        f"{recordings.COLLAPSED:g}, and the loss stays within {ceil(deviation * 1000) / 1000:.1%} of its margin. "
        f"{easy_note}. At the end {semihard[-1]:.0%} are semi-hard, because all distances are smaller than the margin. "
        "Play it: at which step would you have stopped?"
    )


@lru_cache(maxsize=16)
def _recording_cloud(recording: Recording, timeline: bool) -> Cloud:
    data = datasets.load(recording.spec.dataset)
    return Cloud(
        stream=f"film/{recording.name}",
        points=list(recording.points),
        steps=recording.steps.tolist(),
        labels=recording.labels,
        class_names=data.class_names,
        title=f"PCA view of {len(recording.rows):,} test images, {_title(recording)}",
        axes=("axis 1", "axis 2"),
        shares=[(float(x), float(y)) for x, y in recording.views],
        rows=recording.rows,
        sprite=datasets.sprite_sheet(data, recording.rows),
        sprite_columns=ceil(sqrt(len(recording.rows))),
        sprite_size=(data.shape[1], data.shape[0]),
        alt=f"kNN accuracy {recording.knn[-1]:.1%}, spread {recording.spread[-1]:.3f}.",
        timeline=timeline,
        words={**embedding_component.WORDS, "live": "End"},
    )


def _recording_shares(recording: Recording) -> Shares:
    return Shares(
        stream=f"film/{recording.name}",
        steps=recording.steps,
        shares=recording.shares,
        losses=recording.losses,
        collapse=recording.collapse,
        floor=recording.floor,
        title=f"All triplets of {len(recording.rows):,} test images, m = {recording.margin:g}",
        alt=recording_summary(recording),
    )


def _show_own_run(index: int, height: int) -> None:
    """Show the visitor's own run at its present step, or a link to start one."""
    run = own_run()
    if run is None:
        st.info("You have no run yet. Start one, and come back while it trains.", icon=":material/play_circle:")
        controls.page_link("training", "Go to live training", ":material/play_circle:", {})
        return
    refresh = refresh_rate_of(run)
    show_live: Callable[[ReadableRun, RefreshRate, int, int], None] = st.fragment(
        _show_live_run, run_every=refresh.picture_interval
    )
    show_live(run, refresh, index, height)


def _show_live_run(run: ReadableRun, refresh: RefreshRate, index: int, height: int) -> None:
    """Show the visitor's run as it is now; renew its lease, which keeps it alive."""
    run.renew_lease(refresh.slowdown)
    busy = run.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = run.progress()
    if progress.failure:
        st.error(progress.failure, icon=":material/error:")
    st.markdown(
        f"**Your run, step {progress.step:,}.** Its triplets are counted at FaceNet's margin of {TRIPLET_MARGIN:g} "
        "in d², whatever loss it is trained with, so that all runs can be compared."
    )
    _show_pictures(embedding_cloud(run, progress, 2), _run_shares(run, progress), index, height)
    if not refresh.still_fits(busy):
        streamlit_compat.rerun()


def _run_shares(run: ReadableRun, progress: RunProgress) -> Shares:
    steps = np.array([frame.step for frame in progress.frames], np.int64)
    metrics = [frame.metrics for frame in progress.frames]
    # losses[step] is the loss of the weights after `step` steps; the newest frame has none yet and shows the last known
    loss_steps = np.minimum(steps, len(progress.losses) - 1)
    references = progress.references
    return Shares(
        stream=run.name,
        steps=steps,
        shares=np.array([(m.easy, m.semihard, m.hard) for m in metrics]).reshape(-1, 3),
        losses=progress.losses[loss_steps] if len(progress.losses) else np.full(len(steps), np.nan),
        collapse=references.collapse if references else np.nan,
        floor=references.floor if references else np.nan,
        title=f"All triplets of {min(run.n, PAIR_SAMPLE_SIZE):,} test images, m = {TRIPLET_MARGIN:g}",
    )
