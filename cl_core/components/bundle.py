"""Bundle a component's HTML and JavaScript files, since Streamlit takes one string of each kind."""

import re
from pathlib import Path

_HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_REMARK = re.compile(r"^[ ]*(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r"^ *<!-- (\w+\.html) -->\n", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)


def bundle_html(file: Path) -> str:
    """The source of a page with the tools that it shares in their places: `<!-- save.html -->` stands for that file."""
    text = file.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: (_HERE / found[1]).read_text(encoding="utf-8"), text)


def bundle_javascript(entry: Path) -> str:
    """The source of a module after everything it imports from its neighbours, each file once.

    Only `import { names } from "./file.js";` is understood, and the files share one scope: a name that two of
    them declare is an error which the browser reports. Streamlit sends the source along with every message, so
    comments on lines of their own and indentation are left out.
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
