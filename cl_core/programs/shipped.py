"""Programs that are shipped: the planes of all losses. Those of a new loss are compiled when they are asked for."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.programs import planes
from cl_core.programs.engine.build import WASM
from cl_core.programs.host import Running
from cl_core.programs.program import Program

PLANES = WASM.parent / "planes.zip"
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
    return _plane(kind, loss.key, tuple(sorted(planes.fixed(loss, theta).items())))


@lru_cache(maxsize=256)
def _plane(kind: str, key: str, fixed: tuple[tuple[str, Any], ...]) -> bytes:
    name = _name(kind, key, dict(fixed))
    with zipfile.ZipFile(PLANES) as archive:
        if name in archive.namelist():
            return archive.read(name)
    loss = LOSSES[key]
    return KINDS[kind](loss, loss.check(dict(fixed))).to_bytes()


def _name(kind: str, key: str, fixed: Mapping[str, Any]) -> str:
    return "-".join([kind, key, *(f"{name}={value}" for name, value in sorted(fixed.items()))])


def compile_planes() -> dict[str, bytes]:
    """Compile the planes of all losses, with all values of the parameters that are no sliders; name -> file."""
    return {
        _name(kind, loss.key, fixed): compile_plane(loss, loss.check(fixed)).to_bytes()
        for kind, compile_plane in KINDS.items()
        for loss in LOSSES.values()
        if kind == "similarities" or loss.classes
        for fixed in planes.variants(loss)
    }


def make_planes() -> None:
    """Compile the planes again and write them into assets."""
    with zipfile.ZipFile(PLANES, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, program in sorted(compile_planes().items()):
            Running(Program.from_bytes(program))  # raises if the engine refuses it
            archive.writestr(zipfile.ZipInfo(name), program, zipfile.ZIP_DEFLATED)  # of no date, so of the same bytes
