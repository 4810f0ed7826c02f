"""Build the engine: C to one WebAssembly file, by PyPI's `ziglang`, which only developers need."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from cl_core.programs.instructions import c_header

SOURCES = Path(__file__).parent
HEADER = SOURCES / "numbers.h"
WASM = Path(__file__).parents[3] / "assets" / "engine" / "engine.wasm"
FLAGS = (
    "-target", "wasm32-freestanding", "-O3", "-msimd128", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext",
    "-ffp-contract=off", "-fno-builtin-memcpy", "-nostdlib", "-Wall", "-Wextra", "-Wno-sign-compare",
    "-Wl,--no-entry", "-Wl,--strip-all",
)  # fmt: skip


def compile_engine() -> bytes:
    """Compile the engine and return the WebAssembly module.

    Raises:
        ModuleNotFoundError: when `ziglang` is not installed.
        subprocess.CalledProcessError: when the compiler refuses the source.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise ModuleNotFoundError("the engine is built by ziglang: pip install -r tests/requirements.txt")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "engine.wasm"
        # without a path in the command, none can get into the module
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(target), "engine.c"]
        subprocess.run(command, cwd=SOURCES, check=True)
        return target.read_bytes()


def build() -> Path:
    """Write the header with the numbers of the instructions, and the module; return the module's path."""
    HEADER.write_text(c_header(), encoding="utf-8")
    WASM.parent.mkdir(exist_ok=True)
    WASM.write_bytes(compile_engine())
    return WASM
