"""Write the static files: pages of boundaries and of training, both computed in the visitor's browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cl_core import charts
from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components import plane
from cl_core.components.bundle import SHARED, bundle_css, bundle_html, bundle_javascript
from cl_core.components.live import Live
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.losses.parameters import Choice, Param, Parameter
from cl_core.programs import planes, shipped
from cl_core.programs.engine.build import WASM
from cl_core.programs.sliders import all_choices, sliders
from cl_core.site import training

PAGE = Path(__file__).parent
COMPONENTS: dict[str, tuple[str, ...]] = {"plane": (), "embedding": ("time.css",)}  # and the shared styles they need
HEIGHT = 620  # pixels, of the plane
LOWEST_LENGTH = 1.0
LENGTH = {
    "name": planes.LENGTH, "default": LOWEST_LENGTH, "low": LOWEST_LENGTH, "high": 20.0, "step": 0.5,
    "help": "length of embeddings, which counts in this loss",
}  # fmt: skip


def build(folder: Path, trained: Iterable[str] = LOSSES, progress: training.Progress = lambda _: None) -> int:
    """Write all files.

    Args:
        folder: where to; it is made if it is missing.
        trained: keys of the losses that can be trained; each takes some seconds for every choice of it.
        progress: called with the name of each run before its programs are compiled.

    Returns:
        The number of files.
    """
    messages = folder / "planes"
    messages.mkdir(parents=True, exist_ok=True)
    for loss in LOSSES.values():
        for fixed in all_choices(loss):
            (messages / f"{message_name(loss, fixed)}.bin").write_bytes(message(loss, fixed))
    described = [_describe(loss) for loss in LOSSES.values()]
    (folder / "losses.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
    training.write(folder, trained, _describe, progress)
    for name, styles in COMPONENTS.items():
        entry = SHARED.parent / name / f"{name}.html"
        component = {"html": bundle_html(entry), "css": bundle_css(entry.with_suffix(".css"), *styles)}
        (folder / f"{name}.json").write_text(json.dumps(component, ensure_ascii=False), encoding="utf-8")
        (folder / f"{name}.js").write_text(bundle_javascript(entry.with_suffix(".js")), encoding="utf-8")
    for source in (PAGE / "boundaries.js", PAGE / "training.js", SHARED.parent / "trainer" / "worker.js"):
        (folder / source.name).write_text(bundle_javascript(source), encoding="utf-8")
    shutil.copyfile(WASM, folder / WASM.name)
    for name in ("index.html", "training.html", "site.css"):
        shutil.copyfile(PAGE / name, folder / name)
    return sum(path.is_file() for path in folder.rglob("*"))


def message_name(loss: Loss, fixed: dict[str, Any]) -> str:
    """Return the name of the message of a loss with these values of the parameters that are no sliders."""
    return "-".join([loss.key, *(str(value).lower() for value in fixed.values())])


def message(loss: Loss, fixed: dict[str, Any]) -> bytes:
    """Return the message of a loss over its plane, with the program that lets it follow the sliders."""
    theta = loss.check(fixed)
    values = {name: float(theta[name]) for name in sliders(loss)}
    if loss.lengths:
        values[planes.LENGTH] = LOWEST_LENGTH
    field = charts.similarity_field(loss, theta, similarity_plane(loss, theta))
    live = Live(WASM.name, shipped.plane("similarities", loss, theta), {name: name for name in values}, values)
    return plane.encode(replace(field, live=live), height=HEIGHT)


def _describe(loss: Loss) -> dict[str, Any]:
    """Return what the page says of a loss, and its controls."""
    fixed = next(iter(all_choices(loss)))
    controls = [_control(loss.parameters[name]) for name in (*fixed, *sliders(loss))]
    if loss.lengths:
        controls.append(LENGTH)
    return {
        "key": loss.key,
        "title": loss.title,
        "summary": loss.summary,
        "paper": {"text": str(loss.paper), "url": loss.paper.url},
        "noBoundary": loss.no_boundary,
        "fixed": list(fixed),
        "controls": controls,
    }


def _control(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"name": parameter.name, "default": parameter.default, "help": parameter.help}
    match parameter.spec:
        case Choice(options=options):
            return {**described, "options": list(options)}
        case Param(low=low, high=high, step=step) if isinstance(parameter.default, int):
            return {**described, "options": list(range(int(low), int(high) + 1, int(step)))}
        case Param(low=low, high=high, step=step):
            return {**described, "low": low, "high": high, "step": step}
    return {**described, "options": [parameter.default]}
