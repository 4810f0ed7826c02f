"""Compare the bits of runs and planes in wasmtime, Node, Chromium and Firefox: all losses, miners and variants.

`python -m tests.benchmarks.same_bits` prints Markdown; `--write` also saves it in `results`. Nothing is timed.
"""

import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cl_core.analysis.similarity_plane import SIMILARITY_NODES, evaluate
from cl_core.losses import LOSSES, variants
from cl_core.losses.base import Loss
from cl_core.losses.parameters import Param
from cl_core.programs import planes, shipped
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices, slider_inputs, sliders
from cl_core.training import RunSpec, encoders
from cl_core.training.config import OPTIMISERS
from tests import hosts
from tests.benchmarks import report
from tests.benchmarks.serving import chromium, open_browser
from tests.hosts import Checksums, Jobs, ProgramJob, RunJob
from tests.unit.components.test_javascript import node

N, IMAGES, STEPS = 200, 500, 100  # probe images, training images, steps of a run
SMALL: Mapping[str, Any] = {"batch": 32, "dim": 8}
HOSTS = ("wasmtime", "Node", "Chromium", "Firefox")


def losses_and_miners() -> list[RunSpec]:
    """Return a run of each loss with all values of the parameters that are no sliders, which a miner is one of."""
    return [_small(loss, theta=theta) for loss in LOSSES.values() for theta in all_choices(loss)]


def published_variants() -> list[RunSpec]:
    """Return a run of each variant that can train."""
    return [
        _small(LOSSES[key], convention=variant.key)
        for key in LOSSES
        for variant in variants.variants_of(key)
        if variant.can_train
    ]


def other_settings() -> list[RunSpec]:
    """Return a run of each encoder, optimiser and schedule, of points, and of other dimensions and batches."""
    found = [RunSpec(optimiser=optimiser, rate=0.01, **SMALL) for optimiser in OPTIMISERS]
    for key, encoder in encoders.ENCODERS.items():
        found.append(RunSpec(encoder=key, batch=32, dim=8 if encoder.any_dim else encoders.WIDTH))
    found.append(RunSpec(loss="nt_xent", encoder="cnn", **SMALL))
    for loss in LOSSES.values():
        found += [_small(loss, schedule=schedule) for schedule in loss.schedules]
    found += [RunSpec(loss=loss, dataset="rings", **SMALL) for loss in ("nt_xent", "supcon", "arcface")]
    found += [RunSpec(loss="triplet", batch=30, images_per_class=6, dim=dim, seed=7) for dim in (2, 3)]
    return [RunSpec(**{**asdict(spec), "training_images": IMAGES}) for spec in found]


def _small(loss: Loss, **settings: Any) -> RunSpec:
    recipe: dict[str, Any] = {"unit_norm": loss.recipe.unit_norm, "rate": loss.recipe.rate}
    return RunSpec(loss=loss.key, training_images=IMAGES, **SMALL, **recipe, **settings)


def run_jobs(specs: Sequence[RunSpec]) -> Jobs:
    """Return a job for each run, by a title that tells it from all others."""
    return {str(spec): RunJob(spec, N, STEPS, (0, STEPS // 2, STEPS)) for spec in specs}


def exact_planes() -> Jobs:
    """Return value and slopes of each loss over the plane in float64, at the corners of its sliders."""
    jobs = {}
    for loss in LOSSES.values():
        for chosen in all_choices(loss):
            file = exact_plane(loss, loss.check(chosen)).to_bytes()
            for corner, values in corners(loss).items():
                jobs[f"{loss.key} {chosen} {corner}"] = ProgramJob(file, {planes.LENGTH: 1.5, **values})
    return jobs


def exact_plane(loss: Loss, theta: Mapping[str, Any]) -> Program:
    """Compile a loss over the plane with float64 outputs, which those that are shipped round."""
    n = SIMILARITY_NODES

    def plane(length: Tensor, *values: Tensor) -> list[Tensor]:
        moved = {**theta, **dict(zip(sliders(loss), values, strict=True))}
        axis = torch.linspace(-1, 1, n, dtype=torch.float64)
        return list(evaluate(loss, moved, axis[:, None].expand(n, n), axis.expand(n, n), length)[:3])

    inputs = {planes.LENGTH: torch.ones((), dtype=torch.float64), **slider_inputs(loss, theta)}
    return compile_function(plane, inputs, ("value", "d_p", "d_n"))


def shipped_planes() -> Jobs:
    """Return all planes and wedges that are shipped, at the corners of their sliders."""
    jobs = {}
    with zipfile.ZipFile(shipped.PLANES) as archive:
        for name in archive.namelist():
            file = archive.read(name)
            inputs = {slot.name for slot in Program.from_bytes(file).inputs}
            for corner, values in corners(LOSSES[name.split("-")[1]]).items():
                given = {planes.LENGTH: 1.5, **values}
                jobs[f"{name} {corner}"] = ProgramJob(file, {key: given[key] for key in inputs})
    return jobs


def shipped_triplets() -> Jobs:
    """Return all scenes of triplets that are shipped, with random places of the points."""
    jobs = {}
    with zipfile.ZipFile(shipped.TRIPLETS) as archive:
        for name in archive.namelist():
            file = archive.read(name)
            random = np.random.default_rng(0)
            inputs = {slot.name: random.uniform(0.1, 1, slot.shape) for slot in Program.from_bytes(file).inputs}
            jobs[name] = ProgramJob(file, inputs)
    return jobs


def corners(loss: Loss) -> dict[str, dict[str, Any]]:
    """Return the values of a loss's sliders: as they are at first, and all at their lower and upper ends."""
    found: dict[str, dict[str, Any]] = {"default": {}, "low": {}, "high": {}}
    for name in sliders(loss):
        parameter = loss.parameters[name]
        if isinstance(parameter.spec, Param):
            values = parameter.default, parameter.spec.low, parameter.spec.high
            for corner, value in zip(found, values, strict=True):
                found[corner][name] = value
    return found


def compare(jobs: Jobs) -> dict[str, dict[str, Checksums]]:
    """Return the checksums of all jobs in each host."""
    found = {"wasmtime": hosts.in_wasmtime(jobs)}
    with hosts.serve(jobs) as server:
        found["Node"] = hosts.in_node(server)
        with open_browser() as page:
            page.goto(f"{server.url}/chromium")
            found["Chromium"] = server.wait_for("chromium")
        found["Firefox"] = hosts.in_firefox(server, firefox())
    return found


def firefox() -> str:
    """Return the path of Firefox; RuntimeError if there is none."""
    path = hosts.firefox()
    if path is None:
        raise RuntimeError("there is no Firefox: install firefox-esr")
    return path


def run() -> str:
    """Compare all; return Markdown."""
    groups: dict[str, Callable[[], Jobs]] = {
        "all losses and miners": lambda: run_jobs(losses_and_miners()),
        "published variants": lambda: run_jobs(published_variants()),
        "encoders, optimisers, schedules, points, batches by class": lambda: run_jobs(other_settings()),
        "planes of all losses in float64": exact_planes,
        "shipped planes and wedges": shipped_planes,
        "shipped scenes of triplets": shipped_triplets,
    }
    rows, details = [], []
    for title, make in groups.items():
        jobs = make()
        different = hosts.differences(compare(jobs))
        counts = [sum(any(part.startswith(host) for part in parts) for parts in different.values()) for host in HOSTS]
        rows.append([title, str(len(jobs)), *(f"{count} differ" if count else "same" for count in counts)])
        details += [f"- {name}: {'; '.join(parts)}" for name, parts in different.items()]
        print(f"{title}: {len(jobs)}, of which {len(different)} differ", file=sys.stderr, flush=True)
    return "\n\n".join([
        f"{_versions()}; {platform.machine()}.",
        f"Runs train {STEPS} steps with batches of 32 of {IMAGES} images, and have a frame of {N} images at the "
        "start, in the middle and at the end. Compared with wasmtime are checksums of the state, of points, shares, "
        "metrics and losses of each frame, and of what the loss is compared with; of a plane those of all outputs, at "
        "three settings of its sliders. Every NaN counts as the same.",
        report.table(["100 steps of a run, or a program", "number", *HOSTS], rows),
        *(["\n".join(details)] if details else []),
    ]) + "\n"  # fmt: skip


def _versions() -> str:
    commands = {"Node": node(), "Chromium": chromium() or "chromium", "Firefox": firefox()}
    found = [f"wasmtime {version('wasmtime')}"]
    for name, path in commands.items():
        text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        number = next(word for word in text.split() if any(letter.isdigit() for letter in word))
        found.append(f"{name} {number.lstrip('v')}")
    return ", ".join(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = report.parser("same_bits", __doc__).parse_args(arguments)
    report.print_and_save(run(), options.write)


if __name__ == "__main__":
    main()
