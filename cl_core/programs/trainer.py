"""Train in Python by the engine: what `components/trainer/run.js` does in a browser, with the same bits.

Its methods are like the functions of `training.loop`: they take and return a `State`, which they do not change.

    trainer = Trainer(RunSpec(loss="supcon"), 500)
    state = trainer.advance(trainer.start(), steps=100)
    frame = trainer.frame(state)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.analysis.projection import IdentityView, PcaView, View
from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.losses import LOSSES
from cl_core.programs import runs
from cl_core.programs.frames import PICTURES, first_axes
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.random_numbers import first_vector, normals, uniforms
from cl_core.programs.sliders import sliders
from cl_core.training import MAX_STEPS, RunSpec, Snapshot, State, divergence_advice, rng
from cl_core.training.batches import batch_indices, training_set
from cl_core.training.collapse_values import averaged_labels, collapse_and_floor
from cl_core.training.frames import Frame


class Trainer:
    """The programs of a run, each in an engine of its own.

    Args:
        spec: the run. All of its batches must have the same size.
        n: number of probe images in its frames.

    Attributes:
        spec: the run.
    """

    def __init__(self, spec: RunSpec, n: int) -> None:
        running = {name: Running(Program.from_bytes(file)) for name, file in runs.programs(spec, n).items()}
        self.spec = spec
        self._step, self._frame = running["step"], running["frame"]
        self._references, self._normals, self._views, self._regions = (
            running.get(k) for k in ("references", "normals", "views", "regions")
        )
        self._embeddings: dict[int, Running] = {}  # by number of probe images
        self._theta = {name: spec.theta[name] for name in sliders(LOSSES[spec.loss])}
        self._schedule = LOSSES[spec.loss].schedules.get(spec.schedule)
        self._rows, self._labels = (each.numpy() for each in training_set(spec))
        data = datasets.load(spec.dataset)
        probes = datasets.probe_indices(data, n)
        self._frame.write({"x": data.x_test[probes], "y": data.y_test[probes]})

    def start(self) -> State:
        """Return the first state of the run."""
        return State(self.spec, 0, first_vector(self.spec, self._normals))

    def advance(self, state: State, steps: int) -> State:
        """Train for a number of steps.

        Args:
            state: where to start; it is not changed.
            steps: number of steps to do.

        Returns:
            The new state, with losses and failure as those of `training.advance`.
        """
        if state.failure:
            return replace(state, losses=np.empty(0, np.float32), empty=0)
        self._step.write({"vector": state.vector, "rate": self.spec.rate, **self._theta})
        vector, after = self._step.input("vector"), self._step.output("vector")
        values: list[float] = []
        empty, failure = 0, None
        began = time.perf_counter()
        for step in range(state.step, min(state.step + steps, MAX_STEPS)):
            self._write_batch(step)
            self._step.compute()
            loss = float(self._step.output("loss"))
            if not isfinite(loss):
                failure = divergence_advice(self.spec, step + 1)
                break
            vector[...] = after
            values.append(loss)
            empty += int(self._step.output("terms")) == 0
        done, seconds = state.step + len(values), state.seconds + time.perf_counter() - began
        if not np.isfinite(vector).all():
            failure = failure or divergence_advice(self.spec, done)
        return State(self.spec, done, vector.copy(), seconds, np.array(values, np.float32), empty, failure)

    def frame(self, state: State, previous: Mapping[int, View] | None = None) -> Frame:
        """Embed probe images, measure the embedding and project it.

        Args:
            state: the run.
            previous: views of the frame before, which the new views are aligned with.

        Returns:
            The frame at the state's step. The axes of its views are float64, and `best_share` is what the axes show.

        Raises:
            ValueError: when the embedding is not finite.
        """
        axes = {name: axes.numpy() for name, axes in first_axes(self.spec.dim).items()}
        for picture in PICTURES:
            view = (previous or {}).get(picture.k)
            if isinstance(view, PcaView):
                axes[picture.axes] = view.axes
        drawn = self._frame(weights=self._weights(state), **axes)
        if not np.isfinite(drawn["points"]).all():
            raise ExplainedError(divergence_advice(self.spec, state.step))
        pictures = [picture for picture in PICTURES if picture.points in drawn]
        views: dict[int, View] = {}
        for picture in pictures:
            shares = tuple(map(float, drawn[picture.shares]))
            if picture.axes in axes:
                views[picture.k] = PcaView(drawn["mean"], drawn[picture.axes], shares, min(sum(shares), 1.0))
            else:
                views[picture.k] = IdentityView(shares)
        points = {picture.k: drawn[picture.points] for picture in pictures}
        measured = Metrics(*map(float, drawn["metrics"]))
        return Frame(state.step, state.seconds, measured, points, views, regions=self._regions_of(state))

    def embed(self, state: State, n: int) -> tuple[Snapshot, float]:
        """Embed the first `n` probe images.

        Args:
            state: the run.
            n: number of probe images.

        Returns:
            Embeddings (n, dim) float32 and labels (n,) int64 at the state's step; and their kNN accuracy, as in the
            metrics of a frame.
        """
        data = datasets.load(self.spec.dataset)
        probes = datasets.probe_indices(data, n)
        if n not in self._embeddings:
            self._embeddings[n] = Running(Program.from_bytes(runs.embedding(self.spec, n)))
            self._embeddings[n].write({"x": data.x_test[probes], "y": data.y_test[probes]})
        found = self._embeddings[n](weights=self._weights(state))
        return Snapshot(state.step, found["z"], data.y_test[probes]), float(found["knn"])

    def references(self) -> tuple[float, float]:
        """Return the loss when all embeddings coincide and that of perfect classes.

        They are means over batches. Those that may collapse at no loss count only where all may, as for
        `collapse_and_floor`.
        """
        if self._references is None:
            return collapse_and_floor(self.spec)
        found = [self._references(labels=labels.numpy(), **self._theta) for labels in averaged_labels(self.spec)]
        values = [(float(each["collapse"]), float(each["floor"])) for each in found]
        counted = [each for each in values if each[0] != 0] or values
        # one after another, as in JavaScript: Python's own sum corrects its rounding from 3.12 on
        collapse, floor = np.add.accumulate(counted)[-1] / len(counted)
        return float(collapse), float(floor)

    def _regions_of(self, state: State) -> NDArray[np.float32] | None:
        """Return the regions of the class weights, which follow those of the network."""
        if self._regions is None:
            return None
        start = self._frame.input("weights").size
        for name in ("weight", "bias"):
            if any(slot.name == name for slot in self._regions.program.inputs):
                place = self._regions.input(name)
                place[...] = state.vector[start : start + place.size].reshape(place.shape)
                start += place.size
        self._regions.write(self._theta)
        if self._schedule is not None:
            self._regions.write({"annealing": self._schedule.at(state.step + 1)})
        self._regions.compute()
        return self._regions.output("regions").copy()

    def _weights(self, state: State) -> NDArray[np.float32]:
        """Return the weights of the network."""
        return state.vector[: self._frame.input("weights").size]

    def _write_batch(self, step: int) -> None:
        """Set the inputs of the step's program that change from step to step."""
        self._step.write({"step": step})
        if self._schedule is not None:
            self._step.write({"annealing": self._schedule.at(step + 1)})
        indices = batch_indices(self.spec, step, len(self._rows)).numpy()
        images = self._rows[indices]
        if self._views is None:
            self._step.write({"x": images, "y": self._labels[indices]})
        else:
            self._step.write({"x": self._two_views(self._views, images, step)})

    def _two_views(self, views: Running, images: NDArray[np.generic], step: int) -> NDArray[np.float32]:
        """Return two distorted views of each image, by the random numbers of `data.augmentation.two_views`."""
        if self._normals is None:
            raise ValueError("two views need the program for normal random numbers")
        generator = rng.generator(self.spec.seed, rng.NOISE, step)
        views.write({"images": images})
        if any(slot.name == "uniforms" for slot in views.program.inputs):  # points are only moved by noise
            views.write({"uniforms": uniforms(generator, views.input("uniforms").size)})
        shape = views.input("normals").shape
        views.write({"normals": normals(generator, views.input("normals").size, 1.0, self._normals).reshape(shape)})
        views.compute()
        return views.output("x")
