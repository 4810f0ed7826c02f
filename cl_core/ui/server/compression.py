"""Compression of Streamlit's scripts and style sheets, which Streamlit sends as they are: each file once, then kept."""

import gzip
from collections import OrderedDict
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from cl_core.ui.server.rewriting import rewrite_answer

STATIC = "/static/"
TYPES = ("text/javascript", "application/javascript", "text/css")
MAX_FILES = 400  # that are kept; Streamlit has some three hundred, 7 MB when compressed


class CompressedStaticFiles:
    """ASGI middleware that sends static scripts and style sheets compressed by gzip.

    Streamlit leaves this to a proxy, since Starlette's middleware would compress each file at every request. Here a
    file is compressed at its first request, and kept: its name has a checksum, so it never changes.

    Args:
        app: that sends the files.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files: OrderedDict[str, tuple[MutableHeaders, bytes]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _takes_a_compressed_file(scope):
            await self._app(scope, receive, send)
            return
        if scope["path"] not in self._files:
            rewrite = partial(self._compress, scope["path"])
            await rewrite_answer(self._app, scope, receive, send, types=TYPES, rewrite=rewrite)
            return
        self._files.move_to_end(scope["path"])
        headers, body = self._files[scope["path"]]
        await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    async def _compress(self, path: str, headers: MutableHeaders, body: bytes) -> bytes:
        """Return the compressed body of a file, and keep it with its headers, which get their length later."""
        compressed = await run_in_threadpool(gzip.compress, body)
        headers["content-encoding"] = "gzip"
        headers.add_vary_header("Accept-Encoding")
        for uncompressed in ("etag", "accept-ranges"):
            del headers[uncompressed]
        self._files[path] = (headers, compressed)
        if len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        return compressed


def _takes_a_compressed_file(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or STATIC not in scope["path"]:
        return False
    headers = Headers(scope=scope)
    partial = "range" in headers or "if-none-match" in headers or "if-modified-since" in headers
    return not partial and "gzip" in headers.get("accept-encoding", "")
