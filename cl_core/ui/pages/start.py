"""Start page: a film of digits coming apart, two paths into the course, and cards with pictures."""

from functools import cache
from html import escape
from urllib.parse import parse_qsl

import numpy as np
import streamlit as st

from cl_core.components.film import Film, encode_run
from cl_core.components.film.mount import film
from cl_core.palette import HUES
from cl_core.pretrained import margins
from cl_core.pretrained.margins import FIRST_SHOWN, MARGINS
from cl_core.teaching import lessons
from cl_core.ui.link.control import Link
from cl_core.ui.pages.lesson_bar import link_of
from cl_core.ui.pages.start_cards import CARDS, PICTURE_SIZE, Card, picture
from cl_core.ui.server.browser_files import file_url
from cl_core.ui.widgets.card_grid import card_grid

SELF_STUDY = "ten-minutes-alone"  # key of the lesson
DIGITS = tuple("0123456789")
TUNING: Link = {"loss": "triplet", "pairs": "trained"}
FILM_HEIGHT = 470  # CSS pixels; fixed, so that its place is kept free before it is there
OUTLIERS = 0.004  # share of the points at either end of an axis that the film may leave out
PADDING = 0.12  # free space around the film's points, as a share of their extent

# Python hears of another theme with the next message of the browser only; the style sheet follows it at once, where the
# browser knows style queries
STYLE = """<style>
@property --paper { syntax: "\\3c color>"; inherits: true; initial-value: white; }
[class*="st-key-card_"] {
  --accent: light-dark(#3355c4, #8ea6ff); --paper: light-dark(white, black);
  overflow: hidden; padding: 0 0 0.75rem; position: relative; transition: border-color 0.15s;
}
[class*="st-key-card_"]:hover { border-color: var(--accent); }
[class*="st-key-card_"] > :not(:has(img)) { padding: 0 1rem; }
[class*="st-key-card_"] img { aspect-ratio: 8 / 5; display: block; height: auto; object-fit: cover; width: 100%; }
@container style(--paper: white) {
  [class*="st-key-card_"] img.light { display: block !important; }
  [class*="st-key-card_"] img.dark { display: none !important; }
}
@container style(--paper: black) {
  [class*="st-key-card_"] img.light { display: none !important; }
  [class*="st-key-card_"] img.dark { display: block !important; }
}
/* the link covers its whole card */
[class*="st-key-card_"] [data-testid="stElementContainer"]:has([data-testid="stPageLink"]) { position: static; }
[class*="st-key-card_"] [data-testid="stPageLink"] a { background: none; padding: 0; position: static; }
[class*="st-key-card_"] [data-testid="stPageLink"] a::after {
  border-radius: 0.5rem; content: ""; inset: 0; position: absolute; z-index: 1;
}
[class*="st-key-card_"] [data-testid="stPageLink"] a:focus-visible { box-shadow: none; outline: none; }
[class*="st-key-card_"] [data-testid="stPageLink"] a:focus-visible::after {
  outline: 3px solid var(--accent); outline-offset: -3px;
}
[class*="st-key-card_"] [data-testid="stPageLink"] p { font-size: 1.0625rem; font-weight: 650; white-space: normal; }
[class*="st-key-card_path_"] {
  background: color-mix(in srgb, var(--accent) 9%, transparent); border: 2px solid var(--accent); padding: 0.75rem 0;
}
[class*="st-key-card_path_"] [data-testid="stPageLink"] p { font-size: 1.25rem; font-weight: 700; }
</style>"""


def show_film_and_paths() -> None:
    """Show the film with the sentence that says what its slider changes, and two ways into the course."""
    st.html(STYLE)
    left, right = st.columns([3, 2])
    with left:
        film(_film(), key="start_film", height=FILM_HEIGHT)
    with right:
        st.markdown(
            "Each point is a handwritten digit, placed by a network that learns to bring equal digits together. The "
            "**margin** is the distance that different digits must keep: move the slider and compare."
        )
        _show_paths()


def _film() -> Film:
    low, high = _bounds()
    coloured = ", ".join(f"{digit} {hue}" for digit, hue in zip(DIGITS, HUES, strict=True))
    return Film(
        urls=[file_url(f"margin-{margin:g}.gz", _run_file(margin)) for margin in MARGINS],
        values=MARGINS,
        chosen=MARGINS.index(FIRST_SHOWN),
        class_names=DIGITS,
        alt=f"{margins.IMAGES} handwritten digits as points: {coloured}.",
        bounds=(low[0], high[0], low[1], high[1]),
    )


@cache
def _run_file(margin: float) -> bytes:
    run = margins.load(margin)
    return encode_run(run.steps.tolist(), run.points, run.labels)


@cache
def _bounds() -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the lowest and the highest coordinates that the film shows, the same for all of its runs."""
    last = margins.load(MARGINS[-1]).points[-1]  # the widest
    low, high = np.quantile(last, (OUTLIERS, 1 - OUTLIERS), axis=0)
    padding = PADDING * (high - low).max()
    low, high = (low - padding).tolist(), (high + padding).tolist()
    return (low[0], low[1]), (high[0], high[1])


def _show_paths() -> None:
    page, link = _self_study()
    with st.container(key="card_path_understand", border=True, height="stretch"):
        _link(page, "I want to understand", link, ":material/school:")
        st.markdown("Ten minutes of self-study: drag a triplet, predict a boundary, watch a run fail and fix it.")
    with st.container(key="card_path_tune", border=True, height="stretch"):
        _link("boundaries", "I have a loss to tune", TUNING, ":material/tune:")
        st.markdown("See what its margin, temperature or scale does to real pairs, then train with it.")


def _self_study() -> tuple[str, Link]:
    """Return page and settings of the first step of the lesson for one person, or else the list of lessons."""
    lesson = lessons.available()[0].get(SELF_STUDY)
    return ("lessons", {}) if lesson is None else (lesson.steps[0].page, link_of(lesson, 1, ""))


def show_cards() -> None:
    """Show all cards, under a heading for each group."""
    for heading, cards in CARDS.items():
        st.subheader(heading)
        with card_grid(heading):
            for key, card in cards.items():
                _show_card(key, card)


def _show_card(key: str, card: Card) -> None:
    page, _, query = card.link.partition("?")
    width, height = PICTURE_SIZE
    with st.container(key=f"card_{key}", border=True, height="stretch", gap="small"):
        images, dark = [], st.context.theme.type == "dark"
        for theme in ("light", "dark"):
            source = escape(file_url(f"{key}-{theme}.webp", picture(key, dark=theme == "dark")))
            size = f'width="{width}" height="{height}"'
            hidden = "" if (theme == "dark") == dark else ' style="display: none"'  # and so not loaded
            images.append(f'<img class="{theme}" src="{source}" {size} loading="lazy" alt=""{hidden}>')
        st.html("".join(images))
        _link(page, card.title, dict(parse_qsl(query)))
        st.markdown(card.text)


def _link(page: str, label: str, link: Link, icon: str | None = None) -> None:
    st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params=dict(link))
