"""One frozen batch of real images under two made-up losses."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from cl_core.components.batch import WORDS, Scene
from cl_core.components.batch.mount import batch_scene
from cl_core.data import datasets

Query = Mapping[str, str]


@st.cache_data
def batch(dataset: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, bytes, np.ndarray, np.ndarray]:
    """Return test rows, their labels and images, embeddings (n, 8) and class weights (C, 8)."""
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, n, seed)
    labels = data.y_test[rows]
    generator = np.random.default_rng(seed + 1)
    centres = generator.normal(size=(data.n_classes, 8))
    z = 1.1 * centres[labels] + generator.normal(size=(n, 8))
    w = centres + 0.3 * generator.normal(size=centres.shape)
    return rows, labels, datasets.sprite_sheet(data, rows), normalised(z), normalised(w)


def normalised(z: np.ndarray) -> np.ndarray:
    return z / np.linalg.norm(z, axis=-1, keepdims=True)


def scene(title: str, sharpness: float, strength: float, steps: int, proxies: bool, query: Query) -> Scene:
    """Return the scene of a soft-max loss over the similarities, whose derivatives are computed by hand."""
    dataset, n, seed = query.get("data", "mnist"), int(query.get("n", 40)), int(query.get("seed", 0))
    rows, labels, sprite, z, w = batch(dataset, n, seed)
    names = datasets.load(dataset).class_names
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
            z = normalised(z)
    return Scene(
        stream=f"{dataset}/{n}/{seed}/{proxies}",
        title=title,
        points=z @ axes.T,
        forces=force @ axes.T,
        reach=float(query.get("reach", 3)),
        labels=labels,
        class_names=names,
        rows=rows,
        weights=weights,
        similarity=s,
        extent=(-1.1, 1.1, -1.1, 1.1),
        trail=np.stack(trail) if trail else None,
        prototypes=w @ axes.T if proxies else None,
        prototype_forces=-(weights.T @ z) @ axes.T if proxies else None,
        largest=float(query["largest"]) if "largest" in query else None,
        sprite=sprite,
        sprite_columns=int(np.ceil(np.sqrt(n))),
        unit_circle="circle" in query,
        alt=f"{n} images, forces of strength {strength:g}",
        words={**WORDS, "hint": query["hint"]} if "hint" in query else WORDS,
    )


def show(query: Query) -> None:
    page = st.session_state
    page["runs"] = page.get("runs", 0) + 1
    proxies, height = "proxies" in query, int(query.get("height", 460))
    bar = st.columns(4)
    strength = bar[0].slider("strength", 0.0, 3.0, float(query.get("strength", 1)), 0.5)
    steps = bar[1].slider("steps", 0, 5, int(query.get("steps", 0)))
    shown = bar[2].checkbox("show", value=True)
    bar[3].button("rerun")
    states = []
    if shown and "two" in query:
        left, right = st.columns(2)
        with left:
            soft = scene("Soft", 2.0, strength, steps, False, query)
            states.append(batch_scene(soft, key="a", height=height, group="g"))
        with right:
            sharp = scene("Sharp", 12.0, strength, steps, proxies, query)
            states.append(batch_scene(sharp, key="b", height=height, group="g"))
    elif shown:
        soft = scene("Soft", 4.0, strength, steps, proxies, query)
        states.append(batch_scene(soft, key="a", height=height))
    st.markdown(f"python sees {' and '.join(str(state.anchor) for state in states) or 'nothing'}")
    st.markdown(f"runs: {page['runs']}")
