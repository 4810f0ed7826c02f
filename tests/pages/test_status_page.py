"""The status panel: its numbers are the engine's and the operating system's, and it says nothing of any visitor."""

import subprocess
import sys

import psutil
import pytest

from cl_core.runtime import server_status
from cl_core.runtime.engine import EngineLoad
from cl_core.ui.pages import status as panel
from cl_core.ui.server import lifespan
from tests.pages.apptest import open_page


def test_a_server_counts_the_processes_below_it():
    load = EngineLoad(runs=3, playing=2, waiting=1, working=2, size=2.0, rate=50.0)
    seen = server_status.server_status(load)
    assert seen.load is load
    assert seen.server == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    assert 0 < seen.free < psutil.virtual_memory().total
    lives = "print(flush=True); import time; time.sleep(60)"
    with psutil.Popen([sys.executable, "-c", lives, server_status.WORKER], stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        more = server_status.server_status(load)
        worker.kill()
    assert more.alive == seen.alive + 1
    assert more.workers > 0


def test_the_page_shows_what_the_engine_has_to_do(pool, monkeypatch):
    load = EngineLoad(runs=12, playing=7, waiting=5, working=4, size=2.0, rate=1234.5)
    monkeypatch.setattr(lifespan.engine(), "load", lambda: load)
    app = open_page("status")
    shown = {tile.label: tile.value for tile in app.metric}
    wanted = {"runs open": "12", "training": "7", "under way": "4", "waiting": "5", "steps/s": "1,234"}
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["server"].endswith(("MB", "GB"))
    seen = app.session_state.status_seen
    for _ in range(200):
        seen.append(seen[-1])
    # two minutes, and no more
    assert len(seen) * panel.REFRESH_SECONDS <= panel.HISTORY_SECONDS + panel.REFRESH_SECONDS
