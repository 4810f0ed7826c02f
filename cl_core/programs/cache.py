"""Compiled programs on disk, so that a program of the same structure is compiled once on a machine.

An entry is found by its name, the source files that a program is traced from, and the versions of the libraries that
trace it. The folder may be deleted at any time, and one that cannot be written to costs nothing but time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
import platformdirs
import torch

import cl_core
from cl_core.programs.program import Program, ProgramError

CACHE_VARIABLE = "CL_LAB_CACHE"  # environment variable: the folder
MAX_BYTES = 64 << 20  # of all entries; the ones that were read or written longest ago go first
TRACED = ("analysis", "data", "losses", "programs", "training")  # packages that a program is traced from
SUFFIX = ".program"


def cached(name: str, compile_anew: Callable[[], bytes]) -> bytes:
    """Return a program from the cache, or compile it and store it.

    Args:
        name: What decides the program, but for the source files and libraries that it is traced with.
        compile_anew: Returns the file of the program, as from `Program.to_bytes`.

    Returns:
        The file of the program.
    """
    path = _path(name)
    with suppress(OSError, ProgramError):
        program = path.read_bytes()
        Program.from_bytes(program)  # raises if it is damaged
        with suppress(OSError):
            os.utime(path)
        return program
    program = compile_anew()
    if len(program) <= MAX_BYTES:
        with suppress(OSError):
            _write(path, program)
            _remove_oldest(path.parent)
    return program


def is_cached(name: str) -> bool:
    """Return whether the cache has an entry of a name, which may still prove to be damaged."""
    return _path(name).exists()


def folder() -> Path:
    """Return the folder of the cache, which need not exist."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("contrastive-loss-lab"))


def _path(name: str) -> Path:
    return folder() / (hashlib.sha256(f"{_fingerprint()} {name}".encode()).hexdigest() + SUFFIX)


@lru_cache(maxsize=1)
def _fingerprint() -> str:
    """Return a hash of the source files that programs are traced from, and of the versions of the libraries."""
    checksum = hashlib.sha256(f"{torch.__version__} {np.__version__}".encode())
    package = Path(cl_core.__file__).parent
    for path in sorted(path for part in TRACED for path in (package / part).rglob("*.py")):
        checksum.update(f"{path.relative_to(package)} {path.stat().st_size}\n".encode())
        checksum.update(path.read_bytes())
    return checksum.hexdigest()


def _write(path: Path, program: bytes) -> None:
    """Write a file as a whole: another process sees all of it, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(program)
            file.close()
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _remove_oldest(directory: Path) -> None:
    entries = []
    for path in directory.glob(f"*{SUFFIX}"):
        with suppress(OSError):  # another process may have removed it
            status = path.stat()
            entries.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= MAX_BYTES:
            return
        with suppress(OSError):
            path.unlink()
        total -= size
