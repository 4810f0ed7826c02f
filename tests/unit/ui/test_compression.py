"""Streamlit's scripts and style sheets are compressed once, and sent like that to clients that accept gzip."""

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cl_core.ui.server import compression
from tests.unit.ui.requests import get

SCRIPT = "const many = 'the same word'; " * 500
GZIP = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("app.js", "app.css", "font.woff2"):
        (tmp_path / name).write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Starlette:
    text = Route("/other", lambda _: PlainTextResponse(SCRIPT))
    routes = [
        text,
        Mount("/static", StaticFiles(directory=folder)),
        Mount("/base/static", StaticFiles(directory=folder)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(compression.CompressedStaticFiles)])


@pytest.mark.parametrize("path", ["/static/app.js", "/static/app.css", "/base/static/app.js"])
def test_scripts_and_style_sheets_are_compressed(app: Starlette, path: str) -> None:
    for _ in range(2):  # compressed, and kept
        status, headers, body = get(app, path, GZIP)
        assert (status, headers["content-encoding"]) == (200, "gzip")
        assert gzip.decompress(body).decode() == SCRIPT
        assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 10
        assert headers["vary"] == "Accept-Encoding"
        assert headers["content-type"].startswith(compression.TYPES)


def test_file_is_read_and_compressed_once(app: Starlette, folder: Path) -> None:
    first = get(app, "/static/app.js", GZIP)
    (folder / "app.js").unlink()
    assert get(app, "/static/app.js", GZIP)[2] == first[2]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/static/app.js", {}, 200),
        ("/static/app.js", {"accept-encoding": "br"}, 200),
        ("/static/app.js", GZIP | {"range": "bytes=0-99"}, 206),
        ("/static/font.woff2", GZIP, 200),
        ("/static/missing.js", GZIP, 404),
        ("/other", GZIP, 200),
    ],
)
def test_other_answers_pass_unchanged(app: Starlette, path: str, headers: dict[str, str], status: int) -> None:
    get(app, "/static/app.js", GZIP)  # which is kept, for those that take it
    answered, answer_headers, body = get(app, path, headers)
    assert (answered, "content-encoding" in answer_headers) == (status, False)
    if status == 200:
        assert body.decode() == SCRIPT


def test_unchanged_file_is_not_sent_again(app: Starlette) -> None:
    etag = get(app, "/static/app.js")[1]["etag"]
    status, _, body = get(app, "/static/app.js", GZIP | {"if-none-match": etag})
    assert (status, body) == (304, b"")


def test_server_that_could_send_from_disk_gets_the_compressed_body(app: Starlette) -> None:
    _, headers, body = get(app, "/static/app.js", GZIP, extensions={"http.response.pathsend": {}})
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).decode() == SCRIPT


def test_memory_is_limited(app: Starlette, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_FILES", 1)
    get(app, "/static/app.js", GZIP)
    get(app, "/static/app.css", GZIP)
    (folder / "app.js").write_text("changed")
    assert gzip.decompress(get(app, "/static/app.js", GZIP)[2]) == b"changed"
