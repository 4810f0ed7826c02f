"""Controls of a race: the contenders, the settings that they share, and races that are ready to start."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import streamlit as st

from cl_core import charts
from cl_core.losses import LOSSES
from cl_core.losses.articles import CONTRASTING
from cl_core.losses.base import Loss
from cl_core.losses.parameters import Value
from cl_core.runtime import race_limits
from cl_core.runtime.race import LETTERS
from cl_core.training import RunSpec
from cl_core.training.frames import PROBE_SIZES, SCORES
from cl_core.training.setting_texts import setting_text
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages.training_controls import ENGINE, REGIONS, count_of_images, training_controls
from cl_core.ui.widgets.playback_buttons import PACE
from cl_core.ui.widgets.visitor_race import forget_race

PAGE = "compare"
SUFFIXES = ("", "_2", "_3", "_4", "_5")  # appended to the control names of each contender
DEFAULTS = dict(zip(SUFFIXES, ("supcon", "triplet", "circle", "am_softmax", "arcface"), strict=True))
OWN_SETTINGS = ("batch", "images_per_class", "rate")  # settings that each contender has for itself, beside its loss
# settings that all contenders have in common
SHARED_SETTINGS = (
    "dataset", "training_images", "wrong_labels", "classes_left_out", "encoder", "dim", "optimiser", "seed"
)  # fmt: skip
SHOWN, HIDDEN = "shown", "hidden"
TRIPLETS = "triplets"

CONTENDERS = Control(
    "contenders",
    "contenders",
    2,
    "number of runs that start together",
    low=race_limits.CONTENDER_RANGE[0],
    high=race_limits.CONTENDER_RANGE[1],
    step=1,
)
SEEDS = Control(
    "seeds", "seeds", 1, "runs of each contender, each with different initial weights; one of them is shown",
    low=race_limits.SEED_COUNT_RANGE[0], high=race_limits.SEED_COUNT_RANGE[1], step=1,
)  # fmt: skip
POINTS = Control("points", "images in a picture", 500, "test images, the same ones in all pictures", PROBE_SIZES[:3])
SCORE = Control("score", "curves", "knn", options=(*SCORES, charts.LOSS, TRIPLETS), row=True, titles=SCORES)
SCORES_SHOWN = Control("scores", "scores", SHOWN, options=(SHOWN, HIDDEN), row=True)


class ReadyRace(NamedTuple):
    """A race that is ready to start.

    Attributes:
        title: of its button.
        description: what to look for.
        link: its settings as query parameters.
    """

    title: str
    description: str
    link: Link


PLANE_RACE = ReadyRace(
    "Margins in the plane",
    "Five losses in two dimensions. Rays are class weights, and a margin makes the fans around them narrow. Ten "
    "classes on a circle are 36° apart, too close for the margin of circle loss.",
    {"contenders": "5", "dim": "2", "seed": "2", "loss": "softmax", "loss_2": "l_softmax", "margin_2": "4",
     "loss_3": "am_softmax", "margin_3": "0.1", "loss_4": "arcface", "margin_4": "0.2", "scale_4": "16.0",
     "loss_5": "circle_class", "margin_5": "0.5", "scale_5": "8.0"},
)  # fmt: skip
READY_RACES = (
    ReadyRace(
        "Hard against semi-hard mining", "With the hardest negatives all points collapse into one. At which step?",
        {"contenders": "2", "loss": "triplet", "mining": "hard", "loss_2": "triplet", "mining_2": "semihard"},
    ),
    ReadyRace(
        "Temperature 0.05, 0.1, 0.5", "A low temperature gives most of the weight to the nearest negatives.",
        {"contenders": "3", "loss": "supcon", "temperature": "0.05", "loss_2": "supcon", "temperature_2": "0.1",
         "loss_3": "supcon", "temperature_3": "0.5"},
    ),
    ReadyRace(
        "Batch 32, 256, 1024 at one rate", "What does the batch size alone change?",
        {"contenders": "3", "score": "knn", **{f"loss{s}": "supcon" for s in SUFFIXES[:3]},
         "batch": "32", "batch_2": "256", "batch_3": "1024"},
    ),
    ReadyRace(
        "Batch and rate together",
        f"As in {CONTRASTING.markdown}, where larger batches were worse: the learning rate grows with the batch.",
        {"contenders": "3", **{f"loss{s}": "supcon" for s in SUFFIXES[:3]}, "batch": "32", "rate": "0.001",
         "batch_2": "256", "rate_2": "0.01", "batch_3": "2048", "rate_3": "0.2"},
    ),
    ReadyRace(
        "Four families of losses", "SupCon, triplet with semi-hard mining, circle and AM-softmax, with usual settings.",
        {"contenders": "4", **{f"loss{suffix}": DEFAULTS[suffix] for suffix in SUFFIXES[:4]}},
    ),
    PLANE_RACE,
)  # fmt: skip


def _own_controls(loss: Loss, suffix: str) -> list[Control]:
    """Return the controls of a contender beside its loss and the loss's parameters."""
    by_name = training_controls(loss)
    return [replace(by_name[name], name=name + suffix) for name in OWN_SETTINGS if name in by_name]


def _shared_controls() -> list[Control]:
    """Return the controls that all contenders share, with the defaults of the first contender's default loss."""
    by_name = training_controls(LOSSES[DEFAULTS[""]])
    return [by_name[name] for name in SHARED_SETTINGS]


def controls_for_link(link: Link) -> list[Control]:
    """List every control that the page has under a link.

    Args:
        link: query parameters by name; the losses that it names decide which parameter controls there are.
    """
    every_control = [CONTENDERS, SEEDS, POINTS, PACE, SCORE, SCORES_SHOWN, REGIONS, ENGINE, *_shared_controls()]
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        loss = controls.loss_of_link(choice, link)
        every_control += [choice, *controls.loss_parameters(loss, suffix), *_own_controls(loss, suffix)]
    return every_control


def race_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used.

    On arrival by a link, the session's race is dropped, so that the page opens the one that the link describes.
    """
    if controls.opened_by_link(PAGE):
        forget_race("race")
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def race_controls() -> tuple[list[RunSpec], int, int]:
    """Show the controls in the sidebar.

    Returns:
        The contenders, the number of test images in a picture, and the number of seeds.

    Raises:
        ValueError: when the settings of a contender do not go together.
    """
    with st.sidebar:
        n_contenders = CONTENDERS.render()
        seeds = SEEDS.render()
        race_limits.check_number_of_runs(n_contenders, seeds)
        contenders = [_show_contender(suffix, index) for index, suffix in enumerate(SUFFIXES[:n_contenders])]
        shared = _shared_controls()
        with controls.section("Shared settings", [*shared, POINTS, ENGINE]):
            values = {control.name: control.render() for control in shared}
            points = POINTS.render()
            ENGINE.render()
    values["training_images"] = count_of_images(values["training_images"])
    return [_spec(loss, theta, own | values) for loss, theta, own in contenders], points, seeds


def _show_contender(suffix: str, index: int) -> tuple[Loss, dict[str, Value], dict[str, Any]]:
    """Show the controls of one contender; return its loss, the loss's parameters and its own settings."""
    choice = controls.loss_choice(DEFAULTS[suffix], suffix)

    def fit() -> None:
        loss = LOSSES[st.session_state[choice.name]]
        controls.set_to_defaults([*controls.loss_parameters(loss, suffix), *_own_controls(loss, suffix)])

    current = LOSSES[st.session_state.get(choice.name) or choice.parse(st.query_params.get(choice.name))]
    every = [choice, *controls.loss_parameters(current, suffix), *_own_controls(current, suffix)]
    with controls.section(f"Contender {LETTERS[index]}", every, expanded=index < 2):
        loss = LOSSES[choice.render(on_change=fit)]
        theta = {c.name.removesuffix(suffix): c.render() for c in controls.loss_parameters(loss, suffix)}
        own = {c.name.removesuffix(suffix): c.render() for c in _own_controls(loss, suffix)}
    return loss, theta, own


def _spec(loss: Loss, theta: dict[str, Value], values: dict[str, Any]) -> RunSpec:
    """Return a contender's run; settings without a control here come from the loss's recipe."""
    recipe = loss.recipe
    return RunSpec(loss=loss.key, theta=theta, unit_norm=recipe.unit_norm, schedule=recipe.schedule, **values)


def show_ready_races() -> None:
    """Show a menu of races that are ready to start, unless the link hides or locks a setting."""
    if not all(presentation().is_free(control.name) for control in controls_for_link({})):
        return
    with st.popover("Ready-made races", icon=":material/flag:"):
        for i, ready in enumerate(READY_RACES):
            st.button(f"**{ready.title}**", key=f"ready_{i}", type="tertiary", on_click=apply_race, args=(ready.link,))
            st.caption(ready.description)


def apply_race(link: Link) -> None:
    """Set every control from a link, and to its default where the link does not name it; display settings stay.

    Args:
        link: query parameters by name.
    """
    display = (POINTS.name, PACE.name, SCORE.name, SCORES_SHOWN.name, REGIONS.name, ENGINE.name)
    every = [control for control in controls_for_link(link) if control.name not in display]
    controls.set_to_defaults([replace(control, default=control.parse(link.get(control.name))) for control in every])


def reveal_scores() -> None:
    """Show the scores that were hidden."""
    controls.set_to_defaults([SCORES_SHOWN], all_of_them=True)


def contender_names(specs: Sequence[RunSpec]) -> list[str]:
    """Return a distinct name for each contender: letter, loss, and the settings in which it differs from others.

    Args:
        specs: one run for each contender.
    """
    names = []
    for letter, spec in zip(LETTERS, specs, strict=False):
        same_loss = [other for other in specs if other.loss == spec.loss]
        varying = [name for name in OWN_SETTINGS if len({getattr(other, name) for other in specs}) > 1]
        varying += [name for name in spec.theta if len({other.theta[name] for other in same_loss}) > 1]
        values = {**spec.theta, **{name: getattr(spec, name) for name in OWN_SETTINGS}}
        own = [setting_text(spec.loss, name, values[name]) for name in varying]
        names.append(" · ".join([f"{letter} {LOSSES[spec.loss].short_title}", *own]))
    return names
