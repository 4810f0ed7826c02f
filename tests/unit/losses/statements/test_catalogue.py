"""Every sentence that the catalogue shows of a loss, a parameter, a variant or a miner has a test that computes it."""

import importlib
import itertools
import pkgutil
import re

import pytest

from cl_core.losses import LOSSES, variants
from cl_core.losses.miners import MINERS
from tests.unit.losses import statements
from tests.unit.losses.statements.backing import BACKED, backs

CAUTION_MARGINS = (0.1, 0.5, 1.0, 1.5, 2.5)


def caution_templates():
    """Return the warnings of all losses, with # in the place of each number."""
    found = set()
    for loss in LOSSES.values():
        corners = [
            dict.fromkeys((*p.corners, *(CAUTION_MARGINS if name == "margin" else ())))
            for name, p in loss.parameters.items()
        ]
        for chosen in itertools.product(*corners):
            theta = dict(zip(loss.parameters, chosen, strict=True))
            for dim, classes, unit_norm in itertools.product((2, 128), (2, 10, 100), (True, False)):
                text = loss.caution(dim=dim, classes=classes, unit_norm=unit_norm, **theta)
                found.add(re.sub(r"(?<!\w)\d+(\.\d+)?", "#", text))
    return found - {""}


def sentences_of_catalogue():
    """Return all sentences by what they are about."""
    found = {}
    for loss in LOSSES.values():
        for sentence in (*loss.relations, *loss.misreadings, loss.no_boundary, loss.summary):
            found.setdefault(sentence, f"loss {loss.key}")
        for parameter in loss.parameters.values():
            found.setdefault(parameter.help, f"parameter {loss.key}.{parameter.name}")
    for variant in itertools.chain.from_iterable(variants.VARIANTS.values()):
        found.setdefault(variant.description, f"variant {variant.loss}.{variant.key}")
    for key, miner in MINERS.items():
        found.setdefault(miner.help, f"miner {key}")
    found |= dict.fromkeys(caution_templates(), "caution")
    found.pop("", None)
    return found


def test_every_sentence_of_the_catalogue_is_computed_by_a_test():
    for module in pkgutil.iter_modules(statements.__path__):
        importlib.import_module(f"{statements.__name__}.{module.name}")
    found = sentences_of_catalogue()
    without_test = {sentence: about for sentence, about in found.items() if sentence not in BACKED}
    assert not without_test
    assert not BACKED.keys() - found.keys()  # tests of sentences that are no longer there


def test_backing_needs_a_test_that_is_run():
    with pytest.raises(ValueError, match="never run"):

        @backs("a sentence")
        def helper():
            """Not collected by pytest."""
