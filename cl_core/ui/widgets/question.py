"""A question to commit oneself to before the answer is shown, and what everyone in the room has said to it."""

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from html import escape
from math import hypot

import streamlit as st

from cl_core.teaching.lessons import Question
from cl_core.teaching.rooms import Answer, RoomError, Rooms
from cl_core.ui.widgets import page_state

PULSE = 1.0  # seconds between two looks at the answers of a room
WITHOUT = "Show without answering"
NO_MORE = "Then this question takes no answer from you any more."
ANSWERED = "answered"  # the fact that a step can wait for


@dataclass(frozen=True)
class AskedQuestion:
    """A question where it is asked: `key` names it in its room, and `room` is "" for none."""

    question: Question
    key: str
    room: str


@st.cache_resource(show_spinner=False)
def rooms() -> Rooms:
    """The rooms of this server."""
    return Rooms()


def visitor() -> str:
    """Who answers: a token that says nothing of anybody, for as long as the session lasts."""
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))


def has_answered(asked: AskedQuestion) -> bool:
    """Whether its answer may be shown: the visitor has given one, or has chosen to see it without."""
    return (asked.room, asked.key) in _own()


def own_answer(asked: AskedQuestion) -> Answer | None:
    """What the visitor has answered."""
    return _own().get((asked.room, asked.key))


def submit(asked: AskedQuestion, answer: Answer | None) -> None:
    """Take the visitor's answer, once for all; None shows everything without one."""
    if has_answered(asked):
        return
    if asked.room and answer is not None:
        try:
            answer = rooms().submit(asked.room, asked.key, visitor(), answer)
        except RoomError as error:
            st.toast(str(error), icon=":material/meeting_room:")
    _own()[asked.room, asked.key] = answer


def answers(asked: AskedQuestion) -> list[Answer]:
    """Everybody's answers, the visitor's among them, as far as the question can have been answered so."""
    n = len(asked.question.choices)
    if asked.room:
        given = rooms().answers(asked.room, asked.key)
    else:
        mine = own_answer(asked)
        given = () if mine is None else (mine,)
    return [each for each in given if (isinstance(each, int) and 0 <= each < n) or (isinstance(each, tuple) and not n)]


def show(asked: AskedQuestion) -> None:
    """The question; or, once it is answered, what everybody in the room has said."""
    if not has_answered(asked):
        st.fragment(_ask)(asked)
        return
    page_state.set_facts(**{ANSWERED: "yes"})
    st.markdown(f"**{asked.question.words}**")
    if asked.room and asked.question.choices:
        st.fragment(_bars, run_every=PULSE)(asked)


def verdict(asked: AskedQuestion) -> str:
    """What was right, what the visitor has said, and why, as Markdown."""
    question, mine = asked.question, own_answer(asked)
    parts = []
    if isinstance(question.right, tuple):
        if isinstance(mine, tuple):
            far = hypot(mine[0] - question.right[0], mine[1] - question.right[1])
            parts.append(f"Your place is **{far:.2f}** away from ({question.right[0]:g}, {question.right[1]:g}).")
    elif question.choices:
        right = None if question.right is None else _literal(question.choices[question.right])
        said = _literal(question.choices[mine]) if isinstance(mine, int) else None
        if right is None:
            parts += [f"You said **{said}**."] if said else []
        elif mine == question.right:
            parts.append(f":material/check_circle: Right: **{right}**.")
        else:
            parts += [f":material/cancel: You said **{said}**."] if said else []
            parts.append(f"Right is **{right}**.")
    return " ".join([*parts, question.answer]).strip()


def _own() -> dict[tuple[str, str], Answer | None]:
    answered: dict[tuple[str, str], Answer | None] = st.session_state.setdefault("answers", {})
    return answered


def _ask(asked: AskedQuestion) -> None:
    """The choices; for a place, what to do on the plane."""
    question = asked.question
    if not question.choices:
        st.markdown(f"**{question.words}**")
        st.caption("Click on the plane, then commit yourself next to it.")
        return
    if has_answered(asked):
        st.rerun()  # the answer is to be seen, and so is what the page has covered
    with st.form(f"answer {asked.key}", border=False):  # nothing is sent until one commits oneself
        chosen = st.pills(
            f"**{question.words}**", range(len(question.choices)), key=f"choice {asked.room} {asked.key}",
            format_func=lambda i: _literal(question.choices[i]),
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            sent = st.form_submit_button("Commit", type="primary", key="commit")
            gives_up = st.form_submit_button(WITHOUT, type="tertiary", key="without")
            if sent and chosen is None:
                st.markdown("Choose an answer first.", width="content")
    if gives_up:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(NO_MORE, width="content")
            st.button("Show the answer", key="show_answer", on_click=submit, args=(asked, None))
    if sent and chosen is not None:
        submit(asked, chosen)
        st.rerun()


def room_notice(asked: AskedQuestion) -> None:
    """A way to the answer for whoever shows it to others, or gives up, where a place is asked for."""
    with st.popover(WITHOUT, type="tertiary", key="without"):
        st.markdown(NO_MORE)
        if st.button("Show the answer", key="show_answer"):
            submit(asked, None)
            st.rerun()


def room(name: str, asked: AskedQuestion | None) -> None:
    """The room that one is in, and how many have answered there."""
    if asked is None or not asked.room:
        _room(name, None)
    else:
        st.fragment(_room, run_every=PULSE)(name, asked)


def _room(name: str, asked: AskedQuestion | None) -> None:
    n = 0 if asked is None else len(answers(asked))
    count = "" if asked is None else f": **{n:,} answer{'' if n == 1 else 's'}**"
    st.markdown(f":small[:material/groups: room {name}{count}]", width="content")


def _bars(asked: AskedQuestion) -> None:
    """How many have said what."""
    question, mine = asked.question, own_answer(asked)
    given = answers(asked)
    counts = Counter(given)
    rows = [
        _bar(choice, counts[i], len(given), right=i == question.right, mine=i == mine)
        for i, choice in enumerate(question.choices)
    ]
    st.html(f'<div role="list" aria-label="Answers of the room">{"".join(rows)}</div>')


def _bar(choice: str, count: int, total: int, *, right: bool, mine: bool) -> str:
    share = 100 * count / total if total else 0.0
    marks = "".join(f" <b>{mark}</b>" for mark, on in (("✓ right", right), ("· you", mine)) if on)
    edge = "2px solid currentColor" if right else "1px solid color-mix(in srgb, currentColor 30%, transparent)"
    ground = "color-mix(in srgb, currentColor 22%, transparent)"
    return (
        f'<div role="listitem" style="background:linear-gradient(90deg,{ground} {share:.1f}%,transparent {share:.1f}%);'
        f"border:{edge};border-radius:6px;display:flex;gap:12px;justify-content:space-between;line-height:1.3;"
        f'margin-bottom:4px;padding:2px 8px"><span>{escape(choice)}{marks}</span><b>{count}</b></div>'
    )


def _literal(text: str) -> str:
    """Text as it stands, where Markdown would understand it."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|~$:<>-])", r"\\\1", text)
