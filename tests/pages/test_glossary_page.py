"""The glossary says of every loss all that its description says, and its picture is computed."""

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.charts import loss_family
from cl_core.losses import LOSSES, variants
from tests.pages.apptest import new_app, open_page


def written(app: AppTest) -> str:
    """All text and all formulas on it."""
    blocks = (*app.subheader, *app.markdown, *app.caption, *app.latex, *app.button)
    return "\n".join(str(getattr(block, "label", None) or block.value) for block in blocks)


def cards(app: AppTest) -> dict[str, str]:
    """Loss and title of every card of the index."""
    links = [link.proto for link in app.get("page_link")]
    assert {link.page for link in links} <= {"glossary"}
    return {link.query_string.removeprefix("loss="): link.label for link in links}


def test_the_index_has_every_loss_once_under_its_family(pool):
    app = open_page("glossary")
    assert cards(app) == {key: f":primary[**{loss.title}**]" for key, loss in LOSSES.items()}
    for family in loss_family.FAMILIES:
        assert family.title in written(app)
        assert family.description in written(app)
    for loss in LOSSES.values():
        assert loss.summary in written(app)
    assert len(app.get("graphviz_chart")) == 1


@pytest.mark.parametrize("key", LOSSES)
def test_an_entry_says_all_that_there_is_to_say(pool, key):
    loss = LOSSES[key]
    app = open_page("glossary", loss=key)
    text = written(app)
    assert not app.warning
    said = [loss.title, f"`{key}`", loss.summary, loss.paper.title, loss.paper.url, *loss.relations, *loss.misreadings]
    said += [*loss.formula.split(r",\quad"), *loss.boundary_formula.split(r",\quad"), loss.no_boundary]
    for each in loss.parameters.values():
        said += [f"${each.symbol}$ `{each.name}`", each.help]
        said += each.spec.options if each.kind == "choice" else [each.range_text()]
    for preset in loss.presets:
        said += [preset.title, *(f"`{name}` = " for name in preset.theta)]
    said += [each.description for each in variants.VARIANTS.get(key, ())]
    for part in said:
        assert part.strip() in text
    links = [link.proto for link in app.get("page_link")]
    assert {link.page for link in links} == {"boundaries", "batch", "training"}
    assert {link.query_string for link in links} == {f"loss={key}"}


def test_another_entry_can_be_chosen_and_a_button_leads_back(pool):
    app = open_page("glossary", loss="arcface")
    app.selectbox(key="entry").set_value("contrastive").run()
    assert app.subheader[0].value == LOSSES["contrastive"].title
    assert app.query_params["loss"] in ("contrastive", ["contrastive"])
    app.button(key="all_losses").click().run()
    assert set(cards(app)) == set(LOSSES)
    assert not app.query_params


def test_reading_about_a_loss_leaves_the_one_that_other_pages_have(pool):
    app = new_app({"find": "circle"})
    app.session_state["loss"] = "triplet"
    app.run()
    app.switch_page("pages/glossary.py")
    app.run()
    assert app.session_state.loss == "triplet"


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("cosface", {"am_softmax"}),
        ("ArcFace", {"arcface", "normface"}),
        (r"\tau", {"supcon", "info_nce", "nt_xent", "pccl"}),
        ("TensorFlow Addons", {"contrastive", "triplet", "npair"}),
        ("weinberger", {"triplet"}),
    ],
)
def test_find_shows_the_entries_that_have_it(pool, words, keys):
    app = open_page("glossary", find=words)
    found = set(cards(app))
    assert keys <= found < set(LOSSES)
    if words in ("cosface", "weinberger"):
        assert found == keys


def test_find_finds_nothing_in_words(pool):
    app = open_page("glossary", find="<b>nothing</b>")
    assert not cards(app)
    assert "No entry" in app.info[0].value


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"loss": "bogus"}, "`loss` must be one of contrastive, triplet"),
        ({"loss": "<i>x</i>"}, "not `?i?x??i?`"),
        ({"margin": "0.5"}, "`margin` is not a setting here"),
    ],
)
def test_nonsense_in_a_link_is_said(pool, link, words):
    app = open_page("glossary", **link)
    assert words in app.warning[0].value
    assert set(cards(app)) == set(LOSSES)
