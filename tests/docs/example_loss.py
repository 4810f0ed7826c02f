"""The example of CONTRIBUTING's guide to adding a loss, and a copy of the app that has it."""

import re
import shutil
from pathlib import Path

from tests import ROOT

KEY = "lifted"


def example_block(name: str) -> str:
    """Return a marked block of code in CONTRIBUTING."""
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    match = re.search(rf"<!-- example:{name} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert match, name
    return match[1]


def insert(file: Path, text: str, anchor: str, *, after: bool) -> None:
    """Insert `text` before or after the only line that equals `anchor`."""
    lines = file.read_text().splitlines(keepends=True)
    (place,) = (i for i, line in enumerate(lines) if line.rstrip("\n") == anchor)
    lines.insert(place + after, text)
    file.write_text("".join(lines))


def app_with_example(root: Path) -> Path:
    """Copy the app into an empty folder and add the example, by steps 1 and 2 of the guide; return the folder."""
    for name in ("cl_core", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", root / "app.py")
    (root / "assets").symlink_to(ROOT / "assets")
    (root / f"cl_core/losses/{KEY}.py").write_text(example_block("loss"))
    catalogue = root / "cl_core/losses/catalogue.py"
    insert(catalogue, example_block("import"), "from cl_core.losses.normface import normface", after=False)
    insert(catalogue, example_block("entry"), '    "info_nce": info_nce,', after=True)
    return root
