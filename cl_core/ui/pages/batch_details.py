"""What is to be read beside a frozen batch: its numbers, its strongest pairs, other conventions, and the code."""

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray

from cl_core.analysis.gradients import Batch, BatchForces
from cl_core.data import datasets
from cl_core.losses import snippets, variants
from cl_core.losses.base import Loss
from cl_core.losses.variants import OURS
from cl_core.ui.link.control import Control
from cl_core.ui.link.controls import LossChoice, set_to_defaults

STRONGEST = 6  # pairs


def numbers(walk: Sequence[tuple[Batch, BatchForces, float]]) -> None:
    """The loss and what it is about, with what the steps have changed since the start."""
    first, now, rate = walk[0][1], walk[-1][1], walk[-1][2]
    moved = len(walk) > 1
    with st.container(horizontal=True, gap="small"):
        for words, before, value, form, lower in (
            ("loss", first.value, now.value, "{:.4f}", True),
            ("hard triplets", first.triplets["hard"], now.triplets["hard"], "{:.1%}", True),
            ("mean sₚ", first.s_p, now.s_p, "{:.3f}", False),
            ("mean sₙ", first.s_n, now.s_n, "{:.3f}", True),
        ):
            delta = form.replace(":", ":+").format(value - before) if moved else None
            st.metric(words, form.format(value), delta, delta_color="inverse" if lower else "normal", width="content")
    if now.n_terms == 0:
        st.warning("There are no valid terms in this batch: the loss is 0 because it has nothing to say.")
    strength = float(now.embedding_force.norm(dim=1).max())
    step = f"; the last step had a learning rate of {rate:.3g}" if moved else ""
    st.caption(f"{now.n_terms:,} terms · strongest force {strength:.3g}{step}")


def strongest(
    chosen: LossChoice, found: BatchForces, dataset: str, images: NDArray[np.int64], labels: Sequence[int]
) -> None:
    """The pairs with the largest weights, as pictures."""
    st.markdown("**Strongest pairs**")
    data = datasets.load(dataset)
    weights = found.weights
    both = weights if chosen.loss.classes else torch.triu(weights + weights.T, 1)
    rows = []
    for flat in both.abs().flatten().argsort(descending=True)[:STRONGEST].tolist():
        i, j = divmod(flat, both.shape[1])
        if both[i, j] == 0:
            break
        label = labels[i]
        other = data.class_names[j if chosen.loss.classes else labels[j]]
        rows.append(
            {
                "one": _picture(dataset, int(images[i])),
                "other": None if chosen.loss.classes else _picture(dataset, int(images[j])),
                "classes": f"{data.class_names[label]}, {'weight of ' if chosen.loss.classes else ''}{other}",
                "s": float(found.similarity[i, j]),
                "dL/ds": float(both[i, j]),
                "force": "pull" if both[i, j] < 0 else "push",
            }
        )
    if not rows:
        st.caption("No pair is pulled or pushed.")
        return
    picture = st.column_config.ImageColumn(width="small")
    number = st.column_config.NumberColumn(format="%.4g", width="small")
    columns = {"one": picture, "other": picture, "s": number, "dL/ds": number}
    st.dataframe(pd.DataFrame(rows).dropna(axis=1, how="all"), hide_index=True, row_height=40, column_config=columns)


@lru_cache(maxsize=1024)
def _picture(dataset: str, row: int) -> str:
    """A test image as an address that holds it; empty for points of the plane."""
    png = datasets.sprite_sheet(datasets.load(dataset), [row])
    return f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else ""


def definition(loss: Loss, suffix: str) -> Control:
    """The control that chooses among the definitions of a loss that one batch is read by."""
    keys = (OURS, *(each.key for each in variants.variants_of(loss.key)))
    return Control(f"definition{suffix}", "definition", OURS, "by which the batch is read here", keys)


def other_conventions(chosen: LossChoice, batch: Batch, found: BatchForces) -> None:
    """Where others define this loss otherwise: what they would show on this very batch."""
    others = variants.variants_of(chosen.loss.key)
    if not others:
        return
    with st.expander("Other conventions", icon=":material/swap_horiz:"):
        control = definition(chosen.loss, chosen.suffix)
        if not control.accepts(st.session_state.get(control.name, OURS)):  # it was another loss's
            set_to_defaults([control], all_of_them=True)
        key = control.render()
        convention = next((each for each in others if each.key == key), None)
        if convention is None:
            st.markdown(f"**{found.value:.6g}** by the definition that this page uses. Others:")
            st.markdown("\n".join(f"- `{each.key}`: {each.title}" for each in others))
            return
        weights = (batch.weight, batch.bias) if chosen.loss.classes else (None, None)
        value = variants.variant_value(convention, batch.z, batch.y, chosen.theta, *weights)
        st.markdown(f"**{value:.6g}** instead of {found.value:.6g}. **{convention.title}.** {convention.description}")
        st.code(snippets.variant_program(convention, chosen.theta), language="python")


def as_code(chosen: LossChoice, batch: Batch) -> None:
    """Programs that print the number on the screen, and the batch that they read."""
    with st.expander("As code", icon=":material/code:"):
        weight, bias = (batch.weight, batch.bias) if chosen.loss.classes else (None, None)
        st.download_button(
            "batch.npz, which the programs read", snippets.batch_file(batch.z, batch.y, weight, bias), "batch.npz",
            icon=":material/download:", key=f"archive{chosen.suffix}",
        )  # fmt: skip
        for flavour, title in snippets.FLAVOURS.items():
            code = snippets.program(chosen.loss.key, chosen.theta, flavour)
            if code is not None:
                st.caption(title)
                st.code(code, language="python")
