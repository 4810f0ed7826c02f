"""The parts of README that are made from code: `python -m tests.readme` makes them again."""

import re
from pathlib import Path

from cl_core import losses
from cl_core.training.pretrained import recipe_runs

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BENCHMARKS = ROOT / "tests" / "benchmarks"


def parts() -> dict[str, str]:
    """What belongs between which markers: the losses as they are now, steps and benchmarks as they were last kept."""
    kept = {file.stem: file.read_text() for file in sorted(BENCHMARKS.glob("*.md"))}
    return {"losses": losses.table(), "steps": recipe_runs.steps_table(), **kept}


def filled(text: str) -> str:
    """`text` with each part between `<!-- made:name -->` and the next `<!-- /made -->`.

    Raises ValueError for a part that has no such place.
    """
    for name, part in parts().items():
        found = re.search(rf"(?<=<!-- made:{re.escape(name)} -->\n).*?(?=<!-- /made -->)", text, re.DOTALL)
        if found is None:
            raise ValueError(f"there is no <!-- made:{name} --> ... <!-- /made --> to write between")
        text = f"{text[: found.start()]}\n{part.strip()}\n\n{text[found.end() :]}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
