"""Export of the session's run as files, and opening a run from its file."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cl_core import charts, losses
from cl_core.charts import gif, svg
from cl_core.charts.gif import GifScene
from cl_core.charts.svg import TitledChart
from cl_core.data.npz import DataError
from cl_core.runtime.engine import Engine
from cl_core.runtime.errors import describe_error
from cl_core.runtime.fair_queue import Client
from cl_core.runtime.readable_run import ReadableRun
from cl_core.training import State
from cl_core.training.files import run_file, safetensors, tables
from cl_core.training.frames import RunProgress
from cl_core.training.saved_run import SavedRun
from cl_core.ui.link import controls
from cl_core.ui.pages import training_controls
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine

WORKER_TIMEOUT = 60.0  # seconds to wait for a worker to make a file
IMAGES_PER_TASK = 15  # images of a movie
POLL_SECONDS = 0.4  # between two checks of a movie that is being made
MB = 2**20
NOT_YET = "The run has no picture yet. Please wait a moment."


def show_export(run: ReadableRun, title: str, open_run: Callable[[SavedRun], None]) -> bool:
    """Show a button that opens the list of downloads of a run.

    Args:
        run: the run.
        title: of the run's picture, for the caption of the movie.
        open_run: called with a run from an uploaded file; makes it the session's run.

    Returns:
        Whether the list is open.
    """
    explanation = "Download data, weights, GIF or run"
    key = f"export_{st.session_state.setdefault('runs_opened', 0)}"  # a new key closes it
    with st.container(key="take_away"):
        popover = st.popover("Export", icon=":material/download:", key=key, on_change="rerun", help=explanation)
    if not popover.open:
        return False
    progress = run.progress()
    with popover:
        st.caption("" if progress.frames else NOT_YET)  # always there, so that what follows keeps its place
        _show_run_file(run, progress, open_run)
        _show_numbers(run, progress)
        _show_encoder(run, progress)
        _show_movie(run, progress, title)
        _show_pictures(run, progress)
    return True


def _section(text: str) -> DeltaGenerator:
    """Show a section's text; return the container for its buttons, beside the text or, on a phone, below it."""
    with st.container(horizontal=True, border=True):
        st.markdown(text, width=240)
        return st.container(width="stretch", gap="xsmall")


def _show_numbers(run: ReadableRun, progress: RunProgress) -> None:
    """Show the downloads of the embedding and the history as tables."""
    n = len(progress.frames[-1].points[2]) if progress.frames else run.n
    size = _size_text(4 * n * run.spec.dim)
    text = (
        f"**Numbers.** The embeddings of {n:,} test images, {run.spec.dim} numbers each ({size}; up to three times as "
        "much as text), and the loss and metrics of every step."
    )
    server_engine = engine()
    with _section(text):
        for kind, name in {"csv": "CSV", "parquet": "Parquet"}.items():
            _show_file_button(
                progress,
                f"Embedding as {name}",
                f"embedding.{kind}",
                partial(_embedding_file, server_engine, run, kind),
            )
            _show_file_button(progress, f"History as {name}", f"history.{kind}", partial(_history_file, run, kind))


def _embedding_file(server_engine: Engine, run: ReadableRun, kind: str) -> bytes:
    file: bytes = server_engine.queue.submit(tables.embedding_file, _require_state(run.state), run.n, kind).result(
        timeout=WORKER_TIMEOUT
    )
    return file


def _history_file(run: ReadableRun, kind: str) -> bytes:
    return tables.FORMATS[kind](tables.history_table(run.progress()))


def _show_encoder(run: ReadableRun, progress: RunProgress) -> None:
    """Show the download of the encoder and the program that loads it."""
    text = f"**Encoder.** The weights ({_size_text(safetensors.estimated_size(run.spec))}), for your own programs."
    with _section(text):
        _show_file_button(
            progress, "Encoder as safetensors", safetensors.FILE, partial(_encoder_file, run), prefixed=False
        )
    with st.expander("The program that loads the encoder", icon=":material/code:"):
        st.code(safetensors.loading_program(run.spec), wrap_lines=True)


def _encoder_file(run: ReadableRun) -> bytes:
    return safetensors.dumps(_require_state(run.state))


def _show_run_file(run: ReadableRun, progress: RunProgress, open_run: Callable[[SavedRun], None]) -> None:
    """Show the download of the run as a file, and the upload of one."""
    text = (
        "**Run.** A file that you can open here again, to continue the training "
        f"(up to {_run_file_size(progress, run.n)})."
    )
    left_out = len(progress.frames) - len(run_file.frames_to_save(progress, run.n)) if progress.frames else 0
    text += f" {left_out:,} of {len(progress.frames):,} frames are left out." if left_out else ""
    n_opened = st.session_state.runs_opened
    with _section(text):
        _show_file_button(progress, "Run file", "run.npz", partial(_run_file, run))
        st.file_uploader(
            "Open a run", "npz", key=f"run_file_{n_opened}", max_upload_size=run_file.MAX_FILE // MB,
            on_change=_open_file, args=(f"run_file_{n_opened}", open_run),
        )  # fmt: skip
        if fault := st.session_state.get("run_file_fault"):
            st.error("This file can't be opened.", icon=":material/broken_image:")
            st.text(fault)  # as plain text, not Markdown: it may quote the file


def _run_file_size(progress: RunProgress, n: int) -> str:
    return _size_text(run_file.estimated_size(progress, n)) if progress.frames else "a few MB"


def _run_file(run: ReadableRun) -> bytes:
    progress, state = run.progress_and_state()
    return run_file.dumps(progress, _require_state(state), run.n)


def _require_state(state: State | None) -> State:
    if state is None:
        raise ValueError(NOT_YET)
    return state


def _open_file(key: str, open_run: Callable[[SavedRun], None]) -> None:
    """Open the uploaded run and set the controls to it, or store what is wrong with the file."""
    st.session_state.pop("run_file_fault", None)
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        saved = engine().queue.submit(run_file.loads, file.getvalue()).result(timeout=WORKER_TIMEOUT)
        _set_controls(saved)
    except Exception as error:  # any error of a worker: report it and keep the page
        st.session_state.run_file_fault = describe_error(error)
        return
    open_run(saved)
    st.session_state.runs_opened += 1  # new keys empty the uploader and close the list


def _set_controls(saved: SavedRun) -> None:
    """Set every control to the run's settings; DataError if a control cannot show them."""
    spec = saved.state.spec
    link = training_controls.link_of(spec, points=saved.n)
    every_control = [
        control for control in training_controls.controls_for_link({"loss": spec.loss}) if control.name in link
    ]
    for control in every_control:
        if (fault := control.error_in(link[control.name])) is not None:
            raise DataError(f"Its {control.label} {fault}.")
    controls.set_to_defaults([replace(control, default=control.parse(link[control.name])) for control in every_control])


def _show_file_button(
    progress: RunProgress, label: str, name: str, make_file: Callable[[], bytes], *, prefixed: bool = True
) -> None:
    """Show a download button; the file is made when it is clicked."""
    spec = progress.spec
    st.download_button(
        label, make_file, f"{spec.dataset}-{spec.loss}-{name}" if prefixed else name, icon=":material/download:",
        on_click="ignore", disabled=not progress.frames, help=None if progress.frames else NOT_YET, width="stretch",
        key=f"take_{label}",
    )  # fmt: skip


class _MovieJob:
    """A movie that workers draw, a few images a task; it advances only while a page is open.

    Attributes:
        run: the run whose frames are shown.
        scene: what is drawn.
        remaining: times of the images that no task was submitted for.
        total: number of images.
        pictures: images so far, encoded.
        file: the GIF, when it is done.
        fault: why it could not be made.
    """

    def __init__(self, run: ReadableRun, scene: GifScene, client: Client) -> None:
        self._client = client
        self.run = run
        self.scene = scene
        self.remaining = gif.frame_times(len(scene.points))
        self.total = len(self.remaining)
        self.pictures: list[bytes] = []
        self.file: bytes | None = None
        self.fault: str | None = None
        self._future: Future[list[bytes]] | Future[bytes] | None = None

    @property
    def share(self) -> float:
        """The fraction of images that are drawn, 0 to 1."""
        return len(self.pictures) / self.total

    @property
    def done(self) -> bool:
        """Whether the movie is finished or has failed."""
        return self.file is not None or self.fault is not None

    def advance(self) -> None:
        """Collect the result of a finished task and submit the next one."""
        if self.done or (self._future is not None and not self._future.done()):
            return
        try:
            self._collect()
            if self.file is None and self.remaining:
                times, self.remaining = self.remaining[:IMAGES_PER_TASK], self.remaining[IMAGES_PER_TASK:]
                self._future = self._client.submit(gif.draw_images, self.scene, times)
            elif self.file is None:
                self._future = self._client.submit(gif.join_images, self.pictures)
        except Exception as error:  # any error of a worker: report it and keep the page
            self.fault = describe_error(error, "Make the movie again, or save the run as a file instead.")

    def _collect(self) -> None:
        result = None if self._future is None else self._future.result()
        if isinstance(result, bytes):
            self.file, self.pictures = result, []
        elif result is not None:
            self.pictures += result


def _show_movie(run: ReadableRun, progress: RunProgress, title: str) -> None:
    """Show the button that makes the movie, and its progress."""
    job: _MovieJob | None = st.session_state.get("movie")
    if job is not None and job.run is not run:
        job = None
    label = "Make a movie" if job is None or not job.done else "Make it again up to this step"
    with _section("**Movie.** All frames so far, as a GIF. It takes some seconds to make."):
        if st.button(label, icon=":material/movie:", disabled=not progress.frames, width="stretch", key="make_movie"):
            caption = f"{title} · {losses.LOSSES[run.spec.loss].title}"
            dark = st.context.theme.type == "dark"
            st.session_state.movie = job = _MovieJob(
                run, gif.make_scene(progress, run.n, caption, dark=dark), engine().queue.client()
            )
        if job is not None:
            st.fragment(_show_movie_progress, run_every=None if job.done else POLL_SECONDS)(job)


def _show_pictures(run: ReadableRun, progress: RunProgress) -> None:
    """Show the download of all curves as one picture, and say where other pictures have their own."""
    text = "**Pictures.** The embedding has a button that saves it as PNG, and each chart has one in its corner."
    with _section(text):
        _show_file_button(progress, "Curves as SVG", "curves.svg", partial(_curves_file, engine(), run))


def _curves_file(server_engine: Engine, run: ReadableRun) -> bytes:
    progress = run.progress()
    references, first, step = progress.references, progress.frames[0].metrics, progress.frames[-1].step
    if references is None:
        raise ValueError(NOT_YET)
    titled_charts = [
        TitledChart("Loss", charts.loss_chart(references), charts.loss_rows(progress.losses, step)),
        TitledChart(
            "Accuracy", charts.score_chart(references.knn_raw, first.knn), charts.score_rows(progress.frames, step)
        ),
        TitledChart("Triplets", charts.triplet_chart(), charts.triplet_rows(progress.frames, step)),
    ]
    picture: bytes = server_engine.queue.submit(svg.to_svg, titled_charts).result(timeout=WORKER_TIMEOUT)
    return picture


def _show_movie_progress(job: _MovieJob) -> None:
    """Show the progress of the movie and, at the end, its download."""
    was_running = not job.done
    job.advance()
    if job.fault:
        st.error(job.fault, icon=":material/error:")
    elif job.file is None:
        st.progress(job.share, f"{len(job.pictures)} of {job.total} images drawn")
    else:
        spec = job.run.spec
        st.download_button(
            f"Movie as GIF ({_size_text(len(job.file))})", job.file, f"{spec.dataset}-{spec.loss}.gif",
            mime="image/gif", icon=":material/download:", on_click="ignore", width="stretch", key="take_movie",
        )  # fmt: skip
    if was_running and job.done:  # a full rerun is needed to change a fragment's interval
        streamlit_compat.rerun()


def _size_text(size: int) -> str:
    return f"{size / MB:.1f} MB" if size >= MB / 10 else f"{max(size // 1024, 1)} kB"
