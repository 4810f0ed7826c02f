"""Animated GIFs of a run."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from cl_core.charts import gif
from cl_core.palette import CLASS_COLOURS
from cl_core.training.frames import RunProgress
from tests.runs import trained


def gif_of(progress: RunProgress, dark: bool = False) -> Image.Image:
    scene = gif.make_scene(progress, 500, "PCA view", dark=dark)
    return Image.open(io.BytesIO(gif.join_images(gif.draw_images(scene, gif.frame_times(len(scene.points))))))


@pytest.mark.slow  # draws a whole animation
@pytest.mark.parametrize("dark", [False, True])
def test_gif_moves_in_every_image_and_has_the_class_colours(dark):
    progress, _ = trained(steps=4)
    animation = gif_of(progress, dark)
    assert (animation.format, animation.size) == ("GIF", (gif.WIDTH, gif.HEIGHT))
    assert animation.n_frames == 2 * gif.IMAGES_PER_FRAME + 1
    assert animation.info["loop"] == 0
    images = []
    for i in range(animation.n_frames):
        animation.seek(i)
        images.append(np.array(animation.convert("RGB")))
    assert animation.info["duration"] == gif.END
    assert all((before != after).any() for before, after in pairwise(images))
    counts = Image.fromarray(images[0]).getcolors(maxcolors=images[0].size)
    colours = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in counts}
    assert {*(CLASS_COLOURS.dark if dark else CLASS_COLOURS.light), *gif.THEME_COLOURS[dark]} <= colours


def test_gif_of_a_long_run_has_bounded_length_with_first_and_last_frame():
    progress, _ = trained()
    first, *_, last = progress.frames
    many = tuple(replace(first, step=step) for step in range(700))
    scene = gif.make_scene(replace(progress, frames=(*many, replace(last, step=700))), 500, "PCA view")
    assert len(gif.frame_times(len(scene.points))) == gif.MAX_IMAGES
    assert (scene.steps[0], scene.steps[-1]) == (0, 700)
    assert (scene.points[-1] == last.points[2]).all()


def test_gif_draws_points_to_scale():
    points = np.array([[[0, 0], [4, 0], [4, 4]]], np.float32)
    scene = gif.GifScene("", points, np.arange(3), ("a", "b", "c"), (0,), (1.0,))
    image = np.array(Image.open(io.BytesIO(gif.draw_images(scene, [0.0])[0])).convert("RGB"))
    centres = []
    for colour in CLASS_COLOURS.light[:3]:
        hit = (image == tuple(bytes.fromhex(colour[1:]))).all(axis=2)
        hit[gif.HEIGHT - 60 :] = False  # the legend
        centres.append(np.argwhere(hit).mean(axis=0)[::-1])
    a, b, c = centres
    assert a == pytest.approx([b[0] - (c - b)[1] * -1, b[1]], abs=1)  # same scale across as up and down
    assert b[0] > a[0] + 300
    assert c[1] < b[1] - 300


def test_gif_without_frames_or_images_is_refused():
    progress, _ = trained()
    with pytest.raises(ValueError, match="from its first frame"):
        gif.make_scene(replace(progress, frames=()), 500, "PCA view")
    with pytest.raises(ValueError, match="a picture or more"):
        gif.join_images([])
