"""Texts that the components' JavaScript and HTML hold themselves, beside those that Python sends."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from tests import ROOT

FOLDERS = (ROOT / "cl_core" / "components", ROOT / "cl_core" / "site")
SPOKEN = ("aria-label", "title", "alt", "placeholder")  # attributes that a visitor can see or hear
QUOTED = r'"((?:\\.|[^"\\\n])*)"' + r"|'((?:\\.|[^'\\\n])*)'" + r"|`((?:\\.|[^`\\])*)`"
COMMENT = r"/\*.*?\*/|(?<![:\w])//[^\n]*"
TOKEN = re.compile(f"(?:{COMMENT})|{QUOTED}", re.DOTALL)
SHOWN = re.compile(rf"(?:textContent|innerText|title|alt|ariaLabel)\s*[=:]\s*(?:{QUOTED})")
EXPRESSION = re.compile(r"\$?\{[^{}]*\}")  # in a template literal, or a placeholder in a text


def texts_of_javascript(source: str) -> Iterator[str]:
    """Yield the string literals of a program that have a space or are assigned to a shown text, without expressions."""
    for match in TOKEN.finditer(source):
        text = EXPRESSION.sub("", next(filter(None, match.groups()), ""))
        if " " in text.strip():
            yield text
    for match in SHOWN.finditer(source):
        yield EXPRESSION.sub("", next(filter(None, match.groups()), ""))


class _Texts(HTMLParser):
    """Collects the texts and the spoken attributes of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_data(self, data: str) -> None:
        self.found += [data] * bool(data.strip())


def texts_of_html(source: str) -> Iterator[str]:
    """Yield the texts of a document, and those that a screen reader speaks."""
    parser = _Texts()
    parser.feed(source)
    yield from parser.found


def component_files() -> list[str]:
    """Return every program and document of the components and of the static site, relative to the project."""
    paths = [path for folder in FOLDERS for kind in ("*.js", "*.html") for path in folder.rglob(kind)]
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def texts_of_file(name: str) -> list[str]:
    """Return the texts of one of `component_files`."""
    source = (ROOT / name).read_text(encoding="utf-8")
    return list(texts_of_html(source) if name.endswith(".html") else texts_of_javascript(source))
