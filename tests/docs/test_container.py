"""What can be said of the container's recipe without building it: what it copies is there, and who runs what."""

import json
import re

import pytest

from tests import ROOT

RECIPE = (ROOT / ".container" / "Containerfile").read_text()
IGNORED = (ROOT / ".container" / "Containerfile.dockerignore").read_text().splitlines()
LINES = [line.split(maxsplit=1) for line in RECIPE.splitlines() if line and not line.startswith("#")]
COPIED = [path for what, rest in LINES if what == "COPY" and "--from" not in rest for path in rest.split()[:-1]]


def last(what: str) -> str:
    """The last line of a kind, without its first word."""
    return next(rest for word, rest in reversed(LINES) if word == what)


@pytest.mark.parametrize("path", COPIED)
def test_what_it_copies_is_there_and_not_ignored(path):
    assert (ROOT / path).exists()
    assert f"!{path}" in IGNORED


def test_whatever_the_app_needs_is_copied():
    for needed in ("app.py", "pages", "cl_core", "assets", ".streamlit", "requirements.txt"):
        assert needed in COPIED
    assert IGNORED[1] == "**"  # and nothing else, a secret for one, is so much as looked at
    assert "tests" not in COPIED


def test_it_runs_the_command_of_the_readme_as_an_ordinary_user_without_a_shell():
    command = json.loads(last("ENTRYPOINT"))
    first = re.search(r"```bash\n(.*)\n```", (ROOT / "README.md").read_text())
    assert first is not None
    assert first[1].endswith(f".venv/bin/{' '.join(command)}")
    user = last("USER")
    assert user not in ("root", "0")
    made = next(json.loads(rest) for what, rest in LINES if what == "RUN" and "useradd" in rest)
    assert made[-1] == user
    assert "--shell=/usr/sbin/nologin" in made
    words = [what for what, _ in LINES]
    assert words.index("USER") > max(i for i, what in enumerate(words) if what in ("RUN", "COPY"))
    for what, rest in LINES:  # each is a list, which no shell reads
        assert what != "RUN" or json.loads(rest), rest


def test_base_and_packages_are_pinned():
    bases = {rest.split()[0] for what, rest in LINES if what == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases.pop())
    for what, rest in LINES:
        if what == "RUN" and "install" in (words := json.loads(rest)):
            named = [word for word in words[words.index("install") + 1 :] if not word.startswith(("-", "/"))]
            assert all("==" in word for word in named), named
    assert not re.search(r"amd64|x86_64|arm64|aarch64", re.sub(r"(?m)^#.*", "", RECIPE))  # any of them


def test_it_can_say_whether_it_is_well():
    interval, _, command = last("HEALTHCHECK").partition(" CMD ")
    assert "--start-period=" in interval
    program = json.loads(command)
    compile(program[2], "health", "exec")
    port = dict(re.findall(r"(\w+)=(\S+)", " ".join(rest for what, rest in LINES if what == "ENV")))[
        "STREAMLIT_SERVER_PORT"
    ]
    assert f"127.0.0.1:{port}/_stcore/health" in program[2]
    assert last("EXPOSE") == port
