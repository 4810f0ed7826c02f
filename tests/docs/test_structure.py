"""What is claimed of the project's own structure."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests import ROOT

MODULES = sorted((ROOT / "cl_core").rglob("*.py"))
BLOCKER = """
import sys

class NoStreamlit:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "streamlit":
            raise ImportError(name)

sys.meta_path.insert(0, NoStreamlit())
"""


def test_import_contracts_hold():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_everything_but_ui_and_mounting_is_imported_without_streamlit():
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    pure = [
        name for name in names if ".ui" not in name and name.split(".")[-1] not in ("mount", "mounting", "__main__")
    ]
    assert len(pure) > 100
    program = BLOCKER + "".join(f"import {name}\n" for name in pure)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_import_is_hidden_from_the_contracts():
    for module in MODULES:
        assert "TYPE_CHECKING" not in module.read_text(), module


def test_there_is_one_module_beside_the_packages():
    assert {path.name for path in (ROOT / "cl_core").glob("*.py")} == {"__init__.py", "palette.py"}


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
