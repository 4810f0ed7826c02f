"""What a server that was started by README's command tells a stranger: the course and its health, and nothing else."""

import http.client
import json
import socket
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from cl_core.training.files import run_file
from cl_core.ui.server import uploads
from tests import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
PATIENCE = 60.0  # seconds
SECRET = "the words of an error"
FAILING = f'''
import streamlit as st

st.markdown("before it fails")
raise ValueError("{SECRET}")
'''
ODD = (
    "/app.py", "/.streamlit/config.toml", "/.git/config", "/requirements.txt", "/pages/", "/cl_core/training/loop.py",
    "/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
    "/static/", "/static/js/", "/static/../app.py", "/static/..%2f..%2fapp.py", "/app/static/", "/app/static/../app.py",
    "/media/", "/media/../../etc/passwd", "/component/", "/component/x/../../../../etc/passwd",
    "/_stcore/bidi-components/x/../../../../etc/passwd", "/_stcore/", "/_stcore/agent/interact",
    "/_stcore/upload_file/", "/_stcore/allowed-message-origins", "/\\..\\..\\etc\\passwd",
    "/%00", "/training/../../../etc/passwd", "/" + "a/" * 2000, "/proc/self/environ", "/file:///etc/passwd",
)  # fmt: skip
ONES_OWN = (
    b"import streamlit",
    b"root:x:",
    b"maxUploadSize",
    b"[core]",
    b"streamlit==",
    b"Index of",
    b"Directory listing",
)


class Server:
    """A server and the address that it is at."""

    def __init__(self, script: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        self.log = log
        with log.open("wb") as out:
            command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            try:
                if self.ask("GET", "/_stcore/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.2)
        self.end()
        raise AssertionError(log.read_text())

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, sent: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer; the path goes as it is."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                line.putheader(name, value)
            line.endheaders(sent or None)
            answer = line.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            line.close()

    @contextmanager
    def visit(self, origin: str | None = None) -> Iterator[list[ForwardMsg]]:
        """What a browser is told when it opens the first page, until that has run; it stays until the block ends."""
        here = Origin(origin or f"http://127.0.0.1:{self.port}")
        back = BackMsg()
        back.rerun_script.query_string = ""
        found: list[ForwardMsg] = []
        with connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            origin=here,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as line:
            line.send(back.SerializeToString())
            while not found or found[-1].WhichOneof("type") != "script_finished":
                found.append(ForwardMsg.FromString(line.recv(timeout=PATIENCE)))
            yield found

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    made = Server(ROOT / "app.py", tmp_path_factory.mktemp("server") / "log")
    yield made
    made.end()


def test_it_says_that_it_is_well(server):
    status, _, body = server.ask("GET", "/_stcore/health")
    assert (status, body) == (200, b"ok")


@pytest.mark.parametrize("path", ODD, ids=lambda path: path[:40])
def test_odd_paths_lead_to_the_course_or_nowhere(server, path):
    status, headers, body = server.ask("GET", path)
    assert status < 500
    assert not [words for words in ONES_OWN if words in body]
    if status == 200:  # the course itself: one page of HTML, which asks for the rest
        assert headers["content-type"].startswith("text/html")
        assert b"<title>Streamlit</title>" in body
    elif status in (301, 302, 307, 308):
        assert headers["location"].startswith(("/", f"http://127.0.0.1:{server.port}/"))
        assert not headers["location"].startswith("//")


def test_it_writes_nothing_for_a_stranger(server):
    for method, path in (
        ("PUT", "/_stcore/upload_file/session/file"), ("DELETE", "/_stcore/upload_file/session/file"),
        ("POST", "/_stcore/agent/interact"), ("POST", "/_stcore/agent/mcp"), ("PUT", "/app.py"), ("DELETE", "/app.py"),
    ):  # fmt: skip
        status, _, body = server.ask(method, path, {"Content-Length": "0"})
        assert 400 <= status < 500, (method, path, status, body[:200])


def test_a_page_of_somebody_else_is_no_visitor(server):
    with pytest.raises(InvalidStatus) as refused, server.visit(origin="http://elsewhere.example"):
        pass
    assert refused.value.response.status_code == 403
    _, headers, _ = server.ask("GET", "/_stcore/health", {"Origin": "http://elsewhere.example"})
    assert "access-control-allow-origin" not in headers


def known(server: Server) -> dict[str, str]:
    """Headers of somebody who has been here before."""
    _, headers, _ = server.ask("GET", "/_stcore/health")
    cookie = headers["set-cookie"].split(";")[0]
    return {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2]}


def place(told: list[ForwardMsg]) -> str:
    """Where a visitor's next upload would go."""
    begun = next(each.new_session for each in told if each.WhichOneof("type") == "new_session")
    return f"/_stcore/upload_file/{begun.initialize.session_id}/{uuid.uuid4()}"


def test_an_upload_is_refused_by_its_size_before_it_is_sent(server):
    large = known(server) | {"Content-Length": str(run_file.MAX_FILE + 1)}
    with server.visit() as told:
        assert server.ask("PUT", place(told), {**large, "X-Xsrftoken": "guessed"})[0] == 403
        status, _, body = server.ask("PUT", place(told), large)  # no byte of it is ever sent
    assert (status, body) == (413, b"File too large")


@pytest.mark.parametrize(("visitors", "each", "kept"), [(1, 3, 1), (uploads.MAX_FILES + 3, 1, uploads.MAX_FILES)])
def test_uploads_do_not_pile_up(server, visitors, each, kept):
    """Of every session the newest is there, and of the sessions those that sent one last."""
    size = 1 << 20
    sent = b'--b\r\nContent-Disposition: form-data; name="file"; filename="run.npz"\r\n\r\n'
    sent += bytes(size) + b"\r\n--b--\r\n"
    whose = known(server) | {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(sent))}
    with ExitStack() as visits:
        for _ in range(visitors):
            told = visits.enter_context(server.visit())
            for _ in range(each):
                assert server.ask("PUT", place(told), whose, sent)[0] == 204
        time.sleep(5.5)  # for so long the server says what it said before
        _, _, said = server.ask("GET", "/_stcore/metrics")
        [line] = [line for line in said.decode().splitlines() if 'cache_type="UploadedFileManager"' in line]
        assert line.startswith("cache_memory_bytes")
        assert float(line.split()[-1]) == kept * size


def test_a_page_that_fails_says_no_more_than_that(tmp_path):
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    failing = Server(script, tmp_path / "log")
    try:
        with failing.visit() as told:
            pass
    finally:
        failing.end()
    elements = [each.delta.new_element for each in told if each.WhichOneof("type") == "delta"]
    faults = [each.exception for each in elements if each.WhichOneof("type") == "exception"]
    assert len(faults) == 1
    assert not faults[0].stack_trace
    for each in told:
        text = each.SerializeToString()
        assert SECRET.encode() not in text
        assert not (each.WhichOneof("type") == "delta" and str(ROOT).encode() in text)
    assert SECRET in failing.log.read_text()  # whoever runs the server reads it there


def test_settings_are_safe_and_say_so():
    assert CONFIG["server"]["enableXsrfProtection"] is CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["enableStaticServing"] is CONFIG["server"]["enableAgentApi"] is False
    assert CONFIG["server"]["fileWatcherType"] == "none"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["showErrorLinks"] is CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["maxUploadSize"] * 2**20 == run_file.MAX_FILE
    assert "corsAllowedOrigins" not in json.dumps(CONFIG)
