"""Real batch and its miners: one anchor's positives and negatives, and what each miner picks from the whole batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from cl_core import losses
from cl_core.analysis import gradients
from cl_core.analysis.miner_effects import MinerEffect, miner_effect, triplets_of_kind
from cl_core.components.live import Live
from cl_core.components.ranking import Ranking, RankingState
from cl_core.components.ranking.mount import ranking
from cl_core.data import datasets
from cl_core.losses import LOSSES, miners
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import MINERS
from cl_core.losses.triplet import SYMBOLS
from cl_core.pretrained import embeddings
from cl_core.pretrained.embeddings import PretrainedEmbedding
from cl_core.programs import shipped
from cl_core.programs.rankings import ranking_program
from cl_core.runtime import census_job
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.pages.triplets.miner_results import miner_text, show_miner_charts, show_miner_table
from cl_core.ui.server.browser_files import engine_url
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding, note_smaller_batch

PIXELS = "pixels"
TRIPLET = LOSSES["triplet"]

EMBEDDING = Control(
    "embedding",
    "embedding",
    "half-trained",
    "Pixels: the images themselves, as vectors of length 1. My run: the one on the page Live training.",
    options=(PIXELS, *embeddings.STAGES, OWN),
)
EMBEDDED_BY = Control(
    "embedded_by", "trained with", "triplet", options=("triplet", "supcon"), titles=controls.LOSS_TITLES
)
IMAGES = Control("images", "images in the batch", 48, options=(32, 48, 64))
DRAW = Control("draw", "which images", 0, "each number is another batch", low=0, high=99, step=1)
SELECTION = PictureState(
    "look", "anchor and positive", "", "counted from 0", low=0, high=63, numbers=(1, 2), whole=True
)
PARAMETERS: Sequence[Control] = controls.loss_parameters(TRIPLET)
CONTROLS: Sequence[Control] = (*PARAMETERS, EMBEDDING, EMBEDDED_BY, IMAGES, DRAW, SELECTION)


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Test images and their positions in an embedding.

    Attributes:
        title: what the images are and how they were embedded.
        dataset: key of the data set.
        z: (n, D) embeddings.
        y: (n,) labels.
        rows: (n,) of the images in the data set.
        unit_norm: whether the embeddings have length 1.
    """

    title: str
    dataset: str
    z: NDArray[np.floating]
    y: NDArray[np.int64]
    rows: NDArray[np.int64]
    unit_norm: bool


@dataclass(frozen=True, eq=False)
class DigitBatch:
    """A batch of B images of a source.

    Attributes:
        source: where the images are from.
        z: (B, D) float64 embeddings.
        y: (B,) labels.
        rows: (B,) of the images in the data set.
        anchor: the image that is the anchor at first.
    """

    source: ImageSource
    z: torch.Tensor
    y: torch.Tensor
    rows: NDArray[np.int64]
    anchor: int


def controls_in_sidebar() -> None:
    """Show the controls of the triplet loss's parameters and of the batch."""
    with st.sidebar:
        for control in PARAMETERS:
            control.render()
        with controls.section("Which batch", (EMBEDDING, EMBEDDED_BY, IMAGES, DRAW), expanded=True):
            stage = EMBEDDING.render()
            EMBEDDED_BY.render(disabled=stage in (PIXELS, OWN))
            IMAGES.render()
            DRAW.render()


def show() -> None:
    """Show the ranking of one anchor, and below it every miner on the same batch."""
    state = st.session_state
    margin, distance, miner = (state[control.name] for control in PARAMETERS)
    source = source_of(state[EMBEDDING.name], state[EMBEDDED_BY.name])
    if source is None:
        return
    st.caption(f"{source.title}.")
    batch = _batch(source, state[IMAGES.name], state[DRAW.name])
    note_smaller_batch(state[IMAGES.name], len(batch.y))
    effects = {name: _effect(batch, distance, margin, name) for name in MINERS}
    selection = _show_ranking(batch, distance, margin, miner, effects[miner])
    st.caption(
        "A negative exactly as far as the positive counts as hard, one exactly the margin farther as "
        "easy (pytorch-metric-learning calls the latter semi-hard)."
    )
    if caution := TRIPLET.caution(source.unit_norm, margin=margin, distance=distance):
        st.info(caution, icon=":material/info:")
    st.markdown(f"#### What each miner does with this batch\n{miner_text(miner, effects[miner], len(batch.y))}")
    theta = {"margin": margin, "distance": distance}
    show_miner_table(effects, miner, selection, {name: _collapse(batch, {**theta, "mining": name}) for name in MINERS})
    show_miner_charts(effects, miner, margin)


def source_of(stage: str, loss: str) -> ImageSource | None:
    """Return test images with the embedding that the controls name.

    Args:
        stage: value of `EMBEDDING`.
        loss: value of `EMBEDDED_BY`.

    Returns:
        The images; None, with a notice on the page, if the embedding does not exist.
    """
    if stage == PIXELS:
        return _pixel_source()
    embedding = chosen_embedding(loss, stage)
    return None if embedding is None else _embedding_source(embedding)


@lru_cache(maxsize=1)
def _pixel_source() -> ImageSource:
    """Return the images of the pretrained embeddings with their raw pixels as unit vectors."""
    data = datasets.load("mnist")
    rows = datasets.probe_indices(data, embeddings.IMAGES)
    z, y = census_job.pixel_embedding(data.key, rows), data.y_test[rows]
    return ImageSource("MNIST test images by their pixels, as vectors of length 1", data.key, z, y, rows, True)


@lru_cache(maxsize=8)
def _embedding_source(embedding: PretrainedEmbedding) -> ImageSource:
    spec = embedding.spec
    training = (
        f"after {embedding.step:,} steps with {LOSSES[spec.loss].title}" if embedding.step else "before any training"
    )
    title = f"{datasets.load(spec.dataset).title.split(':')[0]} test images {training}, kNN {embedding.knn:.1%}"
    return ImageSource(title, spec.dataset, embedding.z, embedding.y, embedding.rows, spec.unit_norm)


@lru_cache(maxsize=16)
def _batch(source: ImageSource, size: int, seed: int) -> DigitBatch:
    """Choose a batch of a source."""
    chosen = gradients.choose_batch(source.y, size, seed)
    z = torch.tensor(source.z[chosen]).double()
    if source.unit_norm:
        z = torch.nn.functional.normalize(z)
    y, rows = torch.tensor(source.y[chosen]), source.rows[chosen]
    return DigitBatch(source, z, y, rows, _hardest_anchor(source, chosen))


def _hardest_anchor(source: ImageSource, chosen: NDArray[np.int64]) -> int:
    """Return the image of a batch with most hard triplets in the half-trained embedding.

    That embedding is neither raw nor finished, and it is used whichever embedding is shown, so that one anchor is seen
    in all of them. The source itself replaces it if their images differ.
    """
    half_trained = _embedding_source(embeddings.load("triplet", "half-trained"))
    reference = (
        half_trained
        if np.array_equal(half_trained.rows, source.rows) and half_trained.dataset == source.dataset
        else source
    )
    contrast = Contrast.of_batch(
        torch.tensor(reference.z[chosen]).double(), torch.tensor(source.y[chosen]), "sqeuclidean"
    )
    return int(triplets_of_kind(contrast, 0.0, "hard").sum((1, 2)).argmax())


@lru_cache(maxsize=64)
def _effect(batch: DigitBatch, distance: str, margin: float, miner: str) -> MinerEffect:
    return miner_effect(batch.z, batch.y, distance, margin, miner)


@lru_cache(maxsize=16)
def _distances(batch: DigitBatch, distance: str) -> NDArray[np.float64]:
    value: NDArray[np.float64] = miners.round_to_grid(Contrast.of_batch(batch.z, batch.y, distance).value).numpy()
    return value


def _collapse(batch: DigitBatch, theta: Mapping[str, float | str]) -> float:
    return losses.collapse_value("triplet", theta, batch.y)


def _live(program: bytes, margin: float) -> Live:
    """Return what lets a part of the ranking follow the margin's slider."""
    return Live(engine_url(), program, {"margin": "margin"}, {"margin": margin})


def _show_ranking(batch: DigitBatch, distance: str, margin: float, miner: str, effect: MinerEffect) -> RankingState:
    """Show one anchor's positives and negatives by distance; return the anchor and the positive selected."""
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
        live=_live(shipped.triplet_loss(), margin),
        kinds=_live(ranking_program(len(batch.rows), miner), margin),
    )

    def choose(state: RankingState) -> None:
        is_default = state == RankingState(scene.anchor, None)
        SELECTION.save(
            [] if is_default else [[i for i in (state.anchor, state.positive) if i is not None]], scene.stream
        )

    saved = SELECTION.current(scene.stream)
    initial = None if not saved else RankingState(int(saved[0][0]), int(saved[0][1]) if len(saved[0]) > 1 else None)
    selection = ranking(scene, key=mount_key("ranking"), state=initial, on_choose=choose)
    if initial is not None and selection != initial:
        st.warning("This batch does not have that anchor with that positive.", icon=":material/link_off:")
    return selection
