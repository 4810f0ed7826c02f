"""What a browser needs to train a run: its programs and its examples, as files of the server."""

from collections.abc import Sequence
from concurrent.futures import TimeoutError as TookTooLongError
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import streamlit as st

from cl_core.components.trainer.message import encode, encode_examples
from cl_core.components.trainer.picture import Files, cloud_message, run_key
from cl_core.data import datasets
from cl_core.data.datasets import Dataset
from cl_core.programs import runs
from cl_core.programs.graph import UnsupportedError
from cl_core.runtime.errors import describe_error
from cl_core.training import RunSpec
from cl_core.training.batches import steps_per_epoch, training_set
from cl_core.training.frames import knn_of_pixels
from cl_core.ui.server.browser_files import engine_url, file_url, worker_url
from cl_core.ui.server.lifespan import engine
from cl_core.ui.server.packed_images import packed_images

MAX_BATCH = 1024  # rows of a step; a larger batch is trained on the server, which has more memory and faster products
MAX_BYTES = 128 * 2**20  # of the training examples
MAX_BYTES_TOGETHER = 512 * 2**20  # of those of all runs of a race, each of which has its own copy
TIMEOUT = 120.0  # seconds to wait for a worker of the server, which may have other work first
PREPARING = "Compiling the programs of this run (only the first time)"


@dataclass(frozen=True)
class BrowserTraining:
    """What a browser needs to train a run.

    Attributes:
        files: the URLs of the files.
        knn_raw: kNN accuracy of the probe images' raw pixels, 0 to 1.
        epoch_steps: steps in one pass through the training set.
    """

    files: Files
    knn_raw: float
    epoch_steps: int


def reason_for_server(specs: Sequence[RunSpec], n: int, seeds: int = 1) -> str:
    """Return why runs train on the server although the visitor has not asked for it, as sentences; "" if they need not.

    Args:
        specs: the runs that go together.
        n: number of probe images in each frame.
        seeds: how often each of them is trained.
    """
    if refusal := st.session_state.get("browser_refusal"):
        return f"Your browser could not train: {refusal}"
    if reason := next(filter(None, map(_reason_against, specs)), ""):
        return reason
    together = seeds * sum(training_set(spec)[0].nbytes for spec in specs)
    if together > MAX_BYTES_TOGETHER:
        return (
            f"Each of the {seeds * len(specs)} runs would load the training images separately, {together >> 20:,} MB "
            f"in total, but a browser loads at most {MAX_BYTES_TOGETHER >> 20:,}. Choose fewer seeds or fewer images."
        )
    try:
        with st.spinner(PREPARING, show_time=True):
            for spec in specs:
                browser_training(spec, n)
    except (UnsupportedError, TookTooLongError, OSError, RuntimeError) as error:
        return describe_error(error, "Reload the page to try again.")
    return ""


def note_refusal(reported: Any) -> None:
    """Note why the browser cannot train, so that the server takes over.

    Args:
        reported: untrusted value.
    """
    st.session_state.browser_refusal = str(reported)[:200]


def _reason_against(spec: RunSpec) -> str:
    """Return why a browser should not train a run, as a sentence; "" if it may."""
    if spec.batch > MAX_BATCH:
        return f"A batch of {spec.batch:,} is too slow in a browser; the limit is {MAX_BATCH:,}."
    size = training_set(spec)[0].nbytes
    if size > MAX_BYTES:
        return f"The data set has {size >> 20:,} MB, but a browser loads at most {MAX_BYTES >> 20:,}."
    return ""


def browser_training(spec: RunSpec, n: int) -> BrowserTraining:
    """Make what a browser needs to train a run; this takes some seconds where no one has trained such a run before.

    Args:
        spec: the run.
        n: number of probe images in each frame.

    Raises:
        UnsupportedError: when there is no program for the run; the message says why.
    """
    data = datasets.load(spec.dataset)
    run, knn_raw = _programs(_Structure(run_key(spec, n), spec.seed, spec, n))
    files = Files(
        engine_url(),
        worker_url(),
        file_url("run.bin", run),
        file_url("images.bin.gz", _training_images(spec)),
        file_url("probes.bin.gz", _probe_images(data, n)),
        file_url("cloud.bin", _cloud(data, n)),
    )
    return BrowserTraining(files, knn_raw, steps_per_epoch(spec))


@dataclass(frozen=True)
class _Structure:
    """A run, equal to others that the same programs train from the same seed."""

    key: str
    seed: int
    spec: RunSpec = field(compare=False)
    n: int


@lru_cache(maxsize=64)
def _programs(structure: _Structure) -> tuple[bytes, float]:
    spec, n = structure.spec, structure.n
    if runs.are_stored(spec, n):  # else it takes seconds of processor time, which a worker has
        return _make_programs(spec, n)
    made: tuple[bytes, float] = engine().queue.submit(_make_programs, spec, n).result(TIMEOUT)
    return made


def _make_programs(spec: RunSpec, n: int) -> tuple[bytes, float]:
    return encode(spec, n), knn_of_pixels(spec.dataset, n)


def _training_images(spec: RunSpec) -> bytes:
    return packed_images(engine().queue, spec).result(TIMEOUT)


@lru_cache(maxsize=8)
def _probe_images(data: Dataset, n: int) -> bytes:
    rows = datasets.probe_indices(data, n)
    return encode_examples(data.x_test[rows], data.y_test[rows])


@lru_cache(maxsize=8)
def _cloud(data: Dataset, n: int) -> bytes:
    return cloud_message(data.key, n)
