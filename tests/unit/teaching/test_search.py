"""The glossary's search finds what a beginner types, the right entry first."""

import pytest

from cl_core.losses import LOSSES
from cl_core.teaching.search import Entry, search
from cl_core.teaching.terms import TERMS
from cl_core.ui.pages.glossary import entries


def found(query):
    return [entry.key for entry in search(query, entries())]


TYPED = {  # entry -> what people type who should find it first
    "gamma": (
        "gamma",
        "Gamma",
        "γ",
        "circle gamma",
        "loss is huge",
        "large loss",
        "circle loss gamma",
        "232",
    ),
    "collapse": (
        "collapse",
        "collaps",
        "colapse",
        "collapsed",
        "one point",
        "total collapse",
        "constant output",
        "0.693",
        "5.54",
    ),
    "stuck": (
        "stuck",
        "my loss is stuck",
        "why is the loss stuck?",
        "plateau",
        "not decreasing",
        "loss not decreasing",
        "loss does not go down",
        "not learning",
        "stays at its margin",
    ),
    "accuracy": (
        "accuracy",
        "acuracy",
        "train accuracy",
        "accuracy 0",
        "why is accuracy low at first",
        "logits",
        "below chance",
    ),
    "knn": ("knn", "kNN accuracy", "nearest neighbours", "nearest neighbor", "recall"),
    "floor": ("floor", "lowest loss", "loss not zero"),
    "spread": ("spread", "variance"),
    "margin": ("margin", "m", "marign"),
    "temperature": ("temperature", "tau", "τ", "temprature"),
    "scale": ("scale", "s"),
    "kinds": (
        "hard",
        "semi-hard",
        "semihard",
        "semi hard",
        "easy",
        "hard negatives",
        "mining",
        "what is a hard negative",
    ),
    "anchor": ("anchor", "positive", "negatives", "pair"),
    "boundary": ("boundary", "decision boundary", "s_n"),
    "cosine": ("cosine", "normalize", "normalization", "distance", "euclidean"),
    "batch": ("batch", "batch size", "bigger batch size"),
    "divergence": ("nan", "NaN loss", "loss goes up", "exploding"),
    "rate": ("learning rate", "lr", "adam"),
    "embedding": ("embedding", "features", "pca"),
    "contrastive": ("contrastive",),
    "triplet": ("triplet", "triplet loss", "facenet"),
    "npair": ("n-pair", "npair"),
    "info_nce": ("infonce", "info nce"),
    "nt_xent": ("NT-Xent", "ntxent", "simclr"),
    "supcon": ("SupCon",),
    "circle": ("circle", "circle loss"),
    "pccl": ("pccl",),
    "softmax": ("softmax",),
    "am_softmax": ("am-softmax", "cosface"),
    "arcface": ("arcface",),
    "sphereface": ("sphereface", "a-softmax"),
    "l_softmax": ("l-softmax",),
    "normface": ("normface",),
}
FIRST = {query: key for key, queries in TYPED.items() for query in queries}


@pytest.mark.parametrize(("query", "key"), FIRST.items())
def test_right_entry_comes_first(query, key):
    assert found(query)[:1] == [key]


def test_every_name_finds_its_entry_first():
    every = entries()
    for entry in every:
        for name in entry.names:
            first = next(other for other in every if name.casefold() in map(str.casefold, other.names))
            assert found(name)[0] == first.key, name


def test_every_entry_has_a_word_that_a_beginner_would_search():
    assert set(FIRST.values()) >= set(TERMS)
    found_by_their_kin = {"pccl_released", "circle_class", "circle_general"}
    assert set(FIRST.values()) >= LOSSES.keys() - found_by_their_kin


def test_symbols_and_authors_are_found_in_texts():
    assert {"supcon", "info_nce", "nt_xent", "pccl"} <= set(found(r"\tau"))
    assert found("weinberger") == ["triplet"]
    assert {"contrastive", "triplet", "npair"} <= set(found("TensorFlow Addons"))


@pytest.mark.parametrize("query", ["", "   "])
def test_empty_query_finds_everything(query):
    assert found(query) == [*TERMS, *LOSSES]


@pytest.mark.parametrize("query", ["<b>nothing</b>", "xyzzy", "\\", "((", "?" * 60, "qqqq qqqq"])
def test_query_without_match_finds_nothing(query):
    assert found(query) == [] or query == "\\"  # a backslash is in every formula


def test_ranks_from_name_to_text():
    by_text = Entry("text", ("something",), "it mentions a margin once")
    by_words = Entry("words", ("big margin of it",), "")
    by_prefix = Entry("prefix", ("margins",), "")
    by_name = Entry("name", ("Margin",), "")
    assert [e.key for e in search("margin", [by_text, by_words, by_prefix, by_name])] == [
        "name",
        "prefix",
        "words",
        "text",
    ]
    assert [e.key for e in search("a margn", [by_text, by_name])] == ["name"]  # a near miss
