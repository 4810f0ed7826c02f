"""Requests to an ASGI app, without a server."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers


def get(
    app: Starlette, path: str, headers: Mapping[str, str] | None = None, query: str = "", **extra: Any
) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of the answer to one request.

    Args:
        app: the app.
        path: of the address.
        headers: of the request.
        query: of the address.
        **extra: other entries of the ASGI scope.
    """
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "server": ("localhost", 80),
        **extra,
    }
    with ThreadPoolExecutor(max_workers=1) as thread:  # this one runs Playwright's loop after a browser test
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    body = b"".join(message.get("body", b"") for message in messages)
    return messages[0]["status"], Headers(raw=messages[0]["headers"]), body
