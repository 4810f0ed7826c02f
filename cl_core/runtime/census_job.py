"""A census as its page holds it: counted in the worker processes, a part at a time, for as long as somebody looks.

Between two parts it is a value, so a worker that dies costs one part, and whoever trains at the same time waits for no
more than that. Nothing goes on that nobody looks at.
"""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core import training
from cl_core.analysis import triplet_counts
from cl_core.analysis.census import Census, assemble_census, number_of_triplets
from cl_core.analysis.triplet_counts import CensusSample, PartialCounts
from cl_core.data import datasets
from cl_core.losses import distances
from cl_core.runtime import errors
from cl_core.training import State

LEASE = 5.0  # seconds that a census goes on without being looked at
PART = 0.4  # seconds that one part takes
MAX_DEATHS = 5  # of workers in a row, then it is given up
MAX_IMAGES = 10_000  # images

Phase = Literal["counting", "stopped", "done", "failed"]


@dataclass(frozen=True, eq=False)
class CensusRequest:
    """What is counted: the first `n` probe images of a data set, and how.

    Attributes:
        dataset: key of `datasets.available()`.
        state: the net that embeds the images; None for their raw pixels, as vectors of unit length.
        n: how many, at most `MOST`; all there are, where that is less.
        margin, distance, margins: as in `census`.

    Raises ValueError for more images than that.
    """

    dataset: str
    state: State | None
    n: int
    margin: float
    distance: str
    margins: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.n <= MAX_IMAGES:
            raise ValueError(f"a census counts 1 to {MAX_IMAGES:,} images, not {self.n:,}")

    @property
    def rows(self) -> NDArray[np.int64]:
        """Which test images."""
        return datasets.probe_indices(datasets.load(self.dataset), self.n)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their classes."""
        labels: NDArray[np.int64] = datasets.load(self.dataset).y_test[self.rows]
        return labels

    @property
    def triplets(self) -> int:
        """How many there are to be counted."""
        return number_of_triplets(self.labels)

    def embedding(self) -> NDArray[np.float32]:
        """The images, embedded, (n, D)."""
        return (
            pixel_embedding(self.dataset, self.rows) if self.state is None else training.snapshot(self.state, self.n).z
        )


def pixel_embedding(dataset: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Test examples as they are, one after the other, as vectors of unit length."""
    x = torch.from_numpy(datasets.load(dataset).x_test[rows]).flatten(1).float()
    return distances.unit(x).numpy()


@dataclass(frozen=True)
class CensusProgress:
    """How far a census is.

    Attributes:
        phase: "counting", "stopped" (by its visitor, or since nobody looked), "done" or "failed".
        done, of: anchors.
        seconds: spent counting, in a worker.
        census: the result, once there is one.
        note: something that happened and was dealt with, in words.
        failure: why it can't go on, in words.
    """

    phase: Phase
    done: int
    total: int
    seconds: float
    census: Census | None
    note: str | None
    failure: str | None


class CensusJob:
    """One census under way. Every method returns at once; `look` says what became of it."""

    def __init__(self, executor: Executor, question: CensusRequest) -> None:
        self.question = question
        self._executor = executor
        self._of = len(question.rows)
        self._name = f"census-{uuid.uuid4().hex[:12]}"
        self._lock = threading.Lock()
        self._lease = 0.0
        self._stopping = False
        self._phase: Phase = "stopped"
        self._parts: list[PartialCounts] = []
        self._seconds = 0.0
        self._census: Census | None = None
        self._note: str | None = None
        self._failure: str | None = None
        self.resume()

    def resume(self) -> None:
        """Count, from where it was stopped."""
        with self._lock:
            if self._phase == "stopped":
                self._phase, self._stopping = "counting", False
                self._lease = time.monotonic() + LEASE
                threading.Thread(target=self._count, name=self._name, daemon=True).start()

    def renew_lease(self) -> None:
        """Say that somebody is still looking."""
        with self._lock:
            self._lease = time.monotonic() + LEASE

    def stop(self) -> None:
        """Hand out no further part, whoever looks."""
        with self._lock:
            self._stopping = True

    def progress(self) -> CensusProgress:
        """How far it is right now."""
        with self._lock:
            return CensusProgress(
                self._phase, self._done, self._of, self._seconds, self._census, self._note, self._failure
            )

    @property
    def _done(self) -> int:
        return self._parts[-1].rows.stop if self._parts else 0

    def _count(self) -> None:
        """One part after the other, in a thread of its own that does nothing but wait for them."""
        try:
            while self._done < self._of:
                parts, seconds = self._ask(count_part, self._name, self.question, self._done, PART)
                with self._lock:
                    self._parts += parts
                    self._seconds += seconds
                    if (self._stopping or time.monotonic() >= self._lease) and self._done < self._of:
                        self._phase = "stopped"
                        return
            census = self._ask(assemble, self._name, self.question, self._parts)
            with self._lock:
                self._census, self._phase = census, "done"
        except Exception as error:
            with self._lock:
                self._failure, self._phase = errors.describe_error(error), "failed"

    def _ask(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """What a worker answers; asked again when it has died."""
        for _ in range(MAX_DEATHS):
            try:
                return self._executor.submit(task, *arguments).result()
            except errors.WORKER_DEATHS:
                with self._lock:
                    self._note = f"A worker process died. The census went on from anchor {self._done:,}."
        raise ValueError(
            f"The worker processes died again and again at anchor {self._done:,}; the machine may be out of memory. "
            "Try fewer images."
        )


_sample: tuple[str, CensusSample] | None = None  # what this worker counted last, since the next part is of the same


def _sample_of(name: str, question: CensusRequest) -> CensusSample:
    global _sample
    if _sample is None or _sample[0] != name:
        margins = (question.margin, *question.margins)
        _sample = name, triplet_counts.prepare_sample(question.embedding(), question.labels, margins, question.distance)
    return _sample[1]


def count_part(name: str, question: CensusRequest, first: int, seconds: float) -> tuple[list[PartialCounts], float]:
    """In a worker: count from anchor `first` on for so many seconds, and say how long it took."""
    points = _sample_of(name, question)
    began, parts = time.monotonic(), []
    for counted in triplet_counts.count_anchors(points, first):
        parts.append(counted)
        if time.monotonic() - began >= seconds:
            break
    return parts, time.monotonic() - began


def assemble(name: str, question: CensusRequest, parts: list[PartialCounts]) -> Census:
    """In a worker: the census that the parts make."""
    return assemble_census(_sample_of(name, question), parts)
