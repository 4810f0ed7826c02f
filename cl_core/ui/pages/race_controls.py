"""The controls of a race: who takes part, what all of them share, and races that are ready to be started."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import streamlit as st

from cl_core import charts
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.losses.parameters import Value
from cl_core.runtime import race
from cl_core.runtime.race import LETTERS, Race
from cl_core.training import RunSpec
from cl_core.training.frames import PROBE_SIZES, SCORES
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.presentation import presentation
from cl_core.ui.pages.training_controls import training_controls
from cl_core.ui.widgets.playback_buttons import PACE

PAGE = "compare"
SUFFIXES = ("", "_2", "_3", "_4")  # what the names of each contender's controls end with
DEFAULTS = dict(zip(SUFFIXES, ("supcon", "triplet", "circle", "am_softmax"), strict=True))
OWN = ("batch", "rate")  # settings of a run that each contender has its own of, beside its loss
SHARED = ("dataset", "encoder", "dim", "optimiser", "seed")  # those that all have in common
SHOWN, HIDDEN = "shown", "hidden"
TRIPLETS = "triplets"

CONTENDERS = Control(
    "contenders",
    "contenders",
    2,
    "runs that start together",
    low=race.CONTENDER_RANGE[0],
    high=race.CONTENDER_RANGE[1],
    step=1,
)
SEEDS = Control(
    "seeds", "seeds", 1, "each contender is trained so many times, from another start each time; one is drawn",
    low=race.SEED_COUNT_RANGE[0], high=race.SEED_COUNT_RANGE[1], step=1,
)  # fmt: skip
POINTS = Control("points", "images in a picture", 500, "test images, the same ones in all pictures", PROBE_SIZES[:3])
SCORE = Control("score", "curves", "knn", options=(*SCORES, charts.LOSS, TRIPLETS), row=True)
SCORES_SHOWN = Control("scores", "scores", SHOWN, options=(SHOWN, HIDDEN), row=True)


class ReadyRace(NamedTuple):
    """A race that is ready to be started: what to look for, and its settings as a link has them."""

    title: str
    description: str
    link: Link


READY_RACES = (
    ReadyRace(
        "Hard against semi-hard mining", "The hardest negatives pull everything into one point; see when.",
        {"contenders": "2", "loss": "triplet", "mining": "hard", "loss_2": "triplet", "mining_2": "semihard"},
    ),
    ReadyRace(
        "Temperature 0.05, 0.1, 0.5", "A low temperature looks at the nearest negatives only.",
        {"contenders": "3", "loss": "supcon", "temperature": "0.05", "loss_2": "supcon", "temperature_2": "0.1",
         "loss_3": "supcon", "temperature_3": "0.5"},
    ),
    ReadyRace(
        "Batch 32, 256, 1024 at one rate", "What does a larger batch change, by itself?",
        {"contenders": "3", "score": "knn", **{f"loss{s}": "supcon" for s in SUFFIXES[:3]},
         "batch": "32", "batch_2": "256", "batch_3": "1024"},
    ),
    ReadyRace(
        "Batch and rate together", "As in the article that found larger batches worse: the rate grows with the batch.",
        {"contenders": "3", **{f"loss{s}": "supcon" for s in SUFFIXES[:3]}, "batch": "32", "rate": "0.001",
         "batch_2": "256", "rate_2": "0.01", "batch_3": "2048", "rate_3": "0.2"},
    ),
    ReadyRace(
        "Four families of losses", "SupCon, semi-hard triplets, circle and AM-softmax, each with its usual settings.",
        {"contenders": "4", **{f"loss{suffix}": loss for suffix, loss in DEFAULTS.items()}},
    ),
)  # fmt: skip


def _own(loss: Loss, suffix: str) -> list[Control]:
    """A contender's settings beside its loss and the loss's parameters."""
    every = training_controls(loss)
    return [replace(every[name], name=name + suffix) for name in OWN]


def _shared() -> list[Control]:
    """What all contenders have in common, by the defaults of the first one's usual loss."""
    every = training_controls(LOSSES[DEFAULTS[""]])
    return [every[name] for name in SHARED]


def controls_for_link(link: Link) -> list[Control]:
    """Every control of the page under a link."""
    found = [CONTENDERS, SEEDS, POINTS, PACE, SCORE, SCORES_SHOWN, *_shared()]
    for suffix, default in DEFAULTS.items():
        choice = controls.loss_choice(default, suffix)
        loss = controls.loss_of_link(choice, link)
        found += [choice, *controls.loss_parameters(loss, suffix), *_own(loss, suffix)]
    return found


def race_notes() -> list[str]:
    """What in the link could not be used; a link also says which race is on stage."""
    arrived = st.session_state.get("link_notes", ("",))[0] != PAGE
    if arrived and st.query_params:
        st.session_state.race = None  # nobody renews the other one's lease
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def race_controls() -> tuple[list[RunSpec], int, int]:
    """The controls in the sidebar: the contenders, how many test images to look at them through, and how many seeds.

    Raises ValueError, in words, where the settings do not go together.
    """
    _take_up()
    with st.sidebar:
        n_contenders = CONTENDERS.render()
        seeds = SEEDS.render()
        asked = [_contender(suffix, place) for place, suffix in enumerate(SUFFIXES[:n_contenders])]
        shared = _shared()
        with controls.section("What all share", [*shared, POINTS]):
            values = {control.name: control.render() for control in shared}
            points = POINTS.render()
    return [_spec(loss, theta, own | values) for loss, theta, own in asked], points, seeds


def _contender(suffix: str, place: int) -> tuple[Loss, dict[str, Value], dict[str, Any]]:
    """The controls of one contender: its loss, the loss's parameters, and the rest of its own."""
    choice = controls.loss_choice(DEFAULTS[suffix], suffix)

    def fit() -> None:
        loss = LOSSES[st.session_state[choice.name]]
        controls.set_to_defaults([*controls.loss_parameters(loss, suffix), *_own(loss, suffix)])

    known = LOSSES[st.session_state.get(choice.name) or choice.parse(st.query_params.get(choice.name))]
    every = [choice, *controls.loss_parameters(known, suffix), *_own(known, suffix)]
    with controls.section(f"Contender {LETTERS[place]}", every, expanded=place < 2):
        loss = LOSSES[choice.render(on_change=fit)]
        theta = {c.name.removesuffix(suffix): c.render() for c in controls.loss_parameters(loss, suffix)}
        own = {c.name.removesuffix(suffix): c.render() for c in _own(loss, suffix)}
    return loss, theta, own


def _spec(loss: Loss, theta: dict[str, Value], values: dict[str, Any]) -> RunSpec:
    """A contender; what has no control here is as the loss's recipe has it."""
    recipe = loss.recipe
    return RunSpec(loss=loss.key, theta=theta, unit_norm=recipe.unit_norm, schedule=recipe.schedule, **values)


def ready_made() -> None:
    """The races that are ready to be started, where all that they set can be moved."""
    if not all(presentation().is_free(control.name) for control in controls_for_link({})):
        return
    with st.popover("Ready-made races", icon=":material/flag:"):
        for i, ready in enumerate(READY_RACES):
            st.button(f"**{ready.title}**", key=f"ready_{i}", type="tertiary", on_click=apply_race, args=(ready.link,))
            st.caption(ready.description)


def apply_race(link: Link) -> None:
    """Take every setting from a link, and the default of what it does not name; how one looks on stays as it is."""
    looks = (POINTS.name, PACE.name, SCORE.name, SCORES_SHOWN.name)
    every = [control for control in controls_for_link(link) if control.name not in looks]
    controls.set_to_defaults([replace(each, default=each.parse(link.get(each.name))) for each in every])


def reveal_scores() -> None:
    """Show the scores that were hidden."""
    controls.set_to_defaults([SCORES_SHOWN], all_of_them=True)


def _take_up() -> None:
    """Back on the page, and not by a link: the controls take up where the race on stage has its own."""
    on_stage: Race | None = st.session_state.get("race")
    if on_stage is None or "loss" in st.session_state or st.query_params:
        return
    values: dict[str, Any] = {name: getattr(on_stage.specs[0], name) for name in SHARED}
    values |= {CONTENDERS.name: len(on_stage.specs), SEEDS.name: on_stage.seeds, POINTS.name: on_stage.n}
    for suffix, spec in zip(SUFFIXES, on_stage.specs, strict=False):
        own = {"loss": spec.loss, "batch": spec.batch, "rate": spec.rate, **spec.theta}
        values |= {name + suffix: value for name, value in own.items()}
    st.session_state.update(values)


def names_of(specs: Sequence[RunSpec]) -> list[str]:
    """What contenders are called: letter, loss, and what they differ in from others; no two alike."""
    names = []
    for letter, spec in zip(LETTERS, specs, strict=False):
        like = [other for other in specs if other.loss == spec.loss]
        differs = [name for name in OWN if len({getattr(other, name) for other in specs}) > 1]
        differs += [name for name in spec.theta if len({other.theta[name] for other in like}) > 1]
        values = {**spec.theta, **{name: getattr(spec, name) for name in OWN}}
        names.append(" · ".join([f"{letter} {spec.loss}", *(f"{name} {_short(values[name])}" for name in differs)]))
    return names


def _short(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
