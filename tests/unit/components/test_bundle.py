"""The bundler joins the JavaScript modules of a component into one scope."""

import re
from pathlib import Path

import pytest

from cl_core import components
from cl_core.components.bundle import bundle_javascript

FOLDER = Path(components.__file__).parent


ENTRIES = [
    *(f"{name}/{name}.js" for name in ("embedding", "plane", "batch", "wedge", "triplet", "ranking", "shares", "film")),
    *(
        "points/points.js",
        "neighbours/neighbours.js",
        "timeline/timeline.js",
        "trainer/trainer.js",
        "trainer/worker.js",
        "own_run/own_run.js",
        "phone_sidebar/phone_sidebar.js",
        "reload/reload.js",
        "visit/visit.js",
        "arena/arena.js",
    ),
]


def files_of(entry: Path) -> list[Path]:
    """Return a module with all that it imports, directly or not."""
    files = [entry]
    for file in files:  # grows during the loop
        names = re.findall(r'^import .* from "(.*)";$', file.read_text(), re.MULTILINE)
        imported = [(file.parent / name).resolve() for name in names]
        files += [new for new in dict.fromkeys(imported) if new not in files]
    return files


@pytest.mark.parametrize("name", ENTRIES)
def test_modules_are_joined_once_and_in_order(name: str) -> None:
    entry = FOLDER / name
    source = bundle_javascript(entry)
    assert not re.search(r"^\s*import ", source, re.MULTILINE)
    exports = 0 if entry.stem == "worker" else 1
    assert source.count("export default") == len(re.findall(r"^export ", source, re.MULTILINE)) == exports
    declared = [
        symbol
        for file in files_of(entry)
        for symbol in re.findall(
            r"^(?:export )?(?:default )?(?:async )?(?:class|function|const|let) (\w+)", file.read_text(), re.MULTILINE
        )
    ]
    duplicates = {symbol for symbol in declared if declared.count(symbol) > 1}
    assert not duplicates, "the files share one scope"
    assert all(
        re.search(rf"^(?:export default )?(?:async )?(?:class|function|const|let) {symbol}\b", source, re.MULTILINE)
        for symbol in declared
    )


def test_every_module_is_part_of_a_bundle() -> None:
    bundled = {file for name in ENTRIES for file in files_of(FOLDER / name)}
    assert set(FOLDER.rglob("*.js")) == bundled
