"""Base class of the page objects of components."""

from typing import Self

from playwright.sync_api import Locator, Page

POLLING = 40  # ms; polling at every animation frame, the default, keeps a page drawing


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
                const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
                const roots = hosts.map((h) => h.shadowRoot?.querySelector('.{self.kind}')).filter(Boolean);
                const d = roots[{self.index}]?.dataset;
                return d && d.{self.sign} && ({condition});
            }}""",
            timeout=60_000,
            polling=POLLING,
        )

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)
