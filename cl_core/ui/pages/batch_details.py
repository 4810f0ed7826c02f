"""Details beside a frozen batch: its numbers, its strongest pairs, other conventions, and the code."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray

from cl_core.analysis.gradients import MOST_OF_A_PUSH, Batch, BatchForces
from cl_core.charts.numbers import short_number
from cl_core.data import datasets
from cl_core.losses import snippets, variants
from cl_core.losses.base import Loss
from cl_core.losses.variants import OURS
from cl_core.ui.link.control import Control
from cl_core.ui.link.controls import LossChoice, set_to_defaults
from cl_core.ui.widgets.image_url import image_url

MAX_PAIRS = 6  # in the table of the strongest pairs


def show_numbers(trajectory: Sequence[tuple[Batch, BatchForces, float]]) -> None:
    """Show the loss, the share of hard triplets and the mean similarities, with their change since the start.

    Args:
        trajectory: batch, forces and learning rate at the start and after each gradient step.
    """
    first, last, rate = trajectory[0][1], trajectory[-1][1], trajectory[-1][2]
    has_steps = len(trajectory) > 1
    with st.container(horizontal=True, gap="small"):
        for label, before, value, template, lower_is_better in (
            ("loss", first.value, last.value, "{:.4f}", True),
            ("hard triplets", first.triplets["hard"], last.triplets["hard"], "{:.1%}", True),
            ("mean sₚ", first.s_p, last.s_p, "{:.3f}", False),
            ("mean sₙ", first.s_n, last.s_n, "{:.3f}", True),
        ):
            delta = template.replace(":", ":+").format(value - before) if has_steps else None
            st.metric(
                label,
                template.format(value),
                delta,
                delta_color="inverse" if lower_is_better else "normal",
                width="content",
            )
    if last.n_terms == 0:
        st.warning("This batch has no valid terms, so the loss is 0.")
    strength = float(last.embedding_force.norm(dim=1).max())
    rate_note = f"; the last step had a learning rate of {short_number(rate)}" if has_steps else ""
    st.caption(f"{last.n_terms:,} terms · strongest force {short_number(strength)}{rate_note}")


def show_comparison(chosen: Sequence[LossChoice], forces: Sequence[BatchForces]) -> None:
    """Say what easy pairs carry of the gradient under each loss, and how many negatives push an image.

    Args:
        chosen: the losses.
        forces: of the batch under each of them.
    """
    names = [choice.loss.short_title for choice in chosen]
    if len(set(names)) < len(names):
        names = ["the first", "the second"]
    named = list(zip(names, forces, strict=True))
    easy = ", ".join(f"**{each.shares['easy']:.0%}** under {name}" for name, each in named)
    counts = [f"**{each.negatives:.0f}** under {name}" for name, each in named if isfinite(each.negatives)]
    text = f"Easy pairs carry {easy} of the gradient."
    if counts:
        text += f" Negatives that make up {MOST_OF_A_PUSH:.0%} of the push on an image: {', '.join(counts)}."
    st.markdown(text)


def show_strongest_pairs(
    chosen: LossChoice, forces: BatchForces, dataset: str, images: NDArray[np.int64], labels: Sequence[int]
) -> None:
    """Show the pairs with the largest absolute weights as a table with thumbnails.

    Args:
        chosen: the loss; without class weights, the weights (i, j) and (j, i) of a pair are added up.
        forces: what the loss does to the batch.
        dataset: key of the data set that the images are from.
        images: (B,) rows of the test images in the data set.
        labels: class of each image.
    """
    st.markdown("**Strongest pairs**")
    data = datasets.load(dataset)
    weights = forces.weights
    pair_weights = weights if chosen.loss.classes else torch.triu(weights + weights.T, 1)
    rows = []
    for index in pair_weights.abs().flatten().argsort(descending=True)[:MAX_PAIRS].tolist():
        i, j = divmod(index, pair_weights.shape[1])
        if pair_weights[i, j] == 0:
            break
        label = labels[i]
        other_name = data.class_names[j if chosen.loss.classes else labels[j]]
        rows.append(
            {
                "one": image_url(dataset, int(images[i])),
                "other": None if chosen.loss.classes else image_url(dataset, int(images[j])),
                "classes": f"{data.class_names[label]}, {'weight of ' if chosen.loss.classes else ''}{other_name}",
                "s": short_number(float(forces.similarity[i, j])),
                "dL/ds": short_number(float(pair_weights[i, j])),
                "force": "pull" if pair_weights[i, j] < 0 else "push",
            }
        )
    if not rows:
        st.caption("No pair has a force.")
        return
    picture = st.column_config.ImageColumn(width="small")
    number = st.column_config.TextColumn(width="small", alignment="right")
    columns = {"one": picture, "other": picture, "s": number, "dL/ds": number}
    st.dataframe(pd.DataFrame(rows).dropna(axis=1, how="all"), hide_index=True, row_height=40, column_config=columns)


def definition_control(loss: Loss, suffix: str) -> Control:
    """Return the control that chooses which definition of a loss the batch is evaluated with.

    Args:
        loss: the loss whose variants are the options, beside this lab's own definition.
        suffix: what the names of this loss's controls end with.
    """
    titles = variants.titles_of(variants.variants_of(loss.key))
    return Control(
        f"definition{suffix}", "formula version", OURS, "the formula that computes the loss here", tuple(titles),
        titles=titles,
    )  # fmt: skip


def show_conventions(chosen: LossChoice, batch: Batch, forces: BatchForces) -> None:
    """Show the value of another published definition of the loss on this batch, with a program that computes it.

    Args:
        chosen: the loss; nothing is shown if it has no variants.
        batch: the batch after the last gradient step.
        forces: what the lab's own definition gives for it.
    """
    others = variants.variants_of(chosen.loss.key)
    if not others:
        return
    with st.expander("Other formula versions", icon=":material/swap_horiz:"):
        control = definition_control(chosen.loss, chosen.suffix)
        if not control.accepts(st.session_state.get(control.name, OURS)):  # the value belonged to another loss
            set_to_defaults([control], all_of_them=True)
        key = control.render()
        convention = next((variant for variant in others if variant.key == key), None)
        if convention is None:
            st.markdown(f"The loss is **{short_number(forces.value, 6)}** by this app's formula. Other versions:")
            st.markdown("\n".join(f"- {variant.title}" for variant in others))
            return
        weights = (batch.weight, batch.bias) if chosen.loss.classes else (None, None)
        value = variants.variant_value(convention, batch.z, batch.y, chosen.theta, *weights)
        st.markdown(
            f"The loss is **{short_number(value, 6)}** instead of {short_number(forces.value, 6)}. "
            f"**{convention.title}.** {convention.description}"
        )
        st.code(snippets.variant_program(convention, chosen.theta), language="python")


def show_code(chosen: LossChoice, batch: Batch) -> None:
    """Show programs that print the number on the screen, and a download of the batch that they read.

    Args:
        chosen: the loss.
        batch: the batch after the last gradient step.
    """
    with st.expander("Code for these values", icon=":material/code:"):
        weight, bias = (batch.weight, batch.bias) if chosen.loss.classes else (None, None)
        st.download_button(
            "batch.npz (input of the programs)", snippets.batch_file(batch.z, batch.y, weight, bias), "batch.npz",
            icon=":material/download:", key=f"archive{chosen.suffix}",
        )  # fmt: skip
        for flavour, title in snippets.FLAVOURS.items():
            code = snippets.program(chosen.loss.key, chosen.theta, flavour)
            if code is not None:
                st.caption(title)
                st.code(code, language="python")
