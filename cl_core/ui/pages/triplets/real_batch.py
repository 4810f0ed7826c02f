"""A real batch and its miners: one anchor's positives and negatives, and what each miner makes of the whole batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray

from cl_core import charts, losses
from cl_core.analysis import gradients
from cl_core.analysis.miner_effects import MinerEffect, miner_effect, triplets_of_kind
from cl_core.components.ranking import Ranking, RankingState
from cl_core.components.ranking.mount import ranking
from cl_core.data import datasets
from cl_core.losses import LOSSES, miners
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import MINERS
from cl_core.runtime import census_job
from cl_core.training.pretrained import embeddings
from cl_core.training.pretrained.embeddings import PretrainedEmbedding
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding

PIXELS = "pixels"
TRIPLET = LOSSES["triplet"]
SYMBOLS = {"sqeuclidean": "d²", "euclidean": "d", "cosine": "1 − s"}

EMBEDDING = Control(
    "embedding",
    "embedding",
    "half-trained",
    "pixels: the images themselves, as vectors of length 1; my run: that of the page Live training",
    options=(PIXELS, *embeddings.STAGES, OWN),
)
EMBEDDED_BY = Control("embedded_by", "trained with", "triplet", options=("triplet", "supcon"))
IMAGES = Control("images", "images in the batch", 48, options=(32, 48, 64))
DRAW = Control("draw", "which images", 0, "another number, another batch", low=0, high=99, step=1)
LOOK = PictureState("look", "anchor and positive", "", "counted from 0", low=0, high=63, numbers=(1, 2), whole=True)
PARAMETERS: Sequence[Control] = controls.loss_parameters(TRIPLET)
CONTROLS: Sequence[Control] = (*PARAMETERS, EMBEDDING, EMBEDDED_BY, IMAGES, DRAW, LOOK)


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Test images and where an embedding has them: z (n, D), labels y (n,), `rows` (n,) of the data set."""

    title: str
    dataset: str
    z: NDArray[np.floating]
    y: NDArray[np.int64]
    rows: NDArray[np.int64]
    unit_norm: bool


@dataclass(frozen=True, eq=False)
class DigitBatch:
    """A batch of B of them: z (B, D) float64, y (B,), `rows` (B,), and the anchor to begin with."""

    source: ImageSource
    z: torch.Tensor
    y: torch.Tensor
    rows: NDArray[np.int64]
    anchor: int


def controls_in_sidebar() -> None:
    """The triplet loss's own parameters, and which batch it is."""
    with st.sidebar:
        for control in PARAMETERS:
            control.render()
        with controls.section("Which batch", (EMBEDDING, EMBEDDED_BY, IMAGES, DRAW), expanded=True):
            stage = EMBEDDING.render()
            EMBEDDED_BY.render(disabled=stage in (PIXELS, OWN))
            IMAGES.render()
            DRAW.render()


def show() -> None:
    """The ranking of one anchor, and below it every miner on the same batch."""
    state = st.session_state
    margin, distance, miner = (state[control.name] for control in PARAMETERS)
    source = source_of(state[EMBEDDING.name], state[EMBEDDED_BY.name])
    if source is None:
        return
    st.caption(f"{source.title}.")
    try:
        batch = _batch(source, state[IMAGES.name], state[DRAW.name])
        effects = {name: _effect(batch, distance, margin, name) for name in MINERS}
        looked = _ranked(batch, distance, margin, effects[miner])
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.caption(
        "A negative exactly as far as the positive counts as hard, one exactly the margin farther as "
        "easy (pytorch-metric-learning calls the latter semi-hard)."
    )
    if words := TRIPLET.caution(source.unit_norm, margin=margin, distance=distance):
        st.info(words, icon=":material/info:")
    st.markdown(f"#### What each miner does with this batch\n{_in_words(miner, effects[miner], len(batch.y))}")
    theta = {"margin": margin, "distance": distance}
    _table(effects, miner, looked, {name: _collapse(batch, {**theta, "mining": name}) for name in MINERS})
    _charts(effects, miner, margin)


def source_of(stage: str, loss: str) -> ImageSource | None:
    """The images and their embedding that EMBEDDING and EMBEDDED_BY name; None, and why is said, if there is none."""
    if stage == PIXELS:
        return _pixels()
    embedded = chosen_embedding(loss, stage)
    return None if embedded is None else _of_embedded(embedded)


@lru_cache(maxsize=1)
def _pixels() -> ImageSource:
    """The images that prepared embeddings are of, by their raw pixels as unit vectors."""
    data = datasets.load("mnist")
    rows = datasets.probe_indices(data, embeddings.IMAGES)
    z, y = census_job.pixel_embedding(data.key, rows), data.y_test[rows]
    return ImageSource("MNIST test images by their pixels, as vectors of length 1", data.key, z, y, rows, True)


@lru_cache(maxsize=8)
def _of_embedded(embedded: PretrainedEmbedding) -> ImageSource:
    spec = embedded.spec
    training = (
        f"after {embedded.step:,} steps with {LOSSES[spec.loss].title}" if embedded.step else "before any training"
    )
    title = f"{datasets.load(spec.dataset).title.split(':')[0]} test images {training}, kNN {embedded.knn:.1%}"
    return ImageSource(title, spec.dataset, embedded.z, embedded.y, embedded.rows, spec.unit_norm)


@lru_cache(maxsize=16)
def _batch(source: ImageSource, size: int, seed: int) -> DigitBatch:
    """Raises ValueError where there are too few images."""
    chosen = gradients.choose_batch(source.y, size, seed)
    z = torch.tensor(source.z[chosen]).double()
    if source.unit_norm:
        z = torch.nn.functional.normalize(z)
    y, rows = torch.tensor(source.y[chosen]), source.rows[chosen]
    return DigitBatch(source, z, y, rows, _telling(source, chosen))


def _telling(source: ImageSource, chosen: NDArray[np.int64]) -> int:
    """The image of a batch with most hard triplets in an embedding that is neither raw nor finished.

    The same whichever embedding is looked at, so that one anchor is seen in all of them.
    """
    half = _of_embedded(embeddings.load("triplet", "half-trained"))
    judge = half if np.array_equal(half.rows, source.rows) and half.dataset == source.dataset else source
    found = Contrast.of_batch(torch.tensor(judge.z[chosen]).double(), torch.tensor(source.y[chosen]), "sqeuclidean")
    return int(triplets_of_kind(found, 0.0, "hard").sum((1, 2)).argmax())


@lru_cache(maxsize=64)
def _effect(batch: DigitBatch, distance: str, margin: float, miner: str) -> MinerEffect:
    return miner_effect(batch.z, batch.y, distance, margin, miner)


@lru_cache(maxsize=16)
def _distances(batch: DigitBatch, distance: str) -> NDArray[np.float64]:
    value: NDArray[np.float64] = miners.round_to_grid(Contrast.of_batch(batch.z, batch.y, distance).value).numpy()
    return value


def _collapse(batch: DigitBatch, theta: Mapping[str, float | str]) -> float:
    return losses.collapse_value("triplet", theta, batch.y)


def _ranked(batch: DigitBatch, distance: str, margin: float, effect: MinerEffect) -> RankingState:
    data = datasets.load(batch.source.dataset)
    scene = Ranking(
        stream=f"{batch.source.dataset}/{batch.rows.tobytes().hex()}",
        distances=_distances(batch, distance),
        labels=batch.y.numpy(),
        class_names=data.class_names,
        rows=batch.rows,
        picked=effect.picked,
        margin=margin,
        anchor=batch.anchor,
        symbol=SYMBOLS[distance],
        sprite=datasets.sprite_sheet(data, batch.rows),
        sprite_columns=int(np.ceil(np.sqrt(len(batch.rows)))),
    )

    def choose(chosen: RankingState) -> None:
        begun = chosen == RankingState(scene.anchor, None)
        LOOK.save([] if begun else [[i for i in (chosen.anchor, chosen.positive) if i is not None]], scene.stream)

    found = LOOK.current(scene.stream)
    linked = None if not found else RankingState(int(found[0][0]), int(found[0][1]) if len(found[0]) > 1 else None)
    looked = ranking(scene, key=mount_key("ranking"), state=linked, on_choose=choose)
    if linked is not None and looked != linked:
        st.warning("This batch has no such anchor, or not with such a positive.", icon=":material/link_off:")
    return looked


def _in_words(miner: str, effect: MinerEffect, size: int) -> str:
    """What the chosen miner picks, and what of it is against its name here."""
    hard, semihard, easy = (effect.kinds[kind] for kind in ("hard", "semihard", "easy"))
    words = f"**{MINERS[miner].title}**: {MINERS[miner].help}."
    match miner:
        case _ if not hard + semihard + easy:
            return f"{words} Here it finds none: the loss is 0 because it has nothing to say."
        case "semihard_tfa":
            words += " TensorFlow Addons calls it semi-hard."
            if hard:
                words += f" Hard picks here: {hard:,}, where no negative is farther than the positive."
            if easy:
                words += f" Easy picks here: {easy:,}, which cost nothing."
        case "all" if easy:
            return f"{words} Here {easy / (hard + semihard + easy):.0%} of the triplets in its mean are such zeros."
        case "batch_hard":
            return f"{words} One triplet an anchor, {size} in all. Easy ones among them here: {easy:,}."
    return words


def _table(
    effects: Mapping[str, MinerEffect], chosen: str, looked: RankingState, collapse: Mapping[str, float]
) -> None:
    valid = sum(effects["all"].kinds.values())
    rows = [
        {
            "miner": f"{'▶ ' if name == chosen else ''}{MINERS[name].title}",
            "picked": sum(effect.kinds.values()),
            "● hard": effect.kinds["hard"],
            "◐ semi-hard": effect.kinds["semihard"],
            "○ easy": effect.kinds["easy"],
            "loss": effect.value,
            "at total collapse": collapse[name],
            "‖∂L/∂z‖": effect.gradient,
            "of this anchor": float(effect.shares[looked.anchor]),
        }
        for name, effect in effects.items()
    ]
    count, number = st.column_config.NumberColumn(format="localized"), st.column_config.NumberColumn(format="%.4f")
    share = "part of Σ|∂L/∂δ| that the triplets of the anchor above carry"
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "picked": st.column_config.NumberColumn(f"picked of {valid:,}", format="localized"),
            "● hard": count,
            "◐ semi-hard": count,
            "○ easy": count,
            "loss": number,
            "at total collapse": st.column_config.NumberColumn(
                format="%.2f", help="the loss when all points are one, or just before where nothing is picked then"
            ),
            "‖∂L/∂z‖": st.column_config.NumberColumn(format="%.4f", help="length of the gradient by all embeddings"),
            "of this anchor": st.column_config.NumberColumn(format="percent", help=share),
        },
    )


def _charts(effects: Mapping[str, MinerEffect], chosen: str, margin: float) -> None:
    titles = {name: MINERS[name].title for name in effects}
    value = {titles[name]: effect.value for name, effect in effects.items()}
    gradient = {titles[name]: effect.gradient for name, effect in effects.items()}
    kinds = {titles[name]: effect.kinds for name, effect in effects.items()}
    columns = st.columns(2, gap="medium")
    for column, title, numbers in ((columns[0], "loss", value), (columns[1], "length of the gradient", gradient)):
        words = f"{title}, by miner: " + ", ".join(f"{name} {number:.3g}" for name, number in numbers.items())
        guide = (margin, "at total collapse") if title == "loss" else None
        with column:
            picture = charts.miner_chart(title, len(titles), words, guide, max(numbers.values()))
            chart(charts.miner_rows(numbers, titles[chosen]), picture)
    words = "kinds of the picked triplets, by miner: " + "; ".join(
        f"{name} " + ", ".join(f"{count[kind]} {title}" for kind, title in charts.KINDS.items())
        for name, count in kinds.items()
    )
    chart(charts.pick_rows(kinds, titles[chosen]), charts.pick_chart(len(titles), words))
