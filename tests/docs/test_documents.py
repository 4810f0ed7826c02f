"""Documents are correct: generated parts are up to date, links and names resolve, and Python examples run."""

import pkgutil
import re
import subprocess

import pytest
import torch

import cl_core
from cl_core.losses.articles import ARTICLES
from tests import ROOT
from tests.docs import generated

DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
] or sorted(path for path in ROOT.rglob("*.md") if not {".venv", "node_modules"} & set(path.parts))


@pytest.mark.parametrize("path", generated.parts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(path):
    text = path.read_text(encoding="utf-8")
    assert generated.fill(text, generated.parts()[path]) == text, "run: python -m tests.docs"


def test_generated_part_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="generated:losses"):
        generated.fill("nothing to write between", {"losses": "a table"})


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_linked_files_exist(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_linked_headings_exist(path):
    for target, heading in re.findall(r"\]\(([^)#]*)#([\w-]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            text = (path.parent / target).read_text(encoding="utf-8") if target else path.read_text(encoding="utf-8")
            titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, heading


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_modules_and_files_exist(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:cl_core|tests|pages|assets)/[\w./-]+)`", text):
        assert (ROOT / name).exists() or name.endswith("lifted.py"), name  # the worked example's own file
    for name in re.findall(r"python -m ((?:cl_core|tests)[\w.]*)", text):
        place = ROOT.joinpath(*name.split("."))
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_objects_of_the_library_exist(path):
    if path.name == "CHANGELOG.md":  # it also names removed objects
        return
    for name in re.findall(r"`(cl_core(?:\.\w+)+)`", path.read_text(encoding="utf-8")):
        assert pkgutil.resolve_name(name) is not None


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_changelog_has_a_section_for_the_version():
    changelog = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(cl_core.__version__)}\b", changelog, re.MULTILINE)


def test_python_examples_in_readme_run():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    namespace = {"embeddings": torch.randn(32, 8), "labels": torch.arange(32) % 4}
    exec(blocks[0], namespace)
    assert namespace["value"].shape == ()
    exec(blocks[1].replace("steps=500", "steps=2"), namespace)
    assert namespace["z"].shape == (2000, 128)
    exec(blocks[2], namespace)
    assert namespace["c"].total == 32 * 7 * 24


def test_readme_names_both_articles_as_the_app_does():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert all(article.reference in text for article in ARTICLES)


def test_texts_name_an_article_instead_of_speaking_of_the_article():
    folders = ("cl_core/losses", "cl_core/teaching", "cl_core/charts", "cl_core/components", "cl_core/ui", "pages")
    named = {ROOT / "cl_core" / "losses" / "articles.py"}  # the titles stand here
    files = {
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "experiments" not in str(path)
    } - named
    assert len(files) > 100
    for path in files:
        found = re.search(r"\b(the|an|first|second|this) article\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
        assert found is None, (path, found)
