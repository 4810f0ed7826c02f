"""Programs of runs by what decides them: shipped, in the cache of this machine, or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any, NamedTuple

from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs import shipped
from cl_core.programs.augmentation import two_views_program
from cl_core.programs.cache import cached, is_cached
from cl_core.programs.frames import embedding_program, frame_program
from cl_core.programs.initial_weights import normal_program
from cl_core.programs.program import Program
from cl_core.programs.references import reference_program
from cl_core.programs.regions import regions_program
from cl_core.programs.sliders import choices
from cl_core.programs.steps import step_program
from cl_core.training import RunSpec
from cl_core.training.batches import training_set
from cl_core.training.collapse_values import averaged_labels
from cl_core.training.regions import has_regions

SHIPPED_PROBES = 2000  # probe images of the frames that are shipped
LOSS, NETWORK = ("loss", "convention"), ("encoder", "dim", "unit_norm")  # settings that come together


class Entry(NamedTuple):
    """A program that a run needs.

    Attributes:
        name: says all that decides it: runs with the same name have the same program.
        compile: compiles it.
    """

    name: str
    compile: Callable[[], Program]


def programs(spec: RunSpec, n: int) -> dict[str, bytes]:
    """Return the programs of a run.

    Args:
        spec: the run.
        n: number of probe images in its frames.

    Returns:
        Name -> file, as from `Program.to_bytes`: `step` and `frame`; `references`, unless no batch has a valid term;
        for a loss of two views `views`; for class weights in the plane `regions`; and `normals` where random numbers
        are normal, of views and of class weights.
    """
    return {
        kind: shipped.stored(shipped.RUNS, entry.name, partial(_cached, entry))
        for kind, entry in entries(spec, n).items()
    }


def are_stored(spec: RunSpec, n: int) -> bool:
    """Return whether `programs` finds all programs of a run, and so takes a fraction of a second."""
    return all(shipped.has(shipped.RUNS, name) or is_cached(name) for name, _ in entries(spec, n).values())


def embedding(spec: RunSpec, n: int) -> bytes:
    """Return the program `embedding_program` of a run, as a file.

    Args:
        spec: the run.
        n: number of probe images.
    """
    rows = len(datasets.probe_indices(datasets.load(spec.dataset), n))
    plain = RunSpec(spec.dataset, **{name: getattr(spec, name) for name in NETWORK})
    return _cached(Entry(_name("embedding", spec, *NETWORK, n=rows), partial(embedding_program, plain, n)))


def _cached(entry: Entry) -> bytes:
    return cached(entry.name, lambda: entry.compile().to_bytes())


def entries(spec: RunSpec, n: int) -> dict[str, Entry]:
    """Return what decides the programs of a run; arguments and keys as those of `programs`."""
    loss, spec = LOSSES[spec.loss], largest_batch(spec)
    rows = len(datasets.probe_indices(datasets.load(spec.dataset), n))
    # programs must not vary with what their names do not say
    plain = replace(spec, theta=choices(loss, spec.theta), rate=RunSpec().rate)
    found = {
        "step": Entry(_name("step", spec, *LOSS, *NETWORK, "batch", "optimiser"), partial(step_program, plain)),
        "frame": Entry(_name("frame", spec, *NETWORK, n=rows), partial(frame_program, plain, n)),
    }
    if averaged_labels(spec):
        found["references"] = Entry(
            _name("references", spec, *LOSS, "unit_norm", "batch"), partial(reference_program, plain)
        )
    if has_regions(spec):
        found["regions"] = Entry(_name("regions", spec, *LOSS), partial(regions_program, plain))
    if loss.views:
        found["views"] = Entry(_name("views", spec, "batch"), partial(two_views_program, plain))
    if loss.classes or loss.views:
        found["normals"] = Entry("normals", normal_program)
    return found


def largest_batch(spec: RunSpec) -> RunSpec:
    """Return a run with the batch that its steps have: the whole training set, where that is smaller than the batch.

    Args:
        spec: the run.
    """
    rows = len(training_set(spec)[0])
    if spec.images_per_class or spec.images_per_step <= rows:
        return spec
    return replace(spec, batch=spec.batch // spec.images_per_step * rows)


def _name(kind: str, spec: RunSpec, *settings: str, **sizes: int) -> str:
    """Return a name of a program; of the data set only shape, type and number of classes count."""
    data = datasets.load(spec.dataset)
    values: dict[str, Any] = {
        "shape": "x".join(map(str, data.shape)), "type": data.x_train.dtype, "classes": data.n_classes, **sizes
    }  # fmt: skip
    values |= {name: getattr(spec, name) for name in settings}
    if "loss" in settings:
        values |= choices(LOSSES[spec.loss], spec.theta)
    return "-".join([kind, *(f"{name}={value}" for name, value in values.items())])


def compile_runs() -> dict[str, bytes]:
    """Compile the programs of every loss's recipe on MNIST; name -> file."""
    specs = [RunSpec(loss=key, **asdict(loss.recipe)) for key, loss in LOSSES.items()]
    wanted = dict(entry for spec in specs for entry in entries(spec, SHIPPED_PROBES).values())  # losses share some
    return {name: compile_program().to_bytes() for name, compile_program in wanted.items()}
