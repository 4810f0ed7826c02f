"""Page of one frozen batch: the same images under one or two losses, with pair weights, forces and gradient steps."""

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
from cl_core.components.live import Live
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.losses.parameters import Theta
from cl_core.pretrained import embeddings
from cl_core.pretrained.embeddings import PretrainedEmbedding
from cl_core.programs import batches
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.link.picture_state import PictureState, mount_key
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages import batch_details
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.embedding_source import OWN, chosen_embedding, note_smaller_batch
from cl_core.ui.widgets.live_picture import live_picture

PAGE = "batch"
SECOND_SUFFIX = "_2"
DEFAULTS = {"": "supcon", SECOND_SUFFIX: "triplet"}
MAX_STEPS = 30

SECOND_LOSS = Control("two", "compare with a second loss", True)
SOURCE = Control("embedded_by", "embedding trained with", "supcon", options=tuple(LOSSES), titles=controls.LOSS_TITLES)
STAGE = Control("stage", "training stage", "half-trained", options=(*embeddings.STAGES, OWN))
IMAGES = Control("images", "images in the batch", 48, options=(32, 48, 64))
DRAW = Control("draw", "which images", 0, "each number selects another batch", low=0, high=99, step=1)
REACH = Control(
    batches.REACH, "step length", 0.1, "how far the embedding with the strongest force moves",
    low=0.01, high=0.5, step=0.01,
)  # fmt: skip
STEPS = Control("steps", "gradient steps done", 0, low=0, high=MAX_STEPS, step=1)
SAME_SCALE = Control("same_scale", "same force scale for both", False, "otherwise each has its own scale")
ANCHOR = PictureState(
    "anchor", "pinned image", "", "counted from 0; the class weights come after the images", low=0, high=99,
    numbers=(1, 1), whole=True,
)  # fmt: skip
SETTINGS = (SOURCE, STAGE, IMAGES, DRAW, REACH, STEPS, SAME_SCALE, SECOND_LOSS, ANCHOR)


@dataclass(frozen=True, eq=False)
class BatchStart:
    """A batch before any gradient step.

    Attributes:
        embedding: the pretrained embedding that the images were taken from.
        batch: B embeddings with labels, class weights and biases, float64.
        rows: (B,) positions of the images in `embedding`.
        plane: the two principal components of the batch, fitted before any step.
    """

    embedding: PretrainedEmbedding
    batch: Batch
    rows: NDArray[np.int64]
    plane: PCA


def controls_for_link(link: Link) -> list[Control]:
    """List every control that the page has under a link.

    Args:
        link: query parameters by name; the losses that it names decide which parameter controls there are.
    """
    every_control = list(SETTINGS)
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        loss = controls.loss_of_link(choice, link)
        every_control += [
            choice,
            *controls.loss_parameters(loss, suffix),
            batch_details.definition_control(loss, suffix),
        ]
    return every_control


def batch_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def batch_controls() -> list[LossChoice]:
    """Show the controls in the sidebar: the losses and the choice of the batch.

    Returns:
        One loss with its parameters, or two.
    """
    with st.sidebar:
        chosen = [controls.loss_controls(DEFAULTS[""])]
        if SECOND_LOSS.render():
            chosen.append(controls.loss_controls(DEFAULTS[SECOND_SUFFIX], SECOND_SUFFIX))
        with controls.section("Which batch", (SOURCE, STAGE, IMAGES, DRAW), expanded=True):
            for control in (SOURCE, STAGE, IMAGES, DRAW):
                control.render()
        with controls.section("Steps and arrows", (REACH, SAME_SCALE)):
            for control in (REACH, SAME_SCALE):
                control.render()
    return chosen


def show_batch(chosen: Sequence[LossChoice]) -> None:
    """Show the batch under each of the losses, side by side.

    Args:
        chosen: the losses to show; their scenes share the extent and, if the visitor asks for it, the scale of forces.
    """
    state = st.session_state
    embedding = chosen_embedding(state[SOURCE.name], state[STAGE.name])
    if embedding is None:
        return
    start = _load_start(embedding, state[IMAGES.name], state[DRAW.name])
    note_smaller_batch(state[IMAGES.name], len(start.rows))
    _show_step_buttons()
    trajectories = [_trajectory(start, choice, state[STEPS.name]) for choice in chosen]
    max_forces = [
        max(float(_projected_lengths(start, trajectory[-1][1].embedding_force).max()), 1e-12)
        for trajectory in trajectories
    ]
    max_weights = [float(trajectory[-1][1].weights.abs().max()) for trajectory in trajectories]
    if state[SAME_SCALE.name]:
        max_forces, max_weights = [max(max_forces)] * len(trajectories), [max(max_weights)] * len(trajectories)
    extent = _extent(start, trajectories)
    images = embedding.rows[start.rows]
    scope = images.tobytes().hex()
    pinned = ANCHOR.current(scope)
    anchor = int(pinned[0][0]) if pinned else None

    def pin(image: int | None) -> None:
        ANCHOR.save([] if image is None else [(image,)], scope)

    batch_details.show_comparison(chosen, [trajectory[-1][1] for trajectory in trajectories])
    for column, choice, trajectory, max_force, max_weight in zip(
        st.columns(len(chosen), gap="medium"), chosen, trajectories, max_forces, max_weights, strict=True
    ):
        with column:
            forces = trajectory[-1][1]
            scene = _scene(start, choice, trajectory, extent, max_force, max_weight)
            key, group = mount_key(f"scene{choice.suffix}"), mount_key("batch")
            batch_scene(scene, key=key, group=group, anchor=anchor, on_pin=pin)
            batch_details.show_numbers(trajectory)
            chart(charts.share_rows(forces), charts.share_chart(), charts.shares_alt(forces))
            batch_details.show_strongest_pairs(choice, forces, embedding.spec.dataset, images, start.batch.y.tolist())
            batch_details.show_conventions(choice, trajectory[-1][0], forces)
            batch_details.show_code(choice, trajectory[-1][0])


@lru_cache(maxsize=16)
def _load_start(embedding: PretrainedEmbedding, size: int, seed: int) -> BatchStart:
    """Choose the batch from an embedding; class means replace the class weights that an embedding lacks."""
    rows = gradients.choose_batch(embedding.y, size, seed)
    classes = datasets.load(embedding.spec.dataset).n_classes
    means = gradients.class_means(embedding.z, embedding.y, classes)
    weight = means if embedding.weight is None else embedding.weight.astype(np.float64)
    bias = np.zeros(classes) if embedding.bias is None else embedding.bias.astype(np.float64)
    batch = Batch(
        torch.tensor(embedding.z[rows]).double(),
        torch.tensor(embedding.y[rows]),
        torch.from_numpy(weight),
        torch.from_numpy(bias),
        embedding.spec.unit_norm,
    )
    if batch.unit_norm:  # files store few digits, so the lengths are not exactly 1
        batch = Batch(torch.nn.functional.normalize(batch.z), batch.y, batch.weight, batch.bias)
    return BatchStart(embedding, batch, rows, PCA(2, svd_solver="full").fit(batch.z.numpy()))


def _live(start: BatchStart, chosen: LossChoice) -> Live:
    """Return what lets the picture follow the sliders of its loss, and the reach of steps, while they are held."""
    loss, batch = chosen.loss, start.batch
    arrays = {
        "z": batch.z.numpy().astype(np.float32),
        "y": batch.y.numpy().astype(np.uint8),
        "axes": start.plane.components_.astype(np.float32),
        "centre": start.plane.mean_.astype(np.float32),
    }
    if loss.classes and batch.weight is not None and batch.bias is not None:
        arrays |= {name: getattr(batch, name).numpy().astype(np.float32) for name in ("weight", "bias")}
        arrays["class_length"] = np.array([_class_length(start)], np.float32)
    program = batches.batch_program(loss, chosen.theta, batch)
    return live_picture(chosen, program, {REACH.name: st.session_state[REACH.name]}, arrays)


def _show_step_buttons() -> None:
    """Show the buttons that apply, undo and reset gradient steps; only the control if the link fixes the steps."""
    if not presentation().is_free(STEPS.name):
        STEPS.render()
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        state = st.session_state
        done = state.get(STEPS.name, STEPS.default)
        st.button(
            "Apply a gradient step", type="primary", icon=":material/redo:", on_click=_set_step, args=(done + 1,),
            disabled=done >= MAX_STEPS, key="apply",
        )  # fmt: skip
        st.button("Undo", icon=":material/undo:", on_click=_set_step, args=(done - 1,), disabled=done == 0)
        st.button("Start again", icon=":material/replay:", on_click=_set_step, args=(0,), disabled=done == 0)
        with st.container(width=260):
            STEPS.render()


def _set_step(step: int) -> None:
    st.session_state[STEPS.name] = step


def _trajectory(start: BatchStart, chosen: LossChoice, steps: int) -> list[tuple[Batch, BatchForces, float]]:
    """Return, at the start and after each step, the batch, its forces and the learning rate of that step."""
    return [_at_step(start, chosen.loss.key, chosen.theta, st.session_state[REACH.name], k) for k in range(steps + 1)]


@lru_cache(maxsize=512)
def _at_step(start: BatchStart, key: str, theta: Theta, reach: float, step: int) -> tuple[Batch, BatchForces, float]:
    batch, rate = start.batch, 0.0
    if step:
        before, forces, _ = _at_step(start, key, theta, reach, step - 1)
        batch, rate = gradients.gradient_step(before, forces, reach)
    return batch, gradients.batch_forces(LOSSES[key], theta, batch), rate


def _projected_lengths(start: BatchStart, forces: torch.Tensor) -> NDArray[np.float64]:
    """Return the lengths of forces projected onto the drawn plane, (B,)."""
    lengths: NDArray[np.float64] = np.linalg.norm(forces.numpy() @ start.plane.components_.T, axis=1)
    return lengths


def _project(start: BatchStart, z: torch.Tensor) -> NDArray[np.float64]:
    points: NDArray[np.float64] = start.plane.transform(z.numpy())
    return points


def _project_class_weights(start: BatchStart, batch: Batch) -> NDArray[np.float64]:
    """Project class weights, rescaled to the mean length of the embeddings."""
    assert batch.weight is not None
    return _project(start, torch.nn.functional.normalize(batch.weight) * _class_length(start))


def _class_length(start: BatchStart) -> float:
    """Return the length at which class weights are drawn: the mean of the embeddings' lengths before any step."""
    return float(start.batch.z.norm(dim=1).mean())


def _extent(
    start: BatchStart, trajectories: Sequence[list[tuple[Batch, BatchForces, float]]]
) -> tuple[float, float, float, float]:
    """Return a square (x low, x high, y low, y high) that holds all points of all trajectories."""
    points = [_project(start, batch.z) for trajectory in trajectories for batch, _, _ in trajectory]
    points += [
        _project_class_weights(start, trajectory[-1][0])
        for trajectory in trajectories
        if trajectory[-1][1].class_force is not None
    ]
    xy = np.concatenate(points)
    centre, half = (xy.max(0) + xy.min(0)) / 2, 0.58 * float((xy.max(0) - xy.min(0)).max())
    return (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)


def _scene(
    start: BatchStart,
    chosen: LossChoice,
    trajectory: list[tuple[Batch, BatchForces, float]],
    extent: tuple[float, float, float, float],
    max_force: float,
    max_weight: float,
) -> Scene:
    """Describe the picture of one loss; an arrow of `max_force` spans a seventh of the picture's width."""
    batch, forces, _ = trajectory[-1]
    data = datasets.load(start.embedding.spec.dataset)
    has_class_forces = forces.class_force is not None
    images = start.embedding.rows[start.rows]
    size = len(images)
    return Scene(
        stream=f"{start.embedding.spec}/{start.embedding.step}/{images.tobytes().hex()[:64]}/{chosen.loss.classes}",
        title=chosen.loss.title,
        points=_project(start, batch.z),
        forces=forces.embedding_force.numpy() @ start.plane.components_.T,
        reach=(extent[1] - extent[0]) / 7 / max_force,
        labels=batch.y.numpy(),
        class_names=data.class_names,
        rows=images,
        weights=forces.weights.numpy(),
        similarity=forces.similarity.numpy(),
        extent=extent,
        trail=np.stack([_project(start, before.z) for before, _, _ in trajectory[:-1]])
        if len(trajectory) > 1
        else None,
        prototypes=_project_class_weights(start, batch) if has_class_forces else None,
        prototype_forces=None if forces.class_force is None else forces.class_force.numpy() @ start.plane.components_.T,
        largest=max_weight or None,  # None if all weights are 0: there is no scale
        sprite=datasets.sprite_sheet(data, images),
        sprite_columns=int(np.ceil(np.sqrt(size))),
        same_scale=st.session_state[SAME_SCALE.name],
        live=_live(start, chosen),
        alt=f"{size} images along their first two principal components "
        f"({start.plane.explained_variance_ratio_.sum():.0%} of the variance), with the force of the loss on each",
    )
