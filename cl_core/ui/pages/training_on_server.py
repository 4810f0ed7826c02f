"""A run on the server, as the training page shows it: buttons, pictures, scores and curves."""

from functools import lru_cache

import streamlit as st

from cl_core import charts
from cl_core.analysis.metrics import NEIGHBOURS, TRIPLET_MARGIN
from cl_core.components.embedding.mount import embedding
from cl_core.components.trainer.picture import run_key, view_title
from cl_core.runtime.run import Run
from cl_core.training import MAX_STEPS, RunSpec
from cl_core.training.collapse_values import share_without_terms
from cl_core.training.frames import PACES, Frame, RunProgress
from cl_core.training.saved_run import SavedRun
from cl_core.ui.link import presentation
from cl_core.ui.pages import training_controls, training_export
from cl_core.ui.pages.training_pictures import HEIGHT, embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine, load_note
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.playback_buttons import PACE, changed_notice, playback_buttons, state_row
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of
from cl_core.ui.widgets.reloaded_run import continue_after_reload


def show_run_on_server(spec: RunSpec, points: int) -> None:
    """Show the session's run on the server with its controls; open one if necessary.

    Picture and numbers are fragments with different refresh intervals: the picture follows every frame, while numbers,
    which are read rather than watched, cost the browser less when they change less often.

    Args:
        spec: the run.
        points: test images in the picture.
    """
    run = _current_run(spec, points)
    training_controls.note_changes([change.step for change in run.progress().changes])
    if presentation.autoplays():
        run.play()
    continue_after_reload("run", Run)
    refresh = refresh_rate_of(run)
    _show_buttons(run, spec, points)
    with state_row():
        st.fragment(_show_position, run_every=refresh.numbers_interval)(run)
        _show_difference(run, spec, points)
        training_controls.VIEW.render()
        regions = training_controls.shows_regions([spec])
    picture, numbers = st.columns([0.69, 0.31], gap="small")
    with picture:
        st.fragment(_show_picture, run_every=refresh.picture_interval)(run, refresh, regions)
    with numbers:
        st.fragment(_show_numbers, run_every=refresh.numbers_interval)(run)


def _current_run(spec: RunSpec, points: int) -> Run:
    """Return the session's run. New settings replace it only if it has not been started; else they wait for Start."""
    run = st.session_state.get("run")
    if not isinstance(run, Run) or ((run.spec, run.n) != (spec, points) and not run.started):
        run = _open_run(spec, points)
    return run


def _open_run(spec: RunSpec, points: int, saved: SavedRun | None = None) -> Run:
    """Close the session's run and open a new one, at its first frame or at the state of a saved run."""
    previous = st.session_state.get("run")
    if isinstance(previous, Run):
        previous.close()
    st.session_state.run = run = engine().open_run(spec, points, saved)
    return run


def open_saved_run(saved: SavedRun) -> None:
    """Open a run from its file on the server."""
    _open_run(saved.state.spec, saved.n, saved)


def _show_buttons(run: Run, spec: RunSpec, points: int) -> None:
    """Show the playback and export buttons and handle their clicks."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        pressed = playback_buttons(
            run, "Start", step="Pause and do one step",
            reseed="Restart with new initial weights and another order of the images",
        )  # fmt: skip
        run.set_pace(PACES[PACE.render()])
        training_export.show_export(run, view_title(run.spec, run.n, 2), open_saved_run)
    if pressed.reset:
        run = _open_run(spec, points)
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
        streamlit_compat.rerun()


def _show_difference(run: Run, spec: RunSpec, points: int) -> None:
    """Say that the page's settings are not those of the run, and take them over if the visitor wants that."""
    if (run.spec, run.n) == (spec, points):
        return
    same_programs = run_key(run.spec, run.n) == run_key(spec, points) and run.spec.seed == spec.seed
    apply, restart = changed_notice(applicable=same_programs)
    if apply:
        run.change(spec)
    if restart:
        _open_run(spec, points).play()
    if apply or restart:
        streamlit_compat.rerun()


def _show_position(run: Run) -> None:
    """Show phase, step, epoch, seconds of training and speed."""
    progress = run.progress()
    page_state.set_facts(step=progress.step, frames=len(progress.frames), playing="yes" if run.playing else "no")
    epochs = progress.step / progress.references.epoch_steps if progress.references else 0.0
    rate = f" · {progress.rate:.0f} steps/s" if progress.rate else ""
    badge = {
        "opening": ":gray-badge[opening]",
        "paused": ":gray-badge[paused]",
        "running": ":green-badge[training]",
        "failed": ":red-badge[stopped]",
        "finished": f":blue-badge[{MAX_STEPS:,} steps done]",
    }[progress.phase]
    text = (
        f"{badge} **step {progress.step:,}** · epoch {epochs:.2f} · {progress.seconds:.1f} s of training"
        f"{rate}{load_note()}"
    )
    st.markdown(text, width="content")


def _show_notices(progress: RunProgress) -> None:
    """Show the run's failure, its note, and how many steps had no valid term."""
    if progress.failure:
        st.error(progress.failure, icon=":material/error:")
    if progress.note:
        st.info(progress.note, icon=":material/healing:")
    if progress.empty:
        st.warning(
            f"{progress.empty:,} of {progress.step:,} steps had no valid term in their batch and changed "
            f"nothing.{remedy_for_empty_steps(progress.spec)}",
            icon=":material/hourglass_empty:",
        )


def remedy_for_empty_steps(spec: RunSpec) -> str:
    """Return what to do about steps without a valid term; "" where a miner has found nothing to pick."""
    too_small = share_without_terms(spec) > 0
    return " Take two or more images of each class, or a larger batch." if too_small else ""


def _show_picture(run: Run, refresh: RefreshRate, regions: bool) -> None:
    """Show the cloud, and renew the lease, which keeps the run alive."""
    run.renew_lease(refresh.slowdown)
    busy = run.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = run.progress()
    if progress.failure and not progress.frames:
        st.caption("This run has no picture.")
    else:
        view = st.session_state.view
        cloud = embedding_cloud(run, progress, 3 if view == "3D" else 2, view == "density", regions)
        chosen = embedding(cloud, key="cloud", height=presentation.height(HEIGHT)).frame
        if chosen != st.session_state.get("looked_at"):
            st.session_state.looked_at = chosen
            streamlit_compat.rerun()  # update the numbers
    if not refresh.still_fits(busy):
        streamlit_compat.rerun()


def _viewed_frame(progress: RunProgress) -> int:
    """Return the index of the frame that the visitor is viewing: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("looked_at")
    newest = len(progress.frames) - 1
    return newest if chosen is None else min(chosen, newest)


def _show_numbers(run: Run) -> None:
    """Show notices, and scores and curves at the viewed frame."""
    progress = run.progress()
    _show_notices(progress)
    if not progress.frames or progress.references is None:
        st.caption("Scores appear with the first frame.")
        return
    frame, first = progress.frames[_viewed_frame(progress)], progress.frames[0].metrics
    m = frame.metrics
    page_state.set_facts(knn=m.knn, spread=m.spread)
    variance_shown = sum(frame.views[2].shares)
    tiles = (
        (
            "kNN",
            f"{m.knn:.1%}",
            f"Accuracy of {NEIGHBOURS} nearest neighbours among the images shown, leave-one-out, in the full space.",
        ),
        ("MAP@R", f"{m.map_r:.1%}", "Mean average precision at R, in the full space."),
        ("variance shown", f"{variance_shown:.0%}", "The share of the variance that the picture shows."),
        ("spread", f"{m.spread:.2f}", "1 is spread out, 0 is collapsed to a point (for unit-length embeddings)."),
    )
    for column, (label, value, explanation) in zip(st.columns(len(tiles)), tiles, strict=True):
        column.metric(label, value, help=explanation)
    refs = progress.references
    losses = progress.losses[: progress.frames[-1].step]  # the three charts end at one step
    rows, alt = charts.loss_rows(losses, frame.step), charts.loss_alt(refs, losses, frame.step)
    chart(rows, _loss_chart(refs), alt, key="loss_curve")
    if notes := charts.loss_notes(progress):
        st.caption(notes)
    rows, alt = charts.score_rows(progress.frames, frame.step), charts.scores_alt(frame, refs.knn_raw, first.knn)
    chart(rows, _score_chart(refs.knn_raw, first.knn), alt, key="score_curves")
    rows, alt = charts.triplet_rows(progress.frames, frame.step), charts.triplets_alt(frame)
    chart(rows, _triplet_chart(), alt, key="triplet_shares")
    with st.expander("All metrics of this step"):
        st.markdown(_measure_table(frame))


_loss_chart = lru_cache(maxsize=64)(charts.loss_chart)
_score_chart = lru_cache(maxsize=64)(charts.score_chart)
_triplet_chart = lru_cache(charts.triplet_chart)


def _measure_table(frame: Frame) -> str:
    """Return a frame's measures as a Markdown table."""
    m = frame.metrics
    rows = {
        f"kNN accuracy (k = {NEIGHBOURS}, leave one out)": f"{m.knn:.2%}",
        "recall@1": f"{m.recall:.2%}",
        "recall@1 in the picture": f"{m.drawn:.2%}",
        "MAP@R": f"{m.map_r:.2%}",
        "alignment (mean d² of positive pairs)": f"{m.alignment:.4f}",
        "uniformity (log mean exp −2d²)": f"{m.uniformity:.3f}",
        f"easy / semi-hard / hard triplets (d², m = {TRIPLET_MARGIN})": " / ".join(
            f"{share:.2%}" for share in (m.easy, m.semihard, m.hard)
        ),
        "spread": f"{m.spread:.4f}",
        "variance shown (best plane)": f"{sum(frame.views[2].shares):.1%} ({frame.views[2].best_share:.1%})",
    }
    cells = (f"| {name} | {'unknown' if 'nan' in value else value} |" for name, value in rows.items())
    return "\n".join(["| metric | value |", "|---|---|", *cells])
