"""The page of one frozen batch: the same real images under one loss or two, who pulls whom, and what a step does."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from cl_core import charts
from cl_core.analysis import gradients
from cl_core.analysis.gradients import Batch, BatchForces
from cl_core.components.batch import Scene
from cl_core.components.batch.mount import batch_scene
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.losses.parameters import Theta
from cl_core.training.pretrained import embeddings
from cl_core.training.pretrained.embeddings import PretrainedEmbedding
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages import batch_details
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding

PAGE = "batch"
SECOND = "_2"
DEFAULTS = {"": "supcon", SECOND: "triplet"}
MOST_STEPS = 30

TWO = Control("two", "a second loss beside it", True)
SOURCE = Control("embedded_by", "embedding trained with", "supcon", options=tuple(LOSSES))
STAGE = Control("stage", "how far it was trained", "half-trained", options=(*embeddings.STAGES, OWN))
IMAGES = Control("images", "images in the batch", 48, options=(32, 48, 64))
DRAW = Control("draw", "which images", 0, "another number, another batch", low=0, high=99, step=1)
REACH = Control(
    "reach", "reach of a step", 0.1, "how far the embedding moves that is pulled hardest", low=0.01, high=0.5, step=0.01
)
STEPS = Control("steps", "gradient steps done", 0, low=0, high=MOST_STEPS, step=1)
SAME = Control("same_scale", "one scale of force for both", False, "else each loss's longest arrow is as long")
ANCHOR = PictureState(
    "anchor", "image that is kept", "", "counted from 0; after the images, the class weights", low=0, high=99,
    numbers=(1, 1), whole=True,
)  # fmt: skip
SETTINGS = (SOURCE, STAGE, IMAGES, DRAW, REACH, STEPS, SAME, TWO, ANCHOR)


@dataclass(frozen=True, eq=False)
class BatchStart:
    """A batch before any step: what it was taken from, which of its images, and the plane it is drawn in."""

    embedded: PretrainedEmbedding
    batch: Batch
    rows: NDArray[np.int64]
    plane: PCA


def controls_for_link(link: Link) -> list[Control]:
    """Every control of the page under a link."""
    found = list(SETTINGS)
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        loss = controls.loss_of_link(choice, link)
        found += [choice, *controls.loss_parameters(loss, suffix), batch_details.definition(loss, suffix)]
    return found


def batch_notes() -> list[str]:
    """What in the link could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def batch_controls() -> list[LossChoice]:
    """The controls in the sidebar: the losses, and which batch it is."""
    with st.sidebar:
        chosen = [controls.loss_controls(DEFAULTS[""])]
        if TWO.render():
            chosen.append(controls.loss_controls(DEFAULTS[SECOND], SECOND))
        with controls.section("Which batch", (SOURCE, STAGE, IMAGES, DRAW), expanded=True):
            for control in (SOURCE, STAGE, IMAGES, DRAW):
                control.render()
        with controls.section("Steps and arrows", (REACH, SAME)):
            for control in (REACH, SAME):
                control.render()
    return chosen


def show_batch(chosen: Sequence[LossChoice]) -> None:
    """The batch under each of the losses."""
    state = st.session_state
    embedded = chosen_embedding(state[SOURCE.name], state[STAGE.name])
    if embedded is None:
        return
    try:
        start = _start(embedded, state[IMAGES.name], state[DRAW.name])
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    _stepping()
    walks = [_walk(start, each, state[STEPS.name]) for each in chosen]
    longest = [max(float(_drawn(start, walk[-1][1].embedding_force).max()), 1e-12) for walk in walks]
    heaviest = [float(walk[-1][1].weights.abs().max()) for walk in walks]
    if state[SAME.name]:
        longest, heaviest = [max(longest)] * len(walks), [max(heaviest)] * len(walks)
    extent = _extent(start, walks)
    images = embedded.rows[start.rows]
    batch_of_link = images.tobytes().hex()
    kept = ANCHOR.current(batch_of_link)
    anchor = int(kept[0][0]) if kept else None

    def pin(chosen: int | None) -> None:
        ANCHOR.save([] if chosen is None else [(chosen,)], batch_of_link)

    for column, each, walk, force, weight in zip(
        st.columns(len(chosen), gap="medium"), chosen, walks, longest, heaviest, strict=True
    ):
        with column:
            found = walk[-1][1]
            scene = _scene(start, each, walk, extent, force, weight)
            key, group = mount_key(f"scene{each.suffix}"), mount_key("batch")
            batch_scene(scene, key=key, group=group, anchor=anchor, on_pin=pin)
            batch_details.numbers(walk)
            chart(charts.share_rows(found), charts.share_chart(), charts.shares_alt(found))
            batch_details.strongest(each, found, embedded.spec.dataset, images, start.batch.y.tolist())
            batch_details.other_conventions(each, walk[-1][0], found)
            batch_details.as_code(each, walk[-1][0])


@lru_cache(maxsize=16)
def _start(embedded: PretrainedEmbedding, size: int, seed: int) -> BatchStart:
    """The batch as the embedding has it; class means stand for class weights where it has none."""
    rows = gradients.choose_batch(embedded.y, size, seed)
    classes = datasets.load(embedded.spec.dataset).n_classes
    means = gradients.class_means(embedded.z, embedded.y, classes)
    weight = means if embedded.weight is None else embedded.weight.astype(np.float64)
    bias = np.zeros(classes) if embedded.bias is None else embedded.bias.astype(np.float64)
    batch = Batch(
        torch.tensor(embedded.z[rows]).double(),
        torch.tensor(embedded.y[rows]),
        torch.from_numpy(weight),
        torch.from_numpy(bias),
        embedded.spec.unit_norm,
    )
    if batch.unit_norm:  # the file's digits are few
        batch = Batch(torch.nn.functional.normalize(batch.z), batch.y, batch.weight, batch.bias)
    return BatchStart(embedded, batch, rows, PCA(2, svd_solver="full").fit(batch.z.numpy()))


def _stepping() -> None:
    """The button that takes a gradient step, and the way back; none where the link holds the steps."""
    if not presentation().is_free(STEPS.name):
        STEPS.render()
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        state = st.session_state
        done = state.get(STEPS.name, STEPS.default)
        st.button(
            "Apply a gradient step", type="primary", icon=":material/redo:", on_click=_go_to, args=(done + 1,),
            disabled=done >= MOST_STEPS, key="apply",
        )  # fmt: skip
        st.button("Take one back", icon=":material/undo:", on_click=_go_to, args=(done - 1,), disabled=done == 0)
        st.button("Start again", icon=":material/replay:", on_click=_go_to, args=(0,), disabled=done == 0)
        with st.container(width=260):
            STEPS.render()


def _go_to(step: int) -> None:
    st.session_state[STEPS.name] = step


def _walk(start: BatchStart, chosen: LossChoice, steps: int) -> list[tuple[Batch, BatchForces, float]]:
    """The batch at the start and after each step, its forces there, and the learning rate that led there."""
    return [_at_step(start, chosen.loss.key, chosen.theta, st.session_state[REACH.name], k) for k in range(steps + 1)]


@lru_cache(maxsize=512)
def _at_step(start: BatchStart, key: str, theta: Theta, reach: float, step: int) -> tuple[Batch, BatchForces, float]:
    batch, rate = start.batch, 0.0
    if step:
        before, found, _ = _at_step(start, key, theta, reach, step - 1)
        batch, rate = gradients.gradient_step(before, found, reach)
    return batch, gradients.batch_forces(LOSSES[key], theta, batch), rate


def _drawn(start: BatchStart, pull: torch.Tensor) -> NDArray[np.float64]:
    """Lengths of forces in the plane that is drawn, (B,)."""
    length: NDArray[np.float64] = np.linalg.norm(pull.numpy() @ start.plane.components_.T, axis=1)
    return length


def _in_plane(start: BatchStart, z: torch.Tensor) -> NDArray[np.float64]:
    drawn: NDArray[np.float64] = start.plane.transform(z.numpy())
    return drawn


def _classes_in_plane(start: BatchStart, batch: Batch) -> NDArray[np.float64]:
    """Class weights where embeddings of their direction and of the usual length would be."""
    assert batch.weight is not None
    length = float(start.batch.z.norm(dim=1).mean())
    return _in_plane(start, torch.nn.functional.normalize(batch.weight) * length)


def _extent(
    start: BatchStart, walks: Sequence[list[tuple[Batch, BatchForces, float]]]
) -> tuple[float, float, float, float]:
    """A square that holds everything, the same for all."""
    places = [_in_plane(start, batch.z) for walk in walks for batch, _, _ in walk]
    places += [_classes_in_plane(start, walk[-1][0]) for walk in walks if walk[-1][1].class_force is not None]
    every = np.concatenate(places)
    middle, half = (every.max(0) + every.min(0)) / 2, 0.58 * float((every.max(0) - every.min(0)).max())
    return (middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half)


def _scene(
    start: BatchStart,
    chosen: LossChoice,
    walk: list[tuple[Batch, BatchForces, float]],
    extent: tuple[float, float, float, float],
    longest: float,
    heaviest: float,
) -> Scene:
    """What is drawn of one loss: arrows so long that one of force `longest` crosses a seventh of the picture."""
    batch, found, _ = walk[-1]
    data = datasets.load(start.embedded.spec.dataset)
    classes = found.class_force is not None
    images = start.embedded.rows[start.rows]
    size = len(images)
    return Scene(
        stream=f"{start.embedded.spec}/{start.embedded.step}/{images.tobytes().hex()[:64]}/{chosen.loss.classes}",
        title=chosen.loss.title,
        points=_in_plane(start, batch.z),
        forces=found.embedding_force.numpy() @ start.plane.components_.T,
        reach=(extent[1] - extent[0]) / 7 / longest,
        labels=batch.y.numpy(),
        class_names=data.class_names,
        rows=images,
        weights=found.weights.numpy(),
        similarity=found.similarity.numpy(),
        extent=extent,
        trail=np.stack([_in_plane(start, before.z) for before, _, _ in walk[:-1]]) if len(walk) > 1 else None,
        prototypes=_classes_in_plane(start, batch) if classes else None,
        prototype_forces=None if found.class_force is None else found.class_force.numpy() @ start.plane.components_.T,
        largest=heaviest or None,  # where nothing pulls or pushes, there is nothing to scale by
        sprite=datasets.sprite_sheet(data, images),
        sprite_columns=int(np.ceil(np.sqrt(size))),
        alt=f"{size} images, seen by their two principal components ({start.plane.explained_variance_ratio_.sum():.0%} "
        f"of the variance), with the force of the loss on each",
    )
