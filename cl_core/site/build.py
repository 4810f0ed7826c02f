"""Write the static files: pages of boundaries and of training, both computed in the visitor's browser."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cl_core import charts
from cl_core.analysis.similarity_plane import similarity_plane
from cl_core.components import plane
from cl_core.components.bundle import SHARED, bundle_css, bundle_html, bundle_javascript
from cl_core.components.live import Live
from cl_core.components.trainer import picture
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.programs import planes, shipped
from cl_core.programs.engine.build import WASM
from cl_core.programs.sliders import all_choices, sliders
from cl_core.site import form, training
from cl_core.site.files import SiteFiles

PAGE = Path(__file__).parent
COMPONENTS: dict[str, tuple[str, ...]] = {"plane": (), "trainer": picture.STYLES}  # and the styles that they need
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
        trained: keys of the losses that can be trained, at least one; each takes some seconds for every choice of it.
        progress: called with the name of each run before its programs are compiled.

    Returns:
        The number of files.
    """
    files = SiteFiles(folder)
    engine = files.write(WASM.name, WASM.read_bytes())
    for name, styles in COMPONENTS.items():
        entry = SHARED.parent / name / f"{name}.html"
        component = {"html": bundle_html(entry), "css": bundle_css(entry.with_suffix(".css"), *styles)}
        files.write(f"{name}.json", json.dumps(component, ensure_ascii=False))
        files.write(f"{name}.js", bundle_javascript(entry.with_suffix(".js")))
    messages = {
        form.file_name(loss, fixed): message(loss, fixed, engine)
        for loss in LOSSES.values()
        for fixed in all_choices(loss)
    }
    described = {
        "losses": [_described(loss) for loss in LOSSES.values()],
        "planes": {name: files.write(f"planes/{name}.bin", content) for name, content in messages.items()},
    }
    files.write("losses.json", json.dumps(described, ensure_ascii=False))
    training.write(files, engine, [LOSSES[key] for key in trained], progress)
    for name in ("boundaries.js", "training.js"):
        files.write(name, files.with_addresses(bundle_javascript(PAGE / name)))
    files.write("site.css", (PAGE / "site.css").read_text(encoding="utf-8"))
    pages = {name: (PAGE / name).read_text(encoding="utf-8") for name in ("index.html", "training.html")}
    linked = {name: files.with_addresses(text) for name, text in pages.items()}  # pages keep their own addresses
    for name, text in linked.items():
        files.write(name, text)
    return len(files)


def message(loss: Loss, fixed: dict[str, Any], engine: str) -> bytes:
    """Return the message of a loss over its plane, with the program that lets it follow the sliders.

    Args:
        loss: the loss.
        fixed: values of its parameters that are no sliders.
        engine: address of the engine.
    """
    theta = loss.check(fixed)
    values = {name: float(theta[name]) for name in sliders(loss)}
    if loss.lengths:
        values[planes.LENGTH] = LOWEST_LENGTH
    field = charts.similarity_field(loss, theta, similarity_plane(loss, theta))
    live = Live(engine, shipped.plane("similarities", loss, theta), {name: name for name in values}, values)
    return plane.encode(replace(field, live=live), height=HEIGHT)


def _described(loss: Loss) -> dict[str, Any]:
    """Return what the page of boundaries says of a loss, and its controls."""
    described = form.describe(loss)
    length = [LENGTH] if loss.lengths else []
    return {**described, "noBoundary": loss.no_boundary, "controls": [*described["controls"], *length]}
