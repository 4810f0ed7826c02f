"""Embedding component: new frames arrive, and frame, zoom and classes that a viewer chose stay."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.embedding_component import Embedding

pytestmark = pytest.mark.browser

Open = Callable[..., Embedding]


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", **settings: Any) -> Embedding:
        cloud = Embedding(show_scene("embedding", query, **settings))
        cloud.until("true" if "frames=0" in query else "Number(d.frames) > 0")
        return cloud

    return open_


def test_new_frames_move_the_points_without_page_reruns(open_scene: Open) -> None:
    cloud = open_scene("grow=1", motion=True)
    before, first = cloud.coordinates(), cloud.number("frame")
    cloud.until(f"Number(d.frame) >= {max(first + 5, 10)}")
    assert cloud.number("frame") > first
    assert np.abs(cloud.coordinates() - before).max() > 0.1
    step, frame = cloud.root.evaluate(
        "e => [e.dataset.step, e.dataset.frame].map(Number)"
    )  # in one call, as frames go on
    assert step == 10 * frame
    assert cloud.data("points") == "2000"
    expect(cloud.page.get_by_text(re.compile("python sees frame None of"))).to_be_visible()
    expect(cloud.page.get_by_text("page runs: 1")).to_be_visible()  # only the fragment has run since


def test_points_are_at_the_positions_that_python_sends(open_scene: Open) -> None:
    from tests.browser.scenes.embedding import frame

    cloud = open_scene("frames=12")
    cloud.wait_until_still()
    np.testing.assert_allclose(cloud.coordinates(), frame(2000, 2, 11)[:16], atol=1e-3)
    data, screen = cloud.coordinates(), cloud.screen()
    scale = (screen[1] - screen[0]) / (data[1] - data[0])
    assert scale[0] == pytest.approx(-scale[1], rel=1e-3), "one unit is as long across as it is up"


def test_zoom_and_pan_survive_new_frames_and_reruns(open_scene: Open) -> None:
    cloud = open_scene("frames=5", motion=True)
    cloud.wait_until_still()
    box = cloud.canvas.bounding_box()
    assert box is not None
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    cloud.page.mouse.move(*centre)
    cloud.page.mouse.wheel(0, -240)
    cloud.until("Number(d.zoom) > 1.2")
    zoom, before = cloud.data("zoom"), cloud.screen()
    cloud.page.mouse.down()
    cloud.page.mouse.move(centre[0] + 60, centre[1] + 25, steps=4)
    cloud.page.mouse.up()
    cloud.until("d.moving === 'false'")
    cloud.wait_until_drawn()
    np.testing.assert_allclose(cloud.screen() - before, np.tile([60, 25], (16, 1)), atol=0.5)
    for _ in range(3):
        cloud.add_frame()
    cloud.page.get_by_role("button", name="rerun").click()
    expect(cloud.page.get_by_text("page runs: 2")).to_be_visible()
    cloud.wait_until_still()
    assert cloud.data("zoom") == zoom
    assert cloud.data("held") == "true"
    cloud.canvas.press("0")
    cloud.until("d.zoom === '1.000' && d.held === 'false'")


def test_scrubbed_frame_stays_shown_until_live_is_pressed(open_scene: Open) -> None:
    from tests.browser.scenes.embedding import frame

    cloud = open_scene("frames=20")
    cloud.wait_until_still()
    cloud.scrub(4)
    cloud.until("d.frame === '4' && d.live === 'false'")
    np.testing.assert_allclose(cloud.coordinates(), frame(2000, 2, 4)[:16], atol=1e-3)
    expect(cloud.root.locator(".readout")).to_have_text("step 40 · frame 5 of 20")
    expect(cloud.page.get_by_text("python sees frame 4 of")).to_be_visible()
    screen = cloud.screen()
    cloud.add_frame()
    cloud.add_frame()
    assert cloud.data("frame") == "4"
    np.testing.assert_allclose(cloud.screen(), screen)
    cloud.button("Live").click()
    cloud.wait_until_still()
    assert cloud.data("live") == "true"
    expect(cloud.page.get_by_text("python sees frame None of 22")).to_be_visible()


def test_keys_operate_time_slider_buttons_and_replay(open_scene: Open) -> None:
    cloud = open_scene("frames=12", motion=True)
    cloud.wait_until_still()
    cloud.scrubber.focus()
    cloud.page.keyboard.press("ArrowLeft")
    cloud.until("d.frame === '10'")
    cloud.page.keyboard.press("Home")
    cloud.until("d.frame === '0'")
    cloud.button("One frame forward").press("Enter")
    cloud.until("d.frame === '1' && d.live === 'false'")
    cloud.canvas.press(" ")
    cloud.until("d.replay === 'true'")
    cloud.until("d.replay === 'false' && d.frame === '11' && d.live === 'true'")


def test_keys_zoom_pan_and_step_through_points(open_scene: Open) -> None:
    cloud = open_scene("frames=8")
    cloud.wait_until_still()
    cloud.canvas.press("+")
    cloud.until("d.zoom === '1.250'")
    before = cloud.screen()
    cloud.canvas.press("ArrowRight")
    expect(cloud.root.locator(".tip")).to_be_hidden()
    cloud.wait_until_drawn()
    np.testing.assert_allclose(cloud.screen() - before, np.tile([-40, 0], (16, 1)), atol=0.1)
    cloud.canvas.press("0")
    cloud.until("d.zoom === '1.000'")
    cloud.canvas.press("n")
    expect(cloud.root.locator(".tip")).to_be_visible()
    expect(cloud.root.locator(".spoken")).to_have_text(re.compile(r"^\d, test image 5,0\d\d, \("))
    cloud.canvas.press("Escape")
    expect(cloud.root.locator(".tip")).to_be_hidden()


def test_accessible_name_describes_the_frame(open_scene: Open) -> None:
    cloud = open_scene("frames=8")
    cloud.wait_until_still()
    label = "PCA view of 2,000 test images, step 70: classes apart by 8"
    expect(cloud.canvas).to_have_attribute("aria-label", label)
    cloud.button("First frame").click()
    expect(cloud.canvas).to_have_attribute("aria-label", "PCA view of 2,000 test images, step 0")


def test_placeholder_is_shown_before_the_first_frame(open_scene: Open) -> None:
    cloud = open_scene("frames=0")
    expect(cloud.page.get_by_text("Press Start: test digits will appear here")).to_be_visible()
    assert cloud.data("frames") == "0"
    cloud.add_frame()
    expect(cloud.page.get_by_text("Press Start: test digits will appear here")).to_be_hidden()
    cloud.wait_until_still()


def test_remount_recovers_every_frame(open_scene: Open) -> None:
    cloud = open_scene("frames=30")
    cloud.wait_until_still()
    cloud.add_frame()
    box = cloud.page.get_by_text("show", exact=True)
    box.click()
    expect(cloud.root).to_have_count(0)
    box.click()
    cloud.until("d.frames === '31'")
    cloud.wait_until_still()
    cloud.scrub(3)
    cloud.until("d.frame === '3'")
    expect(cloud.page.get_by_text("python sees frame 3 of 31")).to_be_visible()
    box.click()
    expect(cloud.root).to_have_count(0)
    box.click()
    cloud.until("d.frames === '31' && d.moving === 'false'")
    reported = None if cloud.data("live") == "true" else cloud.data("frame")
    expect(cloud.page.get_by_text(f"python sees frame {reported} of 31")).to_be_visible()  # browser and Python agree


def test_another_stream_resets_frame_and_zoom(open_scene: Open) -> None:
    cloud = open_scene("frames=10")
    cloud.wait_until_still()
    cloud.canvas.press("+")
    cloud.scrub(2)
    expect(cloud.page.get_by_text("python sees frame 2 of")).to_be_visible()
    cloud.page.get_by_text("b", exact=True).click()
    cloud.until("d.stream === 'b/2/2000'")
    cloud.wait_until_still()
    assert cloud.data("live") == "true"
    assert cloud.data("zoom") == "1.000"
    expect(cloud.page.get_by_text("python sees frame None of 10")).to_be_visible()


def test_tooltip_shows_number_class_and_picture_of_the_hovered_point(open_scene: Open) -> None:
    cloud = open_scene("frames=40")
    cloud.wait_until_still()
    others = cloud.screen()
    for point in cloud.positions():
        x, y = point["screen"]
        if np.sort(np.hypot(*(others - [x, y]).T))[1] < 3:
            continue
        cloud.page.mouse.move(x, y)
        expect(cloud.root.locator(".tip")).to_be_visible()
        row = cloud.root.locator(".tip-row").inner_text()
        if row != f"test image {5000 + point['index']:,}":
            continue  # another point is as near
        expect(cloud.root.locator(".tip-name")).to_have_text(str(point["label"]))
        grey = cloud.root.locator(".picture").evaluate("e => e.getContext('2d').getImageData(3, 3, 1, 1).data[0]")
        assert grey == 20 * point["label"] + 40, "the picture is that of the point"
        break
    else:
        pytest.fail("none of the first points could be pointed at")
    cloud.page.mouse.move(5, 5)
    expect(cloud.root.locator(".tip")).to_be_hidden()


def test_legend_button_isolates_a_class(open_scene: Open) -> None:
    cloud = open_scene("frames=20")
    cloud.wait_until_still()
    all_classes = cloud.coloured_pixels()
    cloud.button("3").press("Enter")
    expect(cloud.button("3")).to_have_attribute("aria-pressed", "true")
    cloud.wait_until_drawn()
    one_class = cloud.coloured_pixels()
    assert one_class < 0.4 * all_classes
    cloud.add_frame()
    expect(cloud.button("3")).to_have_attribute("aria-pressed", "true")
    cloud.button("3").click()
    expect(cloud.button("3")).to_have_attribute("aria-pressed", "false")


def test_three_dimensional_view_turns_by_drag_and_key(open_scene: Open) -> None:
    cloud = open_scene("dims=3&frames=15")
    cloud.wait_until_still()
    box = cloud.canvas.bounding_box()
    assert box is not None
    before, turn = cloud.screen(), cloud.data("turn")
    cloud.page.mouse.move(box["x"] + 300, box["y"] + 200)
    cloud.page.mouse.down()
    cloud.page.mouse.move(box["x"] + 420, box["y"] + 230, steps=5)
    cloud.page.mouse.up()
    cloud.until(f"d.turn !== '{turn}'")
    cloud.wait_until_drawn()
    assert np.abs(cloud.screen() - before).max() > 20
    assert cloud.data("held") == "false", "turning leaves the scale automatic"
    turned = cloud.number("turn")
    cloud.add_frame()
    cloud.wait_until_still()
    assert cloud.number("turn") == turned
    cloud.canvas.press("ArrowLeft")
    cloud.until(f"d.turn !== '{turned:.3f}'")


def test_reduced_motion_shows_new_frames_without_animation(open_scene: Open) -> None:
    cloud = open_scene("frames=5")
    cloud.wait_until_still()
    cloud.add_frame()
    cloud.until("d.frame === '5'")
    assert cloud.data("moving") == "false"


def test_switch_to_dark_theme_repaints_the_canvas_and_keeps_the_zoom(open_scene: Open) -> None:
    cloud = open_scene("frames=10")
    cloud.wait_until_still()
    cloud.canvas.press("+")
    cloud.wait_until_drawn()
    assert min(cloud.corner_colour()[:3]) > 230
    cloud.page.emulate_media(color_scheme="dark")
    expect(cloud.root).to_have_css("color-scheme", "dark")
    cloud.wait_until_drawn()
    assert max(cloud.corner_colour()[:3]) < 60
    assert cloud.data("zoom") == "1.250", "the theme does not change the zoom"


def test_phone_layout(open_scene: Open) -> None:
    cloud = open_scene("frames=10", phone=True)
    cloud.page.set_viewport_size({"width": 360, "height": 780})
    cloud.wait_until_still()
    assert min(cloud.corner_colour()[:3]) > 230
    wide = cloud.root.evaluate(
        "e => [...e.querySelectorAll('*')].filter(c => c.scrollWidth > e.clientWidth + 1).length"
    )
    assert wide == 0, "nothing is wider than the column"
    assert cloud.canvas.evaluate("e => e.width / e.clientWidth") == pytest.approx(2, abs=0.02)


def test_ten_thousand_points_are_drawn(open_scene: Open) -> None:
    cloud = open_scene("n=10000&grow=1", motion=True)
    cloud.until("Number(d.frame) >= 8")
    assert cloud.data("points") == "10000"
    assert cloud.coloured_pixels() > 10_000
