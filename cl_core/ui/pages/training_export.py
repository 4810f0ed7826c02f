"""What can be taken away from the run on stage, and how one that was kept comes back."""

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
from cl_core.runtime.run import Run
from cl_core.training import State
from cl_core.training.files import run_file, safetensors, tables
from cl_core.training.frames import RunProgress
from cl_core.training.saved_run import SavedRun
from cl_core.ui.link import controls
from cl_core.ui.pages import training_controls
from cl_core.ui.server.lifespan import engine

PATIENCE = 60.0  # seconds for a worker to come up with a file
PIECE = 15  # images of a movie that are drawn at a time
TICK = 0.4  # seconds between two looks at a movie on its way
MB = 2**20
NOT_YET = "The run has no picture yet; a moment, please."


def show_export(run: Run, title: str, open_run: Callable[[SavedRun], None]) -> None:
    """A button behind which lies all that can be taken away of `run`, whose picture is called `title`.

    `open_run` puts a run on stage that comes back from its file.
    """
    words = "Its numbers, net and movie as files, and the run itself, to open here again"
    part = st.popover("Export", icon=":material/download:", key="take_away", on_change="rerun", help=words)
    if not part.open:
        return
    look = run.progress()
    with part:
        if not look.frames:
            st.caption(NOT_YET)
        _run(run, look, open_run)
        _numbers(run, look)
        _net(run, look)
        _movie(run, look, title)
        _pictures(run, look)


def _section(words: str) -> DeltaGenerator:
    """A line of the list: what it is about, and beside it (on a phone below) the place for its buttons."""
    with st.container(horizontal=True, border=True):
        st.markdown(words, width=240)
        return st.container(width="stretch", gap="xsmall")


def _numbers(run: Run, look: RunProgress) -> None:
    """The embedding and the history as tables."""
    size = _megabytes(4 * run.n * run.spec.dim)
    words = (
        f"**Numbers.** Where {run.n:,} test images lie, {run.spec.dim} numbers each ({size}, as text up to three times "
        "that); loss and measures of every step."
    )
    served = engine()
    with _section(words):
        for kind, name in {"csv": "CSV", "parquet": "Parquet"}.items():
            _file(look, f"Embedding as {name}", f"embedding.{kind}", partial(_embedding, served, run, kind))
            _file(look, f"History as {name}", f"history.{kind}", partial(_history, run, kind))


def _embedding(served: Engine, run: Run, kind: str) -> bytes:
    file: bytes = served.queue.submit(tables.embedding_file, _there(run.state), run.n, kind).result(timeout=PATIENCE)
    return file


def _history(run: Run, kind: str) -> bytes:
    return tables.FORMATS[kind](tables.history_table(run.progress()))


def _net(run: Run, look: RunProgress) -> None:
    """The encoder, and the program that loads it."""
    words = f"**Encoder.** Its weights ({_megabytes(safetensors.estimated_size(run.spec))}), for any program of yours."
    with _section(words):
        _file(look, "Encoder as safetensors", safetensors.FILE, partial(_encoder, run), named=False)
    with st.expander("The program that loads the encoder", icon=":material/code:"):
        st.code(safetensors.loading_program(run.spec), wrap_lines=True)


def _encoder(run: Run) -> bytes:
    return safetensors.dumps(_there(run.state))


def _run(run: Run, look: RunProgress, open_run: Callable[[SavedRun], None]) -> None:
    """The run as a file, and a place to drop one."""
    words = f"**Run.** A file that opens here again and trains on from where it was (up to {_size(look, run.n)})."
    left_out = len(look.frames) - len(run_file.frames_to_save(look, run.n)) if look.frames else 0
    words += f" {left_out:,} of {len(look.frames):,} frames are left out." if left_out else ""
    times = st.session_state.setdefault("runs_opened", 0)
    with _section(words):
        _file(look, "Run file", "run.npz", partial(_kept, run))
        st.file_uploader(
            "Open a run", "npz", key=f"run_file_{times}", max_upload_size=run_file.MAX_FILE // MB,
            on_change=_open, args=(f"run_file_{times}", open_run),
        )  # fmt: skip
        if fault := st.session_state.get("run_file_fault"):
            st.error("This file can't be opened.", icon=":material/broken_image:")
            st.text(fault)  # which may quote the file: as it is, not as Markdown


def _size(look: RunProgress, n: int) -> str:
    return _megabytes(run_file.estimated_size(look, n)) if look.frames else "a few MB"


def _kept(run: Run) -> bytes:
    look, state = run.progress_and_state()
    return run_file.dumps(look, _there(state), run.n)


def _there(state: State | None) -> State:
    if state is None:
        raise ValueError(NOT_YET)
    return state


def _open(key: str, open_run: Callable[[SavedRun], None]) -> None:
    """A file was chosen: its run comes on stage and the controls follow it, or what is wrong with the file is said."""
    st.session_state.pop("run_file_fault", None)
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        kept = engine().queue.submit(run_file.loads, file.getvalue()).result(timeout=PATIENCE)
        _set_controls(kept)
    except Exception as error:  # a worker's: whatever it was, the page stays
        st.session_state.run_file_fault = describe_error(error)[:300]
        return
    open_run(kept)
    st.session_state.runs_opened += 1  # an empty place for the next one
    st.session_state.take_away = False


def _set_controls(kept: SavedRun) -> None:
    """Put every control where the run has it; DataError for a run that the controls can't show."""
    spec = kept.state.spec
    link = training_controls.link_of(spec, points=kept.n)
    known = [each for each in training_controls.controls_for_link({"loss": spec.loss}) if each.name in link]
    for control in known:
        if (fault := control.error_in(link[control.name])) is not None:
            raise DataError(f"Its {control.label} {fault}.")
    controls.set_to_defaults([replace(each, default=each.parse(link[each.name])) for each in known])


def _file(look: RunProgress, label: str, name: str, make: Callable[[], bytes], *, named: bool = True) -> None:
    """A button that makes a file when it is pressed and saves it."""
    spec = look.spec
    st.download_button(
        label, make, f"{spec.dataset}-{spec.loss}-{name}" if named else name, icon=":material/download:",
        on_click="ignore", disabled=not look.frames, help=None if look.frames else NOT_YET, width="stretch",
        key=f"take_{label}",
    )  # fmt: skip


class _Making:
    """A movie on its way: one piece handed in after the other, for as long as somebody looks on."""

    def __init__(self, run: Run, scene: GifScene, seat: Client) -> None:
        self._seat = seat
        self.run = run
        self.scene = scene
        self.left = gif.frame_times(len(scene.points))
        self.total = len(self.left)
        self.pictures: list[bytes] = []
        self.file: bytes | None = None
        self.fault: str | None = None
        self._work: Future[list[bytes]] | Future[bytes] | None = None

    @property
    def share(self) -> float:
        """How much of it there is, 0 to 1."""
        return len(self.pictures) / self.total

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.file is not None or self.fault is not None

    def go_on(self) -> None:
        """Take what is done, and hand in the next piece."""
        if self.done or (self._work is not None and not self._work.done()):
            return
        try:
            self._take()
            if self.file is None and self.left:
                piece, self.left = self.left[:PIECE], self.left[PIECE:]
                self._work = self._seat.submit(gif.draw_images, self.scene, piece)
            elif self.file is None:
                self._work = self._seat.submit(gif.join_images, self.pictures)
        except Exception as error:  # a worker's: whatever it was, the page stays
            self.fault = f"The movie could not be made: {describe_error(error)}"

    def _take(self) -> None:
        made = None if self._work is None else self._work.result()
        if isinstance(made, bytes):
            self.file, self.pictures = made, []
        elif made is not None:
            self.pictures += made


def _movie(run: Run, look: RunProgress, title: str) -> None:
    """The movie: made when it is asked for, in pieces, with its progress to be seen."""
    making: _Making | None = st.session_state.get("movie")
    if making is not None and making.run is not run:
        making = None
    label = "Make a movie" if making is None or not making.done else "Make it again, up to here"
    with _section("**Movie.** All frames so far, as a GIF. It takes some seconds to make."):
        if st.button(label, icon=":material/movie:", disabled=not look.frames, width="stretch", key="make_movie"):
            words = f"{title} · {losses.LOSSES[run.spec.loss].title}"
            dark = st.context.theme.type == "dark"
            st.session_state.movie = making = _Making(
                run, gif.make_scene(look, run.n, words, dark=dark), engine().queue.client()
            )
        if making is not None:
            st.fragment(_progress, run_every=None if making.done else TICK)(making)


def _pictures(run: Run, look: RunProgress) -> None:
    """The curves as one picture, and where to find the other pictures' own buttons."""
    words = (
        "**Pictures.** The cloud has a button among its tools that saves it as PNG; each chart has one in its corner."
    )
    with _section(words):
        _file(look, "Curves as SVG", "curves.svg", partial(_curves, engine(), run))


def _curves(served: Engine, run: Run) -> bytes:
    look = run.progress()
    lines, first, step = look.references, look.frames[0].metrics, look.frames[-1].step
    if lines is None:
        raise ValueError(NOT_YET)
    drawn = [
        TitledChart("Loss", charts.loss_chart(lines), charts.loss_rows(look.losses, step)),
        TitledChart("Accuracy", charts.score_chart(lines.knn_raw, first.knn), charts.score_rows(look.frames, step)),
        TitledChart("Triplets", charts.triplet_chart(), charts.triplet_rows(look.frames, step)),
    ]
    picture: bytes = served.queue.submit(svg.to_svg, drawn).result(timeout=PATIENCE)
    return picture


def _progress(making: _Making) -> None:
    """How far the movie is; in the end the movie."""
    moves = not making.done
    making.go_on()
    if making.fault:
        st.error(making.fault, icon=":material/error:")
    elif making.file is None:
        st.progress(making.share, f"{len(making.pictures)} of {making.total} pictures drawn")
    else:
        spec = making.run.spec
        st.download_button(
            f"Movie as GIF ({_megabytes(len(making.file))})", making.file, f"{spec.dataset}-{spec.loss}.gif",
            mime="image/gif", icon=":material/download:", on_click="ignore", width="stretch", key="take_movie",
        )  # fmt: skip
    if moves and making.done:  # the pulse of a fragment is set by whoever calls it
        st.rerun()


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB" if size >= MB / 10 else f"{max(size // 1024, 1)} kB"
