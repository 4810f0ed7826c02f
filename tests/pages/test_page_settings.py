"""Settings belong to a page: they stay when its visitor comes back, and are not those of another page."""

from itertools import pairwise
from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.ui.link.control import to_text
from cl_core.ui.link.controls import PACKED_LINK
from tests.pages.apptest import click, open_from_link, route_pages_through_app, warnings_of, widget_keys

# a link to each page with controls; the pages share the names loss, margin, scale, distance, mining, pace, seed, ...
LINKS = {
    "boundaries": {"loss": "circle", "margin": "0.28", "scale": "48.0", "place": "0.25,0.75", "length": "9.0"},
    "batch": {"loss": "triplet", "margin": "0.65", "distance": "cosine", "draw": "7", "anchor": "3"},
    "training": {"loss": "contrastive", "margin": "1.4", "batch": "64", "seed": "5", "dim": "3", "pace": "slow"},
    "compare": {"loss": "am_softmax", "margin": "0.11", "scale": "17.0", "batch": "256", "seed": "6", "pace": "fast"},
    "break_it": {"seed": "9", "pace": "every-step"},
    "triplets": {"margin": "0.95", "distance": "euclidean", "mining": "hard", "draw": "11"},
    "experiments": {"part": "one cell", "method": "npair", "batch": "256"},
}


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch, idle_executor):
    route_pages_through_app(monkeypatch)


def go(app: AppTest, page: str, **link: str) -> AppTest:
    """Go to a page as by the sidebar, or as by a link of the app, which packs its settings into one."""
    app.query_params.clear()
    app.query_params.update({PACKED_LINK: urlencode(link)} if link else {})
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def values(app: AppTest) -> dict[str, str]:
    """Return the values of the controls of the page that is shown, as a link has them."""
    state = app.session_state
    texts: dict[str, str] = {}
    for _ in range(2):  # the losses decide which other controls there are
        for control in state["shown"].controls_for_link(texts):
            if control.name in state:
                texts[control.name] = to_text(state[control.name])
    return texts


def assert_set(app: AppTest, page: str) -> None:
    shown = values(app)
    assert {name: shown.get(name) for name in LINKS[page]} == LINKS[page], page


def all_steps() -> list[tuple[str, str]]:
    """Return a walk that goes from every page to every other one once."""
    left = {page: [other for other in LINKS if other != page] for page in LINKS}
    walk, path = [], [next(iter(LINKS))]
    while path:  # Hierholzer's algorithm
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            walk.append(path.pop())
    walk.reverse()
    return list(pairwise(walk))


def test_walk_has_every_pair_of_pages():
    steps = all_steps()
    assert len(steps) == len(set(steps)) == len(LINKS) * (len(LINKS) - 1)


def test_pages_do_not_share_settings():
    """Every page in turn is new, set by a link, and found as it was left on the way from every other page."""
    app = open_from_link("")
    defaults = {}
    for page in LINKS:
        go(app, page)
        defaults[page] = values(app)
    for page in LINKS:
        assert values(go(app, page)) == defaults[page], page
    fresh = open_from_link("")
    for page, link in LINKS.items():
        assert not warnings_of(go(fresh, page, **link))
        assert_set(fresh, page)
    for _, page in all_steps():
        assert_set(go(fresh, page), page)


# ---- what a link hides and locks


def is_disabled(app: AppTest, key: str) -> bool:
    widgets = [*app.slider, *app.selectbox, *app.select_slider, *app.number_input, *app.toggle]
    return next(widget.disabled for widget in widgets if widget.key == key)


def has_big_type(app: AppTest) -> bool:
    return any("font-size: 20px" in element.value for element in app.markdown)


LOCKED = {"loss": "circle", "margin": "0.4", "lock": "margin", "hide": "scale,pairs", "big": "true"}


def assert_locked(app: AppTest) -> None:
    assert is_disabled(app, "margin")
    assert app.session_state.margin == 0.4
    assert not {"scale", "pairs"} & widget_keys(app)
    assert has_big_type(app)


@pytest.mark.parametrize("way", [["triplets"], ["start"], ["status"], ["glossary", "training", "lessons"]])
def test_locks_hides_and_size_hold_when_the_visitor_comes_back(way):
    app = open_from_link("boundaries", **LOCKED)
    assert_locked(app)
    for page in way:
        go(app, page)
        assert has_big_type(app)
        if page in ("triplets", "training"):
            assert not any(widget.disabled for widget in app.slider)
    assert_locked(go(app, "boundaries"))
    assert_locked(app.run())


def test_link_without_locks_cannot_change_what_is_locked():
    app = open_from_link("boundaries", **LOCKED)
    go(app, "start")
    go(app, "boundaries", margin="0.1", scale="64", loss="circle", two="true")
    assert_locked(app)
    assert app.session_state.two
    assert app.query_params["margin"] == "0.4"


@pytest.mark.parametrize(
    ("link", "locked", "big"),
    [
        ({"lock": "", "margin": "0.1"}, set(), True),
        ({"hide": "two"}, set(), True),
        ({"lock": "scale", "margin": "0.3"}, {"scale"}, True),
        ({"big": "false"}, {"margin"}, False),
    ],
)
def test_another_link_says_otherwise(link, locked, big):
    app = open_from_link("boundaries", **LOCKED)
    go(app, "start")
    go(app, "boundaries", **link)
    assert {key for key in ("loss", "margin", "scale") if key in widget_keys(app) and is_disabled(app, key)} == locked
    assert has_big_type(app) == big
    if "margin" in link:
        assert app.session_state.margin == float(link["margin"])


def test_leaving_a_lesson_shows_what_its_steps_have_hidden():
    app = open_from_link("triplets", lesson="fifty-minutes", step="1", hide="scene", lock="margin")
    assert is_disabled(app, "margin")
    click(app, "lesson_leave")
    assert not is_disabled(app, "margin")
    assert "scene" in widget_keys(app)
    assert not is_disabled(go(app, "triplets"), "margin")


# ---- links as visitors write them


def test_page_uses_what_was_meant_and_says_so():
    app = open_from_link("boundaries", loss="CosFace", m="0,2", utm_source="mail", lock="s")
    assert (app.session_state.loss, app.session_state.margin) == ("am_softmax", 0.2)
    assert is_disabled(app, "scale")
    assert app.query_params == {"loss": "am_softmax", "margin": "0.2", "lock": "scale"}
    assert warnings_of(app) == [
        "`loss`: `CosFace` is read as `am_softmax`",
        "`m` is read as `margin`",
        "`margin`: `0,2` is read as `0.2`",
        "`lock`: `s` is read as `scale`",
    ]
    assert app.run().session_state.margin == 0.2


def test_last_of_repeated_settings_is_used_and_said():
    app = open_from_link("triplets", margin=["0.3", "0.8"])
    assert app.slider(key="margin").value == 0.8
    assert "more than once (`0.3`, `0.8`); the last one is used" in warnings_of(app)[0]


def test_loss_of_the_glossary_may_have_another_name():
    app = open_from_link("glossary", loss="simclr")
    assert any("NT-Xent" in element.value for element in (*app.subheader, *app.markdown))
    assert app.query_params["loss"] == "nt_xent"


@pytest.mark.parametrize(("page", "slot"), [("training", "run"), ("compare", "race")])
def test_link_followed_on_its_own_page_opens_what_it_describes(page, slot):
    link = {"engine": "server", "points": "500", "rate": "0.001"}
    app = open_from_link(page, **link)
    before = app.session_state[slot]
    before.play()  # one that was started otherwise stays
    go(app, page, **(link | {"rate": "0.002"}))
    assert app.session_state[slot] is not before
