"""Base class of the page objects of components."""

from typing import Self

from playwright.sync_api import Locator, Page

HOSTS = '[data-testid="stBidiComponentIsolated"], .picture > div'  # of components: in the app, and on the static site
POLLING = 40  # ms; polling at every animation frame, the default, keeps a page drawing
FRAME_CLOCK = """() => {
    const requestFrame = window.requestAnimationFrame.bind(window);
    let now = performance.now();
    let running = true;
    const advance = () => {
        now += 16;
        if (running) requestFrame(advance);
    };
    advance();
    performance.now = () => now;
    window.requestAnimationFrame = (callback) => requestFrame(() => callback(now));
    window.restoreClock = () => {
        running = false;
        delete performance.now;
        window.requestAnimationFrame = requestFrame;
        delete window.restoreClock;
    };
}"""


class Component:
    """A component on an open page.

    Args:
        page: the page.
        index: which of the components of this kind.
    """

    kind: str  # the class of its root element
    sign: str  # the data attribute that it has once it has received a message

    def __init__(self, page: Page, index: int = 0) -> None:
        self.page = page
        self.index = index
        self.root = page.locator(f".{self.kind}").nth(index)

    def other(self) -> Self:
        """Return the other one of two components."""
        return type(self)(self.page, 1 - self.index)

    def data(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    def number(self, name: str) -> float:
        return float(self.data(name) or "nan")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript condition on the data attributes `d` holds."""
        self.page.wait_for_function(
            f"""() => {{
                const hosts = [...document.querySelectorAll('{HOSTS}')];
                const roots = hosts.map((h) => h.shadowRoot?.querySelector('.{self.kind}')).filter(Boolean);
                const d = roots[{self.index}]?.dataset;
                return d && d.{self.sign} && ({condition});
            }}""",
            timeout=60_000,
            polling=POLLING,
        )

    def wait_two_frames(self) -> None:
        """Wait until what has been asked for is drawn, which is at the next animation frame."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def watch_motion(self) -> None:
        """Begin to watch whether the component moves; ends with the scene."""
        self.root.evaluate(
            """root => {
                window.hasMoved = false;
                new MutationObserver(() => (hasMoved ||= root.dataset.moving === 'true')).observe(root, {
                    attributeFilter: ['data-moving'],
                });
            }"""
        )

    def has_moved(self) -> bool:
        """Return whether the component has moved since `watch_motion`."""
        return self.page.evaluate("hasMoved")

    def advance_time_by_frames(self) -> None:
        """Let 16 ms pass from one animation frame to the next, so that no animation skips frames on a busy machine.

        It ends with the scene.
        """
        self.page.evaluate(FRAME_CLOCK)

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)
