"""The structure that ARCHITECTURE and CONTRIBUTING promise: imports, sizes, docstrings, pins and wording."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

MODULES = sorted((ROOT / "cl_core").rglob("*.py"))
BANNED_WORDS = re.compile(r"whoever|nobody|somebody|laid by|lay by|throws? (of )?dice", re.IGNORECASE)
ALLOWED_FILES = {"tests/docs/test_structure.py": "names the banned words"}  # file: reason
BLOCKER = """
import sys

class NoStreamlit:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "streamlit":
            raise ImportError(name)

sys.meta_path.insert(0, NoStreamlit())
"""


@pytest.mark.slow
def test_import_contracts_hold():
    process = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout


@pytest.mark.slow
def test_packages_below_ui_import_without_streamlit():
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    without_streamlit = [
        name for name in names if ".ui" not in name and name.split(".")[-1] not in ("mount", "mounting", "__main__")
    ]
    assert len(without_streamlit) > 100
    program = BLOCKER + "".join(f"import {name}\n" for name in without_streamlit)
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_no_type_checking_import_is_hidden_from_contracts():
    for module in MODULES:
        assert "TYPE_CHECKING" not in module.read_text(), module


def test_palette_is_the_only_module_beside_packages():
    assert {path.name for path in (ROOT / "cl_core").glob("*.py")} == {"__init__.py", "palette.py"}


def test_app_lists_every_page():
    app = (ROOT / "app.py").read_text()
    for page in (ROOT / "pages").glob("*.py"):
        assert f'"pages/{page.name}"' in app


def test_pages_and_modules_keep_their_line_limits():
    for page in (ROOT / "pages").glob("*.py"):
        assert len(page.read_text().splitlines()) <= 80, page
    for module in MODULES:
        assert len(module.read_text().splitlines()) <= 310, module


def test_every_module_docstring_starts_with_a_sentence():
    for module in MODULES:
        first = (ast.get_docstring(ast.parse(module.read_text())) or "").split("\n")[0]
        assert first.endswith((".", "?")), module


def test_top_level_contains_only_agreed_entries():
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"}
    assert visible == {"app.py", "pages", "cl_core", "assets", "tests", "requirements.txt", "README.md", "LICENSE"}


def test_requirements_pin_exact_versions():
    for file in ("requirements.txt", "tests/requirements.txt", "tests/benchmarks/onnxruntime_web/requirements.txt"):
        for line in (ROOT / file).read_text().splitlines():
            assert re.fullmatch(r"#.*|-r .*|[a-z-]+==[\w.]+", line), line


def test_sources_and_documents_avoid_banned_words():
    """CONTRIBUTING asks for the terms of the field: caller, client, session or visitor, spill to disk, generator."""
    files = [ROOT / "app.py"]
    for folder in ("cl_core", "pages", "tests"):
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".js", ".md")]
    found = {}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if "node_modules" not in path.parts and name not in ALLOWED_FILES:
            found[name] = [match[0] for match in BANNED_WORDS.finditer(path.read_text(encoding="utf-8"))]
    assert len(found) > 200
    assert not {name: words for name, words in found.items() if words}
