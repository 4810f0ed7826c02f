"""A server started by the command of the README answers with the app and its health, and with nothing else."""

import http.client
import json
import math
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
TIMEOUT = 60.0  # seconds
SECRET_MESSAGE = "the words of an error"
FAILING_SCRIPT = f'''
import streamlit as st

st.markdown("before it fails")
raise ValueError("{SECRET_MESSAGE}")
'''
UNUSUAL_PATHS = (
    "/app.py", "/.streamlit/config.toml", "/.git/config", "/requirements.txt", "/pages/", "/cl_core/training/loop.py",
    "/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
    "/static/", "/static/js/", "/static/../app.py", "/static/..%2f..%2fapp.py", "/app/static/", "/app/static/../app.py",
    "/media/", "/media/../../etc/passwd", "/component/", "/component/x/../../../../etc/passwd",
    "/_stcore/bidi-components/x/../../../../etc/passwd", "/_stcore/", "/_stcore/agent/interact",
    "/_stcore/upload_file/", "/_stcore/allowed-message-origins", "/\\..\\..\\etc\\passwd",
    "/%00", "/training/../../../etc/passwd", "/" + "a/" * 2000, "/proc/self/environ", "/file:///etc/passwd",
)  # fmt: skip
PRIVATE_CONTENTS = (
    b"import streamlit",
    b"root:x:",
    b"maxUploadSize",
    b"[core]",
    b"streamlit==",
    b"Index of",
    b"Directory listing",
)


class Server:
    """A server process and its port."""

    def __init__(self, script: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        self.log = log
        self._metrics_asked_at = -math.inf
        with log.open("wb") as out:
            command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.request("GET", "/_stcore/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.2)
        self.stop()
        raise AssertionError(log.read_text())

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a response; the path is sent unchanged."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def metrics(self) -> str:
        """Return the metrics of the server, computed now: it caches them for five seconds."""
        time.sleep(max(self._metrics_asked_at + 5.5 - time.monotonic(), 0.0))
        _, _, body = self.request("GET", "/_stcore/metrics")
        self._metrics_asked_at = time.monotonic()
        return body.decode()

    @contextmanager
    def visit(self, origin: str | None = None) -> Iterator[list[ForwardMsg]]:
        """Open a session at the first page, yield all messages of its run, and close it at the end of the block."""
        allowed_origin = Origin(origin or f"http://127.0.0.1:{self.port}")
        back = BackMsg()
        back.rerun_script.query_string = ""
        messages: list[ForwardMsg] = []
        with connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            origin=allowed_origin,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as connection:
            connection.send(back.SerializeToString())
            while not messages or messages[-1].WhichOneof("type") != "script_finished":
                messages.append(ForwardMsg.FromString(connection.recv(timeout=TIMEOUT)))
            yield messages

    def stop(self) -> None:
        """Stop the server."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    instance = Server(ROOT / "app.py", tmp_path_factory.mktemp("server") / "log")
    yield instance
    instance.stop()


@pytest.mark.slow
def test_health_endpoint_answers_ok(server):
    status, _, body = server.request("GET", "/_stcore/health")
    assert (status, body) == (200, b"ok")


@pytest.mark.slow
@pytest.mark.parametrize("path", UNUSUAL_PATHS, ids=lambda path: path[:40])
def test_unusual_path_gives_the_app_or_an_error(server, path):
    status, headers, body = server.request("GET", path)
    assert status < 500
    assert not [content for content in PRIVATE_CONTENTS if content in body]
    if status == 200:  # the app itself: one page of HTML, which loads the rest
        assert headers["content-type"].startswith("text/html")
        assert b"<title>Streamlit</title>" in body
    elif status in (301, 302, 307, 308):
        assert headers["location"].startswith(("/", f"http://127.0.0.1:{server.port}/"))
        assert not headers["location"].startswith("//")


@pytest.mark.slow
def test_server_refuses_writes_without_session(server):
    for method, path in (
        ("PUT", "/_stcore/upload_file/session/file"), ("DELETE", "/_stcore/upload_file/session/file"),
        ("POST", "/_stcore/agent/interact"), ("POST", "/_stcore/agent/mcp"), ("PUT", "/app.py"), ("DELETE", "/app.py"),
    ):  # fmt: skip
        status, _, body = server.request(method, path, {"Content-Length": "0"})
        assert 400 <= status < 500, (method, path, status, body[:200])


@pytest.mark.slow
def test_foreign_origin_is_refused(server):
    with pytest.raises(InvalidStatus) as error, server.visit(origin="http://elsewhere.example"):
        pass
    assert error.value.response.status_code == 403
    _, headers, _ = server.request("GET", "/_stcore/health", {"Origin": "http://elsewhere.example"})
    assert "access-control-allow-origin" not in headers


def cookie_headers(server: Server) -> dict[str, str]:
    """Return the headers of a browser that has a cookie of this server."""
    _, headers, _ = server.request("GET", "/_stcore/health")
    cookie = headers["set-cookie"].split(";")[0]
    return {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2]}


def upload_path(messages: list[ForwardMsg]) -> str:
    """Return a new upload path of the session that got these messages."""
    session = next(message.new_session for message in messages if message.WhichOneof("type") == "new_session")
    return f"/_stcore/upload_file/{session.initialize.session_id}/{uuid.uuid4()}"


@pytest.mark.slow
def test_too_large_upload_is_refused_before_it_is_sent(server):
    large = cookie_headers(server) | {"Content-Length": str(run_file.MAX_FILE + 1)}
    with server.visit() as messages:
        assert server.request("PUT", upload_path(messages), {**large, "X-Xsrftoken": "guessed"})[0] == 403
        status, _, body = server.request("PUT", upload_path(messages), large)  # no byte of the body is sent
    assert (status, body) == (413, b"File too large")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sessions", "uploads_per_session", "kept"), [(1, 3, 1), (uploads.MAX_FILES + 3, 1, uploads.MAX_FILES)]
)
def test_server_keeps_a_limited_number_of_uploads(server, sessions, uploads_per_session, kept):
    """The server keeps the newest upload of each session, and those of the sessions that uploaded last."""
    size = 1 << 20
    sent = b'--b\r\nContent-Disposition: form-data; name="file"; filename="run.npz"\r\n\r\n'
    sent += bytes(size) + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(sent))}
    headers |= cookie_headers(server)
    with ExitStack() as stack:
        for _ in range(sessions):
            messages = stack.enter_context(server.visit())
            for _ in range(uploads_per_session):
                assert server.request("PUT", upload_path(messages), headers, sent)[0] == 204
        [line] = [line for line in server.metrics().splitlines() if 'cache_type="UploadedFileManager"' in line]
        assert line.startswith("cache_memory_bytes")
        assert float(line.split()[-1]) == kept * size


@pytest.mark.slow
def test_failing_page_shows_no_details_of_the_error(tmp_path):
    script = tmp_path / "failing.py"
    script.write_text(FAILING_SCRIPT)
    server = Server(script, tmp_path / "log")
    try:
        with server.visit() as messages:
            pass
    finally:
        server.stop()
    elements = [message.delta.new_element for message in messages if message.WhichOneof("type") == "delta"]
    exceptions = [element.exception for element in elements if element.WhichOneof("type") == "exception"]
    assert len(exceptions) == 1
    assert not exceptions[0].stack_trace
    for message in messages:
        text = message.SerializeToString()
        assert SECRET_MESSAGE.encode() not in text
        assert not (message.WhichOneof("type") == "delta" and str(ROOT).encode() in text)
    assert SECRET_MESSAGE in server.log.read_text()  # where the operator of the server can read it


def test_configuration_has_safe_settings():
    assert CONFIG["server"]["enableXsrfProtection"] is CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["enableStaticServing"] is CONFIG["server"]["enableAgentApi"] is False
    assert CONFIG["server"]["fileWatcherType"] == "none"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["showErrorLinks"] is CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["maxUploadSize"] * 2**20 == run_file.MAX_FILE
    assert "corsAllowedOrigins" not in json.dumps(CONFIG)
