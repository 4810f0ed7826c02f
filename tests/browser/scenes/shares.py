"""The shares of a made-up run, beside embeddings that share its frame or do not."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from cl_core.components.embedding import Cloud, EmbeddingState
from cl_core.components.embedding.mount import embedding
from cl_core.components.shares import Shares
from cl_core.components.shares.mount import shares

STEPS = {
    "run": [*range(11), 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 73, 89, 110, 140, 180, 240, 320, 430, 580, 760, 1000],
    "other": [0, 5, 10, 100, 500],  # frames at other steps, and fewer
}


def made_up(steps: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return shares (F, 3) whose hard and semi-hard triplets are used up, and losses (F,) that stay near 1 at first."""
    t = np.log1p(np.array(steps) / 10) / np.log1p(100)
    easy = 0.05 + 0.9 * t
    hard = 0.3 * (1 - t) ** 2
    losses = np.where(np.array(steps) < 50, 1 + 0.02 * np.cos(steps), 1 - 0.7 * t)
    return np.stack([easy, 1 - easy - hard, hard], axis=1), losses


def cloud(name: str, timeline: bool) -> Cloud:
    """Return points that leave the middle, at the frames of `name`."""
    start = np.random.default_rng(7).normal(size=(60, 2))
    return Cloud(
        stream=name,
        points=[(start * (1 + k)).astype(np.float32) for k in range(len(STEPS[name]))],
        steps=STEPS[name],
        labels=np.arange(60) % 3,
        class_names=["a", "b", "c"],
        title=f"cloud {name}",
        timeline=timeline,
    )


def show(query: Mapping[str, str]) -> None:
    height = int(query.get("height", 480))
    frames = st.session_state.setdefault("frames", int(query.get("frames", len(STEPS["run"]))))
    if st.button("one frame"):
        frames = st.session_state["frames"] = frames + 1
    shown = st.checkbox("show", value=True)
    left, right = st.columns(2)
    states: list[EmbeddingState] = []
    with left:
        for name in query.get("clouds", "run").split(","):
            if name and shown:
                picture = cloud(name, timeline=not states)
                states.append(embedding(picture, key=f"cloud {name}", height=height, group=query.get("group", "g")))
    with right:
        of_kinds, losses = made_up(STEPS["run"][:frames])
        if "bare" in query:
            losses = np.full(frames, np.nan)
        scene = Shares(
            "run", np.array(STEPS["run"][:frames]), of_kinds, losses, 1.0, 0.0,
            title="Triplets of 500 test images, m = 1", alt="semi-hard triplets are used up",
        )  # fmt: skip
        shares(scene, key="shares", height=height, group="g")
    st.markdown(f"python sees frames {', '.join(str(state.frame) for state in states)}")
