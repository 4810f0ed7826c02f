"""Status panel: numbers for the operator of the server, now and over the last two minutes."""

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

REFRESH_SECONDS = 2.0  # between two readings
HISTORY_SECONDS = 120.0  # that the charts go back
HEIGHT = 200  # pixels, of a chart
TILE_WIDTH = 148  # pixels, of a tile
SPEED = ("all runs",)
MEMORY = ("server", "workers")


class Sample(NamedTuple):
    """What the charts show of one look at the server.

    Attributes:
        when: seconds of the monotonic clock.
        rate: training steps a second, of all runs.
        server: memory of the server process, MiB.
        workers: memory of the worker processes, MiB.
    """

    when: float
    rate: float
    server: float
    workers: float


def show_status() -> None:
    """Show the numbers of this server, refreshed while the page is open."""
    st.fragment(_show_numbers, run_every=REFRESH_SECONDS)()
    st.caption(" · ".join(f"{name} {version}" for name, version in versions().items()))


def _show_numbers() -> None:
    status = server_status(engine().load())
    samples: deque[Sample] = st.session_state.setdefault(
        "status_seen", deque(maxlen=round(HISTORY_SECONDS / REFRESH_SECONDS) + 1)
    )
    samples.append(Sample(time.monotonic(), status.load.rate, status.server / MIB, status.workers / MIB))
    with st.container(horizontal=True, gap="small"):
        for label, value, explanation in _tiles(status, _count_sessions()):
            st.metric(label, value, help=explanation, width=TILE_WIDTH)
    speed, memory = st.columns(2, gap="medium")
    with speed:
        rows = _rows(samples, SPEED, [[sample.rate] for sample in samples])
        chart(rows, _chart("steps per second", SPEED), _chart_alt("Steps per second", rows), key="status_speed")
    with memory:
        rows = _rows(samples, MEMORY, [[sample.server, sample.workers] for sample in samples])
        chart(rows, _chart("memory, MB", MEMORY), _chart_alt("Memory in MB", rows), key="status_memory")
    st.caption(f"Free memory of the machine: {_size_text(status.free)}.")


def _count_sessions() -> int:
    """Return the number of connected tabs, as the server's own metrics count them."""
    return sum(int(statistic.value) for statistic in streamlit_compat.session_statistics("active_sessions"))


def _tiles(status: ServerStatus, sessions: int) -> Sequence[tuple[str, str, str]]:
    """Return label, value and explanation of every number."""
    load = status.load
    return (
        ("sessions", f"{sessions:,}", "Browser tabs that are connected now, including this one."),
        ("open runs", f"{load.runs:,}", "Runs and races that visitors have open."),
        ("training", f"{load.playing:,}", "Open runs and races that are training now."),
        ("active tasks", f"{load.working:,}", "Tasks that workers are processing."),
        ("queued tasks", f"{load.waiting:,}", "Tasks that wait for a worker."),
        ("steps/s", f"{load.rate:,.0f}", "Training steps per second, of all runs together."),
        ("workers", f"{status.alive:,}", "Worker processes of this machine; those of a cluster are not counted."),
        ("server memory", _size_text(status.server), "Memory of the server process."),
        ("worker memory", _size_text(status.workers), "Memory of all workers of this machine together."),
        ("uptime", _duration_text(status.up), "Time since the server was started."),
    )


def _size_text(size: float) -> str:
    """Format a size in bytes."""
    return f"{size / MIB:,.0f} MB" if size < 1000 * MIB else f"{size / MIB / 1024:.1f} GB"


def _duration_text(seconds: float) -> str:
    """Format a duration in seconds."""
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _rows(samples: Sequence[Sample], kinds: Sequence[str], values: Sequence[Sequence[float]]) -> pd.DataFrame:
    """Return rows (ago, kind, order, value), one for each sample and kind; `ago` in seconds, 0 is the newest."""
    return pd.DataFrame(
        [
            {"ago": sample.when - samples[-1].when, "kind": kind, "order": order, "value": value}
            for sample, sample_values in zip(samples, values, strict=True)
            for order, (kind, value) in enumerate(zip(kinds, sample_values, strict=True))
        ]
    )


def _chart_alt(title: str, rows: pd.DataFrame) -> str:
    """Return the text alternative of a chart."""
    total = rows.groupby("ago")["value"].sum()
    return (
        f"{title} over the last {-rows['ago'].min():.0f} seconds: now {total.iloc[-1]:,.0f}, "
        f"least {total.min():,.0f}, most {total.max():,.0f}."
    )


@lru_cache
def _chart(title: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the specification of stacked areas over the last two minutes; rows from `_rows`."""
    label = "datum.value ? '−' + -datum.value + ' s' : 'now'"
    times = alt.Axis(values=[-120, -90, -60, -30, 0], labelExpr=label, grid=False)
    legend = alt.Legend(orient="top", labelFontSize=12, offset=4)
    fill = alt.Scale(domain=list(kinds), range=[SCORE, DRAWN][: len(kinds)])
    areas = (
        alt.Chart()
        .mark_area(opacity=0.55, line=True)
        .encode(
            x=alt.X("ago:Q", title=None, scale=alt.Scale(domain=[-HISTORY_SECONDS, 0], nice=False), axis=times),
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
