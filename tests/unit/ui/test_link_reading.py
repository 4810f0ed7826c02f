"""Links in other names and spellings: what can only mean one thing is used, and everything else has a note."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cl_core.losses import LOSSES
from cl_core.ui.link import reading
from cl_core.ui.link.control import Control
from cl_core.ui.link.reading import notes_on_embed, read_link
from cl_core.ui.pages import batch, boundaries, derivations, failures, race_controls, training_controls
from cl_core.ui.pages.experiments import page as experiments
from cl_core.ui.pages.retrieval import page as retrieval
from cl_core.ui.pages.sweep import page as sweep
from cl_core.ui.pages.triplets import page as triplets

PAGES = {
    "boundaries": boundaries.controls_for_link, "batch": batch.controls_for_link,
    "training": training_controls.controls_for_link, "compare": race_controls.controls_for_link,
    "break_it": failures.controls_for_link, "experiments": experiments.controls_for_link,
    "derivations": derivations.controls_for_link,
    "triplets": triplets.controls_for_link, "retrieval": retrieval.controls_for_link,
    "sweep": sweep.controls_for_link,
}  # fmt: skip
QUICK = settings(max_examples=50, derandomize=True, deadline=None)


def read(page, **texts):
    """Return the settings and the notes of a link to a page."""
    result = read_link({name: [text] if isinstance(text, str) else text for name, text in texts.items()}, PAGES[page])
    return dict(result.link), list(result.notes)


def test_repeated_setting_has_a_note_that_says_which_value_is_used():
    link, notes = read("triplets", margin=["0.3", "0.8"])
    assert link == {"margin": "0.8"}
    assert notes == ["`margin` is in the link more than once (`0.3`, `0.8`); the last one is used"]
    assert read("boundaries", margin=["0.3", "0.3"]) == ({"margin": "0.3"}, [])
    link, notes = read("boundaries", margin=["0.3", "many"])
    assert (link, len(notes)) == ({}, 2)
    assert "the default is used" in notes[1]


@pytest.mark.parametrize(
    ("page", "name", "text", "used"),
    [
        ("boundaries", "margin", "0,2", "0.2"),
        ("boundaries", "margin", ",25", ".25"),
        ("boundaries", "margin", " 0,2 ", "0.2"),
        ("training", "rate", "0,001", "0.001"),
        ("training", "batch", "1,024", "1024"),
        ("training", "seed", "1,024", "1024"),
        ("training", "seed", "1,5", None),  # no whole number, and no thousands
        ("boundaries", "length", "5,000", "5.000"),  # 5,000 is beyond the largest
        ("boundaries", "margin", "0,2,5", None),
        ("boundaries", "margin", "0.2,5", None),
        ("boundaries", "place", "0,1", "0,1"),  # two numbers
    ],
)
def test_decimal_comma_is_read_where_it_can_mean_one_number(page, name, text, used):
    link, notes = read(page, **{name: text})
    assert link == ({} if used is None else {name: used})
    if used == text:
        assert not notes
        return
    (note,) = notes
    assert f"`{text}`" in note
    assert (f"is read as `{used}`" if used else "the default is used") in note


def test_number_that_may_be_read_in_two_ways_is_not_guessed():
    wide = Control("n", "n", 1.0, low=0.0, high=1e6)
    result = read_link({"n": ["1,500"]}, lambda _: [wide])
    assert result.link == {}
    assert "`1,500`" in result.notes[0]


@pytest.mark.parametrize(
    ("page", "texts", "used"),
    [
        ("training", {"tau": "0.2"}, {"temperature": "0.2"}),
        ("training", {"temp": "0.2"}, {"temperature": "0.2"}),
        ("training", {"Temperature": "0.2"}, {"temperature": "0.2"}),
        ("training", {"loss": "triplet", "m": "0.3"}, {"loss": "triplet", "margin": "0.3"}),
        ("training", {"m": "0.3", "loss": "triplet"}, {"loss": "triplet", "margin": "0.3"}),
        ("boundaries", {"gamma": "64", "m": "0.3"}, {"scale": "64", "margin": "0.3"}),
        ("boundaries", {"loss": "cosface", "s": "64"}, {"loss": "am_softmax", "scale": "64"}),
        ("boundaries", {"loss_2": "ArcFace", "m_2": "0.3"}, {"loss_2": "arcface", "margin_2": "0.3"}),
        ("compare", {"loss_3": "NT-Xent", "tau_3": "0.5"}, {"loss_3": "nt_xent", "temperature_3": "0.5"}),
        ("training", {"loss": "ntxent"}, {"loss": "nt_xent"}),
        ("training", {"loss": "NTXentLoss"}, {"loss": "nt_xent"}),
        ("training", {"loss": "SupCon"}, {"loss": "supcon"}),
        ("training", {"loss": "SimCLR"}, {"loss": "nt_xent"}),
        ("training", {"loss": "Triplet margin loss"}, {"loss": "triplet"}),
        ("training", {"dataset": "Fashion-MNIST"}, {"dataset": "fashion_mnist"}),
        ("training", {"loss": "triplet", "mining": "Batch-Hard"}, {"loss": "triplet", "mining": "batch_hard"}),
        ("boundaries", {"lock": "m,gamma", "hide": "Pairs"}, {"lock": "margin,scale", "hide": "pairs"}),
    ],
)
def test_name_that_can_only_mean_one_setting_is_used_and_said(page, texts, used):
    link, notes = read(page, **texts)
    assert link == used
    changed = [name for name, text in {**texts}.items() if link.get(name) != text]
    assert len(notes) >= len(changed)
    assert all("is read as `" in note for note in notes)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_alias_of_the_catalogue_is_understood(loss):
    for name in (loss.title, *loss.aliases, loss.key.upper(), loss.key.replace("_", "-")):
        assert read("training", loss=name)[0] == {"loss": loss.key}, name
    for parameter in loss.parameters.values():
        for alias in parameter.aliases:
            link, notes = read("training", loss=loss.key, **{alias: str(parameter.default).lower()})
            assert link == {"loss": loss.key, parameter.name: str(parameter.default).lower()}, (alias, notes)
            assert any(f"`{alias}` is read as `{parameter.name}`" in note for note in notes)


def test_aliases_of_losses_are_distinct():
    names = [reading._plain(name) for loss in LOSSES.values() for name in (loss.key, *loss.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("page", "texts", "hint"),
    [
        ("training", {"temprature": "0.2"}, "Did you mean `temperature`?"),
        ("training", {"loss": "suppcon"}, "Did you mean `supcon`?"),
        ("training", {"loss": "cosfase"}, "Did you mean `am_softmax`?"),
        ("training", {"dataset": "fashon"}, "Did you mean `fashion_mnist`?"),
        ("boundaries", {"lok": "margin"}, "Did you mean `lock`?"),
        ("boundaries", {"lock": "margn"}, "Did you mean `margin`?"),
        ("boundaries", {"tau": "0.1"}, "but `temperature` of nt_xent, supcon, info_nce, pccl"),
        ("boundaries", {"temperature": "0.1"}, "but `temperature` of nt_xent"),
    ],
)
def test_other_names_have_a_hint(page, texts, hint):
    link, notes = read(page, **texts)
    assert not link.keys() - {"lock"}
    assert hint in notes[0]


def test_alias_beside_its_name_is_left_out():
    link, notes = read("training", tau="0.2", temperature="0.3")
    assert link == {"temperature": "0.3"}
    assert notes == ["`tau` means `temperature`, which is also in the link; `temperature` is used"]
    link, notes = read("training", tau="0.2", temp="0.3")
    assert link == {"temperature": "0.2"}
    assert len(notes) == 2


@pytest.mark.parametrize(
    "name",
    [
        "utm_source",
        "utm_medium",
        "UTM_Campaign",
        "fbclid",
        "gclid",
        "msclkid",
        "mc_eid",
        "mc_cid",
        "igshid",
        "twclid",
        "_ga",
    ],
)
def test_tracking_parameters_have_no_note(name):
    assert read("boundaries", margin="0.3", **{name: "x" * 300}) == ({"margin": "0.3"}, [])


@pytest.mark.parametrize("page", PAGES)
@QUICK
@given(data=st.data())
def test_any_text_is_used_or_has_a_note(page, data):
    names = [control.name for control in PAGES[page]({})]
    known = st.sampled_from(
        [*names, *(name.upper() for name in names), "hide", "lock", "big", "play", "tau", "m", "gamma"]
    )
    number = st.decimals(-2, 2000, places=3).map(lambda number: str(number).replace(".", ","))
    name = data.draw(known | st.text(max_size=30))
    values = data.draw(st.lists(st.text(max_size=80) | number | st.sampled_from(list(LOSSES)), min_size=1, max_size=3))
    result = read_link({name: values}, PAGES[page])
    controls = {control.name: control for control in PAGES[page](result.link)}
    for used, text in result.link.items():
        assert used not in controls or controls[used].error_in(text) is None
    assert all(note.isprintable() and len(note) < 1000 for note in result.notes)
    if not reading.TRACKING.fullmatch(name):
        assert result.notes or result.link == {name: values[-1]} or name in ("hide", "lock")
    if len(set(values)) > 1 and not reading.TRACKING.fullmatch(name):
        assert "more than once" in result.notes[0]


@QUICK
@given(st.floats(0.0, 2.0))
def test_number_with_a_decimal_comma_is_the_number(margin):
    text = f"{margin:.6f}"
    link, _ = read("triplets", margin=text.replace(".", ","))
    assert math.isclose(float(link["margin"]), float(text))


@pytest.mark.parametrize(
    ("values", "noted"), [([], False), (["true"], False), (["TRUE"], False), (["1"], True), ([""], True)]
)
def test_note_on_embed_if_streamlit_does_not_understand_it(values, noted):
    notes = notes_on_embed(values)
    assert len(notes) == noted
    assert all("`embed` must be true" in note for note in notes)
