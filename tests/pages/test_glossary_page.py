"""The glossary says of every loss all that its description says, and its picture is computed."""

import math
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch.nn.functional import cross_entropy

from cl_core.charts import loss_family
from cl_core.losses import LOSSES, module, variants
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests.colours import contrast
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


def test_families_are_told_by_what_is_compared():
    of = {title: {key for key, loss in LOSSES.items() if loss_family.family_of(loss).title == title} for title in (
        "Pairs and triplets", "One against the whole batch", "Class weights")}  # fmt: skip
    assert of["Pairs and triplets"] >= {"contrastive", "triplet"}
    assert of["One against the whole batch"] >= {"npair", "nt_xent", "supcon", "info_nce", "circle", "pccl"}
    assert of["Class weights"] == {key for key, loss in LOSSES.items() if loss.classes}
    assert set.union(*of.values()) == set(LOSSES)


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


# --- the picture ------------------------------------------------------------------------------------------------------

DICE = torch.Generator().manual_seed(3)
Z = torch.randn(12, 4, generator=DICE, dtype=torch.float64)
Y = torch.arange(12) % 3
U, W = unit(Z), torch.randn(3, 4, generator=DICE, dtype=torch.float64)
S_BATCH, S_CLASSES = U @ U.T, U @ unit(W).T
SAME = (Y[:, None] == Y) & ~torch.eye(12, dtype=torch.bool)
VIEWS = torch.arange(6).repeat(2)
OWN = Y[:, None] == torch.arange(3)


def of_batch(key, z=Z, y=Y, **theta):
    return float(module(key, **theta)(z, y))


def of_classes(key, z=Z, w=W, **theta):
    f = module(key, num_classes=3, embedding_dim=4, **theta).double()
    with torch.no_grad():
        f.weight.copy_(w)
    return f(z, Y).item()


def of_prototypes(key, **theta):
    """A loss of the batch, given class weights in place of the other rows."""
    return float(LOSSES[key](Contrast.of_prototypes(Z, Y, W, "similarity"), **theta).mean())


def circle(s, positive, negative, weight_p, weight_n, delta_p, delta_n, scale):
    """Circle loss of every anchor as it is printed, with weights and margins as they are passed."""
    logit_p, logit_n = -scale * weight_p * (s - delta_p), scale * weight_n * (s - delta_n)
    sums = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1) + logit_n.masked_fill(
        ~negative, -torch.inf
    ).logsumexp(1)
    return torch.logaddexp(sums, torch.zeros(())).mean()


COMPUTED = {
    ("circle", "triplet"): lambda: (
        circle(S_BATCH, SAME, Y[:, None] != Y, 1, 1, 0.75, 0.25, 1e9) / 1e9,
        of_batch("triplet", margin=1 - 2 * 0.25, distance="cosine", mining="batch_hard"),
    ),
    ("npair", "info_nce"): lambda: (of_batch("npair", U / 0.3**0.5), of_batch("info_nce", temperature=0.3)),
    ("nt_xent", "supcon"): lambda: (of_batch("nt_xent"), of_batch("supcon", y=VIEWS, temperature=0.5)),
    ("supcon", "info_nce"): lambda: (
        of_batch("supcon", y=VIEWS), of_batch("info_nce", y=VIEWS)
    ),
    ("info_nce", "normface"): lambda: (of_prototypes("info_nce", temperature=0.05), of_classes("normface", scale=20.0)),
    ("softmax", "normface"): lambda: (of_classes("softmax", 20 * U, unit(W)), of_classes("normface", scale=20.0)),
    ("am_softmax", "normface"): lambda: (
        of_classes("am_softmax", margin=0.0, scale=9.0), of_classes("normface", scale=9.0)
    ),
    ("arcface", "normface"): lambda: (of_classes("arcface", margin=0.0, scale=9.0), of_classes("normface", scale=9.0)),
    ("l_softmax", "softmax"): lambda: (of_classes("l_softmax", margin=1), of_classes("softmax")),
    ("l_softmax", "sphereface"): lambda: (of_classes("l_softmax", w=unit(W)), of_classes("sphereface", margin=2)),
    ("pccl_released", "circle"): lambda: (
        of_batch("pccl_released", margin=0.25, scale=32.0, k=1), of_batch("circle", pool="batch")
    ),
    ("circle", "pccl"): lambda: (
        circle(S_BATCH, SAME, Y[:, None] != Y, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0, 0, 16),
        of_batch("pccl"),
    ),
    ("circle", "circle_class"): lambda: (of_prototypes("circle"), of_classes("circle_class")),
    ("circle_class", "am_softmax"): lambda: (
        circle(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), of_classes("am_softmax", margin=1 - 2 * 0.25)
    ),
}  # fmt: skip


@pytest.mark.parametrize("edge", loss_family.EDGES, ids=lambda e: f"{e.source}-{e.target}")
def test_an_arrow_leads_to_the_same_number(edge):
    if edge.exact:
        one, other = COMPUTED[edge.source, edge.target]()
        assert math.isclose(one, other, rel_tol=1e-6 if edge.condition.endswith("∞") else 1e-9)
    else:
        assert (edge.source, edge.target) not in COMPUTED


def test_circle_as_printed_here_is_our_circle():
    negative = Y[:, None] != Y
    printed = circle(S_BATCH, SAME, negative, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0.75, 0.25, 32)
    assert math.isclose(printed, of_batch("circle"), rel_tol=1e-9)
    one_hot = 30 * (S_CLASSES - torch.where(OWN, 0.75, 0.25).double())
    assert math.isclose(cross_entropy(one_hot, Y), circle(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), rel_tol=1e-9)


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_names_every_loss_and_can_be_read(dark):
    text = loss_family.graphviz_dot(dark=dark)
    for key in LOSSES:
        assert re.search(rf"^{key} \[label=", text, re.MULTILINE)
    for edge in loss_family.EDGES:
        assert f"{edge.source} -> {edge.target} [" in text
        assert LOSSES[edge.source].title in loss_family.family_alt()
    ink, fills = re.search(r'fontcolor="(#\w+)"', text)[1], set(re.findall(r'fillcolor="(#\w+)"', text))
    assert all(contrast(ink, fill) > 7 for fill in fills)  # WCAG's AAA
