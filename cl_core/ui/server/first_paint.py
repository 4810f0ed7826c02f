"""Style sheets in the first bytes of every page, so that nothing moves when its parts come one after the other.

A style sheet that a run of a page sends comes after Streamlit has painted, and moves what is there.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = Path(__file__).parent
FILES = ("/static/", "/component/", "/media/", "/_stcore/")  # of whose paths none is a page
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
        # without extensions, so that the body passes through here and not from disk to the network
        scope = {**scope, "headers": plain, "extensions": {}}
        await self._app(scope, receive, _Adding(_style(embedded), compressed, send))


@cache
def _style(embedded: bool) -> bytes:
    """Return the element with the style sheets of a page."""
    sheets = ["page"] if embedded else ["page", "page_tools"]
    text = "\n".join((FOLDER / f"{sheet}.css").read_text(encoding="utf-8") for sheet in sheets)
    return b"\n<style data-page>\n" + text.encode() + b"</style>\n"


class _Adding:
    """Takes the answer to a request, and adds a style to it if it is a page.

    Args:
        style: the element.
        compressed: whether to send the page compressed by gzip.
        send: takes what is sent.
    """

    def __init__(self, style: bytes, compressed: bool, send: Send) -> None:
        self._style, self._compressed, self._send = style, compressed, send
        self._start: dict[str, Any] = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = dict(message)  # sent once the size is known
        elif not self._start:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_page()

    async def _send_page(self) -> None:
        body = bytes(self._body).replace(BODY, BODY + self._style, 1)
        headers = MutableHeaders(raw=self._start["headers"])
        for name in ("etag", "last-modified"):  # of the file without the style
            del headers[name]
        headers["vary"] = "Accept-Encoding"
        if self._compressed:
            body = gzip.compress(body)
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        await self._send({**self._start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
