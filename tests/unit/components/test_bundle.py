"""The bundler joins the JavaScript modules of a component into one scope."""

import re
from pathlib import Path

import pytest

from cl_core import components
from cl_core.components.bundle import bundle_javascript

FOLDER = Path(components.__file__).parent


@pytest.mark.parametrize("name", ["embedding", "plane", "batch", "wedge", "triplet", "ranking", "shares", "timeline"])
def test_modules_are_joined_once_and_in_order(name: str) -> None:
    entry = FOLDER / name / f"{name}.js"
    source = bundle_javascript(entry)
    assert not re.search(r"^\s*import ", source, re.MULTILINE)
    assert source.count("export default") == len(re.findall(r"^export ", source, re.MULTILINE)) == 1
    files, declared = [entry], []
    for file in files:  # grows during the loop
        text = file.read_text()
        imported = [
            (file.parent / path).resolve() for path in re.findall(r'^import .* from "(.*)";$', text, re.MULTILINE)
        ]
        files += [new for new in dict.fromkeys(imported) if new not in files]
        declared += re.findall(r"^(?:export )?(?:default )?(?:class|function|const|let) (\w+)", text, re.MULTILINE)
    assert set(entry.parent.glob("*.js")) <= set(files), "a file that is never imported"
    duplicates = {symbol for symbol in declared if declared.count(symbol) > 1}
    assert not duplicates, "the files share one scope"
    assert all(
        re.search(rf"^(?:export default )?(?:class|function|const|let) {symbol}\b", source, re.MULTILINE)
        for symbol in declared
    )
