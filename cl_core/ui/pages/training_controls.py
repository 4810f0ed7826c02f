"""Controls of a run: what to train, how, and how to look at it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from cl_core import training
from cl_core.data import datasets
from cl_core.losses import LOSSES, variants
from cl_core.losses.base import NO_SCHEDULE, Loss
from cl_core.losses.variants import OURS, Variant
from cl_core.training import RunSpec
from cl_core.training.encoders import ENCODERS
from cl_core.training.frames import PROBE_SIZES
from cl_core.training.regions import has_regions
from cl_core.training.setting_texts import SETTING_TITLES, option_titles
from cl_core.ui.link import controls
from cl_core.ui.link.class_choice import ClassChoice
from cl_core.ui.link.control import Control, Link, to_text
from cl_core.ui.link.picture_state import PictureState
from cl_core.ui.widgets.playback_buttons import PACE
from cl_core.ui.widgets.turns import next_turn

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.5, 1.0, 10.0)
BATCHES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
ALL_IMAGES = "all"
TRAINING_IMAGES = (ALL_IMAGES, "30000", "10000", "3000", "1000", "500", "200", "100", "50", "20", "10")
PER_CLASS = (0, 2, 4, 8, 16, 32, 64, 128, 256, 512)
TRAINING_IMAGES_HELP = (
    "how many images of the training set a run uses. They are the same for every seed, with about equally many of each "
    "class: 50 images of ten classes are 5 of each. A number larger than the training set means the whole set."
)
WRONG_LABELS_HELP = (
    "share of the training images that get the label of another class, chosen at random. They are the same images for "
    "every seed. Test images keep their true labels."
)
LEFT_OUT_HELP = (
    "no training image has these classes. The test images in the picture do: see how well the network separates what "
    "it has never seen."
)
DIMS = (2, 3, 8, 16, 32, 64, 128, 256)
PER_CLASS_HELP = (
    "0: each batch is the next part of the shuffled images. K (2 or more): each batch has K images from each of batch "
    "size / K classes, so every image has K - 1 positives. Classes, and images within a class, take turns."
)
HARD_DATA = ("wrong_labels", "classes_left_out")  # settings that make the training data harder to learn from
PAGE = "training"
BROWSER, SERVER = "browser", "server"  # where a run trains

LOSS = controls.loss_choice("supcon")
ENGINE = Control(
    "engine", "where it trains", BROWSER,
    "In your browser: on your own computer, at full speed. On the server: shared with all other visitors.",
    (BROWSER, SERVER), titles={BROWSER: "in your browser", SERVER: "on the server"},
)  # fmt: skip
CHANGED = PictureState(
    "changed", "steps at which settings were changed", "", low=1, high=training.MAX_STEPS, places=(1, 16),
    numbers=(1, 1), whole=True,
)  # fmt: skip
REGIONS = Control(
    "regions", "class weights", True,
    "In two dimensions, for losses with class weights: the weights as rays, the region of each class, and where its "
    "margin is met.",
)  # fmt: skip
VIEW = Control("view", "view", "2D", options=("2D", "3D", "density"), row=True)


def shows_regions(specs: Sequence[RunSpec]) -> bool:
    """Return whether class weights and their regions are drawn; show the switch if any of the runs has some."""
    return any(has_regions(spec) for spec in specs) and bool(REGIONS.render())


def trains_on_server() -> bool:
    """Return whether the visitor wants the server to train."""
    return st.session_state.get(ENGINE.name) == SERVER


def training_controls(loss: Loss) -> dict[str, Control]:
    """Return the controls of a run beside its loss and the loss's parameters.

    Args:
        loss: the loss; its recipe sets the defaults.

    Returns:
        By name, every other setting of a `RunSpec` that the loss has, and the number of test images in the picture.
    """
    recipe = loss.recipe

    def setting(name: str, default: Any, text: str = "", options: Sequence[Any] = (), **more: Any) -> Control:
        return Control(
            name, SETTING_TITLES[name], default, text, options, titles=option_titles(loss.key, name), **more
        )  # fmt: skip

    encoders = " · ".join(f"{encoder.title}: {encoder.help}" for encoder in ENCODERS.values())
    all_controls = [
        setting("dataset", "mnist", "", tuple(datasets.available())),
        setting("training_images", ALL_IMAGES, TRAINING_IMAGES_HELP, TRAINING_IMAGES, option_aliases={"0": ALL_IMAGES}),
        setting("wrong_labels", 0.0, WRONG_LABELS_HELP, high=0.9, step=0.05),
        _classes_left_out(),
        setting("batch", recipe.batch, "images per training step", BATCHES),
        setting("images_per_class", 0, PER_CLASS_HELP, PER_CLASS),
        setting("rate", recipe.rate, "", RATES),
        setting("encoder", recipe.encoder, encoders, tuple(ENCODERS)),
        setting("dim", recipe.dim, "2 and 3 are shown without a projection", DIMS),
        setting("unit_norm", recipe.unit_norm, "normalises every embedding to length 1"),
        setting("optimiser", "adam", "", tuple(training.OPTIMISERS)),
        setting("drop_last", True, "leaves out the images of an incomplete last batch"),
        setting("seed", 0, "of the weights, the order of the images and the noise",
                low=training.SEED_RANGE[0], high=training.SEED_RANGE[1], step=1),
        Control("points", "images in the picture", 2000, "test images, the same ones in every frame", PROBE_SIZES),
    ]  # fmt: skip
    if loss.schedules:
        text = "how the annealing parameter falls during training; it replaces the slider"
        all_controls.append(setting("schedule", recipe.schedule, text, (NO_SCHEDULE, *loss.schedules)))
    if _definitions(loss):
        all_controls.append(_definition_control(loss))
    without = {"images_per_class"} if loss.views else set()  # two views have no labels to draw batches by
    return {control.name: control for control in all_controls if control.name not in without}


def _classes_left_out() -> ClassChoice:
    name = "classes_left_out"
    return ClassChoice(
        name, SETTING_TITLES[name], "", LEFT_OUT_HELP,
        names=lambda: datasets.load(st.session_state.get("dataset", "mnist")).class_names,
    )  # fmt: skip


def _definitions(loss: Loss) -> Sequence[Variant]:
    """Return the variants that a run can be trained with, but for those that fix the annealing."""
    all_variants = variants.variants_of(loss.key)
    return [variant for variant in all_variants if variant.can_train and "annealing" not in (variant.theta or {})]


def _definition_control(loss: Loss) -> Control:
    """Return the control that chooses among the definitions of a loss."""
    others = _definitions(loss)
    titles = variants.titles_of(others)
    text = "Papers and libraries define this loss differently; the formula above is this app's."
    return Control("convention", SETTING_TITLES["convention"], OURS, text, tuple(titles), titles=titles)


def controls_for_link(link: Link) -> tuple[Control, ...]:
    """List every control that the page has under a link.

    Args:
        link: query parameters by name; the loss that it names decides which parameter controls there are.
    """
    loss = controls.loss_of_link(LOSS, link)
    return (
        LOSS,
        PACE,
        VIEW,
        REGIONS,
        ENGINE,
        CHANGED,
        *training_controls(loss).values(),
        *controls.loss_parameters(loss),
    )


def link_of(spec: RunSpec, **other: Any) -> Link:
    """Return the link that opens a run on the training page.

    Args:
        spec: the run.
        other: values of other controls by name.

    Returns:
        All settings and values that the page has a control for, but texts that are empty by default.
    """
    values = {field.name: getattr(spec, field.name) for field in fields(spec)} | dict(spec.theta) | other
    values["training_images"] = spec.training_images or ALL_IMAGES
    names = [control.name for control in controls_for_link({LOSS.name: spec.loss}) if control.name in values]
    return {name: text for name in names if (text := to_text(values[name]))}


def run_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used.

    On arrival by a link, the session's run is dropped, so that the page opens the one that the link describes.
    """
    arrived = controls.opened_by_link(PAGE)
    if arrived:
        st.session_state.run = None  # no page renews the old run's lease, so it stops
        next_turn("run")
    notes = controls.link_notes(PAGE, controls_for_link, plays=True)
    if arrived:
        st.session_state["note_on_changes"] = _note_on_changes()
    return [*notes, *filter(None, [st.session_state.get("note_on_changes")])]


def _note_on_changes() -> str:
    """Return what the link says of a run whose settings were changed while it went on; "" if it says nothing."""
    steps = ", ".join(f"{step:,.0f}" for (step,) in CHANGED.current())
    if not steps:
        return ""
    return (
        f"`changed`: the settings of this link's run were changed at step {steps}. A run that starts here has the last "
        "settings from the beginning."
    )


def note_changes(steps: Sequence[int]) -> None:
    """Write into the address at which steps the settings of the run were changed.

    Args:
        steps: of the changes; the newest ones are written.
    """
    CHANGED.save([(step,) for step in steps[-CHANGED.places[1] :]])


def noted_changes() -> list[int]:
    """Return the steps of changes that the address names."""
    return [int(step) for (step,) in CHANGED.current()]


def _fit_to_loss() -> None:
    """Set parameters, recipe and definition to the defaults of the loss that was chosen."""
    loss = LOSSES[st.session_state.loss]
    recipe = training_controls(loss)
    in_recipe = {field.name for field in fields(loss.recipe)}
    controls.set_to_defaults(
        [
            *controls.loss_parameters(loss),
            _definition_control(loss),
            *(control for name, control in recipe.items() if name in in_recipe or name == "images_per_class"),
        ]
    )


def _fit_to_definition() -> None:
    """Set the parameters that a variant fixes to their defaults, after another definition was chosen."""
    loss = LOSSES[st.session_state.loss]
    fixed = {name for variant in _definitions(loss) for name in variant.theta or {}}
    controls.set_to_defaults([control for control in controls.loss_parameters(loss) if control.name in fixed])


def run_controls() -> tuple[RunSpec, int]:
    """Show the controls of a run in the sidebar.

    Returns:
        The run, and the number of test images in its picture.

    Raises:
        ValueError: when the settings do not go together.
    """
    with st.sidebar:
        loss = LOSSES[LOSS.render(on_change=_fit_to_loss)]
        st.markdown(f"**{loss.title}**")
        st.latex(rf"\footnotesize {loss.formula}")
        st.caption(f"{loss.summary} {loss.paper.markdown}")
        parameters = st.container()
        by_name = training_controls(loss)
        first_names = ("dataset", "training_images", "batch", "images_per_class", "rate")
        values = {name: control.render() for name, control in by_name.items() if name in first_names}
        hard_data = [by_name[name] for name in HARD_DATA]
        with controls.section("Wrong labels, classes left out", hard_data):
            values |= {control.name: control.render() for control in hard_data}
        folded = [control for name, control in by_name.items() if name not in values]
        with controls.section("Network, optimiser and seed", folded):
            names = [name for name in by_name if name not in (*values, "points", "convention")]
            values |= {name: by_name[name].render() for name in names}
            if "convention" in by_name:
                values["convention"] = by_name["convention"].render(on_change=_fit_to_definition)
            points = by_name["points"].render()
            ENGINE.render()
        with parameters:
            theta = _show_parameters(loss, values.get("convention", OURS))
    values["training_images"] = count_of_images(values["training_images"])
    spec = RunSpec(loss=loss.key, theta=theta, **values)
    classes = datasets.load(spec.dataset).n_classes
    if caution := loss.caution(dim=spec.dim, classes=classes, unit_norm=spec.unit_norm, **spec.theta):
        st.warning(caution, icon=":material/straighten:")
    return spec, points


def count_of_images(option: str) -> int:
    """Return the `RunSpec.training_images` that an option of the control of that name stands for."""
    return 0 if option == ALL_IMAGES else int(option)


def _show_parameters(loss: Loss, definition: str) -> dict[str, Any]:
    """Show the controls of a loss's parameters; those that the chosen definition fixes or ignores are disabled."""
    convention = variants.get_variant(loss.key, definition)
    if definition != OURS:
        st.caption(f"**Another formula version: {convention.title}.** {convention.description}")
    fixed = convention.theta or {}
    adjustable = (
        set(loss.parameters) - set(fixed)
        if convention.function is None
        else set(convention.bound_function({}).keywords)
    )
    theta = {}
    for control in controls.loss_parameters(loss):
        fixed_control = replace(control, default=fixed.get(control.name, control.default))
        if control.name in fixed and st.session_state.get(control.name) != fixed_control.default:
            controls.set_to_defaults([fixed_control], all_of_them=True)
        theta[control.name] = fixed_control.render(disabled=control.name not in adjustable)
    return theta
