"""Sharing a view: the link holds what is not a default, opens the same view, and its QR code is of it."""

import base64
import io
from html import unescape

import numpy as np
import pytest
import segno
from PIL import Image

from cl_core.ui.link import share
from tests.pages.apptest import component_headers, open_from_link, route_pages_through_app, widget_keys

BASE = "https://lab.example.org/below/"
AT = {"url": f"{BASE}triplets"}


@pytest.fixture(autouse=True)
def course(monkeypatch):
    route_pages_through_app(monkeypatch)


def link_of(app) -> str:
    """The link that the dialog gives."""
    app.button(key="share").click().run()
    assert not app.exception
    return str(next(each.value for each in app.code if each.value.startswith(BASE)))


def parameters(link: str) -> dict[str, str]:
    return dict(each.split("=") for each in link.split("?")[1].replace("+", " ").split("&")) if "?" in link else {}


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("triplets", {"scene": "tie", "margin": "0.4", "at": "0,0;0.6,0;0,0.5;0.1,0.2", "negative": "2"}),
        ("boundaries", {"loss": "am_softmax", "scale": "64.0", "two": "true", "loss_2": "circle", "margin_2": "0.4"}),
        ("batch", {"draw": "3", "two": "false", "anchor": "7", "same_scale": "true"}),
        ("glossary", {"loss": "triplet"}),
    ],
)
def test_the_link_of_a_link_is_the_link(pool, page, link):
    app = open_from_link(page, AT, **link)
    assert not app.warning
    shared = link_of(app)
    assert shared.startswith(BASE + page)
    assert parameters(shared) == link
    assert component_headers(open_from_link(page, **parameters(shared))) == component_headers(
        open_from_link(page, **link)
    )


def test_defaults_are_not_in_the_link_and_those_of_a_loss_depend_on_it(pool):
    assert parameters(link_of(open_from_link("boundaries", AT, loss="circle", margin="0.25", scale="32"))) == {}
    app = open_from_link("boundaries", AT, loss="am_softmax", margin="0.25")
    assert parameters(link_of(app)) == {"loss": "am_softmax", "margin": "0.25"}


def test_how_the_page_was_shown_is_in_the_choices(pool):
    app = open_from_link("boundaries", AT, hide="scale", lock="margin,loss", big="true")
    assert parameters(link_of(app)) == {"hide": "scale", "lock": "loss,margin", "big": "true"}
    assert "length of embeddings" not in app.multiselect(key="share_hide").options  # not on the page


def test_pages_without_controls_have_nothing_to_share(pool):
    assert "share" not in widget_keys(open_from_link(""))
    assert "share" in widget_keys(open_from_link("glossary"))


def test_the_code_is_of_exactly_the_link_and_none_where_it_is_too_long():
    for link in ("https://x.org/triplets?at=" + "0.1,0.2;" * k for k in (1, 8, 20)):
        address = share.qr_code(link)
        assert address is not None
        png = base64.b64decode(address.removeprefix("data:image/png;base64,"))
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128
        matrix = np.array([*segno.make(link, error="l", micro=False).matrix_iter(border=share.QR_BORDER)], bool)
        scale = len(pixels) // len(matrix)
        assert scale >= 4
        assert (pixels[::scale, ::scale] == matrix).all()
    assert share.qr_code("https://x.org/?" + "a" * 1000) is None
    assert share.qr_code("x" * 10_000) is None


def test_a_frame_for_slides_holds_the_link_as_text(pool):
    code = share.snippet({"find": '"><script>'}, 'a "page"')
    assert "<script>" not in code
    assert 'title="Contrastive Loss Lab, a &quot;page&quot;"' in code
    app = open_from_link("triplets", AT, scene="tie", margin="0.4")
    shared = link_of(app)
    assert f"{shared}&embed=true" in unescape(app.code[1].value)
