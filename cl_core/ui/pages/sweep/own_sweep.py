"""A sweep of one's own: its settings, its runs on the server, and what it found."""

import streamlit as st

from cl_core.data import datasets
from cl_core.experiments.sweeps.job import Key, SweepJob, SweepProgress
from cl_core.experiments.sweeps.plan import (
    MAX_OTHER_VALUES,
    MAX_SEEDS,
    MAX_VALUES,
    SETTINGS,
    STEPS,
    Plan,
    Trial,
    grid,
    numeric_parameters,
    range_of,
    title_of,
)
from cl_core.experiments.sweeps.results import table_of
from cl_core.experiments.sweeps.trials import Outcome
from cl_core.experiments.table import title_of as title_of_dataset
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.runtime.errors import describe_error
from cl_core.training import RunSpec
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.number_list import NumberList
from cl_core.ui.pages.sweep.outcome import show_outcome
from cl_core.ui.pages.training_controls import ALL_IMAGES, BATCHES, TRAINING_IMAGES, count_of_images
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine

NONE = "none"
PROPOSED = 7  # values
MAX_KEPT = 8  # sweeps of a session
MAX_SWEEPS = 32  # on the server, whose finished runs are kept
MAX_AT_ONCE = 8  # runs of one sweep
POLL_SECONDS = 1.0
PROPOSED_OTHERS = {"batch": (64.0, 256.0), "rate": (3e-4, 1e-3, 3e-3), "dim": (2.0, 16.0, 128.0), STEPS: (100.0, 400.0),
                   "training_images": (100.0, 1000.0, 10_000.0)}  # fmt: skip
LOSS = controls.loss_choice("supcon")
STEP_COUNT = Control("steps", "training steps of a run", 400, options=(100, 200, 400, 800, 1600, 3200))
SEEDS = Control("seeds", "seeds", 3, "runs of each setting, with seeds from 0 on", low=1, high=MAX_SEEDS, step=1)
DATASET = Control(
    "dataset", "data set", "mnist", options=tuple(datasets.available()),
    titles={key: title_of_dataset(key) for key in datasets.available()},
)  # fmt: skip
BATCH = Control("batch", "batch size", 128, "images per training step", BATCHES[3:])
IMAGES = Control("training_images", "training images", ALL_IMAGES, options=TRAINING_IMAGES)


def controls_for_loss(loss: Loss) -> list[Control]:
    """Return the controls whose options depend on the loss: what to vary."""
    numeric = numeric_parameters(loss.key)
    titles = {name: each.label for name, each in numeric.items()} | {key: each[0] for key, each in SETTINGS.items()}
    first = next(iter(numeric), NONE)
    others = (NONE, *SETTINGS, *numeric)
    return [
        Control("parameter", "parameter", first, options=tuple(numeric) or (NONE,), titles=titles),
        Control(
            "other",
            "and",
            NONE,
            "a second parameter, or a setting of the run",
            others,
            titles=titles | {NONE: "nothing else"},
        ),
    ]


def values_control(loss: str, parameter: str) -> NumberList:
    """Return the control of the parameter's values."""
    if parameter == NONE:
        return NumberList("values", "values", "", low=0, high=1)
    low, high = range_of(loss, parameter)
    proposed = ", ".join(f"{value:g}" for value in grid(loss, parameter, low, high, PROPOSED))
    return NumberList(
        "values", f"values of {title_of(loss, parameter)}", "", f"{low:g} to {high:g}, at most {MAX_VALUES}", low=low,
        high=high, most=MAX_VALUES, placeholder=proposed,
    )  # fmt: skip


def other_values_control(loss: str, other: str) -> NumberList:
    """Return the control of the second setting's values."""
    if other == NONE:
        return NumberList("other_values", "values", "", low=0, high=1e6, most=MAX_OTHER_VALUES)
    low, high = range_of(loss, other)
    proposed = ", ".join(f"{value:g}" for value in _proposed_others(loss, other))
    return NumberList(
        "other_values", f"values of {title_of(loss, other)}", "", f"{low:g} to {high:g}, at most {MAX_OTHER_VALUES}",
        low=low, high=high, most=MAX_OTHER_VALUES, placeholder=proposed,
    )  # fmt: skip


def _proposed_others(loss: str, other: str) -> tuple[float, ...]:
    return PROPOSED_OTHERS.get(other) or grid(loss, other, *range_of(loss, other), 3)


def controls_for_link(link: Link) -> list[Control]:
    """List every control of this part under a link.

    Args:
        link: query parameters by name; the loss and the parameters that it names decide about the others.
    """
    loss = controls.loss_of_link(LOSS, link)
    parameter, other = controls_for_loss(loss)
    return [
        LOSS, parameter, other,
        values_control(loss.key, parameter.parse(link.get(parameter.name))),
        other_values_control(loss.key, other.parse(link.get(other.name))),
        STEP_COUNT, SEEDS, DATASET, BATCH, IMAGES,
        *controls.loss_parameters(loss),
    ]  # fmt: skip


def _plan_in_sidebar() -> Plan | None:
    """Show every control of a sweep in the sidebar.

    Returns:
        The sweep; None if the loss has no parameter to tune.

    Raises:
        ValueError: when the settings do not go together.
    """
    with st.sidebar:
        loss = LOSSES[LOSS.render(on_change=_reset_loss)]
        parameter, other = controls_for_loss(loss)
        if not numeric_parameters(loss.key):
            return None
        varied = parameter.render(on_change=lambda: _forget("values"))
        values = values_control(loss.key, varied)
        typed = values.render()
        second = other.render(on_change=lambda: _forget("other_values"))
        others = other_values_control(loss.key, second)
        typed_others = others.render() if second != NONE else ""
        settings = {control.name: control.render() for control in (STEP_COUNT, SEEDS)}
        with controls.section("Data and batch size", (DATASET, IMAGES, BATCH)):
            settings |= {control.name: control.render() for control in (DATASET, IMAGES, BATCH)}
        rest = [each for each in controls.loss_parameters(loss) if each.name not in (varied, second)]
        theta = {}
        if rest:
            with controls.section("Other parameters of the loss", rest):
                theta = {control.name: control.render() for control in rest}
    recipe = loss.recipe
    base = RunSpec(
        dataset=settings["dataset"], loss=loss.key, theta=theta, encoder=_encoder(loss, settings["dataset"]),
        dim=recipe.dim, unit_norm=recipe.unit_norm, batch=settings["batch"], rate=recipe.rate,
        training_images=count_of_images(settings["training_images"]),
    )  # fmt: skip
    grid_values = values.numbers(typed) or grid(loss.key, varied, *range_of(loss.key, varied), PROPOSED)
    if second == NONE:
        return Plan(base, varied, grid_values, (settings["steps"],), settings["seeds"])
    other_values = others.numbers(typed_others) or _proposed_others(loss.key, second)
    return Plan(base, varied, grid_values, (settings["steps"],), settings["seeds"], second, other_values)


def _reset_loss() -> None:
    loss = LOSSES[st.session_state[LOSS.name]]
    controls.set_to_defaults([*controls_for_loss(loss), *controls.loss_parameters(loss)], all_of_them=True)
    _forget("values")
    _forget("other_values")


def _forget(name: str) -> None:
    st.session_state[name] = ""


def _encoder(loss: Loss, dataset: str) -> str:
    """Return the encoder of the loss's recipe, or the MLP for points of the plane."""
    return "mlp" if datasets.available()[dataset].kind == "points" else loss.recipe.encoder


def show() -> None:
    """Show the sweep of the controls: what it would run, its progress, or what it found."""
    try:
        plan = _plan_in_sidebar()
    except ValueError as error:
        st.error(describe_error(error), icon=":material/tune:")
        return
    if plan is None:
        st.info("This loss has no number to tune. Choose another loss.", icon=":material/tune:")
        return
    jobs: dict[str, SweepJob] = st.session_state.setdefault("sweep_jobs", {})
    key = repr(plan)
    if key not in jobs and len(_finished_runs().get(key, ())) == len(plan.trials):
        _start(plan, key, jobs)  # it was run on this server before
    for other_key, job in jobs.items():
        if other_key != key:
            job.stop()
    if key not in jobs:
        _offer(plan, key, jobs)
        return
    job = jobs[key]
    progress = job.progress()
    moves = progress.phase == "running"
    st.fragment(_show_progress, run_every=POLL_SECONDS if moves else None)(job, progress)


def _offer(plan: Plan, key: str, jobs: dict[str, SweepJob]) -> None:
    """Say what the sweep would run, with the button that starts it."""
    base = plan.base
    setting = f" × {len(plan.other_values)} values of {plan.other_title}" if plan.other and plan.other != STEPS else ""
    values = ", ".join(f"{value:g}" for value in plan.values)
    st.markdown(
        f"**{len(plan.trials)} runs** of {plan.trials[0].measured[-1]:,} training steps: "
        f"{len(plan.values)} values of {title_of(base.loss, plan.parameter)} ({values}){setting} × {plan.seeds} seeds. "
        "They train on the server, which shares its processors fairly among visitors. Each finished run appears at "
        "once, and you can stop and resume."
    )
    st.button(
        "Start the sweep", type="primary", icon=":material/play_arrow:", key="start_sweep", on_click=_start,
        args=(plan, key, jobs),
    )  # fmt: skip


def _start(plan: Plan, key: str, jobs: dict[str, SweepJob]) -> None:
    jobs[key] = _job(plan)
    for oldest in list(jobs)[:-MAX_KEPT]:
        jobs.pop(oldest).stop()


def _start_again(job: SweepJob) -> None:
    """Go on after a failure, with the runs that are finished."""
    jobs: dict[str, SweepJob] = st.session_state["sweep_jobs"]
    jobs[repr(job.plan)] = _job(job.plan)


def _job(plan: Plan) -> SweepJob:
    """Return a job on the server's workers that runs what this server has not run yet."""
    queue, kept = engine().queue, _finished_runs()
    finished = kept[repr(plan)] = kept.pop(repr(plan), {})  # the newest come last
    for oldest in list(kept)[:-MAX_SWEEPS]:
        kept.pop(oldest, None)

    def keep(trial: Trial, outcomes: tuple[Outcome, ...]) -> None:
        finished[trial.key] = outcomes

    at_once = int(min(queue.size, MAX_AT_ONCE))
    return SweepJob(
        queue.client(), plan, dict(finished), at_once=at_once, is_shared=lambda: queue.is_shared, on_finished=keep
    )


@st.cache_resource(show_spinner=False)
def _finished_runs() -> dict[str, dict[Key, tuple[Outcome, ...]]]:
    """Return the finished runs of this server's sweeps, of all sessions, by the text of the plan, newest last.

    Equal plans have equal results, and a plan holds nothing of a visitor.
    """
    return {}


def _show_progress(job: SweepJob, before: SweepProgress) -> None:
    """Show progress and results so far, and renew the job's lease."""
    job.renew_lease()
    progress = job.progress()
    if progress.phase != before.phase:  # a full rerun is needed to change a fragment's interval
        streamlit_compat.rerun()
    if progress.phase != "done":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(progress.share, text=_progress_text(progress))
            match progress.phase:
                case "running":
                    st.button("Stop", icon=":material/stop:", key="stop_sweep", on_click=job.stop)
                case "stopped":
                    st.button("Resume", icon=":material/play_arrow:", key="resume_sweep", on_click=job.resume)
                case "failed":
                    st.button(
                        "Try again", icon=":material/refresh:", key="retry_sweep", on_click=_start_again, args=(job,)
                    )
    if progress.failure:
        st.error(progress.failure, icon=":material/error:")
    show_outcome(job.plan, table_of(job.plan, progress.outcomes), repr(job.plan))


def _progress_text(progress: SweepProgress) -> str:
    text = f"{len(progress.outcomes)} of {progress.total} runs are finished"
    if progress.phase == "stopped":
        return f"{text}. Stopped."
    if progress.seconds_left < float("inf"):
        return f"{text}, about {progress.seconds_left:.0f} s to go"
    return text
