"""The status panel: numbers for whoever runs the server, and how they were in the last two minutes."""

import time
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import streamlit as st

from cl_core.charts.curves import DRAWN, SCORE, spec
from cl_core.runtime.process_memory import MIB
from cl_core.runtime.server_status import ServerStatus, server_status, versions
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.chart import chart

TICK = 2.0  # seconds between two looks
SHOWN = 120.0  # seconds that the charts go back
HEIGHT = 200  # pixels, of a chart
WIDTH = 148  # pixels, of a tile
SPEED = ("all runs",)
MEMORY = ("server", "workers")


class Moment(NamedTuple):
    """What the charts show of one look: when it was, steps a second, and MB of memory."""

    when: float
    rate: float
    server: float
    workers: float


def show_status() -> None:
    """The numbers of this server, looked at again and again for as long as the page is open."""
    st.fragment(_numbers, run_every=TICK)()
    st.caption(" · ".join(f"{name} {version}" for name, version in versions().items()))


def _numbers() -> None:
    now = server_status(engine().load())
    seen: deque[Moment] = st.session_state.setdefault("status_seen", deque(maxlen=round(SHOWN / TICK) + 1))
    seen.append(Moment(time.monotonic(), now.load.rate, now.server / MIB, now.workers / MIB))
    with st.container(horizontal=True, gap="small"):
        for label, value, words in _tiles(now, _sessions()):
            st.metric(label, value, help=words, width=WIDTH)
    speed, memory = st.columns(2, gap="medium")
    with speed:
        rows = _rows(seen, SPEED, [[each.rate] for each in seen])
        chart(rows, _chart("steps a second", SPEED), _in_words("Steps a second", rows), key="status_speed")
    with memory:
        rows = _rows(seen, MEMORY, [[each.server, each.workers] for each in seen])
        chart(rows, _chart("memory, MB", MEMORY), _in_words("Memory in MB", rows), key="status_memory")
    st.caption(f"{_size(now.free)} of the machine's memory are free.")


def _sessions() -> int:
    """Tabs that are connected now, as the server's own metrics count them."""
    return sum(int(each.value) for each in streamlit_compat.session_statistics("active_sessions"))


def _tiles(now: ServerStatus, sessions: int) -> Sequence[tuple[str, str, str]]:
    """Label, value and explanation of every number."""
    load = now.load
    return (
        ("sessions", f"{sessions:,}", "Tabs that are connected now, this one among them."),
        ("runs open", f"{load.runs:,}", "Runs and races that somebody looks at."),
        ("training", f"{load.playing:,}", "Those of them that play."),
        ("under way", f"{load.working:,}", "Pieces of work that the workers have."),
        ("waiting", f"{load.waiting:,}", "Pieces of work that wait for their turn."),
        ("steps/s", f"{load.rate:,.0f}", "Steps of training a second, of all together."),
        ("workers", f"{now.alive:,}", "Worker processes of this machine; those of a cluster are not counted."),
        ("server", _size(now.server), "Memory of the server's own process."),
        ("all workers", _size(now.workers), "Memory of the workers of this machine, together."),
        ("up for", _span(now.up), "Since the server was started."),
    )


def _size(given: float) -> str:
    """Bytes, to be read."""
    return f"{given / MIB:,.0f} MB" if given < 1000 * MIB else f"{given / MIB / 1024:.1f} GB"


def _span(seconds: float) -> str:
    """A time, to be read."""
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _rows(seen: Sequence[Moment], kinds: Sequence[str], values: Sequence[Sequence[float]]) -> pd.DataFrame:
    """Rows (ago, kind, order, value), one for each look and kind; `ago` in seconds, 0 is the newest."""
    return pd.DataFrame(
        [
            {"ago": each.when - seen[-1].when, "kind": kind, "order": order, "value": value}
            for each, many in zip(seen, values, strict=True)
            for order, (kind, value) in enumerate(zip(kinds, many, strict=True))
        ]
    )


def _in_words(what: str, rows: pd.DataFrame) -> str:
    """A chart for those who do not see it."""
    total = rows.groupby("ago")["value"].sum()
    return (
        f"{what} over the last {-rows['ago'].min():.0f} seconds: now {total.iloc[-1]:,.0f}, "
        f"least {total.min():,.0f}, most {total.max():,.0f}."
    )


@lru_cache
def _chart(title: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Areas on each other over the last two minutes; rows from `_rows`."""
    words = "datum.value ? '−' + -datum.value + ' s' : 'now'"
    times = alt.Axis(values=[-120, -90, -60, -30, 0], labelExpr=words, grid=False)
    legend = alt.Legend(orient="top", labelFontSize=12, offset=4)
    fill = alt.Scale(domain=list(kinds), range=[SCORE, DRAWN][: len(kinds)])
    areas = (
        alt.Chart()
        .mark_area(opacity=0.55, line=True)
        .encode(
            x=alt.X("ago:Q", title=None, scale=alt.Scale(domain=[-SHOWN, 0], nice=False), axis=times),
            y=alt.Y(
                "value:Q", title=title, stack="zero", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",.0f")
            ).scale(zero=True),
            color=alt.Color("kind:N", title=None, scale=fill, legend=legend),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("kind:N"),
                alt.Tooltip("ago:Q", title="seconds", format=".0f"),
                alt.Tooltip("value:Q", title=title, format=",.0f"),
            ],
        )
    )
    return spec(alt.layer(areas).properties(height=HEIGHT))
