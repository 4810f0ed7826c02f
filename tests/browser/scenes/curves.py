"""The charts of a made-up run on a page of their own, which scripts feed: no Streamlit is in between."""

import json
import math
from typing import Any

from cl_core.components.bundle import SHARED, bundle_css, bundle_javascript

TRAINER = SHARED.parent / "trainer"
THEMES = {False: ("#ffffff", "#31333f", "#b3004f"), True: ("#0e1117", "#fafafa", "#ff77b0")}
REFERENCES = {"collapse": 4.841, "floor": 2.487, "knnRaw": 0.915}


def page(width: int, *, dark: bool = False, type_size: str = "16px") -> str:
    """Return a page with empty charts; its scripts find `curves` and the `steps` that were asked for."""
    background, text, primary = THEMES[dark]
    styles = bundle_css(TRAINER / "curves.css")
    return f"""<!doctype html><html lang="en" style="font-size: {type_size}"><link rel="icon" href="data:,">
        <style>{styles}
        :root {{ --st-background-color: {background}; --st-text-color: {text}; --st-primary-color: {primary};
            --st-font: "Source Sans 3", sans-serif; }}
        body {{ background: {background}; margin: 0; }}
        .frame {{ padding: 12px; width: {width - 24}px; }}</style>
        <div class="frame" data-received><div class="run"></div></div>
        <script type="module">{bundle_javascript(TRAINER / "curves.js")}
        window.steps = [];
        window.curves = new Curves(document.querySelector(".run"), {{ seek: (step) => steps.push(step) }});
        </script></html>"""


def made_up(steps: list[int]) -> dict[str, Any]:
    """Return what `Curves.update` takes: a run with frames at these steps, whose metrics get better with noise."""
    frames = []
    for step in steps:
        t = math.log1p(step / 10) / math.log1p(2000)
        noise = 0.02 * math.sin(12.9898 * step)
        hard = 0.3 * (1 - t) ** 2
        semihard = 0.6 * (1 - t)
        scores = {"knn": 0.75 + 0.2 * t + noise, "drawn": 0.4 + 0.4 * t + 2 * noise}
        kinds = {"hard": hard, "semihard": semihard, "easy": 1 - hard - semihard}
        frames.append({"step": step, "metrics": {**scores, **kinds}})
    losses = [2.6 + 2.4 / (1 + step / 30) + 0.1 * math.sin(78.233 * step) for step in range(1, steps[-1] + 1)]
    return {"frames": frames, "losses": losses, "references": REFERENCES, "viewed": steps[-1], "changes": []}


def update(data: dict[str, Any]) -> str:
    """Return the script that shows a run and waits until it is drawn."""
    return f"""async () => {{
        curves.update((window.data = {json.dumps(data)}));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }}"""
