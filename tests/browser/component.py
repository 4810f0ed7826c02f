"""A component on an open page, as the browser tests see it."""

from typing import Self

from playwright.sync_api import Locator, Page


class Component:
    """Number `which` of its kind on the page."""

    kind: str  # the class of its root element
    sign: str  # the data attribute that it has when something has come

    def __init__(self, page: Page, which: int = 0) -> None:
        self.page = page
        self.which = which
        self.root = page.locator(f".{self.kind}").nth(which)

    def other(self) -> Self:
        return type(self)(self.page, 1 - self.which)

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
                const d = roots[{self.which}]?.dataset;
                return d && d.{self.sign} && ({condition});
            }}""",
            timeout=60_000,
        )

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)
