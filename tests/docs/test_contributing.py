"""The guide to adding a loss in CONTRIBUTING, followed to the letter but for the training, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

KEY = "lifted"


def block(name: str) -> str:
    """A marked block of code in CONTRIBUTING."""
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    found = re.search(rf"<!-- example:{name} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found, name
    return found[1]


def insert(file: Path, text: str, anchor: str, *, after: bool) -> None:
    """Put `text` before or after the line that is `anchor`, which is there once."""
    lines = file.read_text().splitlines(keepends=True)
    (place,) = (i for i, line in enumerate(lines) if line.rstrip("\n") == anchor)
    lines.insert(place + after, text)
    file.write_text("".join(lines))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project with the example in it, steps 1 to 3."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("cl_core", "pages", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in (".mypy.ini", ".pytest.ini", ".ruff.toml", "README.md", "app.py"):
        shutil.copy(ROOT / file, root / file)
    for folder in (".container", ".github", ".streamlit"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "assets").symlink_to(ROOT / "assets")

    (root / f"cl_core/losses/{KEY}.py").write_text(block("loss"))
    catalogue, reference = root / "cl_core/losses/catalogue.py", root / "tests/reference.py"
    insert(catalogue, block("import"), "from cl_core.losses.normface import normface", after=False)
    insert(catalogue, block("entry"), '    "info_nce": info_nce,', after=True)
    insert(reference, f"{block('reference')}\n\n", "LOSSES = {", after=False)
    insert(reference, block("entry"), '    "info_nce": info_nce,', after=True)
    return root


def run(root: Path, *arguments: str) -> str:
    """What a Python module says that is run in the copy."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    call = [sys.executable, "-m", *arguments]
    done = subprocess.run(call, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_loss_that_is_added_as_readme_says_has_sliders_and_tests_that_pass(copy):
    run(copy, "tests.docs")
    assert f"| `{KEY}` |" in (copy / "cl_core/losses/README.md").read_text()
    files = (
        "tests/unit/losses/test_losses.py", "tests/unit/losses/test_base.py", "tests/unit/losses/test_snippets.py",
        "tests/unit/analysis/test_similarity_plane.py", "tests/pages/test_training_page.py",
        "tests/pages/test_glossary_page.py",
    )  # fmt: skip
    said = run(copy, "pytest", "-vv", *files, "-k", KEY)
    passed = set(re.findall(r"(test_\w+)\[.*PASSED", said))
    assert {
        "test_loss_equals_loops_at_every_slider_corner",
        "test_float32_is_finite_and_accurate_at_every_slider_corner",
        "test_loss_is_invariant_to_batch_order",
        "test_loss_passes_its_level_at_the_boundary",
        "test_boundary_separates_the_loss_at_its_level_at_every_slider_corner",
        "test_each_loss_has_its_sliders_and_trains",
        "test_an_entry_says_all_that_there_is_to_say",
        "test_program_prints_the_value_of_the_library",
    } <= passed
    assert int(re.search(r"(\d+) passed", said)[1]) > 25


def test_the_example_is_as_tidy_as_the_rest(copy):
    files = [f"cl_core/losses/{KEY}.py", "cl_core/losses/catalogue.py", "tests/reference.py"]
    run(copy, "ruff", "check", *files)
    run(copy, "ruff", "format", "--check", *files)


def test_steps_that_are_forgotten_are_failures(copy):
    # a loss without loops, and a table that does not know it
    reference = copy / "tests/reference.py"
    kept = reference.read_text()
    reference.write_text(kept.replace(block("entry"), ""))
    shutil.copy(ROOT / "cl_core/losses/README.md", copy / "cl_core/losses/README.md")
    try:
        with pytest.raises(AssertionError, match="2 failed"):
            run(
                copy,
                "pytest",
                "tests/unit/losses/test_losses.py",
                "tests/docs/test_documents.py",
                "-k",
                "published_ones or up_to_date",
            )
    finally:
        reference.write_text(kept)
