"""The controls of a run: what to train, how, and how to look at it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from cl_core import training
from cl_core.data import datasets
from cl_core.losses import LOSSES, variants
from cl_core.losses.base import NO_SCHEDULE, Loss
from cl_core.losses.variants import OURS, Variant
from cl_core.runtime.run import Run
from cl_core.training import RunSpec
from cl_core.training.encoders import ENCODERS
from cl_core.training.frames import PROBE_SIZES
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link, to_text
from cl_core.ui.widgets.playback_buttons import PACE

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.5, 1.0, 10.0)
BATCHES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
DIMS = (2, 3, 8, 16, 32, 64, 128, 256)
PAGE = "training"

LOSS = controls.loss_choice("supcon")
VIEW = Control("view", "view", "2D", options=("2D", "3D", "density"), row=True)


def training_controls(loss: Loss) -> dict[str, Control]:
    """The controls of everything else in a `RunSpec`, with the defaults that suit the loss."""
    recipe = loss.recipe
    every = [
        Control("dataset", "data set", "mnist", options=tuple(datasets.available())),
        Control("batch", "batch size", recipe.batch, "rows a step looks at", BATCHES),
        Control("rate", "learning rate", recipe.rate, options=RATES),
        Control("encoder", "encoder", recipe.encoder, " · ".join(f"{k}: {e.help}" for k, e in ENCODERS.items()),
                tuple(ENCODERS)),
        Control("dim", "embedding dimensions", recipe.dim, "2 and 3 are drawn without a projection", DIMS),
        Control("unit_norm", "unit-length embeddings", recipe.unit_norm, "puts every embedding on the sphere"),
        Control("optimiser", "optimiser", "adam", options=training.OPTIMISERS),
        Control("seed", "seed", 0, "of the weights, the order of the images and the noise",
                low=training.SEED_RANGE[0], high=training.SEED_RANGE[1], step=1),
        Control("points", "images in the picture", 2000, "test images, the same ones in every frame", PROBE_SIZES),
    ]  # fmt: skip
    if loss.schedules:
        words = "how the annealing falls as training goes on; it then takes the place of the slider"
        every.append(Control("schedule", "schedule of the annealing", recipe.schedule, words,
                             (NO_SCHEDULE, *loss.schedules)))  # fmt: skip
    if _definitions(loss):
        every.append(_definition(loss))
    return {control.name: control for control in every}


def _definitions(loss: Loss) -> Sequence[Variant]:
    """Other definitions that a run can be trained with, but for those of the annealing."""
    every = variants.variants_of(loss.key)
    return [each for each in every if each.can_train and "annealing" not in (each.theta or {})]


def _definition(loss: Loss) -> Control:
    """The control that chooses among the definitions of a loss."""
    others = _definitions(loss)
    words = " · ".join([f"{OURS}: the formula above", *(f"{each.key}: {each.title}" for each in others)])
    return Control("convention", "definition", OURS, words, (OURS, *(each.key for each in others)))


def controls_for_link(link: Link) -> tuple[Control, ...]:
    """Every control of the training page under a link."""
    loss = controls.loss_of_link(LOSS, link)
    return (LOSS, PACE, VIEW, *training_controls(loss).values(), *controls.loss_parameters(loss))


def link_of(spec: RunSpec, **other: Any) -> Link:
    """Every setting of a run, and others by name, that the training page has a control for."""
    values = {field.name: getattr(spec, field.name) for field in fields(spec)} | dict(spec.theta) | other
    known = [control.name for control in controls_for_link({LOSS.name: spec.loss}) if control.name in values]
    return {name: to_text(values[name]) for name in known}


def run_notes() -> list[str]:
    """What in the link could not be used; a link also says what is on stage."""
    arrived = st.session_state.get("link_notes", ("",))[0] != PAGE
    if arrived and st.query_params:
        st.session_state.run = None  # nobody renews the other one's lease
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def _fit_to_loss() -> None:
    """Another loss was chosen: its own parameters, recipe and definition take the place of the last one's."""
    loss = LOSSES[st.session_state.loss]
    recipe = training_controls(loss)
    owned = {field.name for field in fields(loss.recipe)}
    controls.set_to_defaults(
        [*controls.loss_parameters(loss), _definition(loss), *(each for name, each in recipe.items() if name in owned)]
    )


def _fit_to_definition() -> None:
    """Another definition was chosen: what the last one laid down goes back to its default."""
    loss = LOSSES[st.session_state.loss]
    laid = {name for each in _definitions(loss) for name in each.theta or {}}
    controls.set_to_defaults([control for control in controls.loss_parameters(loss) if control.name in laid])


def _take_up() -> None:
    """Back on the page, and not by a link: the controls take up where the run on stage has its own."""
    run: Run | None = st.session_state.get("run")
    if run is None or "loss" in st.session_state or st.query_params:
        return
    names = training_controls(LOSSES[run.spec.loss])
    values: dict[str, Any] = {name: getattr(run.spec, name) for name in ("loss", *names) if hasattr(run.spec, name)}
    st.session_state.update({**values, **run.spec.theta, "points": run.n})


def run_controls() -> tuple[RunSpec, int]:
    """The controls of a run, in the sidebar: what to train, and how many test images to look at it through.

    Raises ValueError, in words, where the settings do not go together.
    """
    _take_up()
    with st.sidebar:
        loss = LOSSES[LOSS.render(on_change=_fit_to_loss)]
        st.markdown(f"**{loss.title}**")
        st.latex(rf"\footnotesize {loss.formula}")
        st.caption(f"{loss.summary} {loss.paper.markdown}")
        parameters = st.container()
        other = training_controls(loss)
        values = {name: other[name].render() for name in ("dataset", "batch", "rate")}
        folded = [control for name, control in other.items() if name not in values]
        with controls.section("Net, optimiser and seed", folded):
            names = [name for name in other if name not in (*values, "points", "convention")]
            values |= {name: other[name].render() for name in names}
            if "convention" in other:
                values["convention"] = other["convention"].render(on_change=_fit_to_definition)
            points = other["points"].render()
        with parameters:
            theta = _theta(loss, values.get("convention", OURS))
    spec = RunSpec(loss=loss.key, theta=theta, **values)
    classes = datasets.load(spec.dataset).n_classes
    if words := loss.caution(dim=spec.dim, classes=classes, unit_norm=spec.unit_norm, **spec.theta):
        st.warning(words, icon=":material/straighten:")
    return spec, points


def _theta(loss: Loss, definition: str) -> dict[str, Any]:
    """The controls of a loss's parameters; what another definition lays down, or does without, can't be moved."""
    convention = variants.get_variant(loss.key, definition)
    if definition != OURS:
        st.caption(f"**Another definition: {convention.title}.** {convention.description}")
    laid = convention.theta or {}
    moved = (
        set(loss.parameters) - set(laid) if convention.function is None else set(convention.bound_function({}).keywords)
    )
    theta = {}
    for control in controls.loss_parameters(loss):
        held = replace(control, default=laid.get(control.name, control.default))
        if control.name in laid and st.session_state.get(control.name) != held.default:
            controls.set_to_defaults([held], all_of_them=True)
        theta[control.name] = held.render(disabled=control.name not in moved)
    return theta
