"""The shares over a run in a real browser: one moment for them and the clouds of their group, whoever moves it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.component import Component
from tests.browser.scenes.shares import STEPS, made_up

pytestmark = pytest.mark.browser

Open = Callable[..., "Kinds"]
RUN = STEPS["run"]


class Cloud(Component):
    kind, sign = "embedding", "frames"


class Kinds(Component):
    """The shares on an open page."""

    kind, sign = "shares", "frame"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cursor = self.root.get_by_role("slider", name="Training step")
        self.cloud = Cloud(page)

    def at(self, frame: int) -> None:
        """Wait until both show this frame of the run."""
        self.until(f"d.frame === '{frame}' && d.step === '{RUN[frame]}'")
        self.cloud.until(f"d.frame === '{frame}' && d.step === '{RUN[frame]}'")

    def place(self, frame: int) -> tuple[float, float]:
        """Where a frame is on the page: the middle of the cursor while it shows it."""
        box = self.root.locator(".stage").bounding_box()
        x = self.root.locator(".scale").evaluate(
            """(e, step) => {
                const ticks = [...e.querySelectorAll('line')].filter((l) => l.x1.baseVal.value === l.x2.baseVal.value);
                const names = [...e.querySelectorAll('text')].map((t) => t.textContent);
                return ticks.map((l) => l.x1.baseVal.value)[names.filter((n) => /^\\d+$/.test(n)).indexOf(step)];
            }""",
            str(RUN[frame]),
        )
        assert box is not None
        return box["x"] + x, box["y"] + box["height"] / 3

    def python_sees(self, *frames: int | None) -> None:
        expect(self.page.get_by_text(f"python sees frames {', '.join(map(str, frames))}", exact=True)).to_be_visible()


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def opened(query: str = "", **settings: Any) -> Kinds:
        kinds = Kinds(show_scene("shares", query, **settings))
        kinds.until("true")
        if "clouds=&" not in query:
            kinds.cloud.until("d.moving === 'false'")
        return kinds

    return opened


def test_the_cursor_moves_the_cloud_and_the_cloud_the_cursor(open_scene: Open) -> None:
    kinds = open_scene()
    last = len(RUN) - 1
    kinds.at(last)
    mouse = kinds.page.mouse
    mouse.move(*kinds.place(last))
    mouse.down()
    mouse.move(*kinds.place(RUN.index(10)), steps=5)
    kinds.at(RUN.index(10))
    kinds.python_sees(None)  # nothing is told while the hand holds on
    mouse.up()
    kinds.python_sees(RUN.index(10))
    # on from there with the keys
    expect(kinds.cursor).to_be_focused()
    for key, frame in {"ArrowRight": 11, "ArrowUp": 12, "PageUp": 17, "ArrowLeft": 16, "PageDown": 11}.items():
        kinds.cursor.press(key)
        kinds.at(frame)
    kinds.cursor.press("Home")
    kinds.at(0)
    kinds.python_sees(0)
    kinds.cursor.press("End")
    kinds.at(last)
    kinds.python_sees(None)
    # and from the cloud
    kinds.cloud.button("First frame").click()
    kinds.at(0)
    kinds.cloud.button("One frame forward").click()
    kinds.at(1)
    scrubber = kinds.page.get_by_role("slider", name="Frame")
    scrubber.press("PageUp")
    kinds.until("Number(d.frame) > 2")
    kinds.at(int(kinds.data("frame")))


def test_what_is_said_at_the_cursor(open_scene: Open) -> None:
    kinds = open_scene("clouds=&")
    kinds.cursor.press("Home")
    kinds.cursor.press("ArrowRight")
    kinds.until("d.step === '1'")
    easy, semihard, hard = (f"{100 * share:.1f} %" for share in made_up([0, 1])[0][1])
    for kind, said in {"easy": easy, "semihard": semihard, "hard": hard}.items():
        expect(kinds.root.locator(f'[data-kind="{kind}"] dd')).to_have_text(said)
    words = f"step 1: hard {hard}, semi-hard {semihard}, easy {easy}, loss 1.01"
    expect(kinds.cursor).to_have_attribute("aria-valuetext", words)
    for name, value in {"valuemin": "0", "valuemax": "1000", "valuenow": "1"}.items():
        expect(kinds.cursor).to_have_attribute(f"aria-{name}", value)
    names = kinds.root.locator(".names text")
    expect(names).to_have_text(["● hard", "◐ semi-hard", "○ easy"])
    expect(kinds.root.locator(".lines text")).to_have_text(["loss", "total collapse 1", "floor 0"])
    fills = [kinds.root.locator(f'[data-area="{kind}"]').evaluate("e => getComputedStyle(e).fill") for kind in
             ("easy", "semihard", "hard")]  # fmt: skip
    assert fills[0] == "rgb(0, 158, 115)"
    assert "sparse" in fills[1]
    assert "dense" in fills[2]


def test_a_replay_moves_all_and_stops_for_all(open_scene: Open) -> None:
    kinds = open_scene(motion=True)
    kinds.cloud.button("Replay (space)").click()
    kinds.until("d.playing === 'true' && Number(d.frame) >= 3")
    kinds.cloud.until("d.replay === 'true' && Number(d.frame) >= 3")
    kinds.cursor.press(" ")
    kinds.until("d.playing === 'false'")
    kinds.cloud.until("d.replay === 'false' && d.live === 'false' && d.moving === 'false'")
    frame = int(kinds.data("frame"))
    assert 3 <= frame < len(RUN) - 1
    kinds.at(frame)
    kinds.python_sees(frame)
    kinds.cursor.press(" ")
    kinds.until(f"d.playing === 'false' && d.frame === '{len(RUN) - 1}'")
    kinds.cloud.until("d.replay === 'false' && d.live === 'true'")
    kinds.python_sees(None)


def test_runs_with_other_frames_show_their_last_one_until_then(open_scene: Open) -> None:
    kinds = open_scene("clouds=run,other")
    other = Cloud(kinds.page, 1)
    kinds.cursor.press("Home")
    kinds.at(0)
    for step, frame in {3: 0, 5: 1, 9: 1, 12: 2, 760: 4}.items():
        while int(kinds.data("step")) < step:
            before = kinds.data("step")
            kinds.cursor.press("ArrowRight")
            kinds.until(f"d.step !== '{before}'")
        assert kinds.number("step") == step
        other.until(f"d.frame === '{frame}' && d.live === 'false'")
    kinds.python_sees(RUN.index(760), 4)


def test_another_group_is_left_alone(open_scene: Open) -> None:
    kinds = open_scene("group=h")
    kinds.cursor.press("Home")
    kinds.until("d.frame === '0'")
    assert kinds.cloud.data("live") == "true"
    kinds.python_sees(None)


def test_new_frames_and_a_remount_keep_the_moment(open_scene: Open) -> None:
    kinds = open_scene("frames=20")
    kinds.cursor.press("Home")
    kinds.cursor.press("PageUp")
    kinds.at(5)
    kinds.python_sees(5)
    kinds.page.get_by_role("button", name="one frame", exact=True).click()
    kinds.until("d.frames === '21'")
    kinds.at(5)
    box = kinds.page.get_by_text("show", exact=True)
    box.click()
    expect(kinds.cloud.root).to_have_count(0)
    kinds.cursor.press("ArrowRight")
    kinds.until("d.frame === '6'")
    box.click()
    kinds.at(6)
    kinds.python_sees(6)


def test_by_touch_on_a_phone(open_scene: Open) -> None:
    kinds = open_scene("clouds=&bare=1", width=390, height=900, phone=True)
    kinds.page.touchscreen.tap(*kinds.place(RUN.index(10)))
    kinds.until("d.step === '10'")
    wide = kinds.root.evaluate("e => [...e.querySelectorAll('div, dl')].filter(c => c.scrollWidth > c.clientWidth + 1)"
                               ".map(c => c.className)")  # fmt: skip
    assert json.dumps(wide) == '["cursor"]' or not wide, "nothing is wider than the column"
    expect(kinds.root.locator(".dot")).to_be_hidden()
    assert not kinds.root.locator(".curve").get_attribute("d")
