"""What this process takes of the machine's memory, as the operating system has it."""

import ctypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MIB = 1 << 20
GLIBC = "libc.so.6"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # as in its malloc.h


def resident_bytes() -> int:
    """Bytes of memory that this process has now; 0 where the system does not say (it does on Linux)."""
    return _said("VmRSS")


def malloc_trim() -> None:
    """Give back to the system what is free but kept, where its C library can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(GLIBC).malloc_trim(0)


def limit_malloc_arenas() -> None:
    """Have this process keep little of what is free, where its C library can: one with many threads, that lives long.

    Each thread would take what it needs from a heap of its own, and what is large would come to lie among what stays;
    such heaps are never empty enough to be given back.
    """
    _set(M_ARENA_MAX, 2)
    _set(M_MMAP_THRESHOLD, 128 << 10)


def keep_freed_memory() -> None:
    """Have this process keep what is free, up to what malloc comes to by itself where nobody has told it otherwise."""
    _set(M_MMAP_THRESHOLD, 32 << 20)
    _set(M_TRIM_THRESHOLD, 64 << 20)


def _set(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(GLIBC).mallopt(option, value)


def peak_growth(task: Callable[[], Any]) -> int:
    """By how many bytes the memory of this process was larger at the peak of `task` than before it; 0 as `resident`."""
    malloc_trim()  # what is free but kept would hide what the task asks for
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = resident_bytes()
    task()
    return max(0, _said("VmHWM") - before)


def _said(name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return 1024 * int(found[1])
    return 0
