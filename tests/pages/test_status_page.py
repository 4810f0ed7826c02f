"""The status page shows numbers of the engine and the operating system, and nothing of any session."""

import subprocess
import sys

import psutil
import pytest

from cl_core.runtime import server_status
from cl_core.runtime.engine import EngineLoad
from cl_core.ui.pages import status as panel
from cl_core.ui.server import lifespan
from tests.pages.apptest import open_page


@pytest.mark.slow
def test_server_status_counts_worker_processes():
    load = EngineLoad(runs=3, playing=2, waiting=1, working=2, size=2.0, rate=50.0)
    status = server_status.server_status(load)
    assert status.load is load
    assert status.server == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    assert 0 < status.free < psutil.virtual_memory().total
    program = "print(flush=True); import time; time.sleep(60)"
    with psutil.Popen([sys.executable, "-c", program, server_status.WORKER], stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        status_with_worker = server_status.server_status(load)
        worker.kill()
    assert status_with_worker.alive == status.alive + 1
    assert status_with_worker.workers > 0


def test_page_shows_load_of_engine_and_keeps_bounded_history(pool, monkeypatch):
    load = EngineLoad(runs=12, playing=7, waiting=5, working=4, size=2.0, rate=1234.5)
    monkeypatch.setattr(lifespan.engine(), "load", lambda: load)
    app = open_page("status")
    shown = {tile.label: tile.value for tile in app.metric}
    expected = {"open runs": "12", "training": "7", "active tasks": "4", "queued tasks": "5", "steps/s": "1,234"}
    assert {name: shown[name] for name in expected} == expected
    assert shown["server memory"].endswith(("MB", "GB"))
    history = app.session_state.status_seen
    for _ in range(200):
        history.append(history[-1])
    # no more than two minutes
    assert len(history) * panel.REFRESH_SECONDS <= panel.HISTORY_SECONDS + panel.REFRESH_SECONDS
