"""Bundle a component's HTML, CSS and JavaScript files, since Streamlit takes one string of each kind."""

import re
from pathlib import Path

SHARED = Path(__file__).parent / "_shared"  # what several components use

_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ ]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n"  # on lines of its own
    r"|/\*\* @type (?:(?!\*/)[^\n])*\*/ ?| +// [^\n]*$",  # a cast; after code
    re.MULTILINE | re.DOTALL,
)
_INCLUDE = re.compile(r"^ *<!-- ([\w/]+\.html) -->\n", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)


def bundle_html(file: Path) -> str:
    """Return the HTML of a component, with other files in it.

    `<!-- save.html -->` is replaced by that file of `SHARED`, `<!-- embedding/embedding.html -->` by the HTML of that
    component.
    """

    def included(found: re.Match[str]) -> str:
        name = found[1]
        return bundle_html((SHARED.parent if "/" in name else SHARED) / name)

    return _INCLUDE.sub(included, file.read_text(encoding="utf-8"))


def bundle_css(file: Path, *styles: str) -> str:
    """Return the style sheet of a component, after `frame.css` and the other sheets that it needs, from `SHARED`."""
    sheets = [*(SHARED / name for name in ("frame.css", *styles)), file]
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def bundle_javascript(entry: Path) -> str:
    """Return a module together with all modules that it imports, each once, dependencies first.

    Only `import { names } from "./file.js";` is understood, and the files share one scope: a name that two of them
    declare is a syntax error in the browser. Streamlit sends the source along with every message, so comments and
    indentation are left out.
    """
    seen: list[Path] = []
    return _INDENT.sub("", _COMMENT.sub("", _source(entry.resolve(), seen)))


def _source(file: Path, seen: list[Path]) -> str:
    if file in seen:
        return ""
    seen.append(file)
    text = file.read_text(encoding="utf-8")
    needed = [_source((file.parent / name).resolve(), seen) for name in _IMPORT.findall(text)]
    return "".join(needed) + _EXPORT.sub("", _IMPORT.sub("", text))
