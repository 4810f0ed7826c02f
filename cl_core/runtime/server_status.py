"""Status of the server for its operator: what it has to do, and what that takes of the machine.

The numbers count visitors and say nothing about any one of them.
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
        load: what the engine has to do.
        alive: worker processes of this machine.
        server: bytes of memory of the server's own process.
        workers: bytes of memory of all its child processes.
        free: bytes of memory that the machine has left.
        up: seconds since the server's process was started.
    """

    load: EngineLoad
    alive: int
    server: int
    workers: int
    free: int
    up: float


def server_status(load: EngineLoad) -> ServerStatus:
    """Measure this process and its children, right now."""
    server = psutil.Process()
    alive = child_bytes = 0
    for process in server.children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            child_bytes += process.memory_info().rss
            alive += any(WORKER in part for part in process.cmdline())
    up = max(time.time() - server.create_time(), 0.0)
    return ServerStatus(load, alive, server.memory_info().rss, child_bytes, psutil.virtual_memory().available, up)


def versions() -> Mapping[str, str]:
    """Return the versions of Python and of the main packages, by name."""
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}
