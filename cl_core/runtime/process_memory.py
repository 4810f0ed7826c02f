"""Memory of this process, as the operating system and its C library have it."""

import ctypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MIB = 1 << 20
GLIBC = "libc.so.6"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # from glibc's malloc.h


def resident_bytes() -> int:
    """Return the resident set size in bytes; 0 if the system does not tell (Linux does)."""
    return _status_bytes("VmRSS")


def malloc_trim() -> None:
    """Return free memory to the system, if the C library is glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(GLIBC).malloc_trim(0)


def limit_malloc_arenas() -> None:
    """Keep little free memory in a long-lived process with many threads, if the C library is glibc.

    By default each thread allocates from an arena of its own, and large blocks come to lie among ones that stay; such
    arenas are never empty enough to be returned to the system.
    """
    _mallopt(M_ARENA_MAX, 2)
    _mallopt(M_MMAP_THRESHOLD, 128 << 10)


def keep_freed_memory() -> None:
    """Keep freed memory in the process, up to the limits that glibc's malloc reaches when it adapts by itself."""
    _mallopt(M_MMAP_THRESHOLD, 32 << 20)
    _mallopt(M_TRIM_THRESHOLD, 64 << 20)


def peak_growth(task: Callable[[], Any]) -> int:
    """Run a task; return by how many bytes memory at its peak exceeded that before it (0 where it is not known)."""
    malloc_trim()  # free memory that is kept would hide what the task allocates
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = resident_bytes()
    task()
    return max(0, _status_bytes("VmHWM") - before)


def _mallopt(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(GLIBC).mallopt(option, value)


def _status_bytes(name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return 1024 * int(found[1])
    return 0
