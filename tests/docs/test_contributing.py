"""The guide to adding a loss in CONTRIBUTING is followed in a copy of the project, but for its artefacts."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.docs.example_loss import KEY, app_with_example, example_block, insert

STATEMENTS = "tests/unit/losses/statements"

pytestmark = pytest.mark.slow  # pytest and ruff run in subprocesses


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory):
    """Return a copy of the project with the example in it: steps 1 to 4."""
    root = app_with_example(tmp_path_factory.mktemp("copy"))
    shutil.copytree(ROOT / "tests", root / "tests", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in (".mypy.ini", ".pytest.ini", ".ruff.toml", "README.md"):
        shutil.copy(ROOT / file, root / file)
    for folder in (".container", ".github"):
        shutil.copytree(ROOT / folder, root / folder)

    (root / STATEMENTS / f"test_{KEY}.py").write_text(example_block("statements"))
    reference = root / "tests/reference.py"
    insert(reference, f"{example_block('reference')}\n\n", "LOSSES = {", after=False)
    insert(reference, example_block("entry"), '    "info_nce": info_nce,', after=True)
    return root


def run_module(root: Path, *arguments: str) -> str:
    """Run a Python module in the copy; return what it prints."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    call = [sys.executable, "-m", *arguments]
    process = subprocess.run(call, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_loss_added_by_the_guide_has_controls_and_passes_tests(project_copy):
    run_module(project_copy, "tests.docs")
    assert f"| `{KEY}` |" in (project_copy / "cl_core/losses/README.md").read_text()
    files = (
        "tests/unit/losses/test_losses.py", "tests/unit/losses/test_base.py", "tests/unit/losses/test_snippets.py",
        "tests/unit/analysis/test_similarity_plane.py", "tests/pages/test_training_page.py",
        "tests/pages/test_glossary_page.py", STATEMENTS,
    )  # fmt: skip
    output = run_module(project_copy, "pytest", "-vv", *files, "-k", KEY)
    passed = set(re.findall(r"(test_\w+)\[.*PASSED", output))
    assert {
        "test_loss_equals_loops_at_every_slider_corner",
        "test_float32_is_finite_and_accurate_at_every_slider_corner",
        "test_loss_is_invariant_to_batch_order",
        "test_loss_passes_its_level_at_the_boundary",
        "test_boundary_separates_the_loss_at_its_level_at_every_slider_corner",
        "test_each_loss_has_its_controls_and_trains",
        "test_entry_shows_the_complete_description_of_its_loss",
        "test_program_prints_the_value_of_the_library",
    } <= passed
    run_module(project_copy, "pytest", f"{STATEMENTS}/test_catalogue.py")
    assert int(re.search(r"(\d+) passed", output)[1]) > 25


def test_example_passes_lint_and_format(project_copy):
    files = [f"cl_core/losses/{KEY}.py", "cl_core/losses/catalogue.py", "tests/reference.py"]
    files.append(f"{STATEMENTS}/test_{KEY}.py")
    run_module(project_copy, "ruff", "check", *files)
    run_module(project_copy, "ruff", "format", "--check", *files)


def test_forgotten_steps_of_the_guide_fail_tests(project_copy):
    # a loss without loops, a table without the loss, and sentences without tests
    reference = project_copy / "tests/reference.py"
    original = reference.read_text()
    reference.write_text(original.replace(example_block("entry"), ""))
    shutil.copy(ROOT / "cl_core/losses/README.md", project_copy / "cl_core/losses/README.md")
    (project_copy / STATEMENTS / f"test_{KEY}.py").unlink()
    try:
        with pytest.raises(AssertionError, match="3 failed"):
            run_module(
                project_copy,
                "pytest",
                "tests/unit/losses/test_losses.py",
                "tests/docs/test_documents.py",
                f"{STATEMENTS}/test_catalogue.py",
                "-k",
                "published_ones or up_to_date or computed_by_a_test",
            )
    finally:
        reference.write_text(original)
