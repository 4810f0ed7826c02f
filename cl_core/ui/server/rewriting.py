"""Change the body of an answer before it is sent."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def rewrite_answer(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    types: tuple[str, ...],
    rewrite: Callable[[MutableHeaders, bytes], Awaitable[bytes]],
) -> None:
    """Let an app answer a request, and change the body if the answer is a success of a certain type.

    Args:
        app: the app.
        scope: of the request.
        receive: of the request.
        send: of the request.
        types: beginnings of the content types that are changed.
        rewrite: returns the new body; it may change the headers. The length is set afterwards.
    """
    scope = {**scope, "extensions": {}}  # the body must pass through here, not from disk to the network
    await app(scope, receive, _Rewriting(send, types, rewrite))


class _Rewriting:
    """Takes an answer message by message, and sends it when its body is complete."""

    def __init__(
        self, send: Send, types: tuple[str, ...], rewrite: Callable[[MutableHeaders, bytes], Awaitable[bytes]]
    ) -> None:
        self._send, self._types, self._rewrite = send, types, rewrite
        self._start: dict[str, Any] = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_wanted(message):
            self._start = dict(message)  # sent once the size is known
        elif not self._start:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_rewritten()

    def _is_wanted(self, start: Message) -> bool:
        kind = Headers(raw=start["headers"]).get("content-type", "")
        return start["status"] == 200 and kind.startswith(self._types)

    async def _send_rewritten(self) -> None:
        headers = MutableHeaders(raw=list(self._start["headers"]))
        body = await self._rewrite(headers, bytes(self._body))
        headers["content-length"] = str(len(body))
        await self._send({**self._start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
