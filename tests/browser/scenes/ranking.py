"""The ranking of a batch of real digits by the distances of their pixels."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
import torch

from cl_core.components.live import Live
from cl_core.components.ranking import Ranking
from cl_core.components.ranking.mount import ranking
from cl_core.data import datasets
from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from cl_core.programs import shipped
from cl_core.ui.server.browser_files import engine_url


def scene(n: int, seed: int, margin: float, miner: str, which: str, anchor: int, live: Live | None = None) -> Ranking:
    """Return the ranking of a batch with the triplets that a miner picks (distances and margin on the miners' grid)."""
    data = datasets.load("mnist")
    rows = datasets.probe_indices(data, n, seed)
    y = data.y_test[rows]
    if which == "alone":  # no image has a positive
        y, rows = y[:10], rows[:10]
    if which == "one":  # no image has a negative
        rows = np.flatnonzero(data.y_test == 3)[:n]
        y = data.y_test[rows]
    z = torch.nn.functional.normalize(torch.tensor(data.x_test[rows].reshape(len(rows), -1)).double())
    if which == "point":
        z = z[:1].expand(len(z), -1)
    if which == "line":  # a tenth apart: many ties, which rounding breaks
        z = torch.arange(len(z))[:, None].double() / 10
    contrast = Contrast.of_batch(z, torch.tensor(y), "euclidean" if which == "line" else "sqeuclidean")
    contrast = Contrast(miners.round_to_grid(contrast.value), contrast.positive, contrast.negative)
    margin = float(miners.round_to_grid(torch.tensor(margin, dtype=torch.float64)))
    picked = np.zeros((len(y), len(y), len(y)), dtype=bool)
    for a in range(len(y)):
        one = miners.picked_triplets(contrast, margin, miner, a)
        picked[a][one.positives.numpy()[:, None], one.negatives.numpy()] = one.chosen.numpy()
    return Ranking(
        stream=f"{n}/{seed}/{which}",
        distances=contrast.value.numpy(),
        labels=y,
        class_names=data.class_names,
        rows=rows,
        picked=picked,
        margin=margin,
        anchor=anchor,
        symbol="d²",
        sprite=b"" if which == "plain" else datasets.sprite_sheet(data, rows),
        sprite_columns=int(np.ceil(np.sqrt(len(rows)))),
        live=live,
    )


def show(query: Mapping[str, str]) -> None:
    count = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    bar = st.columns(4)
    miner = bar[0].selectbox("miner", miners.MINERS, list(miners.MINERS).index(query.get("miner", "semihard")))
    margin = bar[1].slider("margin", 0.0, 2.0, float(query.get("margin", 0.2)), 0.05)
    seed = bar[2].number_input("seed", 0, 9, int(query.get("seed", 0)))
    shown = bar[3].checkbox("show", value=True)
    if shown:
        size, which, anchor = int(query.get("n", 48)), query.get("which", "digits"), int(query.get("anchor", 0))
        live = Live(engine_url(), shipped.triplet_loss(), {}, {"margin": margin})
        state = ranking(scene(size, int(seed), margin, miner, which, anchor, live), key="ranking")
        st.markdown(f"python sees {state.anchor} and {state.positive}; runs: {count}")
