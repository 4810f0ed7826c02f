"""The page of derivations: its steps, its buttons and its link."""

import pytest

from cl_core.teaching.derivations import DERIVATIONS
from tests.pages.apptest import click, component_messages, open_page, page_texts, warnings_of


@pytest.mark.parametrize("key", DERIVATIONS)
def test_every_step_shows_its_formulas_and_a_picture(pool, key):
    for number, step in enumerate(DERIVATIONS[key].steps, 1):
        app = open_page("derivations", derivation=key, derivation_step=str(number))
        assert not app.warning
        assert not app.exception
        texts = page_texts(app)
        assert step.text in texts
        assert app.subheader[-1].value == f"{number}. {step.title}"
        assert all(formula in texts for formula in step.formulas)
        assert bool(step.positives) != bool(component_messages(app))


def test_buttons_lead_through_the_steps(pool):
    app = open_page("derivations")
    steps = DERIVATIONS["circle"].steps
    for number in range(2, len(steps) + 1):
        click(app, "next_step")
        assert app.subheader[-1].value == f"{number}. {steps[number - 1].title}"
    assert app.button(key="next_step").disabled
    click(app, "previous_step")
    assert app.session_state.derivation_step == len(steps) - 1


def test_rewriting_says_that_the_value_is_the_same(pool):
    app = open_page("derivations", derivation_step="2")
    assert "gives 3.43332, as in the step before" in page_texts(app)
    app = open_page("derivations", derivation_step="4")
    assert "as in the step before" not in page_texts(app)


def test_step_that_does_not_exist_has_a_note(pool):
    app = open_page("derivations", derivation="npair", derivation_step="6")
    assert any("`derivation_step` must be a number from 1 to 4" in warning for warning in warnings_of(app))
    assert app.session_state.derivation_step == 1


def test_last_step_shows_the_circle(pool):
    header, _ = component_messages(open_page("derivations", derivation_step="6"))[0]
    assert [mark["label"] for mark in header["marks"]] == ["target", "centre"]
    header, _ = component_messages(open_page("derivations", derivation_step="5"))[0]
    assert not header["marks"]
