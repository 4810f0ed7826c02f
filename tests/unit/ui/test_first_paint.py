"""The app's style sheets are in the first bytes of every page, and in nothing else."""

import gzip
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route

from cl_core.ui.server import first_paint
from tests.unit.ui.requests import get

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
STYLE = b"<style data-page>"
TOOLS = b".st-key-share"  # in the sheet of pages that stand by themselves


@pytest.fixture
def app() -> Starlette:
    routes = [
        Route("/", lambda _: FileResponse(INDEX)),
        Route("/training", lambda _: FileResponse(INDEX)),
        Route("/text", lambda _: PlainTextResponse("<body>")),
        Route("/missing", lambda _: HTMLResponse("<body>", status_code=404)),
        Route("/media/picture.html", lambda _: HTMLResponse("<body>")),
    ]
    # Streamlit compresses some pages itself
    return Starlette(routes=routes, middleware=[Middleware(first_paint.FirstPaint), Middleware(GZipMiddleware)])


@pytest.mark.parametrize("path", ["/", "/training"])
@pytest.mark.parametrize("encoding", ["", "gzip, deflate, br"])
def test_page_has_its_styles_before_its_content(app: Starlette, path: str, encoding: str) -> None:
    status, headers, body = get(app, path, {"accept-encoding": encoding})
    assert status == 200
    assert int(headers["content-length"]) == len(body)
    assert headers.get("content-encoding") == ("gzip" if encoding else None)
    text = gzip.decompress(body) if encoding else body
    assert text.count(STYLE) == 1
    assert TOOLS in text
    # after what Streamlit adds to the head, whose rules would win otherwise, and before what is painted
    assert text.index(b"</head>") < text.index(STYLE) < text.index(b'<div id="root">')


def test_page_is_otherwise_that_of_streamlit(app: Starlette) -> None:
    text = get(app, "/")[2]
    start, end = text.index(b"\n" + STYLE), text.index(b"</style>\n") + len(b"</style>\n")
    assert text[:start] + text[end:] == INDEX.read_bytes()


def test_embedded_page_has_no_row_for_tools(app: Starlette) -> None:
    for query in ("embed=true", "loss=circle&embed=True"):
        text = get(app, "/training", query=query)[2]
        assert STYLE in text
        assert TOOLS not in text
    assert TOOLS in get(app, "/training", query="embed=false")[2]


def test_copy_of_an_earlier_version_is_not_kept(app: Starlette) -> None:
    _, headers, _ = get(app, "/")
    assert not {"etag", "last-modified"} & set(headers)
    etag = FileResponse(INDEX, stat_result=INDEX.stat()).headers["etag"]
    status, _, body = get(app, "/", {"if-none-match": etag, "range": "bytes=0-9"})
    assert status == 200
    assert STYLE in body


@pytest.mark.parametrize("path", ["/text", "/missing", "/media/picture.html", "/nowhere"])
def test_other_answers_pass_unchanged(app: Starlette, path: str) -> None:
    assert STYLE not in get(app, path)[2]


def test_styles_of_both_sheets_are_whole() -> None:
    sheets = first_paint._style(embedded=False).decode()
    assert sheets.count("{") == sheets.count("}")
    assert "</" not in sheets.removesuffix("</style>\n")
