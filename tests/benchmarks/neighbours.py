"""Time from pointing at an image on the page of retrieval to its drawn neighbours, and the bytes that are sent once.

`python -m tests.benchmarks.neighbours` prints Markdown; `--write` also saves it in `results`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page, Request

from tests.benchmarks import machine, report
from tests.benchmarks.serving import TIMEOUT, open_browser, run_server

MOVES = 200
WANTED = 50  # milliseconds
ADDRESS = "retrieval?part=nearest+neighbours&net=softmax&net_2=am_softmax&stage=trained"

# Notes how long it is from the making of each pointer event, or key, to its drawn picture, and to the next frame.
RECORDER = """(root) => {
    window.moves = [];
    let made = 0;
    const note = ({ timeStamp }) => { made = timeStamp; };
    for (const type of ["pointermove", "keydown"]) addEventListener(type, note, true);
    new MutationObserver(() => {
        const drawn = performance.now();
        const move = made;
        requestAnimationFrame(() => window.moves.push({ drawn: drawn - move, frame: performance.now() - move }));
    }).observe(root, { attributes: true, attributeFilter: ["data-image"] });
}"""


@dataclass(frozen=True)
class Answers:
    """Milliseconds of each answer to the drawn picture and to the next frame, and bytes of each file by its name."""

    pointed: np.ndarray
    pressed: np.ndarray
    sizes: dict[str, int]


def measure(page: Page, url: str, moves: int = MOVES) -> Answers:
    """Move the pointer over a cloud, and then press an arrow key."""
    sizes: dict[str, int] = {}

    def note(request: Request) -> None:
        response = request.response()
        if response and any(name in request.url for name in ("neighbours-", "test-images-")):
            sizes[request.url.rpartition("/")[2]] = len(response.body())

    page.on("requestfinished", note)
    page.goto(url)
    root = page.locator(".neighbours[data-first]")
    root.wait_for(timeout=1000 * TIMEOUT)
    page.wait_for_timeout(2000)
    root.evaluate(RECORDER)
    cloud = page.get_by_role("application").first
    box = cloud.bounding_box()
    assert box is not None
    centre, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), 0.3 * box["height"]
    for angle in np.linspace(0, 12 * np.pi, moves):
        page.mouse.move(centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle) * (1 - angle / 50))
    page.wait_for_timeout(200)
    pointed = page.evaluate("() => window.moves.splice(0)")
    cloud.focus()
    for _ in range(moves):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    pressed = page.evaluate("() => window.moves")
    return Answers(_times(pointed), _times(pressed), sizes)


def _times(noted: Sequence[Mapping[str, float]]) -> np.ndarray:
    return np.array([[each["drawn"], each["frame"]] for each in noted])


def run(moves: int = MOVES) -> str:
    """Measure; return Markdown."""
    with run_server() as (server, _), open_browser() as page:
        answers = measure(page, f"{server}/{ADDRESS}", moves)
    rows = [
        [name, *(report.number(float(value)) for column in times.T for value in np.percentile(column, (50, 95)))]
        for name, times in (("pointing at an image", answers.pointed), ("an arrow key", answers.pressed))
    ]
    head = ["milliseconds", "drawn, median", "drawn, 95 %", "next frame, median", "next frame, 95 %"]
    files = sum(size for name, size in answers.sizes.items() if name.startswith("neighbours"))
    sheet = sum(answers.sizes.values()) - files
    return (
        f"{machine.describe()}.\n\n"
        f"{moves} answers of each kind, two networks side by side, in headless Chromium: from the event to the drawn "
        f"neighbours, as pictures and in both clouds, and to the next frame (wanted: {WANTED} ms). The browser gets "
        f"once: {files / 1e6:.2f} MB for two networks, and {sheet / 1e6:.2f} MB for the pictures of 10,000 images.\n\n"
        f"{report.table(head, rows)}\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = report.parser("neighbours", __doc__).parse_args(arguments)
    report.print_and_save(run(), options.write)


if __name__ == "__main__":
    main()
