"""What this process takes of the machine's memory, as the operating system has it."""

import ctypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MIB = 1 << 20


def resident() -> int:
    """Bytes of memory that this process has now; 0 where the system does not say (it does on Linux)."""
    return _said("VmRSS")


def growth(task: Callable[[], Any]) -> int:
    """By how many bytes the memory of this process was larger at the peak of `task` than before it; 0 as `resident`."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free but kept would hide what the task asks for
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = resident()
    task()
    return max(0, _said("VmHWM") - before)


def _said(name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return 1024 * int(found[1])
    return 0
