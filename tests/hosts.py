"""Runs and programs in every host: Node, wasmtime and browsers, compared by the checksums of what they compute."""

import gzip
import hashlib
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cl_core.components import trainer
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.sliders import sliders
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec
from cl_core.training.batches import training_set
from tests import ROOT
from tests.unit.components.test_javascript import node

NAN = -1e300  # in place of NaN, of which WebAssembly does not fix the bits
TIMEOUT = 1200.0  # seconds, for all that a host is asked for
PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import { checkHost } from "/tests/javascript/same_bits.js";
await checkHost(location.origin, location.pathname.slice(1));
</script>"""

Checksums = dict[str, Any]  # of one job


@dataclass(frozen=True)
class ProgramJob:
    """A program to run once.

    Attributes:
        file: of the program.
        inputs: name -> numbers; the others are 0.
    """

    file: bytes
    inputs: Mapping[str, ArrayLike]


@dataclass(frozen=True)
class RunJob:
    """A run to train.

    Attributes:
        spec: the run.
        n: number of probe images.
        steps: to train.
        frames: steps with a frame, ascending.
    """

    spec: RunSpec
    n: int
    steps: int
    frames: tuple[int, ...]


Jobs = Mapping[str, ProgramJob | RunJob]  # by title


def checksum(numbers: ArrayLike) -> str:
    """Return the first 64 bits of a hash of numbers as float64, where every NaN is the same."""
    array = np.array(numbers, np.float64)
    array[np.isnan(array)] = NAN
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def in_wasmtime(jobs: Jobs) -> dict[str, Checksums]:
    """Return the checksums of all jobs in this process."""
    return {name: _of_program(job) if isinstance(job, ProgramJob) else _of_run(job) for name, job in jobs.items()}


def _of_program(job: ProgramJob) -> Checksums:
    return {name: checksum(numbers) for name, numbers in Running(Program.from_bytes(job.file))(**job.inputs).items()}


def _of_run(job: RunJob) -> Checksums:
    run = Trainer(job.spec, job.n)
    state = run.start()
    numbers: list[ArrayLike] = []
    views, empty = None, 0
    for step in sorted({*job.frames, job.steps}):
        state = run.advance(state, step - state.step)
        empty += state.empty
        if state.step < step:
            break
        if step in job.frames:
            frame = run.frame(state, views)
            views = frame.views
            numbers += [each for k, points in frame.points.items() for each in (points, views[k].shares)]
            numbers += [[*vars(frame.metrics).values()], state.losses]
    return {
        "steps": state.step,
        "empty": empty,
        "vector": checksum(state.vector),
        "frames": [checksum(each) for each in numbers],
        "references": checksum(run.references()),
    }


class _Handler(SimpleHTTPRequestHandler):
    """Serves the project's files and those of a `_Server`, and takes the results of hosts."""

    server: "_Server"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=str(ROOT))

    def do_GET(self) -> None:
        content = self.server.files.get(self.path)
        if content is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if content is PAGE_BYTES else "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.results[self.path.rpartition("/")[2]].put(json.loads(content))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


PAGE_BYTES = PAGE.encode()


class _Server(ThreadingHTTPServer):
    """A server of files by path, which keeps the results of hosts."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], hosts: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {**files, **{f"/{host}": PAGE_BYTES for host in hosts}}
        self.results: dict[str, Queue[dict[str, Any]]] = {host: Queue() for host in hosts}


@dataclass(frozen=True)
class Server:
    """Jobs on a local server.

    Attributes:
        url: of the server; `url/HOST` is a page that does all jobs in a browser.
    """

    url: str
    _results: Mapping[str, "Queue[dict[str, Any]]"] = field(repr=False)

    def wait_for(self, host: str, timeout: float = TIMEOUT) -> dict[str, Checksums]:
        """Return the checksums that a host has sent.

        Raises:
            RuntimeError: when the host has failed, or does not answer.
        """
        try:
            found = self._results[host].get(timeout=timeout)
        except Empty:
            raise RuntimeError(f"{host} has not answered within {timeout:.0f} s") from None
        if "error" in found:
            raise RuntimeError(f"{host} has failed at job {len(found)}: {found['error']}")
        return found


@contextmanager
def serve(jobs: Jobs, hosts: Sequence[str] = ("node", "chromium", "firefox")) -> Iterator[Server]:
    """Serve jobs to hosts, by these names."""
    files: dict[str, bytes] = {}
    listed = [_listing(name, job, files) for name, job in jobs.items()]
    files["/jobs"] = json.dumps(listed).encode()
    with _Server(files, hosts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Server(f"http://127.0.0.1:{server.server_port}", server.results)
        server.shutdown()


def _listing(name: str, job: ProgramJob | RunJob, files: dict[str, bytes]) -> dict[str, Any]:
    """Return what a host reads about a job, and add its files."""
    listing: dict[str, Any] = {"name": name, "file": f"/jobs/{len(files)}"}
    if isinstance(job, ProgramJob):
        files[listing["file"]] = job.file
        return listing | {"inputs": {key: np.ravel(value).tolist() for key, value in job.inputs.items()}}
    spec = job.spec
    files[listing["file"]] = trainer.encode(spec, job.n)
    data = datasets.load(spec.dataset)
    probes = datasets.probe_indices(data, job.n)
    rows, labels = (each.numpy() for each in training_set(spec))
    sets = {
        f"/examples/{spec.dataset}/{spec.training_images}/{spec.classes_left_out}": (rows, labels),
        f"/probes/{spec.dataset}/{job.n}": (data.x_test[probes], data.y_test[probes]),
    }
    for path, (x, y) in sets.items():
        if path not in files:
            files[path] = gzip.decompress(trainer.encode_examples(x, y))
    theta = {key: spec.theta[key] for key in sliders(LOSSES[spec.loss])}
    run = {
        "choice": {"seed": spec.seed, "rate": spec.rate, "theta": theta},
        **dict(zip(("examples", "probes"), sets, strict=True)),
        "steps": job.steps,
        "frames": job.frames,
    }
    return listing | {"run": run}


def in_node(server: Server) -> dict[str, Checksums]:
    """Return the checksums of all jobs in Node."""
    command = [node(), "tests/javascript/same_bits.js", server.url, "node"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=TIMEOUT)
    return server.wait_for("node", 1)


def firefox() -> str | None:
    """Return the path of an installed Firefox; None if there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def in_firefox(server: Server, path: str) -> dict[str, Checksums]:
    """Return the checksums of all jobs in Firefox, which is started without a window.

    Args:
        server: of the jobs.
        path: of Firefox.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [path, "--headless", "--no-remote", "--profile", profile, f"{server.url}/firefox"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return server.wait_for("firefox")
        finally:
            process.terminate()
            process.wait()


def differences(found: Mapping[str, Mapping[str, Checksums]]) -> dict[str, list[str]]:
    """Return in which jobs hosts differ from the first one: title -> "HOST: what"."""
    (_, expected), *others = found.items()
    different: dict[str, list[str]] = {}
    for host, results in others:
        for name, checksums in expected.items():
            parts = [part for part in checksums if results[name][part] != checksums[part]]
            if parts:
                different.setdefault(name, []).append(f"{host}: {', '.join(parts)}")
    return different
