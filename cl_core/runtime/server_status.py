"""How a server is: what it has to do, and what that takes of its machine.

Numbers for whoever runs it. They count visitors and say nothing of any one of them.
"""

import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

import psutil

from cl_core.runtime.engine import EngineLoad

WORKER = "loky.backend.popen_loky"  # in the command line of every worker process
PACKAGES = ("streamlit", "torch", "numpy", "loky")


@dataclass(frozen=True)
class ServerStatus:
    """A server at one moment.

    Attributes:
        load: what there is to do.
        alive: worker processes of this machine.
        server: bytes of memory that the server's own process has.
        workers: bytes of memory that all processes below it have.
        free: bytes of memory that the machine could still give.
        up: seconds since the server's process was started.
    """

    load: EngineLoad
    alive: int
    server: int
    workers: int
    free: int
    up: float


def server_status(load: EngineLoad) -> ServerStatus:
    """This process and those below it, right now."""
    server = psutil.Process()
    alive = taken = 0
    for process in server.children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            taken += process.memory_info().rss
            alive += any(WORKER in part for part in process.cmdline())
    up = max(time.time() - server.create_time(), 0.0)
    return ServerStatus(load, alive, server.memory_info().rss, taken, psutil.virtual_memory().available, up)


def versions() -> Mapping[str, str]:
    """What the server runs on, by name."""
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}
