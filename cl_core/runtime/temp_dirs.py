"""Folders that are this process's alone, and gone when it ends."""

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # memory that the processes of one machine share as files
PREFIX = "contrastive-loss-lab-"


def private_dir(place: Path) -> Path | None:
    """This process's folder in `place`; None where nothing can be written there."""
    with _one:  # else two who ask at once get one each
        return _folder(place)


_one = threading.Lock()


@cache
def _folder(place: Path) -> Path | None:
    if not place.is_dir() or not os.access(place, os.W_OK):
        return None
    for left in place.glob(f"{PREFIX}*"):  # by a server that was killed
        with contextlib.suppress(ValueError, PermissionError):
            try:
                os.kill(int(left.name.removeprefix(PREFIX).split("-")[0]), 0)
            except ProcessLookupError:
                shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(dir=place, prefix=f"{PREFIX}{os.getpid()}-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


def disk_dir() -> Path | None:
    """This process's folder where the machine keeps temporary files; None where there is no such place."""
    try:
        return private_dir(Path(tempfile.gettempdir()))
    except FileNotFoundError:
        return None
