"""Programs that are shipped: planes of all losses, and small scenes of triplets.

Those of a new loss are compiled when they are asked for.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cl_core.analysis.triplet_scene import MAX_NEGATIVES
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.losses.triplet import DISTANCES
from cl_core.programs import planes
from cl_core.programs.engine.build import WASM
from cl_core.programs.sliders import all_choices, choices
from cl_core.programs.triplets import triplet_loss_program, triplet_program

PLANES = WASM.parent / "planes.zip"
TRIPLETS = WASM.parent / "triplets.zip"
RUNS = WASM.parent / "runs.zip"  # by the names of `runs.entries`
TRIPLET_LOSS = "loss"  # name in that archive
KINDS = {
    "similarities": planes.similarity_program,
    "angles": planes.angle_program,
    "wedge": planes.wedge_program,
}


def plane(kind: str, loss: Loss, theta: Mapping[str, Any]) -> bytes:
    """Return the program of a loss over a plane.

    Args:
        kind: "similarities", or "angles" or "wedge" for a loss with class weights.
        loss: the loss.
        theta: all of its parameters; the values of sliders do not matter.

    Returns:
        The file of the program, as from `Program.to_bytes`.
    """
    return _plane(kind, loss.key, tuple(sorted(choices(loss, theta).items())))


@lru_cache(maxsize=256)
def _plane(kind: str, key: str, chosen: tuple[tuple[str, Any], ...]) -> bytes:
    name = plane_name(kind, key, dict(chosen))
    return stored(PLANES, name, lambda: compile_plane(kind, LOSSES[key], dict(chosen)))


def stored(path: Path, name: str, compile_anew: Callable[[], bytes]) -> bytes:
    """Return a program of an archive, or what `compile_anew` returns where the archive lacks it."""
    with zipfile.ZipFile(path) as archive:
        if name in archive.namelist():
            return archive.read(name)
    return compile_anew()


def has(path: Path, name: str) -> bool:
    """Return whether an archive has a program of a name."""
    with zipfile.ZipFile(path) as archive:
        return name in archive.namelist()


def plane_name(kind: str, key: str, chosen: Mapping[str, Any]) -> str:
    """Return the name of a program in the archive."""
    return "-".join([kind, key, *(f"{name}={value}" for name, value in sorted(chosen.items()))])


def compile_plane(kind: str, loss: Loss, chosen: Mapping[str, Any]) -> bytes:
    """Compile a program anew; arguments and result as those of `plane`, without the sliders."""
    return KINDS[kind](loss, loss.check(chosen)).to_bytes()


def compile_planes() -> dict[str, bytes]:
    """Compile the planes of all losses, with all values of the parameters that are no sliders; name -> file."""
    return {
        plane_name(kind, loss.key, chosen): compile_plane(kind, loss, chosen)
        for kind in KINDS
        for loss in LOSSES.values()
        if kind == "similarities" or loss.classes
        for chosen in all_choices(loss)
    }


@lru_cache(maxsize=64)
def triplets(distance: str, circle: bool, negatives: int) -> bytes:
    """Return the program of a small scene of triplets; arguments as those of `triplet_program`.

    Returns:
        The file of the program, as from `Program.to_bytes`.
    """
    name = triplets_name(distance, circle, negatives)
    return stored(TRIPLETS, name, lambda: triplet_program(distance, circle, negatives).to_bytes())


@lru_cache(maxsize=1)
def triplet_loss() -> bytes:
    """Return the file of `triplet_loss_program`."""
    return stored(TRIPLETS, TRIPLET_LOSS, lambda: triplet_loss_program().to_bytes())


def triplets_name(distance: str, circle: bool, negatives: int) -> str:
    """Return the name of a program in the archive."""
    return f"{distance}-{'circle' if circle else 'plane'}-{negatives}"


def all_triplets() -> Iterator[tuple[str, bool, int]]:
    """Yield the arguments of `triplets` of all scenes that a page can show."""
    for distance in DISTANCES:
        for circle in (True,) if distance == "cosine" else (False, True):
            yield from ((distance, circle, count) for count in range(1, MAX_NEGATIVES + 1))


def compile_triplets() -> dict[str, bytes]:
    """Compile all small scenes of triplets, and the loss of one triplet; name -> file."""
    scenes = {triplets_name(*scene): triplet_program(*scene).to_bytes() for scene in all_triplets()}
    return scenes | {TRIPLET_LOSS: triplet_loss_program().to_bytes()}
