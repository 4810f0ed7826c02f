"""The glossary in AppTest shows the description of every loss completely."""

from urllib.parse import parse_qs, parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.charts import loss_family
from cl_core.losses import LOSSES, articles, variants
from cl_core.teaching.terms import TERMS
from cl_core.ui.link.controls import PACKED_LINK
from tests.pages.apptest import new_app, open_from_link, open_page, page_texts, route_pages_through_app, run_until


def texts_of(app: AppTest) -> str:
    """Return all texts, formulas and button labels of the page."""
    blocks = (*app.subheader, *app.markdown, *app.caption, *app.latex, *app.button)
    return "\n".join(str(getattr(block, "label", None) or block.value) for block in blocks)


def index_cards(app: AppTest) -> dict[str, str]:
    """Return keys and titles of the losses in the index."""
    links = [link.proto for link in app.get("page_link") if link.proto.page == "glossary"]
    return {link.query_string.removeprefix("loss="): link.label for link in links}


def term_links(app: AppTest) -> list[tuple[str, str, dict[str, str]]]:
    """Return label, page and settings of each link to a picture of a term."""
    links = [link.proto for link in app.get("page_link") if link.proto.page != "glossary"]
    packed = [parse_qs(link.query_string)[PACKED_LINK][0] for link in links]
    return [(link.label, link.page, dict(parse_qsl(text))) for link, text in zip(links, packed, strict=True)]


def test_index_lists_every_loss_once_under_its_family(pool):
    app = open_page("glossary")
    assert index_cards(app) == {key: f":primary[**{loss.title}**]" for key, loss in LOSSES.items()}
    for family in loss_family.FAMILIES:
        assert family.title in texts_of(app)
        assert family.description in texts_of(app)
    for loss in LOSSES.values():
        assert loss.summary in texts_of(app)
    assert len(app.get("graphviz_chart")) == 1


def test_index_shows_every_term_with_links_to_its_pictures(pool):
    app = open_page("glossary")
    for term in TERMS.values():
        assert term.title in texts_of(app)
        assert term.text in texts_of(app)
    expected = [(p.label, p.page, dict(p.link)) for term in TERMS.values() for p in term.pictures]
    assert term_links(app) == expected


def test_index_names_both_articles_and_their_papers(pool):
    text = texts_of(open_page("glossary"))
    for article in articles.ARTICLES:
        assert article.reference in text
        assert all(LOSSES[key].paper.markdown in text for key in article.losses)
    assert "https://github.com/wangz10/contrastive_loss" in text
    assert "Zichen Wang" in text
    authors = {key: LOSSES[key].paper.markdown for key in articles.CONTRASTING.losses}
    for key, name in {
        "contrastive": "Hadsell, Chopra, LeCun 2006",
        "triplet": "Schroff, Kalenichenko, Philbin 2015",
        "npair": "Sohn 2016",
        "nt_xent": "Chen, Kornblith, Norouzi, Hinton 2020",
        "supcon": "Khosla et al. 2020",
    }.items():
        assert name in authors[key]


@pytest.mark.parametrize("key", LOSSES)
def test_entry_shows_the_complete_description_of_its_loss(pool, key):
    loss = LOSSES[key]
    app = open_page("glossary", loss=key)
    text = texts_of(app)
    assert not app.warning
    expected = [
        loss.title,
        loss.summary,
        loss.paper.title,
        loss.paper.url,
        *loss.relations,
        *loss.misreadings,
    ]
    expected += [*loss.formula.split(r",\quad"), *loss.boundary_formula.split(r",\quad"), loss.no_boundary]
    for parameter in loss.parameters.values():
        expected += [f"{parameter.title} ${parameter.symbol}$", parameter.help]
        options = parameter.spec.options if parameter.kind == "choice" else ()
        expected += map(parameter.title_of, options) if options else [parameter.range_text()]
    for preset in loss.presets:
        expected += [preset.title, loss.theta_text(preset.theta)]
    expected += [variant.description for variant in variants.VARIANTS.get(key, ())]
    for part in expected:
        assert part.strip() in text
    links = [link.proto for link in app.get("page_link")]
    assert {link.page for link in links} == {"boundaries", "batch", "training"}
    assert {link.query_string for link in links} == {f"loss={key}"}


def test_entry_can_be_changed_and_left(pool):
    app = open_page("glossary", loss="arcface")
    app.selectbox(key="entry").set_value("contrastive").run()
    assert app.subheader[1].value == LOSSES["contrastive"].title
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


@pytest.mark.parametrize(
    ("query", "key"),
    [("gamma", "gamma"), ("Collapse", "collapse"), ("my loss is stuck", "stuck"), ("accuracy", "accuracy")],
)
def test_search_shows_the_right_term_first_with_its_pictures(pool, query, key):
    app = open_page("glossary", find=query)
    assert app.markdown[0].value.startswith("All losses have")
    assert TERMS[key].text in app.markdown[1].value
    assert [label for label, _, _ in term_links(app)][: len(TERMS[key].pictures)] == [
        picture.label for picture in TERMS[key].pictures
    ]


def test_search_without_match_says_so(pool):
    app = open_page("glossary", find="<b>nothing</b>")
    assert not index_cards(app)
    assert "Nothing found" in app.info[0].value


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"loss": "bogus"}, "`loss` must be one of contrastive, triplet"),
        ({"loss": "<i>x</i>"}, "not `?i?x??i?`"),
        ({"margin": "0.5"}, "`margin` is not a setting of this page"),
    ],
)
def test_invalid_link_value_gives_warning(pool, link, expected):
    app = open_page("glossary", **link)
    assert expected in app.warning[0].value
    assert set(index_cards(app)) == set(LOSSES)


# ---- pictures of terms

PICTURES = {f"{term.key}-{picture.label}": picture for term in TERMS.values() for picture in term.pictures}


@pytest.mark.parametrize("name", PICTURES)
def test_picture_of_a_term_opens_with_its_settings(idle_executor, monkeypatch, name):
    route_pages_through_app(monkeypatch)
    picture = PICTURES[name]
    app = open_from_link(picture.page, None, **picture.link)
    assert not app.warning
    assert not app.error
    for setting, text in picture.link.items():
        assert str(app.session_state[setting]).lower() == text.lower(), setting


def test_pictures_show_what_their_terms_say(pool, monkeypatch):
    route_pages_through_app(monkeypatch)
    first = {key: term.pictures[0] for key, term in TERMS.items()}
    untrained = open_from_link("boundaries", None, **first["accuracy"].link)
    assert "**300 of 300**" in page_texts(untrained)
    assert "100.0%" in page_texts(untrained)
    training = open_from_link("training", None, **first["gamma"].link, engine="server")
    run_until(training, lambda app: app.session_state.run.progress().references)
    assert abs(training.session_state.run.progress().references.collapse - 232.6) < 0.1
    collapsing = open_from_link("triplets", None, **first["stuck"].link)
    assert "from step 14 on the spread is below 0.05" in page_texts(collapsing)


def test_link_may_call_the_search_by_another_name():
    app = open_from_link("glossary", search="stuck")
    assert app.text_input(key="find").value == "stuck"
