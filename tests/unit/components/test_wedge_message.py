"""Messages to the angle picture: round trips, answers of the browser, and refused tables."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.analysis import wedge
from cl_core.components import wedge as component
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.components.wedge import WORDS, Wedge, encode
from cl_core.losses import LOSSES
from cl_core.palette import CLASS_RINGS, NEGATIVE, POSITIVE

FOLDER = Path(component.__file__).parent
AM = LOSSES["am_softmax"]


def picture(**changes) -> Wedge:
    return Wedge(
        **{
            "title": "<b>AM</b>",
            "table": wedge.wedge_angles(AM, {}),
            "away": wedge.wedge_angles_away(AM, {}),
            **changes,
        }
    )


def test_tables_are_sent_with_nine_decimals():
    header, buffers = unpack(encode(picture(), height=300, group="g"))
    assert buffers == {}
    assert (header["title"], header["height"], header["group"], header["between"]) == ("<b>AM</b>", 300, "g", 60)
    table = np.array([np.nan if x is None else x for x in header["table"]])
    np.testing.assert_allclose(table, wedge.wedge_angles(AM, {}), rtol=0, atol=1e-9)
    away = np.array([[np.nan if x is None else x for x in column] for column in header["away"]]).T
    np.testing.assert_allclose(away, wedge.wedge_angles_away(AM, {}), rtol=0, atol=1e-9)
    assert np.isnan(table[20])


def test_missing_far_side_is_sent_as_null():
    header, _ = unpack(encode(picture(away=None)))
    assert header["away"] == [[None] * 181] * 2


def test_equal_pictures_give_equal_messages():
    assert encode(picture()) == encode(picture())
    assert encode(picture(), between=61) != encode(picture())


def test_angle_of_the_viewer_overrides_the_picture():
    assert unpack(encode(picture(between=90), between=0))[0]["between"] == 0
    assert unpack(encode(picture(between=90)))[0]["between"] == 90


def test_answers_beyond_the_table_are_ignored():
    assert [component.decode(answer) for answer in (0, 180, 90.0)] == [0, 180, 90]
    assert [component.decode(answer) for answer in (None, -1, 181, "60", {}, float("nan"))] == [None] * 6


def test_tables_of_another_size_are_refused():
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


def test_picture_uses_two_class_colours_without_other_meaning():
    palette = unpack(encode(picture()))[0]["palette"]
    for paper in ("light", "dark"):
        assert len(set(palette[paper])) == 2
        assert set(palette[paper]) <= set(getattr(CLASS_RINGS, paper))
        assert not set(palette[paper]) & {*getattr(POSITIVE, paper), *getattr(NEGATIVE, paper)}


def test_javascript_never_inserts_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
