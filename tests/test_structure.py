"""What is claimed of the project's own structure."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "cl_core").rglob("*.py"))
LAYERS = (  # whoever stands later may import what stands earlier, and not the other way round
    {"contrast", "archive", "colours", "parameters", "dice", "memory", "rooms", "scratch", "estimates"},
    {"closed_form"},
    {"spec", "datasets", "mining", "lessons"},
    {"losses"},
    {"plain"},
    {"conventions"},
    {"snippets"},
    {"encoder", "augment", "view", "metrics", "plane", "pairs", "forces", "ranks", "census", "standings"},
    {"training"},
    {"frames", "prepared", "checkpoints"},
    {"films", "exports", "saved_run"},
    {"workers", "cluster", "failures"},
    {"turns", "shelf", "recovery"},
    {"context", "history"},
    {"transport"},
    {"runs"},
    {"race"},
    {"engine", "counting"},
    {"experiments", "status"},
    {"figures", "components"},
    {"ui"},
)


def imported(path: Path) -> set[str]:
    """Full names of every module that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def part(path: Path) -> str:
    return path.relative_to(ROOT / "cl_core").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_one_way(path):
    place = {name: i for i, layer in enumerate(LAYERS) for name in layer}
    own = part(path)
    if own == "__init__":
        return
    assert own in place, f"{own} has no layer yet"
    for name in imported(path):
        if name.startswith("cl_core.") and (other := name.split(".")[1]) in place:
            assert place[other] <= place[own], f"{own} imports {other}"
        if name.split(".")[0] == "streamlit":
            mounts = own == "components" and path.stem in ("mount", "mounting")
            assert own == "ui" or mounts, f"{own} imports Streamlit"


def test_every_page_is_in_the_course():
    course = (ROOT / "app.py").read_text()
    for page in (ROOT / "pages").glob("*.py"):
        assert f'"pages/{page.name}"' in course


def test_pages_are_short_and_modules_fit_their_bounds():
    for page in (ROOT / "pages").glob("*.py"):
        assert len(page.read_text().splitlines()) <= 80, page
    for module in MODULES:
        assert len(module.read_text().splitlines()) <= 310, module


def test_every_module_opens_with_a_sentence():
    for module in MODULES:
        first = (ast.get_docstring(ast.parse(module.read_text())) or "").split("\n")[0]
        assert first.endswith((".", "?")), module


def test_the_top_level_is_as_agreed():
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"}
    assert visible == {"app.py", "pages", "cl_core", "assets", "tests", "requirements.txt", "README.md", "LICENSE"}


def test_requirements_are_pinned():
    for file in ("requirements.txt", "tests/requirements.txt"):
        for line in (ROOT / file).read_text().splitlines():
            assert re.fullmatch(r"#.*|-r .*|[a-z-]+==[\w.]+", line), line
