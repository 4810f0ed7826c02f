"""Description of the machine, for tables of measured times."""

import platform
from pathlib import Path


def machine_description(*libraries: str) -> str:
    """Return the name of the processor and the versions of Python and of the libraries that were measured.

    Args:
        *libraries: each with its version, such as "torch 2.13.0".
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(names, "") or platform.processor() or platform.machine()
    return f"{processor}; {', '.join([f'Python {platform.python_version()}', *libraries])}, one thread"
