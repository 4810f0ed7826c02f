"""The glossary in AppTest shows the description of every loss completely."""

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.charts import loss_family
from cl_core.losses import LOSSES, variants
from tests.pages.apptest import new_app, open_page


def texts_of(app: AppTest) -> str:
    """Return all texts, formulas and button labels of the page."""
    blocks = (*app.subheader, *app.markdown, *app.caption, *app.latex, *app.button)
    return "\n".join(str(getattr(block, "label", None) or block.value) for block in blocks)


def index_cards(app: AppTest) -> dict[str, str]:
    """Return keys and titles of the losses in the index."""
    links = [link.proto for link in app.get("page_link")]
    assert {link.page for link in links} <= {"glossary"}
    return {link.query_string.removeprefix("loss="): link.label for link in links}


def test_index_lists_every_loss_once_under_its_family(pool):
    app = open_page("glossary")
    assert index_cards(app) == {key: f":primary[**{loss.title}**]" for key, loss in LOSSES.items()}
    for family in loss_family.FAMILIES:
        assert family.title in texts_of(app)
        assert family.description in texts_of(app)
    for loss in LOSSES.values():
        assert loss.summary in texts_of(app)
    assert len(app.get("graphviz_chart")) == 1


@pytest.mark.parametrize("key", LOSSES)
def test_entry_shows_the_complete_description_of_its_loss(pool, key):
    loss = LOSSES[key]
    app = open_page("glossary", loss=key)
    text = texts_of(app)
    assert not app.warning
    expected = [
        loss.title,
        f"`{key}`",
        loss.summary,
        loss.paper.title,
        loss.paper.url,
        *loss.relations,
        *loss.misreadings,
    ]
    expected += [*loss.formula.split(r",\quad"), *loss.boundary_formula.split(r",\quad"), loss.no_boundary]
    for parameter in loss.parameters.values():
        expected += [f"${parameter.symbol}$ `{parameter.name}`", parameter.help]
        expected += parameter.spec.options if parameter.kind == "choice" else [parameter.range_text()]
    for preset in loss.presets:
        expected += [preset.title, *(f"`{name}` = " for name in preset.theta)]
    expected += [variant.description for variant in variants.VARIANTS.get(key, ())]
    for part in expected:
        assert part.strip() in text
    links = [link.proto for link in app.get("page_link")]
    assert {link.page for link in links} == {"boundaries", "batch", "training"}
    assert {link.query_string for link in links} == {f"loss={key}"}


def test_entry_can_be_changed_and_left(pool):
    app = open_page("glossary", loss="arcface")
    app.selectbox(key="entry").set_value("contrastive").run()
    assert app.subheader[0].value == LOSSES["contrastive"].title
    assert app.query_params["loss"] in ("contrastive", ["contrastive"])
    app.button(key="all_losses").click().run()
    assert set(index_cards(app)) == set(LOSSES)
    assert not app.query_params


def test_glossary_keeps_the_loss_of_other_pages(pool):
    app = new_app({"find": "circle"})
    app.session_state["loss"] = "triplet"
    app.run()
    app.switch_page("pages/glossary.py")
    app.run()
    assert app.session_state.loss == "triplet"


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("cosface", {"am_softmax"}),
        ("ArcFace", {"arcface", "normface"}),
        (r"\tau", {"supcon", "info_nce", "nt_xent", "pccl"}),
        ("TensorFlow Addons", {"contrastive", "triplet", "npair"}),
        ("weinberger", {"triplet"}),
    ],
)
def test_search_shows_matching_entries(pool, query, keys):
    app = open_page("glossary", find=query)
    shown = set(index_cards(app))
    assert keys <= shown < set(LOSSES)
    if query in ("cosface", "weinberger"):
        assert shown == keys


def test_search_without_match_says_so(pool):
    app = open_page("glossary", find="<b>nothing</b>")
    assert not index_cards(app)
    assert "No entry" in app.info[0].value


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"loss": "bogus"}, "`loss` must be one of contrastive, triplet"),
        ({"loss": "<i>x</i>"}, "not `?i?x??i?`"),
        ({"margin": "0.5"}, "`margin` is not a setting here"),
    ],
)
def test_invalid_link_value_gives_warning(pool, link, expected):
    app = open_page("glossary", **link)
    assert expected in app.warning[0].value
    assert set(index_cards(app)) == set(LOSSES)
