"""Directories that belong to this process alone, and are deleted when it ends."""

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # a file system in memory, shared by the processes of one machine
PREFIX = "contrastive-loss-lab-"

_creating = threading.Lock()


def private_dir(parent: Path) -> Path | None:
    """Return this process's directory in `parent`; None if nothing can be written there."""
    with _creating:  # otherwise two threads that ask at the same time would get one each
        return _private_dir(parent)


@cache
def _private_dir(parent: Path) -> Path | None:
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        return None
    for orphan in parent.glob(f"{PREFIX}*"):  # left by a server that was killed
        with contextlib.suppress(ValueError, PermissionError):
            try:
                os.kill(int(orphan.name.removeprefix(PREFIX).split("-")[0]), 0)
            except ProcessLookupError:
                shutil.rmtree(orphan, ignore_errors=True)
    created = tempfile.mkdtemp(dir=parent, prefix=f"{PREFIX}{os.getpid()}-")
    atexit.register(shutil.rmtree, created, ignore_errors=True)
    return Path(created)


def disk_dir() -> Path | None:
    """Return this process's directory among the machine's temporary files; None if there is no such place."""
    try:
        return private_dir(Path(tempfile.gettempdir()))
    except FileNotFoundError:
        return None
