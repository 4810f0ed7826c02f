"""The glossary page: every loss read out from its own description."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cl_core.charts import loss_family
from cl_core.charts.loss_family import FAMILIES, family_of
from cl_core.losses import LOSSES
from cl_core.losses import variants as catalogue
from cl_core.losses.base import Loss, Preset
from cl_core.losses.parameters import Choice, Parameter
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control

PAGE = "glossary"
LINKS = (
    ("pages/boundaries.py", "Its boundary", ":material/join_inner:"),
    ("pages/batch.py", "One batch under it", ":material/ac_unit:"),
    ("pages/training.py", "Train with it", ":material/play_circle:"),
)
LOSS = Control("loss", "loss", None, options=tuple(LOSSES))  # None: all of them


@dataclass(frozen=True)
class Words(Control):
    """A line of text, bound to the query parameter of its name."""

    def _widget(self, **_: Any) -> str:
        """Show the widget; its text."""
        text: str = st.text_input(
            self.label, self.default, max_chars=60, key=self.name, bind="query-params", placeholder=self.help, live=True
        )
        return text

    def parse(self, text: str | None) -> str:
        """The text that a link gives."""
        return (text or "")[:60]

    def error_in(self, _text: str) -> str | None:
        """Accept any text."""
        return None


ROW = 3  # cards
FIND = Words("find", "find", "", "a name, a symbol, a word")


def notes() -> list[str]:
    """What in the link could not be used."""
    kept = st.session_state.get(LOSS.name)
    found = controls.link_notes(PAGE, lambda _: (LOSS, FIND))
    if kept is not None:
        st.session_state[LOSS.name] = kept  # to read about a loss does not change the one that other pages have
    return found


def choice() -> tuple[Loss | None, str]:
    """The loss that the address names, with a control for another one; without one, a word to find, and a control.

    The control is not bound to the address: links that say `loss` would lose it on the way from here to other pages,
    since Streamlit drops what a control of the page that one leaves is bound to.
    """
    key = LOSS.parse(st.query_params.get(LOSS.name))
    left, right = st.columns(2, vertical_alignment="bottom")
    if key is None:
        with left:
            return None, FIND.render()
    st.session_state.entry = st.query_params[LOSS.name] = key
    left.selectbox(LOSS.label, LOSS.options, key="entry", on_change=_turn)
    right.button("All losses", icon=":material/apps:", key="all_losses", on_click=st.query_params.clear)
    return LOSSES[key], ""


def _turn() -> None:
    """Another loss was chosen: the address follows."""
    st.query_params[LOSS.name] = st.session_state.entry


def index(words: str) -> None:
    """All losses by family, or those in whose entries the words stand."""
    found = [loss for loss in LOSSES.values() if words.strip().lower() in text_of(loss).lower()]
    if not found:
        st.info("No entry has that in it.", icon=":material/search_off:")
    for family in FAMILIES:
        members = [loss for loss in found if family_of(loss) is family]
        if members:
            st.markdown(f"#### {family.title}\n{family.description}")
            for row in range(0, len(members), ROW):
                for column, loss in zip(st.columns(ROW), members[row : row + ROW], strict=False):
                    with column.container(border=True, height="stretch", gap="xsmall"):
                        _card(loss)


def text_of(loss: Loss) -> str:
    """All that the entry of a loss says, to search in."""
    parts = [loss.key, loss.title, loss.summary, str(loss.paper), loss.no_boundary, *loss.relations, *loss.misreadings]
    parts += [f"{each.name} {each.symbol} {each.help}" for each in loss.parameters.values()]
    parts += [preset.title for preset in loss.presets]
    parts += [f"{each.title} {each.description}" for each in catalogue.VARIANTS.get(loss.key, ())]
    return "\n".join(parts)


def _card(loss: Loss) -> None:
    """A loss in the index."""
    title = f":primary[**{loss.title}**]"
    st.page_link("pages/glossary.py", label=title, query_params={LOSS.name: loss.key}, width="content")
    st.markdown(loss.summary)


def head(loss: Loss) -> None:
    """What it is called, what it does, and where to see it do so."""
    st.subheader(loss.title, anchor=False)
    st.markdown(f"`{loss.key}` · {family_of(loss).title.lower()}\n\n{loss.summary}")
    with st.container(horizontal=True):
        for page, label, icon in LINKS:
            st.page_link(page, label=label, icon=icon, query_params={LOSS.name: loss.key}, width="content")


def formula(loss: Loss) -> None:
    """Its formula and who published it."""
    _display(loss.formula)
    paper = loss.paper
    st.caption(f"[{paper.authors} ({paper.year})]({paper.url}). *{paper.title}.* {paper.venue}.")


def _display(latex: str) -> None:
    """A formula, with what it goes on to say on lines of its own."""
    for part in latex.split(r",\quad"):
        st.latex(part)


def parameters(loss: Loss) -> None:
    """Its parameters, and values that somebody published."""
    if not loss.parameters:
        st.markdown("It has no parameters.")
        return
    rows = [f"| ${each.symbol}$ `{each.name}` | {each.help} | {_range(each)} |" for each in loss.parameters.values()]
    st.markdown("\n".join(["| parameter | what it says | values, default in bold |", "|---|---|---|", *rows]))
    if loss.presets:
        published = [f"- {each.title}: {_values(each)}" for each in loss.presets]
        st.markdown("\n".join(["Published values:", "", *published]))


def _range(parameter: Parameter) -> str:
    """What it may be, with its default in bold."""
    if isinstance(parameter.spec, Choice):
        return ", ".join(f"**{each}**" if each == parameter.default else each for each in parameter.spec.options)
    return f"{parameter.range_text()}, **{_short(parameter.default)}**"


def _values(preset: Preset) -> str:
    return ", ".join(f"`{name}` = {_short(value)}" for name, value in preset.theta.items())


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def boundary(loss: Loss) -> None:
    """Where it stops, or why there is no such place."""
    st.markdown("##### Boundary")
    if loss.no_boundary:
        st.markdown(f"There is none. {loss.no_boundary}")
    if loss.boundary_formula:
        _display(loss.boundary_formula)


def relations(loss: Loss) -> None:
    """What it becomes, and when."""
    _list("Relatives", loss.relations)


def misreadings(loss: Loss) -> None:
    """What people get wrong about it."""
    _list("Often misread", loss.misreadings)


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        st.markdown("\n".join([f"##### {title}", "", *(f"- {line}" for line in lines)]))


def conventions(loss: Loss) -> None:
    """Who defines it otherwise."""
    here = catalogue.default_variant(loss.key)
    if here is not None:
        others = [f"**{_capital(each.title)}.** {each.description}" for each in catalogue.variants_of(loss.key)]
        _list("Other conventions", [f"**Here: {here.title}.** {here.description}", *others])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def family_tree() -> None:
    """The losses and what turns the one into the other."""
    dark = st.context.theme.type == "dark"
    st.graphviz_chart(loss_family.graphviz_dot(dark=dark), alt=loss_family.family_alt(), width="content")
