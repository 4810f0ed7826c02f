"""Results of benchmarks in Markdown: tables, and printing and saving them."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark."""
    result = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{name}", description=doc)
    default_path = RESULTS / f"{name}.md"
    result.add_argument(
        "--write",
        nargs="?",
        type=Path,
        const=default_path,
        metavar="PATH",
        help=f"save the result, by default in {default_path.name}",
    )
    return result


def print_and_save(text: str, path: Path | None) -> None:
    """Print the result, and save it if there is a path."""
    print(text)
    if path is not None:
        path.write_text(f"{text.rstrip()}\n", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with the first column aligned left and the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Format a number with two significant digits, or as an integer from 10: 0.35, 7.8, 12, 1,234."""
    if value == 0 or abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
