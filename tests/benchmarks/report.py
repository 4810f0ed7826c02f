"""Tables in Markdown, and their place in README."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left and numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Two digits that count, or all before the point: 0.35, 7.8, 12, 1,234."""
    if value == 0 or abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def between_markers(text: str, name: str, insert: str) -> str:
    """`text` with `insert` between `<!-- benchmark:name -->` and the next `<!-- /benchmark -->`.

    Raises ValueError where there are no such markers.
    """
    place = re.compile(rf"(<!-- benchmark:{re.escape(name)} -->\n).*?(<!-- /benchmark -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"there is no <!-- benchmark:{name} --> ... <!-- /benchmark --> to write between")
    return place.sub(lambda found: f"{found[1]}\n{insert.strip()}\n\n{found[2]}", text, count=1)


def update_readme(name: str, stored: Path, readme: Path = README) -> None:
    """Put the stored table called `name` in its place in README."""
    readme.write_text(between_markers(readme.read_text(), name, stored.read_text()))
