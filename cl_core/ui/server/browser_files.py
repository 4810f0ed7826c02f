"""Files that browsers load from the server: the engine, the worker that trains, and what a run needs.

The name of each file carries a checksum of its content, so that a browser may keep it for ever.
"""

import hashlib
import threading
from functools import cache, lru_cache
from pathlib import Path

import streamlit as st
from streamlit.components import v1

from cl_core.components.bundle import SHARED, bundle_javascript
from cl_core.programs.engine.build import WASM
from cl_core.runtime.temp_dirs import disk_dir

WORKER = SHARED.parent / "trainer" / "worker.js"
MAX_FILES = 400  # of the folder: beyond them, those that were asked for longest ago are deleted

_writing = threading.Lock()


def engine_url() -> str:
    """Return the URL of the engine; call it while the server runs, as the functions below."""
    return file_url(WASM.name, _content(WASM))


def worker_url() -> str:
    """Return the URL of the worker that trains in the browser."""
    return file_url(WORKER.name, _content(WORKER))


@cache
def _content(path: Path) -> bytes:
    return bundle_javascript(path).encode() if path.suffix == ".js" else path.read_bytes()


def file_url(name: str, content: bytes) -> str:
    """Write a file, and return its URL.

    Args:
        name: of the file. The type that browsers are told goes by its ending; with ".gz" the server sends the file as
            it is, else it packs it at each request.
        content: of the file.
    """
    unique = _unique_name(name, content)
    path = _folder() / unique
    with _writing:
        if path.exists():
            path.touch()
        else:
            files = sorted(_folder().iterdir(), key=lambda file: file.stat().st_mtime_ns)
            for unused in files[: max(len(files) + 1 - MAX_FILES, 0)]:
                unused.unlink()
            path.write_bytes(content)
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"{'/' + base if base else ''}/component/{_component_name()}/{unique}"


@lru_cache(maxsize=64)
def _unique_name(name: str, content: bytes) -> str:
    """Return a name with a checksum, from a cache: pages ask at each of their runs, and files may have megabytes."""
    stem, dot, endings = name.partition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{dot}{endings}"


@cache
def _folder() -> Path:
    parent = disk_dir()
    if parent is None:
        raise OSError("There is no place for temporary files.")
    folder = parent / "browser"
    folder.mkdir(exist_ok=True)
    return folder


def _component_name() -> str:
    # a component that is never shown: Streamlit serves the files of its folder
    name: str = v1.declare_component("files", path=str(_folder())).name
    return name
