"""Controls that are the link: every widget's name, range and default come from the core, and its value from the URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cl_core import datasets, encoder, training
from cl_core.frames import PACES, PROBES
from cl_core.losses import LOSSES
from cl_core.runs import Run
from cl_core.spec import Choice, Loss, Param, Parameter
from cl_core.training import RunSpec

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.5, 1.0, 10.0)
BATCHES = (16, 32, 64, 128, 256, 512, 1024, 2048)
DIMS = (2, 3, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Control:
    """One widget, bound to the query parameter of its name.

    `options` are what can be chosen; without them the value is a number from `low` to `high`, or a switch.
    """

    name: str
    label: str
    default: Any
    help: str = ""
    options: Sequence[Any] = ()
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    row: bool = False  # options side by side, all to be seen

    def ask(self, *, disabled: bool = False) -> Any:
        """Show the widget; its value."""
        bound: dict[str, Any] = {
            "key": self.name, "help": self.help or None, "bind": "query-params", "disabled": disabled
        }  # fmt: skip
        if isinstance(self.default, bool):
            return st.toggle(self.label, self.default, **bound)
        if self.row:
            return st.segmented_control(
                self.label, self.options, default=self.default, required=True, label_visibility="collapsed", **bound
            )
        if self.options and isinstance(self.default, str):
            return st.selectbox(self.label, self.options, self.options.index(self.default), **bound)
        if self.options:
            return st.select_slider(self.label, self.options, self.default, **bound)
        kind = type(self.default)
        low, high, step = kind(self.low), kind(self.high), kind(self.step)
        if kind is int and high - low > 1000:
            return st.number_input(self.label, low, high, self.default, step, **bound)
        return st.slider(self.label, low, high, self.default, step, **bound)

    def read(self, text: str | None) -> Any:
        """The value that a link gives; the default where it gives none that can be used."""
        if text is None or self.fault(text) is not None:
            return self.default
        if isinstance(self.default, bool):
            return text.lower() == "true"
        if self.options:
            return next(option for option in self.options if str(option) == text)
        return type(self.default)(text)

    def fault(self, text: str) -> str | None:
        """What is wrong with this value from a link, in words; None where it can be used."""
        if isinstance(self.default, bool):
            return None if text.lower() in ("true", "false") else "must be true or false"
        if self.options:
            known = ", ".join(map(str, self.options))
            return None if text in map(str, self.options) else f"must be one of {known}"
        try:
            fits = self.low <= type(self.default)(text) <= self.high
        except ValueError:
            fits = False
        return None if fits else f"must be a number from {self.low:g} to {self.high:g}"


def _of_parameter(parameter: Parameter) -> Control:
    """The control of a parameter of a loss."""
    label = f"{parameter.name} ${parameter.symbol}$"
    match parameter.spec:
        case Param(low=low, high=high, step=step):
            return Control(parameter.name, label, parameter.default, parameter.help, low=low, high=high, step=step)
        case Choice(options=options):
            return Control(parameter.name, label, parameter.default, parameter.help, options)
    return Control(parameter.name, label, parameter.default, parameter.help)


def loss_parameters(loss: Loss) -> list[Control]:
    """The controls of a loss's own parameters."""
    return [_of_parameter(parameter) for parameter in loss.parameters.values()]


LOSS = Control("loss", "loss", "supcon", options=tuple(LOSSES))


PACE = Control("pace", "speed", "slow", options=tuple(PACES), row=True)
VIEW = Control("view", "view", "2D", options=("2D", "3D", "density"), row=True)


def training_controls(loss: Loss) -> dict[str, Control]:
    """The controls of everything else in a `RunSpec`, with the defaults that suit the loss."""
    recipe = loss.recipe
    controls = (
        Control("dataset", "data set", "mnist", options=tuple(datasets.available())),
        Control("batch", "batch size", recipe.batch, "rows a step looks at", BATCHES),
        Control("rate", "learning rate", recipe.rate, options=RATES),
        Control("encoder", "encoder", "mlp", " · ".join(f"{k}: {e.help}" for k, e in encoder.ENCODERS.items()),
                tuple(encoder.ENCODERS)),
        Control("dim", "embedding dimensions", recipe.dim, "2 and 3 are drawn without a projection", DIMS),
        Control("unit_norm", "unit-length embeddings", recipe.unit_norm, "puts every embedding on the sphere"),
        Control("optimiser", "optimiser", "adam", options=training.OPTIMISERS),
        Control("seed", "seed", 0, "of the weights, the order of the images and the noise",
                low=training.SEED[0], high=training.SEED[1], step=1),
        Control("points", "images in the picture", 2000, "test images, the same ones in every frame", PROBES),
    )  # fmt: skip
    return {control.name: control for control in controls}


def forget_link() -> None:
    """For pages without controls: the next link to a page that has them decides all of them, named in it or not."""
    st.session_state.pop("link_notes", None)


def link_notes() -> list[str]:
    """What in the link that opened this page could not be used, in words; looked at once, before any widget is."""
    if "link_notes" not in st.session_state:
        link = st.query_params.to_dict()
        st.session_state.link_notes = _faults(link)
        if link:
            st.session_state.run = None  # the link says what is on stage; nobody renews the other one's lease
        for control in _controls_of(link) if link else ():
            if control.name in st.session_state:  # what was set before gives way
                st.session_state[control.name] = control.read(link.get(control.name))
    notes: list[str] = st.session_state.link_notes
    return notes


def _controls_of(link: dict[str, str]) -> tuple[Control, ...]:
    """Every control there is for the loss that a link names."""
    loss = LOSSES.get(link.get("loss", LOSS.default), LOSSES[LOSS.default])
    return (LOSS, PACE, VIEW, *training_controls(loss).values(), *loss_parameters(loss))


def _faults(link: dict[str, str]) -> list[str]:
    controls = {control.name: control for control in _controls_of(link)}
    notes = []
    for name, text in link.items():
        if name not in controls:
            notes.append(f"`{_plain(name)}` is not a setting here")
        elif (fault := controls[name].fault(text)) is not None:
            notes.append(f"`{name}` {fault}, not `{_plain(text)}`; the default is used")
    return notes[:8]


def _plain(text: str) -> str:
    """Text from a link, short and without anything that Markdown would understand."""
    return "".join(letter if letter.isalnum() or letter in " ._-+" else "?" for letter in text[:40]) or " "


def _fit_to_loss() -> None:
    """Another loss was chosen: its own parameters and recipe take the place of the last one's."""
    loss = LOSSES[st.session_state.loss]
    recipe = training_controls(loss)
    for control in (*loss_parameters(loss), *(recipe[name] for name in ("batch", "rate", "unit_norm"))):
        st.session_state[control.name] = control.default


def _take_up() -> None:
    """Back on the page, and not by a link: the controls take up where the run on stage has its own."""
    run: Run | None = st.session_state.get("run")
    if run is None or "loss" in st.session_state or st.query_params:
        return
    fields = ("loss", "dataset", "encoder", "dim", "unit_norm", "batch", "rate", "optimiser", "seed")
    values = {name: getattr(run.spec, name) for name in fields}
    st.session_state.update({**values, **run.spec.theta, "points": run.n})


def new_seed() -> None:
    """Take the next seed."""
    st.session_state.seed = (st.session_state.seed + 1) % training.SEED[1]


def run_controls() -> tuple[RunSpec, int]:
    """The controls of a run, in the sidebar: what to train, and how many test images to look at it through.

    Raises ValueError, in words, where the settings do not go together.
    """
    _take_up()
    with st.sidebar:
        key = st.selectbox(
            "loss", LOSS.options, LOSS.options.index(LOSS.default), key="loss", bind="query-params",
            on_change=_fit_to_loss,
        )  # fmt: skip
        loss = LOSSES[key]
        st.markdown(f"**{loss.title}**")
        st.latex(rf"\footnotesize {loss.formula}")
        st.caption(f"{loss.summary} {loss.paper.markdown}")
        theta = {control.name: control.ask() for control in loss_parameters(loss)}
        other = training_controls(loss)
        values = {name: other[name].ask() for name in ("dataset", "batch", "rate")}
        with st.expander("Net, optimiser and seed"):
            values |= {name: other[name].ask() for name in ("encoder", "dim", "unit_norm", "optimiser", "seed")}
            points = other["points"].ask()
    return RunSpec(loss=key, theta=theta, **values), points
