"""Style sheets in the first bytes of every page, so that nothing moves when its parts come one after the other.

A style sheet that a run of a page sends comes after Streamlit has painted, and moves what is there.
"""

import gzip
from functools import cache, partial
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from cl_core.ui.server.rewriting import rewrite_answer

FOLDER = Path(__file__).parent
FILES = ("/static/", "/component/", "/media/", "/_stcore/")  # addresses with these parts are not pages
BODY = b"<body>"  # after the head, to which Streamlit adds its own rules, which would otherwise win
DROPPED = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")  # Streamlit's page is not what is sent


class FirstPaint:
    """ASGI middleware that adds the app's style sheets to the page that Streamlit sends.

    Args:
        app: that sends the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or any(part in scope["path"] for part in FILES):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        embedded = query.get("embed", [""])[-1].lower() == "true"
        compressed = "gzip" in headers.get("accept-encoding", "")
        plain = [(name, value) for name, value in scope["headers"] if name.lower() not in DROPPED]
        rewrite = partial(_add, _style(embedded), compressed)
        scope = {**scope, "headers": plain}
        await rewrite_answer(self._app, scope, receive, send, types=("text/html",), rewrite=rewrite)


@cache
def _style(embedded: bool) -> bytes:
    """Return the element with the style sheets of a page."""
    sheets = ["page"] if embedded else ["page", "page_tools"]
    text = "\n".join((FOLDER / f"{sheet}.css").read_text(encoding="utf-8") for sheet in sheets)
    return b"\n<style data-page>\n" + text.encode() + b"</style>\n"


async def _add(style: bytes, compressed: bool, headers: MutableHeaders, page: bytes) -> bytes:
    """Return a page with a style."""
    for of_the_file in ("etag", "last-modified"):
        del headers[of_the_file]
    headers.add_vary_header("Accept-Encoding")
    body = page.replace(BODY, BODY + style, 1)
    if not compressed:
        return body
    headers["content-encoding"] = "gzip"
    return gzip.compress(body)
