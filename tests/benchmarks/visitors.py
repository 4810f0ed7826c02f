"""Visitors without a browser: they speak the protocol of Streamlit, and record what a page sends and when."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets import Origin, Subprotocol

from cl_core.components.envelope import unpack

STEP = re.compile(r"\*\*step ([\d,]+)\*\*")
MAX_MESSAGE = 1 << 28  # bytes
PICTURES = ("embedding", "plane", "wedge", "trainer")
VALUE_FIELDS = {  # type of widget -> field of its value in the protocol
    "slider": "double_array_value",
    "button_group": "string_array_value",
    "selectbox": "string_value",
    "radio": "string_value",
    "checkbox": "bool_value",
    "number_input": "double_value",
    "text_input": "string_value",
    "text_area": "string_value",
}


@dataclass
class Record:
    """What a visitor received.

    Attributes:
        steps: (time, step) at each change of the step on the page.
        frames: (time, number of frames) at each change of the number of frames.
        answers: seconds from a changed widget to the picture that follows.
        runs: number of finished runs of the whole page.
        ticks: number of finished runs of a fragment.
        bytes: size of all messages.
        errors: exceptions and error messages that the page showed.
    """

    steps: list[tuple[float, int]] = field(default_factory=list)
    frames: list[tuple[float, int]] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    runs: int = 0
    ticks: int = 0
    bytes: int = 0
    errors: list[str] = field(default_factory=list)


class Visitor:
    """A session at `url` ("http://host:port") on a page with a query string, as a browser would hold it.

    Attributes:
        query: the query string.
        record: what has been received so far.
        widgets: protocol messages of the widgets with a value, by key.
        session: name of the session, for a later connection.
    """

    def __init__(self, url: str, page: str, query: str = "") -> None:
        self._url, self._page, self.query = url, page, query
        self.record = Record()
        self.widgets: dict[str, Any] = {}
        self.session = ""
        self._hash = ""  # the server's hash of the page
        self._values: dict[str, WidgetState] = {}
        self._periodic_reruns: list[asyncio.Task[None]] = []
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._run_finished = asyncio.Event()
        self._picture_received = asyncio.Event()
        self._frame_received = asyncio.Event()
        self._in_fragment = False  # whether the current run is one of a fragment

    async def open(self, session: str = "") -> "Visitor":
        """Open the page, in a new session or in an existing one of this name."""
        self._socket = await websockets.connect(
            f"{self._url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol(name) for name in ("streamlit", *(("none", session) if session else ()))],
            max_size=MAX_MESSAGE, compression=None, open_timeout=60, ping_interval=None, origin=Origin(self._url),
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        await self._request_rerun()
        return self

    async def close(self) -> None:
        """Close the connection, as a browser does when its tab is closed."""
        self._stop_periodic_reruns()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        with suppress(Exception):
            await self._socket.close()

    async def wait_for_run(self, timeout: float = 60.0) -> None:
        """Wait until the whole page has run once."""
        await self._wait_for(self._run_finished, timeout)

    async def wait_for_frame(self, timeout: float = 60.0) -> None:
        """Wait until the picture of the run has a second frame."""
        await self._wait_for(self._frame_received, timeout)

    async def move_slider(self, key: str, value: float, timeout: float = 60.0) -> float:
        """Move a slider, and wait for the picture that follows; return the seconds until then."""
        state = WidgetState(id=self.widgets[key].id)
        state.double_array_value.data.append(value)
        self._values[state.id] = state
        self._picture_received.clear()
        start = time.monotonic()
        await self._request_rerun()
        await self._wait_for(self._picture_received, timeout)
        self.record.answers.append(time.monotonic() - start)
        return self.record.answers[-1]

    async def _wait_for(self, event: asyncio.Event, timeout: float) -> None:
        """Wait for an event; raise the exception that has ended the reader, if any."""
        assert self._reader is not None
        waiter = asyncio.ensure_future(event.wait())
        await asyncio.wait({waiter, self._reader}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._reader.done():
            self._reader.result()
        if not event.is_set():
            raise TimeoutError(f"no answer of {self._page}?{self.query} in {timeout:g} s")

    async def _request_rerun(self, fragment: str = "") -> None:
        message = BackMsg()
        request = message.rerun_script
        request.query_string = self.query
        request.page_script_hash = self._hash
        request.page_name = "" if self._hash else self._page
        request.fragment_id = fragment
        request.is_auto_rerun = bool(fragment)
        request.widget_states.widgets.extend(self._values.values())
        request.context_info.timezone = "UTC"
        request.context_info.url = f"{self._url}/{self._page}"
        await self._socket.send(message.SerializeToString())

    async def _rerun_periodically(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._request_rerun(fragment)

    def _stop_periodic_reruns(self) -> None:
        for task in self._periodic_reruns:
            task.cancel()
        self._periodic_reruns.clear()

    async def _read(self) -> None:
        async for data in self._socket:
            self.record.bytes += len(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                self._in_fragment = bool(message.metadata.run.fragment_ids)
                if not self._in_fragment:
                    self._stop_periodic_reruns()
            elif kind == "navigation":
                self._hash = message.navigation.page_script_hash
            elif kind == "auto_rerun":
                fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
                self._periodic_reruns.append(asyncio.create_task(self._rerun_periodically(fragment, interval)))
            elif kind == "script_finished":
                self._count_run()
            elif kind == "delta":
                self._record_element(message.delta)

    def _count_run(self) -> None:
        if self._in_fragment:
            self.record.ticks += 1
        else:
            self.record.runs += 1
            self._run_finished.set()

    def _record_element(self, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind, now = element.WhichOneof("type"), time.monotonic()
        if kind == "markdown":
            match = STEP.search(element.markdown.body)
            if match:
                _append_change(self.record.steps, now, int(match[1].replace(",", "")))
        elif kind in VALUE_FIELDS:
            widget = getattr(element, kind)
            self.widgets[widget.id.rsplit("-", 1)[-1]] = widget
            self._values[widget.id] = _widget_state(kind, widget)
        elif kind == "bidi_component":
            if any(name in element.bidi_component.component_name for name in PICTURES):
                self._picture_received.set()
            if "embedding" in element.bidi_component.component_name:
                header, _ = unpack(element.bidi_component.bytes)
                _append_change(self.record.frames, now, header["total"])
                if header["total"] > 1:
                    self._frame_received.set()
        elif kind == "exception":
            self.record.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self.record.errors.append(element.alert.body)


def _widget_state(kind: str, widget: Any) -> WidgetState:
    """Return the state of a widget as a browser would send it: the value set by the page, or else the default."""
    state = WidgetState(id=widget.id)
    default = widget.default
    match kind:
        case "slider" if widget.options:
            values = widget.raw_value if widget.set_value else [widget.options[int(i)] for i in default]
            state.string_array_value.data.extend(values)
        case "slider":
            state.double_array_value.data.extend(widget.value if widget.set_value else default)
        case "button_group":
            options = [option.content for option in widget.options]
            values = widget.raw_values if widget.set_value else [options[i] for i in default]
            state.string_array_value.data.extend(values)
        case "selectbox" | "radio":
            state.string_value = widget.raw_value if widget.set_value else widget.options[default]
        case _:
            setattr(state, VALUE_FIELDS[kind], widget.value if widget.set_value else default)
    return state


def _append_change(changes: list[tuple[float, int]], now: float, value: int) -> None:
    if not changes or changes[-1][1] != value:
        changes.append((now, value))
