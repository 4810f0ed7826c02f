"""Visitors without a browser: they speak the app's own protocol, and note what a page tells them and when."""

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
LARGEST = 1 << 28  # bytes of a message that are taken
PICTURES = ("embedding", "plane", "wedge")
VALUES = {  # widgets that have a value, and the protocol's name for its type
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
class Seen:
    """What came to a visitor.

    Attributes:
        steps: (when, step) each time that the page said another step.
        frames: (when, number of frames) each time that the moving picture got more.
        answers: seconds from a changed widget to the picture that follows from it.
        runs: whole runs of the page that ended.
        ticks: runs of a fragment that ended.
        bytes: that came.
        faults: exceptions that the page showed, and errors in words.
    """

    steps: list[tuple[float, int]] = field(default_factory=list)
    frames: list[tuple[float, int]] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    runs: int = 0
    ticks: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)


class Visitor:
    """A session at `url` ("http://host:port"), at a page with a query, as a browser would hold it.

    Attributes:
        query: what its link asks for.
        seen: what has come so far.
        widgets: the protocol's message of every widget on the page that has a value, by its key.
    """

    def __init__(self, url: str, page: str, query: str = "") -> None:
        self._url, self._page, self.query = url, page, query
        self.seen = Seen()
        self.widgets: dict[str, Any] = {}
        self.session = ""
        self._hash = ""  # the page, as the server calls it
        self._values: dict[str, WidgetState] = {}
        self._pulses: list[asyncio.Task[None]] = []
        self._socket: Any = None
        self._reading: asyncio.Task[None] | None = None
        self._ran = asyncio.Event()
        self._drawn = asyncio.Event()
        self._moved = asyncio.Event()
        self._fragment = False  # the run under way is one of a fragment

    async def come(self, session: str = "") -> "Visitor":
        """Open the page; with the name of a `session`, come back to it."""
        self._socket = await websockets.connect(
            f"{self._url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol(name) for name in ("streamlit", *(("none", session) if session else ()))],
            max_size=LARGEST, compression=None, open_timeout=60, ping_interval=None, origin=Origin(self._url),
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        await self._ask()
        return self

    async def go(self) -> None:
        """Close the page, as one closes a tab."""
        self._still()
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        with suppress(Exception):
            await self._socket.close()

    async def settled(self, patience: float = 60.0) -> None:
        """Wait until the page has run once as a whole."""
        await self._until(self._ran, patience)

    async def moves(self, patience: float = 60.0) -> None:
        """Wait until the picture of the run has moved."""
        await self._until(self._moved, patience)

    async def move(self, key: str, value: float, patience: float = 60.0) -> float:
        """Move the slider called `key`, and wait for the picture that follows: seconds that it took."""
        state = WidgetState(id=self.widgets[key].id)
        state.double_array_value.data.append(value)
        self._values[state.id] = state
        self._drawn.clear()
        began = time.monotonic()
        await self._ask()
        await self._until(self._drawn, patience)
        self.seen.answers.append(time.monotonic() - began)
        return self.seen.answers[-1]

    async def _until(self, event: asyncio.Event, patience: float) -> None:
        """Wait for something; whatever ends the reading of messages is raised here."""
        assert self._reading is not None
        waiting = asyncio.ensure_future(event.wait())
        await asyncio.wait({waiting, self._reading}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._reading.done():
            self._reading.result()
        if not event.is_set():
            raise TimeoutError(f"nothing came of {self._page}?{self.query} in {patience:g} s")

    async def _ask(self, fragment: str = "") -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self.query
        asked.page_script_hash = self._hash
        asked.page_name = "" if self._hash else self._page
        asked.fragment_id = fragment
        asked.is_auto_rerun = bool(fragment)
        asked.widget_states.widgets.extend(self._values.values())
        asked.context_info.timezone = "UTC"
        asked.context_info.url = f"{self._url}/{self._page}"
        await self._socket.send(message.SerializeToString())

    async def _pulse(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._ask(fragment)

    def _still(self) -> None:
        for pulse in self._pulses:
            pulse.cancel()
        self._pulses.clear()

    async def _read(self) -> None:
        async for data in self._socket:
            self.seen.bytes += len(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                self._fragment = bool(message.metadata.run.fragment_ids)
                if not self._fragment:
                    self._still()
            elif kind == "navigation":
                self._hash = message.navigation.page_script_hash
            elif kind == "auto_rerun":
                fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
                self._pulses.append(asyncio.create_task(self._pulse(fragment, interval)))
            elif kind == "script_finished":
                self._count_run()
            elif kind == "delta":
                self._note(message.delta)

    def _count_run(self) -> None:
        if self._fragment:
            self.seen.ticks += 1
        else:
            self.seen.runs += 1
            self._ran.set()

    def _note(self, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind, now = element.WhichOneof("type"), time.monotonic()
        if kind == "markdown":
            found = STEP.search(element.markdown.body)
            if found:
                _append(self.seen.steps, now, int(found[1].replace(",", "")))
        elif kind in VALUES:
            widget = getattr(element, kind)
            self.widgets[widget.id.rsplit("-", 1)[-1]] = widget
            self._values[widget.id] = _held(kind, widget)
        elif kind == "bidi_component":
            if any(name in element.bidi_component.component_name for name in PICTURES):
                self._drawn.set()
            if "embedding" in element.bidi_component.component_name:
                header, _ = unpack(element.bidi_component.bytes)
                _append(self.seen.frames, now, header["total"])
                if header["total"] > 1:
                    self._moved.set()
        elif kind == "exception":
            self.seen.faults.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self.seen.faults.append(element.alert.body)


def _held(kind: str, widget: Any) -> WidgetState:
    """What a browser says a widget's value is: what the page has set, and else its default."""
    state = WidgetState(id=widget.id)
    default = widget.default
    match kind:
        case "slider" if widget.options:
            chosen = widget.raw_value if widget.set_value else [widget.options[int(i)] for i in default]
            state.string_array_value.data.extend(chosen)
        case "slider":
            state.double_array_value.data.extend(widget.value if widget.set_value else default)
        case "button_group":
            options = [option.content for option in widget.options]
            chosen = widget.raw_values if widget.set_value else [options[i] for i in default]
            state.string_array_value.data.extend(chosen)
        case "selectbox" | "radio":
            state.string_value = widget.raw_value if widget.set_value else widget.options[default]
        case _:
            setattr(state, VALUES[kind], widget.value if widget.set_value else default)
    return state


def _append(moments: list[tuple[float, int]], now: float, value: int) -> None:
    if not moments or moments[-1][1] != value:
        moments.append((now, value))
