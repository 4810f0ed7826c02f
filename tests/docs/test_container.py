"""The Containerfile, checked without a build: copied paths, user, command, pinned versions and health check."""

import json
import re

import pytest

from tests import ROOT

CONTAINERFILE = (ROOT / ".container" / "Containerfile").read_text()
DOCKERIGNORE = (ROOT / ".container" / "Containerfile.dockerignore").read_text().splitlines()
INSTRUCTIONS = [line.split(maxsplit=1) for line in CONTAINERFILE.splitlines() if line and not line.startswith("#")]
COPIED_PATHS = [
    path for what, rest in INSTRUCTIONS if what == "COPY" and "--from" not in rest for path in rest.split()[:-1]
]


def last_instruction(keyword: str) -> str:
    """Return the arguments of the last instruction with this keyword."""
    return next(arguments for name, arguments in reversed(INSTRUCTIONS) if name == keyword)


@pytest.mark.parametrize("path", COPIED_PATHS)
def test_copied_paths_exist_and_are_not_ignored(path):
    assert (ROOT / path).exists()
    assert f"!{path}" in DOCKERIGNORE


def test_files_that_the_app_needs_are_copied():
    for needed in ("app.py", "pages", "cl_core", "assets", ".streamlit", "requirements.txt"):
        assert needed in COPIED_PATHS
    assert DOCKERIGNORE[1] == "**"  # nothing else enters the build context, no secret for one
    assert "tests" not in COPIED_PATHS


def test_container_runs_readme_command_as_unprivileged_user():
    command = json.loads(last_instruction("ENTRYPOINT"))
    first = re.search(r"```bash\n(.*)\n```", (ROOT / "README.md").read_text())
    assert first is not None
    assert first[1].endswith(f".venv/bin/{' '.join(command)}")
    user = last_instruction("USER")
    assert user not in ("root", "0")
    useradd = next(
        json.loads(arguments) for keyword, arguments in INSTRUCTIONS if keyword == "RUN" and "useradd" in arguments
    )
    assert useradd[-1] == user
    assert "--shell=/usr/sbin/nologin" in useradd
    keywords = [keyword for keyword, _ in INSTRUCTIONS]
    assert keywords.index("USER") > max(i for i, keyword in enumerate(keywords) if keyword in ("RUN", "COPY"))
    for keyword, arguments in INSTRUCTIONS:  # each is a JSON list, which runs without a shell
        assert keyword != "RUN" or json.loads(arguments), arguments


def test_base_image_and_packages_are_pinned():
    bases = {arguments.split()[0] for keyword, arguments in INSTRUCTIONS if keyword == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases.pop())
    for keyword, arguments in INSTRUCTIONS:
        if keyword == "RUN" and "install" in (command := json.loads(arguments)):
            packages = [part for part in command[command.index("install") + 1 :] if not part.startswith(("-", "/"))]
            assert all("==" in package for package in packages), packages
    without_comments = re.sub(r"(?m)^#.*", "", CONTAINERFILE)
    assert not re.search(r"amd64|x86_64|arm64|aarch64", without_comments)  # builds on each architecture


def test_health_check_asks_the_port_of_the_server():
    interval, _, command = last_instruction("HEALTHCHECK").partition(" CMD ")
    assert "--start-period=" in interval
    program = json.loads(command)
    compile(program[2], "health", "exec")
    port = dict(
        re.findall(r"(\w+)=(\S+)", " ".join(arguments for keyword, arguments in INSTRUCTIONS if keyword == "ENV"))
    )["STREAMLIT_SERVER_PORT"]
    assert f"127.0.0.1:{port}/_stcore/health" in program[2]
    assert last_instruction("EXPOSE") == port
