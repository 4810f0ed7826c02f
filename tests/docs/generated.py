"""The generated parts of the project's documents; `python -m tests.docs` writes them."""

import re
from collections.abc import Mapping
from pathlib import Path

from cl_core import losses
from cl_core.pretrained import recipe_runs
from tests import ROOT
from tests.unit.losses import capabilities

LOSSES = ROOT / "cl_core" / "losses" / "README.md"
BENCHMARKS = ROOT / "tests" / "benchmarks" / "README.md"


def parts() -> Mapping[Path, Mapping[str, str]]:
    """Return the generated parts of each document by name, but for those that take long."""
    results = sorted((ROOT / "tests" / "benchmarks" / "results").glob("*.md"))
    return {
        LOSSES: {"losses": losses.table(), "steps": recipe_runs.steps_table()},
        BENCHMARKS: {file.stem: file.read_text(encoding="utf-8") for file in results},
    }


def fill(text: str, contents: Mapping[str, str]) -> str:
    """Return a document with its generated parts replaced.

    Args:
        text: the document, with each part between `<!-- generated:name -->` and the next `<!-- /generated -->`.
        contents: the parts by name.

    Raises:
        ValueError: the document has no place for a part.
    """
    for name, content in contents.items():
        pattern = rf"(?<=<!-- generated:{re.escape(name)} -->\n).*?(?=<!-- /generated -->)"
        place = re.search(pattern, text, re.DOTALL)
        if place is None:
            raise ValueError(f"there is no <!-- generated:{name} --> ... <!-- /generated --> to write between")
        text = f"{text[: place.start()]}\n{content.strip()}\n\n{text[place.end() :]}"
    return text


def write() -> None:
    """Write the generated parts of all documents, and the table of capabilities, which takes half a minute."""
    slow = {LOSSES: {"capabilities": capabilities.table()}}
    for path, contents in (*parts().items(), *slow.items()):
        path.write_text(fill(path.read_text(encoding="utf-8"), contents), encoding="utf-8")
