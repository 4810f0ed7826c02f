"""A page with one frozen batch of real digits under two made-up losses, for the browser tests."""

import numpy as np
import streamlit as st

from cl_core.components.batch import WORDS, Scene
from cl_core.components.batch.mount import batch_scene
from cl_core.data import datasets

n = int(st.query_params.get("n", 40))
seed = int(st.query_params.get("seed", 0))
side_by_side = "two" in st.query_params
proxies = "proxies" in st.query_params
which = st.query_params.get("data", "mnist")
height = int(st.query_params.get("height", 460))


@st.cache_data
def batch(which: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, bytes, np.ndarray, np.ndarray]:
    """Test rows, their labels and pictures, and where they are: embeddings (n, 8) and class weights (C, 8)."""
    data = datasets.load(which)
    rows = datasets.probe_indices(data, n, seed)
    labels = data.y_test[rows]
    dice = np.random.default_rng(seed + 1)
    centres = dice.normal(size=(data.n_classes, 8))
    z = 1.1 * centres[labels] + dice.normal(size=(n, 8))
    w = centres + 0.3 * dice.normal(size=centres.shape)
    return rows, labels, datasets.sprite_sheet(data, rows), normal(z), normal(w)


def normal(z: np.ndarray) -> np.ndarray:
    return z / np.linalg.norm(z, axis=-1, keepdims=True)


def scene(title: str, sharpness: float, strength: float, steps: int, proxies: bool) -> Scene:
    """A soft-max loss over the similarities, worked out by hand."""
    rows, labels, sprite, z, w = batch(which, n, seed)
    names = datasets.load(which).class_names
    axes = np.linalg.svd(z - z.mean(0), full_matrices=False)[2][:2]
    trail = []
    for step in range(steps + 1):
        others = w if proxies else z
        s = z @ others.T
        same = labels[:, None] == (np.arange(len(names)) if proxies else labels)
        logits = s * sharpness
        if not proxies:
            np.fill_diagonal(logits, -np.inf)
            same &= ~np.eye(n, dtype=bool)
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        q = same / np.maximum(same.sum(1, keepdims=True), 1)
        weights = strength * (p - q) / n
        force = -(weights @ others) if proxies else -(weights @ z + weights.T @ z)
        if step < steps:
            trail.append(z @ axes.T)
            z = z + 2.0 * force
            z = normal(z)
    return Scene(
        stream=f"{which}/{n}/{seed}/{proxies}",
        title=title,
        points=z @ axes.T,
        forces=force @ axes.T,
        reach=float(st.query_params.get("reach", 3)),
        labels=labels,
        class_names=names,
        rows=rows,
        weights=weights,
        similarity=s,
        extent=(-1.1, 1.1, -1.1, 1.1),
        trail=np.stack(trail) if trail else None,
        prototypes=w @ axes.T if proxies else None,
        prototype_forces=-(weights.T @ z) @ axes.T if proxies else None,
        largest=float(st.query_params["largest"]) if "largest" in st.query_params else None,
        sprite=sprite,
        sprite_columns=int(np.ceil(np.sqrt(n))),
        unit_circle="circle" in st.query_params,
        alt=f"{n} images, forces of strength {strength:g}",
        words={**WORDS, "hint": st.query_params["hint"]} if "hint" in st.query_params else WORDS,
    )


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    page = st.session_state
    page["runs"] = page.get("runs", 0) + 1
    bar = st.columns(4)
    strength = bar[0].slider("strength", 0.0, 3.0, float(st.query_params.get("strength", 1)), 0.5)
    steps = bar[1].slider("steps", 0, 5, int(st.query_params.get("steps", 0)))
    shown = bar[2].checkbox("show", value=True)
    bar[3].button("rerun")
    states = []
    if shown and side_by_side:
        left, right = st.columns(2)
        with left:
            states.append(batch_scene(scene("Soft", 2.0, strength, steps, False), key="a", height=height, group="g"))
        with right:
            sharp = scene("Sharp", 12.0, strength, steps, proxies)
            states.append(batch_scene(sharp, key="b", height=height, group="g"))
    elif shown:
        states.append(batch_scene(scene("Soft", 4.0, strength, steps, proxies), key="a", height=height))
    st.markdown(f"python sees {' and '.join(str(state.anchor) for state in states) or 'nothing'}")
    st.markdown(f"runs: {page['runs']}")
