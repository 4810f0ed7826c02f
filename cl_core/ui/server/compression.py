"""Compression of Streamlit's scripts and style sheets, which Streamlit sends as they are: each file once, then kept."""

import gzip
from collections import OrderedDict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        self._files: OrderedDict[str, tuple[list[tuple[bytes, bytes]], bytes]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _takes_a_compressed_file(scope):
            await self._app(scope, receive, send)
            return
        if scope["path"] not in self._files:
            scope = {**scope, "extensions": {}}  # the body must pass through here, not from disk to the network
            await self._app(scope, receive, _Compressing(self._files, scope["path"], send))
            return
        self._files.move_to_end(scope["path"])
        headers, body = self._files[scope["path"]]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _takes_a_compressed_file(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or STATIC not in scope["path"]:
        return False
    headers = Headers(scope=scope)
    partial = "range" in headers or "if-none-match" in headers or "if-modified-since" in headers
    return not partial and "gzip" in headers.get("accept-encoding", "")


def _is_compressible(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith(TYPES)


class _Compressing:
    """Takes the answer to a request for a file, and sends it compressed if it is a script or a style sheet.

    Args:
        files: where what was sent is kept.
        path: of the request.
        send: takes what is sent.
    """

    def __init__(self, files: OrderedDict[str, Any], path: str, send: Send) -> None:
        self._files, self._path, self._send = files, path, send
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_compressible(message):
            self._start = message  # sent once the size is known
        elif not self._start:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_compressed(await run_in_threadpool(gzip.compress, bytes(self._body)))

    async def _send_compressed(self, body: bytes) -> None:
        headers = MutableHeaders(raw=list(self._start["headers"]))
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        headers.add_vary_header("Accept-Encoding")
        for uncompressed in ("etag", "accept-ranges"):
            del headers[uncompressed]
        self._files[self._path] = (headers.raw, body)
        if len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        await self._send({**self._start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
