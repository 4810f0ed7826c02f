"""What a benchmark found, in Markdown: tables, and the command that prints and keeps them."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """What every benchmark's command can be asked."""
    made = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{name}", description=doc)
    stored = RESULTS / f"{name}.md"
    made.add_argument("--write", nargs="?", type=Path, const=stored, metavar="PATH", help=f"keep it ({stored.name})")
    return made


def say(text: str, keep: Path | None) -> None:
    """Print what was found, and keep it where that was asked for."""
    print(text)
    if keep is not None:
        keep.write_text(f"{text.rstrip()}\n", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left and numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Two digits that count, or all before the point: 0.35, 7.8, 12, 1,234."""
    if value == 0 or abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
