"""The stage: one run as its visitor sees it, with everything that moves while it trains."""

from functools import lru_cache
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.analysis.metrics import MARGIN, K
from cl_core.components.embedding import Cloud
from cl_core.components.embedding.mount import embedding
from cl_core.data import datasets
from cl_core.palette import CLASS_COLOURS
from cl_core.runtime.run import Run
from cl_core.training import MAX_STEPS, RunSpec
from cl_core.training.frames import PACES, Frame, RunProgress
from cl_core.training.saved_run import SavedRun
from cl_core.ui.link import presentation
from cl_core.ui.pages import training_controls, training_export
from cl_core.ui.server.lifespan import engine, load_note
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

HEIGHT = 570  # pixels, of the picture


def show_training(spec: RunSpec, points: int) -> None:
    """Show the visitor's run of `spec` through `points` test images, with its controls; open one if need be.

    The picture and the numbers are fragments with a pulse of their own: the picture moves at every tick, and what is
    read rather than watched costs the browser less when it changes once a second.
    """
    run = _run_of(spec, points)
    if presentation.autoplays():
        run.play()
    pulse = refresh_rate_of(run)
    _transport(run, spec, points)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_place, run_every=pulse.read)(run)
        training_controls.VIEW.render()
    picture, numbers = st.columns([0.58, 0.42], gap="medium")
    with picture:
        st.fragment(_picture, run_every=pulse.tick)(run, pulse, len(run.progress().frames))
    with numbers:
        st.fragment(_numbers, run_every=pulse.read)(run)


def _run_of(spec: RunSpec, points: int) -> Run:
    """The run on stage. One that has not been started makes way for new settings; one that has waits for Start."""
    run: Run | None = st.session_state.get("run")
    if run is None or ((run.spec, run.n) != (spec, points) and not run.started):
        run = _open(spec, points)
    return run


def _open(spec: RunSpec, points: int, kept: SavedRun | None = None) -> Run:
    """Put a new run on stage, at its first frame or where it was kept."""
    before: Run | None = st.session_state.get("run")
    if before is not None:
        before.close()
    st.session_state.run = run = engine().open_run(spec, points, kept)
    return run


def _reopen(kept: SavedRun) -> None:
    """Put a run on stage that comes back from its file."""
    _open(kept.state.spec, kept.n, kept)


def _transport(run: Run, spec: RunSpec, points: int) -> None:
    """The buttons of the run, and what a click on them does."""
    other = (run.spec, run.n) != (spec, points)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        pressed = playback_buttons(
            run, "Start", step="Pause, and do one step", other=other,
            reseed="Back to another start: other weights, another order of the images",
        )  # fmt: skip
        run.set_pace(PACES[PACE.render()])
        training_export.show_export(run, _title(run), _reopen)
    if other:
        st.info("The settings have changed since this run was started.", icon=":material/tune:")
    if pressed.reset or (pressed.play and other):
        run = _open(spec, points)
    if pressed.play:
        run.play()
    if pressed.pause:
        run.pause()
    if pressed.step:
        run.step()
    if pressed.reseed:
        run.close()
        st.session_state.run = None
    if any(pressed):
        st.rerun()


def _place(run: Run) -> None:
    """Where the run is."""
    look = run.progress()
    page_state.set_facts(step=look.step, frames=len(look.frames), playing="yes" if run.playing else "no")
    epochs = look.step / look.references.epoch_steps if look.references else 0.0
    rate = f" · {look.rate:.0f} steps/s" if look.rate else ""
    badge = {
        "opening": ":gray-badge[opening]",
        "paused": ":gray-badge[paused]",
        "running": ":green-badge[training]",
        "failed": ":red-badge[stopped]",
        "finished": f":blue-badge[{MAX_STEPS:,} steps done]",
    }[look.phase]
    place = f"{badge} **step {look.step:,}** · epoch {epochs:.2f} · {look.seconds:.1f} s of training{rate}{load_note()}"
    st.markdown(place, width="content")


def _notices(look: RunProgress) -> None:
    """Whatever there is to say about the run."""
    if look.failure:
        st.error(look.failure, icon=":material/error:")
    if look.note:
        st.info(look.note, icon=":material/healing:")
    if look.empty:
        st.warning(
            f"{look.empty:,} of {look.step:,} steps had no valid term in their batch and changed nothing.",
            icon=":material/hourglass_empty:",
        )


def _picture(run: Run, pulse: RefreshRate, known: int) -> None:
    """The cloud, or the density of one of the first `known` frames: what keeps a run alive, since it is looked at."""
    run.renew_lease(pulse.crowd)
    busy = run.busy  # before the look, so that nothing comes between the last look and the last rerun
    look = run.progress()
    view = st.session_state.view
    if look.failure and not look.frames:
        st.caption("There is no picture.")
    elif view == "density" and look.frames:
        _density(run, look.frames[min(_looked_at(look), max(known - 1, 0))], pulse.moves)
    else:
        cloud = embedding_cloud(run, look, 3 if view == "3D" else 2)
        chosen = embedding(cloud, key="cloud", height=presentation.height(HEIGHT)).frame
        if chosen != st.session_state.get("looked_at"):
            st.session_state.looked_at = chosen
            st.rerun()  # the numbers are to follow
    if not pulse.suits(busy):
        st.rerun()


def _looked_at(look: RunProgress) -> int:
    """The number of the frame that the visitor looks at: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("looked_at")
    newest = len(look.frames) - 1
    return newest if chosen is None else min(chosen, newest)


def embedding_cloud(run: Run, look: RunProgress, dims: int) -> Cloud:
    """What the moving picture shows of a run."""
    probes = _probes(run.spec.dataset, run.n)
    dims = min(dims, run.spec.dim)
    views = [frame.views[dims] for frame in look.frames]
    identity = run.spec.dim == dims
    return Cloud(
        stream=f"{run.name}/{dims}",
        points=[frame.points[dims] for frame in look.frames],
        steps=[frame.step for frame in look.frames],
        labels=probes.labels,
        class_names=probes.class_names,
        title=_title(run, dims),
        axes=views[0].names if views else tuple(f"axis {i + 1}" for i in range(dims)),
        shares=[view.shares for view in views],
        rows=probes.rows,
        sprite=probes.sprite or None,
        sprite_columns=probes.columns,
        sprite_size=probes.size,
        alt=_in_words(look.frames[-1]) if look.frames else "",
        placeholder="Getting ready …",
        unit_circle=identity and run.spec.unit_norm,
    )


def _title(run: Run, dims: int = 2) -> str:
    """What the picture of a run is called."""
    probes = _probes(run.spec.dataset, run.n)
    kind = "Embedding" if run.spec.dim == dims else "PCA view"
    return f"{kind} of {len(probes.labels):,} {'test images' if probes.sprite else 'test points'}"


def _density(run: Run, frame: Frame, moves: bool) -> None:
    """The classes' densities at one frame; plotly draws afresh, so it stays the same one while a run moves."""
    dark = st.context.theme.type == "dark"
    figure = _density_figure(frame, run.spec.dataset, run.n, dark)
    probes = _probes(run.spec.dataset, run.n)
    words = charts.density_alt(probes.labels, frame.points[2], probes.class_names)
    config = {"toImageButtonOptions": {"format": "svg", "filename": "density"}}
    st.plotly_chart(figure, key="density_figure", config=config, alt=words)
    st.caption(f"Densities at step {frame.step:,}." + (" Pause to see where the run has come since." if moves else ""))


@lru_cache(maxsize=16)
def _density_figure(frame: Frame, dataset: str, n: int, dark: bool) -> go.Figure:
    probes = _probes(dataset, n)
    colours = CLASS_COLOURS.dark if dark else CLASS_COLOURS.light
    return charts.density(
        frame.points[2], probes.labels, probes.class_names, colours, frame.views[2].names, HEIGHT - 20
    )


def _numbers(run: Run) -> None:
    """What there is to say, and scores and curves at the frame that is looked at."""
    look = run.progress()
    _notices(look)
    if not look.frames or look.references is None:
        st.caption("Scores appear with the first frame.")
        return
    frame, first = look.frames[_looked_at(look)], look.frames[0].metrics
    m = frame.metrics
    page_state.set_facts(knn=m.knn, spread=m.spread)
    shown = sum(frame.views[2].shares)
    tiles = (
        (
            "kNN",
            f"{m.knn:.1%}",
            f"Accuracy of {K} nearest neighbours among the images shown, leave one out, full space.",
        ),
        ("MAP@R", f"{m.map_r:.1%}", "Mean average precision at R, in the full space."),
        ("drawn", f"{shown:.0%}", "The share of all variance that the drawn plane shows."),
        ("spread", f"{m.spread:.2f}", "1 is spread out, 0 collapsed to a point (of unit embeddings)."),
    )
    for column, (label, value, help_) in zip(st.columns(len(tiles)), tiles, strict=True):
        column.metric(label, value, help=help_)
    refs = look.references
    rows, words = charts.loss_rows(look.losses, frame.step), charts.loss_alt(refs, look.losses, frame.step)
    chart(rows, _loss_chart(refs), words, key="loss_curve")
    rows, words = charts.score_rows(look.frames, frame.step), charts.scores_alt(frame, refs.knn_raw, first.knn)
    chart(rows, _score_chart(refs.knn_raw, first.knn), words, key="score_curves")
    rows, words = charts.triplet_rows(look.frames, frame.step), charts.triplets_alt(frame)
    chart(rows, _triplet_chart(), words, key="triplet_shares")
    with st.expander("All measures of this frame"):
        st.markdown(_measures(frame))


_loss_chart = lru_cache(maxsize=64)(charts.loss_chart)
_score_chart = lru_cache(maxsize=64)(charts.score_chart)
_triplet_chart = lru_cache(charts.triplet_chart)


def _measures(frame: Frame) -> str:
    """A frame's measures as a Markdown table."""
    m = frame.metrics
    rows = {
        f"kNN accuracy (k = {K}, leave one out)": f"{m.knn:.2%}",
        "recall@1": f"{m.recall:.2%}",
        "recall@1 in the drawn plane": f"{m.drawn:.2%}",
        "MAP@R": f"{m.map_r:.2%}",
        "alignment (mean d² of positive pairs)": f"{m.alignment:.4f}",
        "uniformity (log mean exp −2d²)": f"{m.uniformity:.3f}",
        f"easy / semi-hard / hard triplets (d², m = {MARGIN})": f"{m.easy:.2%} / {m.semihard:.2%} / {m.hard:.2%}",
        "spread": f"{m.spread:.4f}",
        "variance drawn (best plane)": f"{sum(frame.views[2].shares):.1%} ({frame.views[2].best_share:.1%})",
    }
    return "\n".join(["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _in_words(frame: Frame) -> str:
    """A frame for those who do not see it."""
    m = frame.metrics
    return (
        f"Step {frame.step}: kNN accuracy {m.knn:.1%}, in the drawn plane {m.drawn:.1%}; "
        f"easy, semi-hard and hard triplets {m.easy:.1%}, {m.semihard:.1%}, {m.hard:.1%}; spread {m.spread:.3f}."
    )


class _Probes(NamedTuple):
    """The probe images of a data set, as the picture wants them."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    sprite: bytes
    columns: int
    size: tuple[int, int]


@lru_cache(maxsize=8)
def _probes(dataset: str, n: int) -> _Probes:
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, n)
    size = (data.shape[1], data.shape[0]) if data.is_image else (1, 1)
    sprite = datasets.sprite_sheet(data, rows)
    return _Probes(rows, data.y_test[rows], data.class_names, sprite, ceil(sqrt(len(rows))), size)
