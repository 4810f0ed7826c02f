"""Glossary page: every loss as its own description states it, the words of the field, and the sources."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from cl_core.charts import loss_family
from cl_core.charts.loss_family import FAMILIES, family_of
from cl_core.losses import LOSSES, articles, variants
from cl_core.losses.base import Loss
from cl_core.losses.parameters import Choice, Parameter
from cl_core.teaching.search import Entry, search
from cl_core.teaching.terms import TERMS, Term
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.widgets.card_grid import card_grid

PAGE = "glossary"
LINKS = (
    ("pages/boundaries.py", "See its boundary", ":material/join_inner:"),
    ("pages/batch.py", "See its forces on a batch", ":material/ac_unit:"),
    ("pages/training.py", "Train with it", ":material/play_circle:"),
)
LOSS = Control(
    "loss", "loss", None, options=tuple(LOSSES), option_aliases=controls.loss_aliases(), titles=controls.LOSS_TITLES
)  # None: all of them


@dataclass(frozen=True)
class TextControl(Control):
    """A text field, bound to the query parameter of its name; its `help` is shown as a placeholder.

    Attributes:
        name, label, default, help: as in `Control`.
    """

    def _widget(self, **_: Any) -> str:
        """Show the text field and return its text."""
        text: str = st.text_input(
            self.label, self.default, max_chars=60, key=self.name, bind="query-params", placeholder=self.help, live=True
        )
        return text

    def parse(self, text: str | None) -> str:
        """Return the text that a link gives, at most 60 characters."""
        return (text or "")[:60]

    def error_in(self, _text: str) -> str | None:
        """Return None: every text is accepted."""
        return None


SEARCH = TextControl("find", "find", "", "name, symbol or term", aliases=("search", "query", "q"))


def glossary_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, lambda _: (LOSS, SEARCH))


def choose_loss() -> tuple[Loss | None, str]:
    """Show the control that chooses a loss, or the search field if the address names no loss.

    The control is not bound to the address: links that name a `loss` would lose it on the way to other pages, since
    Streamlit removes the query parameters of the widgets of the page that a visitor leaves.

    Returns:
        The loss that the address names and "", or None and the text to search for.
    """
    key = LOSS.parse(st.query_params.get(LOSS.name))
    left, right = st.columns(2, vertical_alignment="bottom")
    if key is None:
        with left:
            return None, SEARCH.render()
    st.session_state.entry = st.query_params[LOSS.name] = key
    left.selectbox(LOSS.label, LOSS.options, format_func=LOSS.title_of, key="entry", on_change=_update_address)
    right.button("All losses", icon=":material/apps:", key="all_losses", on_click=st.query_params.clear)
    return LOSSES[key], ""


def _update_address() -> None:
    """Write the chosen loss into the address."""
    st.query_params[LOSS.name] = st.session_state.entry


def show_index() -> None:
    """Show cards of all losses by family, and of all terms."""
    for family in FAMILIES:
        st.markdown(f"#### {family.title}\n{family.description}")
        _show_cards(family.title, [loss for loss in LOSSES.values() if family_of(loss) is family])
    st.markdown("#### Terms\nTerms for curves, pictures and settings, each with a picture that shows it.")
    _show_cards("terms", TERMS.values())


def show_results(query: str) -> None:
    """Show what a search finds, losses and terms in one column, the best match first.

    Args:
        query: text to search for.
    """
    found = search(query, entries())
    if not found:
        st.info("Nothing found. Try one word, such as *margin* or *collapse*.", icon=":material/search_off:")
    for entry in found:
        with st.container(border=True, gap="xsmall"):
            _show_card(TERMS[entry.key] if entry.key in TERMS else LOSSES[entry.key])


@cache
def entries() -> list[Entry]:
    """Return everything that the search can find; a term comes before a loss that matches as well."""
    terms = [Entry(term.key, (term.title, *term.words), _text_of_term(term)) for term in TERMS.values()]
    return terms + [
        Entry(key, (key, loss.title, *_parts(loss.title)), search_text(loss)) for key, loss in LOSSES.items()
    ]


def _text_of_term(term: Term) -> str:
    return "\n".join([term.text, *(picture.label for picture in term.pictures)])


def _parts(title: str) -> list[str]:
    """Return the names in a title: "AM-softmax (CosFace)" has two."""
    return [part.strip() for part in re.split(r"[()]", title) if part.strip()]


def _show_cards(group: str, items: Iterable[Loss | Term]) -> None:
    with card_grid(group):
        for item in items:
            with st.container(border=True, height="stretch", gap="xsmall"):
                _show_card(item)


def search_text(loss: Loss) -> str:
    """Return all text of a loss's entry, to search in.

    Args:
        loss: the loss.
    """
    parts = [loss.key, loss.title, loss.summary, str(loss.paper), loss.no_boundary, *loss.relations, *loss.misreadings]
    parts += [f"{parameter.name} {parameter.symbol} {parameter.help}" for parameter in loss.parameters.values()]
    parts += [preset.title for preset in loss.presets]
    parts += [f"{variant.title} {variant.description}" for variant in variants.VARIANTS.get(loss.key, ())]
    return "\n".join(parts)


def _show_card(item: Loss | Term) -> None:
    """Show a loss by its title, which links to its entry, and summary; or a term with links to its pictures."""
    if isinstance(item, Loss):
        title = f":primary[**{item.title}**]"
        st.page_link("pages/glossary.py", label=title, query_params={LOSS.name: item.key}, width="content")
        st.markdown(item.summary)
        return
    st.markdown(f"**{item.title}**\n\n{item.text}")
    for picture in item.pictures:
        controls.page_link(picture.page, picture.label, ":material/arrow_forward:", picture.link)


def show_heading(loss: Loss) -> None:
    """Show the loss's title, summary and links to the pages where it can be seen at work.

    Args:
        loss: the loss.
    """
    st.subheader(loss.title, anchor=False)
    st.markdown(f"{family_of(loss).title}\n\n{loss.summary}")
    with st.container(horizontal=True):
        for page, label, icon in LINKS:
            st.page_link(page, label=label, icon=icon, query_params={LOSS.name: loss.key}, width="content")


def show_formula(loss: Loss) -> None:
    """Show the loss's formula and the paper that published it.

    Args:
        loss: the loss.
    """
    _show_latex(loss.formula)
    paper = loss.paper
    st.caption(f"[{paper.authors} ({paper.year})]({paper.url}). *{paper.title}.* {paper.venue}.")


def _show_latex(latex: str) -> None:
    r"""Show a formula; the parts that `,\quad` separates are on lines of their own."""
    for part in latex.split(r",\quad"):
        st.latex(part)


def show_parameters(loss: Loss) -> None:
    """Show a table of the loss's parameters, and published values.

    Args:
        loss: the loss.
    """
    if not loss.parameters:
        st.markdown("This loss has no parameters.")
        return
    rows = [
        f"| {parameter.title} ${parameter.symbol}$ | {parameter.help} | {_range_text(parameter)} |"
        for parameter in loss.parameters.values()
    ]
    st.markdown("\n".join(["| parameter | meaning | values, default in bold |", "|---|---|---|", *rows]))
    if loss.presets:
        published = [f"- {preset.title}: {loss.theta_text(preset.theta)}" for preset in loss.presets]
        st.markdown("\n".join(["Published values:", "", *published]))


def _range_text(parameter: Parameter) -> str:
    """Return a parameter's range or options, with the default in bold."""
    default = f"**{parameter.title_of(parameter.default)}**"
    if isinstance(parameter.spec, Choice):
        titles = {option: parameter.title_of(option) for option in parameter.spec.options}
        return ", ".join(default if option == parameter.default else title for option, title in titles.items())
    return f"{parameter.range_text()}, {default}"


def show_boundary(loss: Loss) -> None:
    """Show the decision boundary, or why there is none.

    Args:
        loss: the loss.
    """
    st.markdown("##### Boundary")
    if loss.no_boundary:
        st.markdown(f"There is none. {loss.no_boundary}")
    if loss.boundary_formula:
        _show_latex(loss.boundary_formula)


def show_relations(loss: Loss) -> None:
    """List which losses it becomes, and under which conditions.

    Args:
        loss: the loss.
    """
    _show_list("Related losses", loss.relations)


def show_misreadings(loss: Loss) -> None:
    """List common misreadings of the loss.

    Args:
        loss: the loss.
    """
    _show_list("Often misread", loss.misreadings)


def _show_list(title: str, lines: Sequence[str]) -> None:
    if lines:
        st.markdown("\n".join([f"##### {title}", "", *(f"- {line}" for line in lines)]))


def show_conventions(loss: Loss) -> None:
    """List the lab's definition of the loss and the definitions of others; nothing if it has no variants.

    Args:
        loss: the loss.
    """
    default = variants.default_variant(loss.key)
    if default is not None:
        others = [
            f"**{_capitalise(variant.title)}.** {variant.description}" for variant in variants.variants_of(loss.key)
        ]
        _show_list("Other formula versions", [f"**This app: {default.title}.** {default.description}", *others])


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def show_family_tree() -> None:
    """Show the graph of losses and the conditions under which one becomes another."""
    dark = st.context.theme.type == "dark"
    st.graphviz_chart(loss_family.graphviz_dot(dark=dark), alt=loss_family.family_alt(), width="content")


def show_sources() -> None:
    """List the two articles that the losses come from, with the paper of each loss."""
    lines = []
    for article in articles.ARTICLES:
        papers = dict.fromkeys(LOSSES[key].paper for key in article.losses)
        lines.append(f"- {article.reference}. Papers: {', '.join(paper.markdown for paper in papers)}.")
    st.markdown(
        "\n".join(["#### Where the losses come from", "Two articles compare most of these losses.", "", *lines])
    )
