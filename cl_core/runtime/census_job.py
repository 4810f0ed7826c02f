"""A census as a page holds it: counted by the workers in short tasks, for as long as its lease is renewed.

Between two tasks a census is a value, so a worker that dies costs one task, and runs of other visitors wait no longer
than one task takes.
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
from cl_core.data.errors import ExplainedError
from cl_core.losses import distances
from cl_core.runtime import errors
from cl_core.training import State

LEASE = 5.0  # seconds that a census goes on without a renewal
TASK_SECONDS = 0.4
MAX_DEATHS = 5  # of workers in a row, after which the census fails
MAX_IMAGES = 10_000
ADVICE = "Count again with fewer images or another embedding."

Phase = Literal["counting", "stopped", "done", "failed"]


@dataclass(frozen=True, eq=False)
class CensusRequest:
    """What is counted: the first `n` probe images of a data set, and how.

    Attributes:
        dataset: key of `datasets.available()`.
        state: the net that embeds the images; None for their raw pixels, as vectors of unit length.
        n: how many images, at most `MAX_IMAGES`; all of them if there are fewer.
        margin: in the units of `distance`.
        distance: as in `census`.
        margins: further margins at which the kinds are counted in total.

    Raises:
        ValueError: `n` is not between 1 and `MAX_IMAGES`.
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
        """The rows of the test images, (n,)."""
        return datasets.probe_indices(datasets.load(self.dataset), self.n)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The classes of the images, (n,)."""
        labels: NDArray[np.int64] = datasets.load(self.dataset).y_test[self.rows]
        return labels

    @property
    def triplets(self) -> int:
        """How many triplets there are to count."""
        return number_of_triplets(self.labels)

    def embedding(self) -> NDArray[np.float32]:
        """Return the embedding of the images, (n, D)."""
        if self.state is None:
            return pixel_embedding(self.dataset, self.rows)
        return training.snapshot(self.state, self.n).z


def pixel_embedding(dataset: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return test examples as vectors of unit length.

    Args:
        dataset: key of `datasets.available()`.
        rows: (n,) which test examples.

    Returns:
        The flattened examples, (n, D).
    """
    x = torch.from_numpy(datasets.load(dataset).x_test[rows]).flatten(1).float()
    return distances.unit(x).numpy()


@dataclass(frozen=True)
class CensusProgress:
    """How far a census is.

    Attributes:
        phase: "counting", "stopped" (on request, or because its lease ended), "done" or "failed".
        done: number of anchors counted.
        total: number of anchors.
        seconds: spent counting, in workers.
        census: the result, once there is one.
        note: what happened and was recovered from, for the visitor.
        failure: why it cannot go on, for the visitor.
    """

    phase: Phase
    done: int
    total: int
    seconds: float
    census: Census | None
    note: str | None
    failure: str | None


class CensusJob:
    """One census under way; every method returns at once.

    Args:
        executor: the workers.
        request: what to count.
    """

    def __init__(self, executor: Executor, request: CensusRequest) -> None:
        self.request = request
        self._executor = executor
        self._total = len(request.rows)
        self._name = f"census-{uuid.uuid4().hex[:12]}"
        self._lock = threading.Lock()
        self._lease_end = 0.0
        self._stopping = False
        self._phase: Phase = "stopped"
        self._parts: list[PartialCounts] = []
        self._seconds = 0.0
        self._census: Census | None = None
        self._note: str | None = None
        self._failure: str | None = None
        self.resume()

    def resume(self) -> None:
        """Count on from where it was stopped."""
        with self._lock:
            if self._phase == "stopped":
                self._phase, self._stopping = "counting", False
                self._lease_end = time.monotonic() + LEASE
                threading.Thread(target=self._count, name=self._name, daemon=True).start()

    def renew_lease(self) -> None:
        """Let it go on for another `LEASE` seconds."""
        with self._lock:
            self._lease_end = time.monotonic() + LEASE

    def stop(self) -> None:
        """Submit no further task."""
        with self._lock:
            self._stopping = True

    def progress(self) -> CensusProgress:
        """Return how far it is right now."""
        with self._lock:
            return CensusProgress(
                phase=self._phase,
                done=self._done,
                total=self._total,
                seconds=self._seconds,
                census=self._census,
                note=self._note,
                failure=self._failure,
            )

    @property
    def _done(self) -> int:
        return self._parts[-1].rows.stop if self._parts else 0

    def _count(self) -> None:
        """Submit one task after the other, in a thread that only waits for them."""
        try:
            while self._done < self._total:
                parts, seconds = self._run_task(count_part, self._name, self.request, self._done, TASK_SECONDS)
                with self._lock:
                    self._parts += parts
                    self._seconds += seconds
                    if (self._stopping or time.monotonic() >= self._lease_end) and self._done < self._total:
                        self._phase = "stopped"
                        return
            census = self._run_task(assemble, self._name, self.request, self._parts)
            with self._lock:
                self._census, self._phase = census, "done"
        except Exception as error:
            with self._lock:
                self._failure, self._phase = errors.describe_error(error, ADVICE), "failed"

    def _run_task(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """Run a task in a worker, again if the worker dies."""
        for _ in range(MAX_DEATHS):
            try:
                return self._executor.submit(task, *arguments).result()
            except errors.WORKER_DEATHS:
                with self._lock:
                    self._note = f"A worker process died. The count resumed at anchor {self._done:,}."
        raise ExplainedError(
            f"The worker processes died repeatedly at anchor {self._done:,}. The machine may be out of memory. "
            "Try fewer images."
        )


_cached_sample: tuple[str, CensusSample] | None = None  # of the census that this worker counted last


def _sample(name: str, request: CensusRequest) -> CensusSample:
    global _cached_sample
    if _cached_sample is None or _cached_sample[0] != name:
        margins = (request.margin, *request.margins)
        sample = triplet_counts.prepare_sample(request.embedding(), request.labels, margins, request.distance)
        _cached_sample = name, sample
    return _cached_sample[1]


def count_part(name: str, request: CensusRequest, first: int, seconds: float) -> tuple[list[PartialCounts], float]:
    """Count some anchors, in a worker.

    Args:
        name: of the census.
        request: what is counted.
        first: the anchor to begin with.
        seconds: how long to count.

    Returns:
        The counts, and the seconds that they took.
    """
    sample = _sample(name, request)
    start, parts = time.monotonic(), []
    for part in triplet_counts.count_anchors(sample, first):
        parts.append(part)
        if time.monotonic() - start >= seconds:
            break
    return parts, time.monotonic() - start


def assemble(name: str, request: CensusRequest, parts: list[PartialCounts]) -> Census:
    """Assemble the census from its parts, in a worker."""
    return assemble_census(_sample(name, request), parts)
