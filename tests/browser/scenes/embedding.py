"""One embedding whose points move from frame to frame."""

import io
from collections.abc import Mapping

import numpy as np
import streamlit as st
from PIL import Image

from cl_core.components.embedding import Cloud
from cl_core.components.embedding.mount import embedding

NAMES = [str(digit) for digit in range(10)]
COLUMNS = 50


@st.cache_data
def ends(n: int, dims: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, and where the points start and end: one blob becomes ten."""
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 10, n)
    centres = generator.normal(size=(10, dims)) * 4
    start = generator.normal(size=(n, dims))
    return labels, start, centres[labels] + 0.5 * start


@st.cache_data
def frame(n: int, dims: int, k: int) -> np.ndarray:
    """Return frame k of a movement that never ends and becomes slower and slower."""
    _, start, end = ends(n, dims)
    t = k / (k + 10)
    return ((1 - t) * start + t * end).astype(np.float32)


@st.cache_data
def sprite(n: int) -> bytes:
    """Return a sprite sheet with one grey square for each point, brighter for higher classes."""
    labels, _, _ = ends(n, 2)
    sheet = np.zeros((-(-n // COLUMNS) * 8, COLUMNS * 8), np.uint8)
    for i, label in enumerate(labels):
        row, column = divmod(i, COLUMNS)
        sheet[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = 20 * label + 40
    png = io.BytesIO()
    Image.fromarray(sheet).save(png, "PNG")
    return png.getvalue()


def show(query: Mapping[str, str]) -> None:
    n, dims, longest = int(query.get("n", 2000)), int(query.get("dims", 2)), int(query.get("longest", 400))
    page = st.session_state
    page.setdefault("frames", int(query.get("frames", 3)))
    page["page_runs"] = page.get("page_runs", 0) + 1

    growing = st.checkbox("grow", value="grow" in query)
    shown = st.checkbox("show", value=True)
    stream = st.radio("stream", ["a", "b"], horizontal=True)
    circle = st.checkbox("circle")
    st.button("rerun")

    @st.fragment(run_every=0.25 if growing else None)
    def live() -> None:
        if growing and page["frames"] < longest:
            page["frames"] += 1
        if st.button("one frame"):
            page["frames"] += 1
        total = page["frames"]
        state = None
        if shown:
            labels, _, _ = ends(n, dims)
            cloud = Cloud(
                stream=f"{stream}/{dims}/{n}",
                points=[frame(n, dims, k) for k in range(total)],
                steps=[10 * k for k in range(total)],
                labels=labels,
                class_names=NAMES,
                title=f"PCA view of {n:,} test images",
                axes=[f"PC {d + 1}" for d in range(dims)],
                shares=[[0.4, 0.2, 0.1][:dims]] * total,
                rows=np.arange(n) + 5000,
                sprite=sprite(n),
                sprite_columns=COLUMNS,
                sprite_size=(8, 8),
                alt=f"classes apart by {total}",
                placeholder="Press Start: test digits will appear here",
                unit_circle=circle,
            )
            state = embedding(cloud, key="cloud", height=520)
        st.markdown(f"python sees frame {state.frame if state else 'nothing'} of {total}")

    live()
    st.markdown(f"page runs: {page['page_runs']}")
