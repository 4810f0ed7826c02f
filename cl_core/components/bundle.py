"""Bundle a component's HTML and JavaScript files: Streamlit takes one string of each kind."""

import re
from pathlib import Path

_HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(r"^[ ]*(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r"^ *<!-- (\w+\.html) -->\n", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)


def bundle_html(file: Path) -> str:
    """Return a component's HTML with the fragments that it includes.

    Args:
        file: an HTML file. A line `<!-- save.html -->` in it includes that file of the components folder.

    Returns:
        The text of the file with every such line replaced.
    """
    text = file.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda match: (_HERE / match[1]).read_text(encoding="utf-8"), text)


def bundle_javascript(entry: Path) -> str:
    """Return a JavaScript module together with every file that it imports, each file once.

    The files share one scope: a name that two of them declare is an error, which the browser reports. Comments on
    lines of their own and indentation are removed, because Streamlit sends the source with every message.

    Args:
        entry: the module's file. Imports must have the form `import { names } from "./file.js";`.

    Returns:
        The source, in which a file stands after those that it imports.
    """
    seen: list[Path] = []
    return _INDENT.sub("", _COMMENT.sub("", _source(entry.resolve(), seen)))


def _source(file: Path, seen: list[Path]) -> str:
    """Return the source of a file after that of its imports; "" for a file that was seen before."""
    if file in seen:
        return ""
    seen.append(file)
    text = file.read_text(encoding="utf-8")
    imported = [_source((file.parent / name).resolve(), seen) for name in _IMPORT.findall(text)]
    return "".join(imported) + _EXPORT.sub("", _IMPORT.sub("", text))
