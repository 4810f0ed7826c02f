"""Results of all miners on one batch: a sentence about the chosen one, a table, and charts."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from cl_core import charts
from cl_core.analysis.miner_effects import MinerEffect
from cl_core.components.ranking import RankingState
from cl_core.losses.miners import MINERS
from cl_core.ui.widgets.chart import chart


def miner_text(miner: str, effect: MinerEffect, size: int) -> str:
    """Describe what a miner picks, and which of its picks contradict its name.

    Args:
        miner: a key of `MINERS`.
        effect: what it does with the batch.
        size: images in the batch.
    """
    hard, semihard, easy = (effect.kinds[kind] for kind in ("hard", "semihard", "easy"))
    text = f"**{MINERS[miner].title}**: {MINERS[miner].help}."
    match miner:
        case _ if not hard + semihard + easy:
            return f"{text} In this batch it finds none, so the loss is 0."
        case "semihard_tfa":
            text += " TensorFlow Addons calls it semi-hard."
            if hard:
                text += f" In this batch {hard:,} of its triplets are hard, because no negative is beyond the positive."
            if easy:
                text += f" In this batch {easy:,} of its triplets are easy, and have no loss."
        case "all" if easy:
            share = easy / (hard + semihard + easy)
            return f"{text} In this batch {share:.0%} of the triplets in the mean have a loss of 0."
        case "batch_hard":
            return f"{text} That is one triplet per anchor, {size} in total, of which {easy:,} are easy in this batch."
    return text


def show_miner_table(
    effects: Mapping[str, MinerEffect], chosen: str, selection: RankingState, collapse: Mapping[str, float]
) -> None:
    """Show a table of what each miner picks, its loss and its gradient.

    Args:
        effects: by miner.
        chosen: the miner to mark.
        selection: its anchor's share of the gradient is shown.
        collapse: by miner, the loss if all points coincide.
    """
    valid = sum(effects["all"].kinds.values())
    rows = [
        {
            "miner": f"{'▶ ' if name == chosen else ''}{MINERS[name].title}",
            "picked": sum(effect.kinds.values()),
            "● hard": effect.kinds["hard"],
            "◐ semi-hard": effect.kinds["semihard"],
            "○ easy": effect.kinds["easy"],
            "loss": effect.value,
            "if all points coincide": collapse[name],
            "‖∂L/∂z‖": effect.gradient,
            "of this anchor": float(effect.shares[selection.anchor]),
        }
        for name, effect in effects.items()
    ]
    count, number = st.column_config.NumberColumn(format="localized"), st.column_config.NumberColumn(format="%.4f")
    share = "share of the gradient, Σ|∂L/∂δ|, from triplets of the anchor above"
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "picked": st.column_config.NumberColumn(f"picked of {valid:,}", format="localized"),
            "● hard": count,
            "◐ semi-hard": count,
            "○ easy": count,
            "loss": number,
            "if all points coincide": st.column_config.NumberColumn(
                format="%.2f", help="the loss if all points coincide (or nearly, if then no triplet is picked)"
            ),
            "‖∂L/∂z‖": st.column_config.NumberColumn(
                format="%.4f", help="length of the gradient with respect to all embeddings"
            ),
            "of this anchor": st.column_config.NumberColumn(format="percent", help=share),
        },
    )


def show_miner_charts(effects: Mapping[str, MinerEffect], chosen: str, margin: float) -> None:
    """Show the losses, the lengths of the gradients and the kinds of the picked triplets, by miner.

    Args:
        effects: by miner.
        chosen: the miner to highlight.
        margin: the loss at total collapse, drawn as a line.
    """
    titles = {name: MINERS[name].title for name in effects}
    losses_by_miner = {titles[name]: effect.value for name, effect in effects.items()}
    gradients_by_miner = {titles[name]: effect.gradient for name, effect in effects.items()}
    kinds_by_miner = {titles[name]: effect.kinds for name, effect in effects.items()}
    columns = st.columns(2, gap="medium")
    for column, title, numbers in (
        (columns[0], "loss", losses_by_miner),
        (columns[1], "length of the gradient", gradients_by_miner),
    ):
        description = f"{title}, by miner: " + ", ".join(
            f"{name} {charts.short_number(number)}" for name, number in numbers.items()
        )
        reference_line = (margin, "if all points coincide") if title == "loss" else None
        with column:
            picture = charts.miner_chart(title, len(titles), description, reference_line, max(numbers.values()))
            chart(charts.miner_rows(numbers, titles[chosen]), picture)
    description = "kinds of the picked triplets, by miner: " + "; ".join(
        f"{name} " + ", ".join(f"{count[kind]} {title}" for kind, title in charts.KINDS.items())
        for name, count in kinds_by_miner.items()
    )
    chart(charts.pick_rows(kinds_by_miner, titles[chosen]), charts.pick_chart(len(titles), description))
