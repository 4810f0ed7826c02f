"""What the angle picture is sent, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.analysis import similarity_plane
from cl_core.components import wedge as face
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.components.wedge import WORDS, Wedge, encode
from cl_core.losses import LOSSES
from cl_core.palette import CLASS_COLOURS, NEGATIVE, POSITIVE

FOLDER = Path(face.__file__).parent
AM = LOSSES["am_softmax"]


def picture(**changes) -> Wedge:
    return Wedge(
        **{
            "title": "<b>AM</b>",
            "table": similarity_plane.wedge_angles(AM, {}),
            "away": similarity_plane.wedge_angles_away(AM, {}),
            **changes,
        }
    )


def test_the_table_arrives_digit_by_digit():
    header, buffers = unpack(encode(picture(), height=300, group="g"))
    assert buffers == {}
    assert (header["title"], header["height"], header["group"], header["between"]) == ("<b>AM</b>", 300, "g", 60)
    table = np.array([np.nan if x is None else x for x in header["table"]])
    np.testing.assert_allclose(table, similarity_plane.wedge_angles(AM, {}), rtol=0, atol=1e-9)
    away = np.array([[np.nan if x is None else x for x in column] for column in header["away"]]).T
    np.testing.assert_allclose(away, similarity_plane.wedge_angles_away(AM, {}), rtol=0, atol=1e-9)
    assert np.isnan(table[20])


def test_without_a_far_side_there_is_none():
    header, _ = unpack(encode(picture(away=None)))
    assert header["away"] == [[None] * 181] * 2


def test_equal_pictures_give_equal_bytes():
    assert encode(picture()) == encode(picture())
    assert encode(picture(), between=61) != encode(picture())


def test_the_viewers_angle_outlives_the_start():
    assert unpack(encode(picture(between=90), between=0))[0]["between"] == 0
    assert unpack(encode(picture(between=90)))[0]["between"] == 90


def test_only_angles_of_the_table_are_believed():
    assert [face.decode(told) for told in (0, 180, 90.0)] == [0, 180, 90]
    assert [face.decode(told) for told in (None, -1, 181, "60", {}, float("nan"))] == [None] * 6


def test_tables_of_another_size_are_refused_in_words():
    with pytest.raises(ValueError, match=r"table must have one angle .* not \(180,\)"):
        encode(picture(table=np.zeros(180)))
    with pytest.raises(ValueError, match=r"away must have two angles .* not \(181,\)"):
        encode(picture(away=np.zeros(181)))
    with pytest.raises(ValueError, match=r"between must be 0\.\.180 degrees, not 181"):
        encode(picture(between=181))


def test_words_can_be_replaced_one_by_one():
    words = unpack(encode(picture(words={"hint": "W₁ ziehen"})))[0]["words"]
    assert words == {**WORDS, "hint": "W₁ ziehen"}


def test_every_word_is_used():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    cells = re.findall(r'data-cell="(\w+)"', bundle_html(FOLDER / "wedge.html"))
    buttons = re.findall(r'data-do="(\w+)"', bundle_html(FOLDER / "wedge.html"))
    assert set(WORDS) == set(re.findall(r"\bwords\.(\w+)\b(?!\()", source)) | {*cells, *buttons}


def test_two_colours_that_mean_nothing_else():
    palette = unpack(encode(picture()))[0]["palette"]
    for paper in ("light", "dark"):
        assert len(set(palette[paper])) == 2
        assert set(palette[paper]) <= set(getattr(CLASS_COLOURS, paper))
        assert not set(palette[paper]) & {*getattr(POSITIVE, paper), *getattr(NEGATIVE, paper)}


def test_nothing_that_arrives_becomes_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
