"""Batch component: hovering, pinning, zooming, and the numbers that it shows."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.components.batch import Scene
from tests.browser.app_page import wait_for
from tests.browser.component import Component

pytestmark = pytest.mark.browser

Open = Callable[..., "BatchView"]


class BatchView(Component):
    """A batch component on an open page."""

    kind, sign = "batch", "n"

    def __init__(self, page: Page, index: int = 0) -> None:
        super().__init__(page, index)
        self.plane = self.root.locator(".scene")
        self.matrix = self.root.locator(".matrix")

    def wait_until_still(self) -> None:
        self.page.evaluate("() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 60))")
        self.until("d.moving === 'false'")

    def describe(self) -> dict[str, Any]:
        self.root.dispatch_event("describe")
        return json.loads(self.data("scene"))

    def nodes(self, field: str) -> np.ndarray:
        return np.array([node[field] for node in self.describe()["nodes"]])

    def expect_nodes(self, field: str, values: np.ndarray, atol: float) -> None:
        """Wait until a field of the nodes has these values."""
        wait_for(self.page, lambda: np.allclose(self.nodes(field), values, rtol=1e-7, atol=atol), seconds=30)
        np.testing.assert_allclose(self.nodes(field), values, atol=atol)

    def uncovered_node(self, accept: Callable[[int], bool] = lambda i: True) -> int:
        """Return the most central node of those whose middle no other node covers."""
        screen = self.nodes("screen")
        gaps = np.abs(screen[:, None] - screen).max(-1) + 1e6 * np.eye(len(screen))
        order = np.argsort(np.hypot(*(screen - screen.mean(0)).T))
        return next(int(i) for i in order if gaps[i].min() > 20 and accept(int(i)))

    def position(self, node: int) -> tuple[float, float]:
        x, y = self.describe()["nodes"][node]["screen"]
        return x, y

    def hover(self, node: int) -> None:
        self.page.mouse.move(*self.position(node))
        self.until(f"d.anchor === '{node}' || d.partner === '{node}'")

    def click(self, node: int) -> None:
        self.page.mouse.click(*self.position(node))

    def cell(self, anchor: int, partner: int) -> tuple[float, float]:
        shown = self.describe()
        left, top, _, _ = shown["matrix"]
        width, height = shown["cell"]
        row, column = shown["rows"].index(anchor), shown["columns"].index(partner)
        return left + (column + 0.5) * width, top + (row + 0.5) * height

    def fact(self, name: str) -> Locator:
        return self.root.locator(f".readout .{name}")

    def corner_colour(self) -> list[int]:
        return self.plane.evaluate("e => [...e.getContext('2d').getImageData(6, e.height - 6, 1, 1).data]")

    def overflowing_elements(self) -> int:
        """Return how many elements are wider than the space they have."""
        return self.root.evaluate(
            """e => [...e.querySelectorAll('*')].filter((c) => {
                const inline = getComputedStyle(c).display === 'inline' || c.matches('.spoken');
                return !inline && c.clientWidth && c.scrollWidth > c.clientWidth + 1;
            }).length"""
        )


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", width: int = 1280, height: int = 1000, **settings: Any) -> BatchView:
        picture = BatchView(show_scene("batch", query, width=width, height=height, **settings))
        picture.until("d.moving === 'false'")
        if "two" in query:
            picture.other().until("d.moving === 'false'")
        return picture

    return open_


def expected_scene(proxies: bool = False, strength: float = 1.0, steps: int = 0) -> Scene:
    """Return the scene that the harness sends for its first picture."""
    from tests.browser.scenes.batch import scene

    return scene("Soft", 4.0, strength, steps, proxies, {})


def totals(scene: Scene, anchor: int) -> np.ndarray:
    """Return the sum of dL/ds over both directions of an image's pairs, (n,)."""
    return scene.weights[anchor] + scene.weights[:, anchor]


def test_images_and_arrows_are_at_the_positions_that_python_sends(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    shown = picture.describe()
    np.testing.assert_allclose(picture.nodes("data"), scene.points, atol=1e-6)
    data, screen = picture.nodes("data"), picture.nodes("screen")
    np.testing.assert_allclose(np.diff(screen, axis=0), np.diff(data, axis=0) * [1, -1] * shown["scale"], atol=1e-3)
    arrows = scene.forces * scene.reach * [1, -1] * shown["scale"]
    np.testing.assert_allclose(picture.nodes("arrow"), arrows, atol=1e-3)
    assert not picture.nodes("capped").any()
    order = sorted(range(40), key=lambda i: (scene.labels[i], i))
    assert shown["rows"] == shown["columns"] == order
    names = {label["text"] for label in shown["labels"] if label["where"] == "row"}
    assert names == set(scene.class_names)
    assert picture.data("n") == "40"


def test_hovering_an_image_shows_its_strongest_partner(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    expect(picture.fact("hint")).to_be_visible()
    anchor = picture.uncovered_node()
    picture.hover(anchor)
    picture.until(f"d.anchor === '{anchor}'")
    partner = int(np.abs(totals(scene, anchor)).argmax())
    assert picture.data("partner") == str(partner)
    assert picture.number("s") == pytest.approx(scene.similarity[anchor, partner], rel=1e-5)
    assert picture.number("w") == pytest.approx(scene.weights[anchor, partner], rel=1e-5)
    assert picture.number("back") == pytest.approx(scene.weights[partner, anchor], rel=1e-5)
    pulls = totals(scene, anchor)[partner] < 0
    names = [scene.class_names[scene.labels[i]] for i in (anchor, partner)]
    expect(picture.fact("verdict")).to_have_text(
        re.compile(rf"{names[0]} and {names[1]}:\s+{'pulls together' if pulls else 'pushes apart'}")
    )
    expect(picture.fact("rows")).to_have_text(f"test images {scene.rows[anchor]} and {scene.rows[partner]}")
    expect(picture.fact("note")).to_have_text("its strongest pair")
    picture.page.mouse.move(2, 2)
    picture.until("d.anchor === ''")
    expect(picture.fact("hint")).to_be_visible()


def test_hovering_changes_no_layout(open_scene: Open) -> None:
    picture = open_scene()
    before, whole = picture.root.locator(".readout").bounding_box(), picture.root.bounding_box()
    picture.hover(picture.uncovered_node())
    assert picture.root.locator(".readout").bounding_box() == before
    assert picture.root.bounding_box() == whole


def test_hovering_or_clicking_a_matrix_cell_selects_its_pair(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    for anchor, partner in ((3, 21), (21, 3), (0, 39)):
        picture.page.mouse.move(*picture.cell(anchor, partner))
        picture.until(f"d.anchor === '{anchor}' && d.partner === '{partner}'")
        assert picture.number("w") == pytest.approx(scene.weights[anchor, partner], rel=1e-5)
        assert picture.number("s") == pytest.approx(scene.similarity[anchor, partner], rel=1e-5)
    picture.page.mouse.move(*picture.cell(5, 5))  # no image is compared with itself
    picture.until("d.anchor === ''")
    picture.page.mouse.click(*picture.cell(3, 21))
    expect(picture.page.get_by_text("python sees 3", exact=True)).to_be_visible()


def test_matrix_cells_have_the_colours_of_their_weights(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    box = picture.matrix.bounding_box()
    assert box is not None
    largest = np.abs(scene.weights).max()
    pull, push = np.array([0x00, 0x72, 0xB2]), np.array([0xD5, 0x5E, 0x00])
    for anchor, partner in ((3, 21), (0, 10), (8, 8), (12, 2), (17, 4)):
        x, y = picture.cell(anchor, partner)
        colour = picture.matrix.evaluate(
            "(e, [x, y]) => [...e.getContext('2d').getImageData(x, y, 1, 1).data]", [x - box["x"], y - box["y"]]
        )
        weight = scene.weights[anchor, partner] / largest
        wanted = 255 + ((pull if weight < 0 else push) - 255) * np.sqrt(abs(weight))
        np.testing.assert_allclose(colour[:3], wanted, atol=2)


def test_pinned_anchor_is_sent_once_and_survives_reruns(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    anchor = picture.uncovered_node()
    picture.click(anchor)
    picture.until(f"d.pinned === '{anchor}'")
    expect(picture.page.get_by_text(f"python sees {anchor}", exact=True)).to_be_visible()
    expect(picture.page.get_by_text("runs: 2")).to_be_visible()  # sent once
    picture.page.mouse.move(2, 2)
    picture.page.get_by_role("button", name="rerun").click()
    expect(picture.page.get_by_text("runs: 3")).to_be_visible()
    assert picture.data("pinned") == picture.data("anchor") == str(anchor)
    other = picture.uncovered_node(lambda i: i != anchor)
    picture.hover(other)
    assert (picture.data("anchor"), picture.data("partner")) == (str(anchor), str(other))
    assert picture.number("w") == pytest.approx(scene.weights[anchor, other], rel=1e-5)
    picture.click(anchor)
    picture.until("d.pinned === ''")
    expect(picture.page.get_by_text("python sees None", exact=True)).to_be_visible()
    picture.click(anchor)  # pinning the same image again is sent again
    expect(picture.page.get_by_text(f"python sees {anchor}", exact=True)).to_be_visible()


def test_pinned_anchor_survives_a_remount(open_scene: Open) -> None:
    picture = open_scene()
    anchor = picture.uncovered_node()
    picture.click(anchor)
    expect(picture.page.get_by_text(f"python sees {anchor}", exact=True)).to_be_visible()
    box = picture.page.get_by_text("show", exact=True)
    box.click()
    expect(picture.root).to_have_count(0)
    box.click()
    picture.until(f"d.pinned === '{anchor}'")
    expect(picture.page.get_by_text(f"python sees {anchor}", exact=True)).to_be_visible()


def test_keys_select_pin_and_zoom(open_scene: Open) -> None:
    picture, scene = open_scene(), expected_scene()
    order = sorted(range(40), key=lambda i: (scene.labels[i], i))
    picture.plane.press("ArrowRight")
    picture.until(f"d.anchor === '{order[0]}'")
    picture.plane.press("ArrowDown")
    picture.until(f"d.anchor === '{order[1]}'")
    expect(picture.root.locator(".spoken")).to_have_text(
        re.compile(r"^0 with \S+: (pulls together|pushes apart), s = .+, ∂L/∂s = .+")
    )
    picture.plane.press("Enter")
    expect(picture.page.get_by_text(f"python sees {order[1]}", exact=True)).to_be_visible()
    picture.plane.press("ArrowLeft")
    picture.plane.press("ArrowLeft")
    picture.until(f"d.anchor === '{order[1]}' && d.partner === '{order[-1]}'")
    assert picture.number("w") == pytest.approx(scene.weights[order[1], order[-1]], rel=1e-5)
    picture.plane.press("+")
    picture.until("d.zoom === '1.250'")
    picture.plane.press("0")
    picture.until("d.zoom === '1.000' && d.held === 'false'")
    picture.plane.press("Escape")
    picture.until("d.pinned === '' && d.anchor === ''")
    expect(picture.page.get_by_text("python sees None", exact=True)).to_be_visible()


def test_accessible_names_of_canvases_and_buttons(open_scene: Open) -> None:
    picture = open_scene()
    expect(picture.plane).to_have_attribute("aria-label", "Soft: 40 images, forces of strength 1")
    expect(picture.matrix).to_have_attribute("aria-label", "Soft: the weight of every pair")
    expect(picture.root.get_by_role("button", name="Zoom in (+)")).to_be_visible()


def test_group_shares_hovered_and_pinned_anchor(open_scene: Open) -> None:
    left = open_scene("two=1", height=1300)
    right = left.other()
    anchor = left.uncovered_node()
    left.hover(anchor)
    right.until(f"d.anchor === '{anchor}'")
    assert left.data("w") != right.data("w"), "the weights of the two losses differ"
    right.page.mouse.move(*right.cell(7, 30))
    left.until("d.anchor === '7' && d.partner === '30'")
    right.page.mouse.move(2, 2)
    left.until("d.anchor === ''")
    left.click(anchor)
    right.until(f"d.pinned === '{anchor}'")
    expect(left.page.get_by_text(f"python sees {anchor} and {anchor}")).to_be_visible()
    expect(left.page.get_by_text("runs: 2")).to_be_visible()
    right.plane.press("Escape")
    left.until("d.pinned === ''")
    expect(left.page.get_by_text("python sees None and None")).to_be_visible()
    left.click(anchor)
    expect(left.page.get_by_text(f"python sees {anchor} and {anchor}")).to_be_visible()
    right.click(anchor)
    expect(left.page.get_by_text("python sees None and None")).to_be_visible()


def test_group_of_pair_loss_and_proxy_loss_shares_only_images(open_scene: Open) -> None:
    left = open_scene("two=1&proxies=1", height=1300)
    right = left.other()
    assert right.data("n") == "40"
    right.hover(right.uncovered_node(lambda i: i >= 40))
    assert left.data("anchor") == "", "a pair loss has no class weights"
    anchor = left.uncovered_node(lambda i: i < 40)
    left.hover(anchor)
    right.until(f"d.anchor === '{anchor}'")
    assert int(right.data("partner")) >= 40
    left.page.mouse.move(*left.cell(7, 30))
    left.until("d.anchor === '7' && d.partner === '30'")
    right.until("d.anchor === '7' && Number(d.partner) >= 40")  # a proxy loss compares no two images


def test_new_forces_change_only_the_arrows(open_scene: Open) -> None:
    picture = open_scene("largest=0.02", motion=True)
    screen, arrows = picture.nodes("screen"), picture.nodes("arrow")
    cell = picture.cell(3, 23)
    canvas = picture.plane.element_handle()
    picture.page.get_by_role("slider", name="strength").press("ArrowRight")
    expect(picture.page.get_by_text("runs: 2")).to_be_visible()
    picture.expect_nodes("arrow", 1.5 * arrows, atol=1e-3)
    picture.wait_until_still()
    np.testing.assert_allclose(picture.nodes("screen"), screen, atol=1e-6)
    assert picture.cell(3, 23) == cell
    assert canvas.evaluate("e => e.isConnected"), "not remounted"


def test_new_positions_are_reached_by_a_monotonic_animation(open_scene: Open) -> None:
    picture = open_scene(motion=True)
    before = picture.nodes("data")
    # record the positions at each frame
    picture.advance_time_by_frames()
    picture.root.evaluate(
        """root => {
            window.positions = [];
            const record = () => {
                root.dispatchEvent(new Event('describe'));
                positions.push(JSON.parse(root.dataset.scene).nodes.map((n) => n.data));
                if (root.isConnected) requestAnimationFrame(record);
            };
            record();
        }"""
    )
    picture.page.get_by_role("slider", name="steps").press("ArrowRight")
    expect(picture.page.get_by_text("runs: 2")).to_be_visible()
    picture.expect_nodes("data", expected_scene(steps=1).points, atol=1e-6)
    positions = np.array(picture.page.evaluate("positions"))
    way = np.abs(positions - before).max(axis=(1, 2))
    assert ((way > 1e-6) & (way < way.max() - 1e-6)).any(), "some frames lie between the old and the new positions"
    assert (np.diff(way) > -1e-6).all(), "the movement never reverses"


def test_reduced_motion_shows_new_positions_without_animation(open_scene: Open) -> None:
    picture = open_scene()
    picture.watch_motion()
    picture.page.get_by_role("slider", name="steps").press("ArrowRight")
    expect(picture.page.get_by_text("runs: 2")).to_be_visible()
    picture.expect_nodes("data", expected_scene(steps=1).points, atol=1e-6)
    assert not picture.has_moved()


def test_zoom_and_pan_survive_new_data(open_scene: Open) -> None:
    picture = open_scene()
    left, top, width, height = picture.describe()["plane"]
    centre = left + width / 2, top + height / 2
    picture.page.mouse.move(*centre)
    picture.page.mouse.wheel(0, -240)
    picture.until("Number(d.zoom) > 1.2")
    zoom, before = picture.data("zoom"), picture.nodes("screen")
    empty = left + 12, top + height - 12
    picture.page.mouse.move(*empty)
    picture.page.mouse.down()
    picture.page.mouse.move(empty[0] + 60, empty[1] - 25, steps=4)
    picture.page.mouse.up()
    picture.wait_until_still()
    np.testing.assert_allclose(picture.nodes("screen") - before, np.tile([60, -25], (40, 1)), atol=0.5)
    assert picture.data("pinned") == "", "a drag does not pin"
    moved = picture.nodes("screen")
    picture.page.get_by_role("slider", name="strength").press("ArrowRight")
    expect(picture.page.get_by_text("runs: 2")).to_be_visible()
    picture.wait_until_still()
    assert picture.data("zoom") == zoom
    np.testing.assert_allclose(picture.nodes("screen"), moved, atol=1e-3)
    picture.root.get_by_role("button", name="Whole picture (0)").click()
    picture.until("d.zoom === '1.000' && d.held === 'false'")


def test_long_arrows_are_shortened_and_marked(open_scene: Open) -> None:
    picture = open_scene("reach=60")
    shown, arrows, capped = picture.describe(), picture.nodes("arrow"), picture.nodes("capped")
    wanted = expected_scene().forces * 60 * [1, -1] * shown["scale"]
    lengths, wanted_lengths = np.hypot(*arrows.T), np.hypot(*wanted.T)
    span = 2.2 * shown["scale"]
    assert capped.any()
    assert lengths.max() <= 0.25 * span + 1e-3
    np.testing.assert_array_equal(capped, wanted_lengths > 0.2 * span)
    np.testing.assert_allclose(arrows[~capped], wanted[~capped], atol=1e-2)
    along = (arrows * wanted).sum(1) / (lengths * wanted_lengths)
    np.testing.assert_allclose(along, 1, atol=1e-6)  # shortened, not turned
    expect(picture.root.get_by_text("longer than shown")).to_be_visible()


def test_class_weights_are_columns_of_the_matrix_and_can_be_hovered(open_scene: Open) -> None:
    picture, scene = open_scene("proxies=1&reach=1"), expected_scene(proxies=True)
    shown = picture.describe()
    assert len(shown["nodes"]) == 50
    assert shown["columns"] == list(range(40, 50))
    assert scene.prototypes is not None
    np.testing.assert_allclose(picture.nodes("data")[40:], scene.prototypes, atol=1e-6)
    image = picture.uncovered_node(lambda i: i < 40)
    picture.hover(image)
    best = int(np.abs(scene.weights[image]).argmax())
    assert picture.data("partner") == str(40 + best)
    assert picture.number("w") == pytest.approx(scene.weights[image, best], rel=1e-5)
    assert picture.data("back") == "", "class weights are no anchors"
    weight = picture.uncovered_node(lambda i: i >= 40)
    picture.hover(weight)
    picture.until(f"d.anchor === '{weight}'")
    best = int(np.abs(scene.weights[:, weight - 40]).argmax())
    assert picture.data("partner") == str(best)
    expect(picture.fact("names")).to_contain_text(f"weight of {weight - 40} and")
    picture.page.mouse.move(*picture.cell(5, 44))
    picture.until("d.anchor === '5' && d.partner === '44'")
    assert picture.number("s") == pytest.approx(scene.similarity[5, 4], rel=1e-5)
    picture.click(weight)
    expect(picture.page.get_by_text(f"python sees {weight}", exact=True)).to_be_visible()


def test_hovering_an_image_without_force_says_so(open_scene: Open) -> None:
    picture = open_scene("strength=0")
    picture.hover(picture.uncovered_node())
    assert picture.data("partner") == ""
    expect(picture.fact("does")).to_have_text("no force on it")


def test_images_are_drawn_and_covered_ones_can_be_hovered(open_scene: Open) -> None:
    picture = open_scene()
    dark = """(e, [x, y, r]) => {
        const { data } = e.getContext('2d').getImageData(x - r, y - r, 2 * r, 2 * r);
        let n = 0;
        for (let i = 0; i < data.length; i += 4) n += data[i] + data[i + 1] + data[i + 2] < 500;
        return n;
    }"""
    shown = picture.describe()
    left, top, _, _ = shown["plane"]
    x, y = picture.position(picture.uncovered_node())
    assert picture.plane.evaluate(dark, [x - left, y - top, 9]) > 15, "the strokes of a digit"
    screen = picture.nodes("screen")
    gaps = np.abs(screen[:, None] - screen).max(-1) + 1e6 * np.eye(len(screen))
    covered, _ = np.unravel_index(gaps.argmin(), gaps.shape)
    picture.hover(int(covered))
    assert picture.data("anchor") == str(covered)


def test_texts_are_not_parsed_as_html(open_scene: Open) -> None:
    picture = open_scene("hint=<img src=x onerror=alert(1)>")
    expect(picture.fact("hint")).to_have_text("<img src=x onerror=alert(1)>")
    expect(picture.root.locator("img")).to_have_count(0)


def test_switch_to_dark_theme_repaints_the_canvas(open_scene: Open) -> None:
    picture = open_scene()
    assert min(picture.corner_colour()[:3]) > 230
    picture.page.emulate_media(color_scheme="dark")
    expect(picture.root).to_have_css("color-scheme", "dark")
    picture.wait_until_still()
    assert max(picture.corner_colour()[:3]) < 60


def test_phone_layout_and_taps(open_scene: Open) -> None:
    picture = open_scene("data=fashion_mnist", width=390, height=844, phone=True)
    plane, matrix = picture.plane.bounding_box(), picture.matrix.bounding_box()
    assert plane is not None
    assert matrix is not None
    assert matrix["y"] > plane["y"] + plane["height"], "the matrix is below"
    assert picture.overflowing_elements() == 0, "nothing is wider than the column"
    assert picture.plane.evaluate("e => e.width / e.clientWidth") == pytest.approx(2, abs=0.02)
    for label in picture.describe()["labels"]:
        x, _, width, _ = label["rect"]
        assert x >= matrix["x"] - 1
        assert x + width <= matrix["x"] + matrix["width"] + 1
    anchor = picture.uncovered_node()
    picture.page.touchscreen.tap(*picture.position(anchor))
    picture.until(f"d.pinned === '{anchor}'")
    expect(picture.page.get_by_text(f"python sees {anchor}", exact=True)).to_be_visible()
    facts, strip = picture.fact("facts").bounding_box(), picture.root.locator(".readout").bounding_box()
    assert facts is not None
    assert strip is not None
    assert facts["height"] <= strip["height"], "the text fits"
    picture.page.touchscreen.tap(*picture.position(anchor))
    picture.until("d.pinned === '' && d.anchor === ''")


def test_batch_of_64_fits_beside_its_matrix(open_scene: Open) -> None:
    picture = open_scene("n=64")
    plane, matrix = picture.plane.bounding_box(), picture.matrix.bounding_box()
    assert plane is not None
    assert matrix is not None
    assert matrix["x"] > plane["x"] + plane["width"], "the matrix is beside the plane"
    assert picture.data("n") == "64"
    assert picture.overflowing_elements() == 0
