"""Start page: the film's files, the two paths, and cards whose links open their pages with the settings."""

from itertools import chain
from urllib.parse import parse_qsl

import pytest
from PIL import Image

from cl_core.components.film import encode_run
from cl_core.pretrained import margins
from cl_core.ui.link.control import to_text
from cl_core.ui.pages.start_cards import CARDS, FOLDER, PICTURE_SIZE, Card, picture_path
from tests.pages.apptest import component_headers, open_from_link, route_pages_through_app, warnings_of

ALL: dict[str, Card] = dict(chain.from_iterable(cards.items() for cards in CARDS.values()))
MAX_PICTURE, MAX_PICTURES = 14_000, 300_000  # bytes of one picture, and of all
MAX_FILM = 230_000  # bytes of the files of all runs


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch, idle_executor):
    route_pages_through_app(monkeypatch)


def test_each_card_has_a_small_picture_for_each_theme():
    expected = {picture_path(key, dark=dark) for key in ALL for dark in (False, True)}
    assert set(FOLDER.iterdir()) == expected, "run: python -m tests.docs.screenshots cards"
    for path in expected:
        assert path.stat().st_size < MAX_PICTURE, path.name
        with Image.open(path) as image:
            assert (image.format, image.size) == ("WEBP", PICTURE_SIZE), path.name
    assert sum(path.stat().st_size for path in expected) < MAX_PICTURES


def test_files_of_the_film_are_small():
    runs = map(margins.load, margins.MARGINS)
    assert sum(len(encode_run(run.steps.tolist(), run.points, run.labels)) for run in runs) < MAX_FILM


def test_film_has_a_file_for_each_margin_and_shows_all_points():
    header = next(each for each in component_headers(open_from_link("")) if "urls" in each)
    assert tuple(header["values"]) == margins.MARGINS
    assert len(set(header["urls"])) == len(margins.MARGINS)
    left, right, low, high = header["bounds"]
    for run in map(margins.load, margins.MARGINS):
        inside = (run.points[-1] > (left, low)).all(axis=1) & (run.points[-1] < (right, high)).all(axis=1)
        assert inside.mean() > 0.99


def page_links(app):
    return {link.proto.label: link.proto for link in app.get("page_link")}


def test_cards_and_paths_link_to_pages_with_settings():
    links = page_links(open_from_link(""))
    for card in ALL.values():
        page, _, query = card.link.partition("?")
        assert links[card.title].page == page
        assert dict(parse_qsl(links[card.title].query_string)) == dict(parse_qsl(query))
    understand, tune = links["I want to understand"], links["I have a loss to tune"]
    assert (understand.page, tune.page) == ("triplets", "boundaries")
    assert dict(parse_qsl(understand.query_string))["lesson"] == "ten-minutes-alone"


@pytest.mark.parametrize("key", ALL)
def test_card_opens_its_page_with_the_settings(key):
    page, _, query = ALL[key].link.partition("?")
    link = dict(parse_qsl(query))
    app = open_from_link(page, **link)
    assert not warnings_of(app)
    for name, value in link.items():
        if name in app.session_state:
            assert to_text(app.session_state[name]) == value, name
        else:
            assert app.query_params[name] == value, name


def test_pictures_have_their_size_from_the_start_and_load_when_seen():
    app = open_from_link("")
    images = [element.proto.body for element in app.get("html") if "<img" in element.proto.body]
    assert len(images) == len(ALL)
    width, height = PICTURE_SIZE
    for image in images:
        assert image.count(f'width="{width}" height="{height}" loading="lazy" alt=""') == 2
        assert "-light-" in image
        assert "-dark-" in image
