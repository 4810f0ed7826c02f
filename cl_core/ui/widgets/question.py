"""A question that is answered before its solution is shown, with the answers of everyone in the room."""

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from html import escape
from math import hypot

import streamlit as st

from cl_core.runtime.errors import describe_error
from cl_core.teaching.lessons import Question
from cl_core.teaching.rooms import Answer, RoomError, Rooms
from cl_core.ui.server import streamlit_compat
from cl_core.ui.widgets import page_state

POLL_SECONDS = 1.0  # seconds between two polls of the answers of a room
SKIP_LABEL = "Show without answering"
SKIP_WARNING = "You won't be able to answer after this."
ANSWERED = "answered"  # page fact that a step of a lesson can wait for


@dataclass(frozen=True)
class AskedQuestion:
    """A question and where it is asked.

    Attributes:
        question: the question.
        key: its key in the room.
        room: name of the room; "" for none.
    """

    question: Question
    key: str
    room: str


@st.cache_resource(show_spinner=False)
def rooms() -> Rooms:
    """Return the rooms of this server."""
    return Rooms()


def visitor() -> str:
    """Return the visitor's random token, which lasts as long as the session and identifies no person."""
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))


def has_answered(asked: AskedQuestion) -> bool:
    """Return whether the solution may be shown: the visitor has answered, or has chosen to see it without answering."""
    return (asked.room, asked.key) in _own_answers()


def own_answer(asked: AskedQuestion) -> Answer | None:
    """Return the visitor's answer; None if there is none."""
    return _own_answers().get((asked.room, asked.key))


def submit(asked: AskedQuestion, answer: Answer | None) -> None:
    """Store the visitor's answer; only the first one counts.

    Args:
        asked: the question.
        answer: the index of a choice, or a place on the plane; None shows the solution without an answer.
    """
    if has_answered(asked):
        return
    if asked.room and answer is not None:
        try:
            answer = rooms().submit(asked.room, asked.key, visitor(), answer)
        except RoomError as error:
            st.toast(describe_error(error), icon=":material/meeting_room:")
    _own_answers()[asked.room, asked.key] = answer


def answers(asked: AskedQuestion) -> list[Answer]:
    """Return all answers in the room, or without a room the visitor's own.

    Args:
        asked: the question.

    Returns:
        Indices of choices, or places for a question without choices; answers that do not fit the question are left out.
    """
    n = len(asked.question.choices)
    if asked.room:
        received = rooms().answers(asked.room, asked.key)
    else:
        mine = own_answer(asked)
        received = () if mine is None else (mine,)
    return [a for a in received if (isinstance(a, int) and 0 <= a < n) or (isinstance(a, tuple) and not n)]


def show(asked: AskedQuestion) -> None:
    """Show the question, or once it is answered, the answers of the room."""
    if not has_answered(asked):
        st.fragment(_ask)(asked)
        return
    page_state.set_facts(**{ANSWERED: "yes"})
    st.markdown(f"**{asked.question.words}**")
    if asked.room and asked.question.choices:
        st.fragment(_bars, run_every=POLL_SECONDS)(asked)


def verdict(asked: AskedQuestion) -> str:
    """Return the visitor's answer, the right one and the explanation, as Markdown."""
    question, mine = asked.question, own_answer(asked)
    parts = []
    if isinstance(question.right, tuple):
        if isinstance(mine, tuple):
            distance = hypot(mine[0] - question.right[0], mine[1] - question.right[1])
            parts.append(f"Your point is **{distance:.2f}** away from ({question.right[0]:g}, {question.right[1]:g}).")
    elif question.choices:
        right = None if question.right is None else _literal(question.choices[question.right])
        chosen = _literal(question.choices[mine]) if isinstance(mine, int) else None
        if right is None:
            parts += [f"Your answer: **{chosen}**."] if chosen else []
        elif mine == question.right:
            parts.append(f":material/check_circle: Right: **{right}**.")
        else:
            parts += [f":material/cancel: Your answer: **{chosen}**."] if chosen else []
            parts.append(f"Correct: **{right}**.")
    return " ".join([*parts, question.answer]).strip()


def _own_answers() -> dict[tuple[str, str], Answer | None]:
    """Return the session's answers by room and key; None for a question that was skipped."""
    answered: dict[tuple[str, str], Answer | None] = st.session_state.setdefault("answers", {})
    return answered


def _ask(asked: AskedQuestion) -> None:
    """Show the choices, or the instruction for a click on the plane."""
    question = asked.question
    if not question.choices:
        st.markdown(f"**{question.words}**")
        st.caption("Click on the plane, then submit next to it.")
        return
    if has_answered(asked):
        streamlit_compat.rerun()  # the whole page, which shows the solution and what it has covered
    with st.form(f"answer {asked.key}", border=False):  # so that a choice is not sent before it is submitted
        chosen = st.pills(
            f"**{question.words}**", range(len(question.choices)), key=f"choice {asked.room} {asked.key}",
            format_func=lambda i: _literal(question.choices[i]),
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            submitted = st.form_submit_button("Submit", type="primary", key="commit")
            skipped = st.form_submit_button(SKIP_LABEL, type="tertiary", key="without")
            if submitted and chosen is None:
                st.markdown("Choose an answer first.", width="content")
    if skipped:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(SKIP_WARNING, width="content")
            st.button("Show the answer", key="show_answer", on_click=submit, args=(asked, None))
    if submitted and chosen is not None:
        submit(asked, chosen)
        streamlit_compat.rerun()


def skip_popover(asked: AskedQuestion) -> None:
    """Show the popover that leads to the solution without an answer, for a question that asks for a place.

    Args:
        asked: the question.
    """
    with st.popover(SKIP_LABEL, type="tertiary", key="without"):
        st.markdown(SKIP_WARNING)
        if st.button("Show the answer", key="show_answer"):
            submit(asked, None)
            streamlit_compat.rerun()


def room(name: str, asked: AskedQuestion | None) -> None:
    """Show the room that the visitor is in, and the number of answers to its question.

    Args:
        name: name of the room.
        asked: question of the current step; None if it has none.
    """
    if asked is None or not asked.room:
        _room(name, None)
    else:
        st.fragment(_room, run_every=POLL_SECONDS)(name, asked)


def _room(name: str, asked: AskedQuestion | None) -> None:
    n = 0 if asked is None else len(answers(asked))
    count = "" if asked is None else f": **{n:,} answer{'' if n == 1 else 's'}**"
    st.markdown(f":small[:material/groups: room {name}{count}]", width="content")


def _bars(asked: AskedQuestion) -> None:
    """Show the number of answers for each choice."""
    question, mine = asked.question, own_answer(asked)
    received = answers(asked)
    counts = Counter(received)
    rows = [
        _bar(choice, counts[i], len(received), right=i == question.right, mine=i == mine)
        for i, choice in enumerate(question.choices)
    ]
    st.html(f'<div role="list" aria-label="Answers of the room">{"".join(rows)}</div>')


def _bar(choice: str, count: int, total: int, *, right: bool, mine: bool) -> str:
    share = 100 * count / total if total else 0.0
    marks = "".join(f" <b>{mark}</b>" for mark, on in (("✓ correct", right), ("· you", mine)) if on)
    edge = "2px solid currentColor" if right else "1px solid color-mix(in srgb, currentColor 30%, transparent)"
    ground = "color-mix(in srgb, currentColor 22%, transparent)"
    return (
        f'<div role="listitem" style="background:linear-gradient(90deg,{ground} {share:.1f}%,transparent {share:.1f}%);'
        f"border:{edge};border-radius:6px;display:flex;gap:12px;justify-content:space-between;line-height:1.3;"
        f'margin-bottom:4px;padding:2px 8px"><span>{escape(choice)}{marks}</span><b>{count}</b></div>'
    )


def _literal(text: str) -> str:
    """Escape text for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|~$:<>-])", r"\\\1", text)
