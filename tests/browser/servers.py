"""Streamlit servers in processes of their own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests import ROOT

STARTUP_TIMEOUT = 60.0  # seconds
SHUTDOWN_TIMEOUT = 10.0
OPTIONS = {
    "server.address": "127.0.0.1",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "runner.postScriptGC": "false",
}


class Server:
    """A Streamlit server, which a test may kill and start again at the same address.

    Args:
        script: path of the app, relative to `root`.
        log: file that gets the server's output.
        root: of the project, or of a copy.
    """

    def __init__(self, script: str, log: Path, root: Path = ROOT) -> None:
        self.script = script
        self.log = log
        self.root = root
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        options = [f"--{name}={value}" for name, value in {**OPTIONS, "server.port": self.port}.items()]
        path = os.pathsep.join(filter(None, (str(self.root), os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(self.root / self.script), *options],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": path},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + STARTUP_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"the server at {self.url} does not answer:\n{self.log.read_text(errors='replace')}")

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the process as its operator would."""
        self.process.terminate()
        try:
            self.process.wait(timeout=SHUTDOWN_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()


def worker_times(server: Server) -> dict[int, float]:
    """Return the CPU seconds that each training worker of a server has used so far, by process id."""
    times = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                command = (folder / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == server.process.pid and "popen_loky" in command:
                times[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return times


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
