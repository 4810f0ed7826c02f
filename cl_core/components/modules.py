"""A component from the files of its folder and what it has in common with others: Streamlit takes one of each kind."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_SHARED = Path(__file__).parent / "_shared"
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_REMARK = re.compile(
    r"^[ ]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n"  # on lines of its own
    r"|/\*\* @type (?:(?!\*/)[^\n])*\*/ ?| +// [^\n]*$",  # a cast; after code
    re.MULTILINE | re.DOTALL,
)
_INCLUDE = re.compile(r"^ *<!-- (\w+\.html) -->\n", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)


def registered(folder: Path, *styles: str) -> Callable[..., Any]:
    """The component of a folder, named after it, from the `.html`, `.css` and `.js` of its name.

    styles: what it has in common with others: the names of style sheets that come before its own, after `frame.css`.
    """
    file = folder / folder.name
    sheets = [*(_SHARED / name for name in ("frame.css", *styles)), file.with_suffix(".css")]
    return st.components.v2.component(
        f"contrastive_loss_lab_{folder.name}",
        html=markup(file.with_suffix(".html")),
        css="".join(sheet.read_text(encoding="utf-8") for sheet in sheets),
        js=joined(file.with_suffix(".js")),
    )


def ignore() -> None:
    """Streamlit gives a component the values whose changes something listens to."""


def markup(file: Path) -> str:
    """The source of a page with the tools that it shares in their places: `<!-- save.html -->` stands for that file."""
    text = file.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: (_SHARED / found[1]).read_text(encoding="utf-8"), text)


def joined(entry: Path) -> str:
    """The source of a module after everything it imports from its neighbours, each file once.

    Only `import { names } from "./file.js";` is understood, and the files share one scope: a name that two of
    them declare is an error which the browser reports. Streamlit sends the source along with every message, so
    comments and indentation are left out.
    """
    seen: list[Path] = []
    return _INDENT.sub("", _REMARK.sub("", _source(entry.resolve(), seen)))


def _source(file: Path, seen: list[Path]) -> str:
    if file in seen:
        return ""
    seen.append(file)
    text = file.read_text(encoding="utf-8")
    needed = [_source((file.parent / name).resolve(), seen) for name in _IMPORT.findall(text)]
    return "".join(needed) + _EXPORT.sub("", _IMPORT.sub("", text))
