"""Shares component: it and the embeddings of its group always show the same training step."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.component import Component
from tests.browser.scenes.shares import STEPS, made_up

pytestmark = pytest.mark.browser

Open = Callable[..., "SharesView"]
RUN = STEPS["run"]


class EmbeddingView(Component):
    kind, sign = "embedding", "frames"


class SharesView(Component):
    """The shares component on an open page, with the first embedding beside it."""

    kind, sign = "shares", "frame"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cursor = self.root.get_by_role("slider", name="Training step")
        self.cloud = EmbeddingView(page)

    def wait_for_frame(self, frame: int) -> None:
        """Wait until both components show this frame of the run."""
        self.until(f"d.frame === '{frame}' && d.step === '{RUN[frame]}'")
        self.cloud.until(f"d.frame === '{frame}' && d.step === '{RUN[frame]}'")

    def position(self, frame: int) -> tuple[float, float]:
        """Return a point of the page on the vertical line of a frame, which must have a tick of its own."""
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

    def expect_python(self, *frames: int | None) -> None:
        expect(self.page.get_by_text(f"python sees frames {', '.join(map(str, frames))}", exact=True)).to_be_visible()


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", **settings: Any) -> SharesView:
        view = SharesView(show_scene("shares", query, **settings))
        view.until("true")
        if "clouds=&" not in query:
            view.cloud.until("d.moving === 'false'")
        return view

    return open_


def test_cursor_and_embedding_move_each_other(open_scene: Open) -> None:
    view = open_scene()
    last = len(RUN) - 1
    view.wait_for_frame(last)
    mouse = view.page.mouse
    mouse.move(*view.position(last))
    mouse.down()
    mouse.move(*view.position(RUN.index(10)), steps=5)
    view.wait_for_frame(RUN.index(10))
    view.expect_python(None)  # nothing is sent before the mouse button is released
    mouse.up()
    view.expect_python(RUN.index(10))
    expect(view.cursor).to_be_focused()
    for key, frame in {"ArrowRight": 11, "ArrowUp": 12, "PageUp": 17, "ArrowLeft": 16, "PageDown": 11}.items():
        view.cursor.press(key)
        view.wait_for_frame(frame)
    view.cursor.press("Home")
    view.wait_for_frame(0)
    view.expect_python(0)
    view.cursor.press("End")
    view.wait_for_frame(last)
    view.expect_python(None)
    view.cloud.button("First frame").click()
    view.wait_for_frame(0)
    view.cloud.button("One frame forward").click()
    view.wait_for_frame(1)
    scrubber = view.page.get_by_role("slider", name="Frame")
    scrubber.press("PageUp")
    view.until("Number(d.frame) > 2")
    view.wait_for_frame(int(view.data("frame")))


def test_cursor_shows_shares_and_loss_of_its_step(open_scene: Open) -> None:
    view = open_scene("clouds=&")
    view.cursor.press("Home")
    view.cursor.press("ArrowRight")
    view.until("d.step === '1'")
    easy, semihard, hard = (f"{100 * share:.1f} %" for share in made_up([0, 1])[0][1])
    for kind, text in {"easy": easy, "semihard": semihard, "hard": hard}.items():
        expect(view.root.locator(f'[data-kind="{kind}"] dd')).to_have_text(text)
    value_text = f"step 1: hard {hard}, semi-hard {semihard}, easy {easy}, loss 1.01"
    expect(view.cursor).to_have_attribute("aria-valuetext", value_text)
    for name, value in {"valuemin": "0", "valuemax": "1000", "valuenow": "1"}.items():
        expect(view.cursor).to_have_attribute(f"aria-{name}", value)
    names = view.root.locator(".names text")
    expect(names).to_have_text(["● hard", "◐ semi-hard", "○ easy"])
    expect(view.root.locator(".lines text")).to_have_text(["loss", "all points coincide 1", "lowest possible 0"])
    fills = [view.root.locator(f'[data-area="{kind}"]').evaluate("e => getComputedStyle(e).fill") for kind in
             ("easy", "semihard", "hard")]  # fmt: skip
    assert fills[0] == "rgb(0, 158, 115)"
    assert "#semihard-" in fills[1]
    assert "#hard-" in fills[2]


def test_replay_runs_and_stops_for_the_whole_group(open_scene: Open) -> None:
    view = open_scene(motion=True)
    view.cloud.button("Replay (space)").click()
    view.until("d.playing === 'true' && Number(d.frame) >= 3")
    view.cloud.until("d.replay === 'true' && Number(d.frame) >= 3")
    view.cursor.press(" ")
    view.until("d.playing === 'false'")
    view.cloud.until("d.replay === 'false' && d.live === 'false' && d.moving === 'false'")
    frame = int(view.data("frame"))
    assert 3 <= frame < len(RUN) - 1
    view.wait_for_frame(frame)
    view.expect_python(frame)
    view.cursor.press(" ")
    view.until(f"d.playing === 'false' && d.frame === '{len(RUN) - 1}'")
    view.cloud.until("d.replay === 'false' && d.live === 'true'")
    view.expect_python(None)


def test_embedding_with_other_steps_shows_its_last_frame_before_the_cursor(open_scene: Open) -> None:
    view = open_scene("clouds=run,other")
    other = EmbeddingView(view.page, 1)
    view.cursor.press("Home")
    view.wait_for_frame(0)
    right = "ArrowRight"
    keys = {3: [right] * 3, 5: [right] * 2, 9: [right] * 4, 12: [right] * 2, 760: ["End", "ArrowLeft"]}
    for (step, presses), frame in zip(keys.items(), (0, 1, 1, 2, 4), strict=True):
        for key in presses:
            view.cursor.press(key)
        view.until(f"d.step === '{step}'")
        assert view.number("step") == step
        other.until(f"d.frame === '{frame}' && d.live === 'false'")
    view.expect_python(RUN.index(760), 4)


def test_cursor_does_not_move_another_group(open_scene: Open) -> None:
    view = open_scene("group=h")
    view.cursor.press("Home")
    view.until("d.frame === '0'")
    assert view.cloud.data("live") == "true"
    view.expect_python(None)


def test_new_frames_and_remount_keep_the_chosen_frame(open_scene: Open) -> None:
    view = open_scene("frames=20")
    view.cursor.press("Home")
    view.cursor.press("PageUp")
    view.wait_for_frame(5)
    view.expect_python(5)
    view.page.get_by_role("button", name="one frame", exact=True).click()
    view.until("d.frames === '21'")
    view.wait_for_frame(5)
    box = view.page.get_by_text("show", exact=True)
    box.click()
    expect(view.cloud.root).to_have_count(0)
    view.cursor.press("ArrowRight")
    view.until("d.frame === '6'")
    box.click()
    view.wait_for_frame(6)
    view.expect_python(6)


def test_tap_moves_the_cursor_on_a_phone(open_scene: Open) -> None:
    view = open_scene("clouds=&bare=1", width=390, height=900, phone=True)
    view.page.touchscreen.tap(*view.position(RUN.index(10)))
    view.until("d.step === '10'")
    wide = view.root.evaluate("e => [...e.querySelectorAll('div, dl')].filter(c => c.scrollWidth > c.clientWidth + 1)"
                               ".map(c => c.className)")  # fmt: skip
    assert json.dumps(wide) == '["cursor"]' or not wide, "nothing is wider than the column"
    expect(view.root.locator(".dot")).to_be_hidden()
    assert not view.root.locator(".curve").get_attribute("d")
