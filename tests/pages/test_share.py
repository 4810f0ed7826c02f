"""Sharing a view: the link holds all settings but defaults, opens the same view, and is what the QR code encodes."""

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
CONTEXT = {"url": f"{BASE}triplets"}


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch):
    route_pages_through_app(monkeypatch)


def shared_link(app) -> str:
    """Return the link in the share dialog."""
    app.button(key="share").click().run()
    assert not app.exception
    return str(next(code.value for code in app.code if code.value.startswith(BASE)))


def link_settings(link: str) -> dict[str, str]:
    return dict(part.split("=") for part in link.split("?")[1].replace("+", " ").split("&")) if "?" in link else {}


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("triplets", {"scene": "tie", "margin": "0.4", "at": "0,0;0.6,0;0,0.5;0.1,0.2", "negative": "2"}),
        ("boundaries", {"loss": "am_softmax", "scale": "64.0", "two": "true", "loss_2": "circle", "margin_2": "0.4"}),
        ("batch", {"draw": "3", "two": "false", "anchor": "7", "same_scale": "true"}),
        ("glossary", {"loss": "triplet"}),
    ],
)
def test_shared_link_holds_the_settings_of_the_opened_link(pool, page, link):
    app = open_from_link(page, CONTEXT, **link)
    assert not app.warning
    shared = shared_link(app)
    assert shared.startswith(BASE + page)
    assert link_settings(shared) == link
    assert component_headers(open_from_link(page, **link_settings(shared))) == component_headers(
        open_from_link(page, **link)
    )


def test_shared_link_leaves_out_defaults_of_its_loss(pool):
    app = open_from_link("boundaries", CONTEXT, loss="circle", margin="0.25", scale="32")
    assert link_settings(shared_link(app)) == {}
    app = open_from_link("boundaries", CONTEXT, loss="am_softmax", margin="0.25")
    assert link_settings(shared_link(app)) == {"loss": "am_softmax", "margin": "0.25"}


def test_share_dialog_starts_with_the_presentation_of_the_page(pool):
    app = open_from_link("boundaries", CONTEXT, hide="scale", lock="margin,loss", big="true")
    assert link_settings(shared_link(app)) == {"hide": "scale", "lock": "loss,margin", "big": "true"}
    assert "length of embeddings" not in app.multiselect(key="share_hide").options  # not on the page


def test_pages_without_controls_are_shared_by_their_address(pool):
    assert "share" in widget_keys(open_from_link(""))
    assert shared_link(open_from_link("lessons", {"url": f"{BASE}lessons"})) == f"{BASE}lessons"


def test_qr_code_encodes_the_link_unless_it_is_too_long():
    for link in ("https://x.org/triplets?at=" + "0.1,0.2;" * k for k in (1, 8, 20)):
        data_url = share.qr_code(link)
        assert data_url is not None
        png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"))
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128
        matrix = np.array([*segno.make(link, error="l", micro=False).matrix_iter(border=share.QR_BORDER)], bool)
        scale = len(pixels) // len(matrix)
        assert scale >= 4
        assert (pixels[::scale, ::scale] == matrix).all()
    assert share.qr_code("https://x.org/?" + "a" * 1000) is None
    assert share.qr_code("x" * 10_000) is None


def test_iframe_snippet_escapes_link_and_title(pool):
    snippet = share.snippet({"find": '"><script>'}, 'a "page"')
    assert "<script>" not in snippet
    assert 'title="Contrastive Loss Lab, a &quot;page&quot;"' in snippet
    app = open_from_link("triplets", CONTEXT, scene="tie", margin="0.4")
    shared = shared_link(app)
    assert f"{shared}&embed=true" in unescape(app.code[1].value)
