"""The race page in Streamlit's AppTest, with a thread in place of worker processes."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.runtime.race import Race
from cl_core.ui.pages import race_controls
from cl_core.ui.pages.race_controls import READY_RACES
from tests.pages.apptest import FAST_RACE, component_headers, markdown_texts, open_page, run_until, widget_keys


def open_race(**link: str) -> AppTest:
    return run_until(open_page("compare", **(FAST_RACE | link)), lambda app: race_of(app).progress().step == 0)


def race_of(app: AppTest) -> Race:
    race: Race = app.session_state.race
    return race


def train_race(app: AppTest, steps: int = 10) -> AppTest:
    app.button(key="play").click().run()
    run_until(app, lambda app: race_of(app).progress().step >= steps)
    app.button(key="play").click().run()
    return run_until(app, lambda app: not race_of(app).busy)


def test_default_race_starts_pauses_steps_and_resets(pool):
    app = train_race(open_race())
    step = race_of(app).progress().step
    assert f"step {step:,}" in markdown_texts(app)
    first, second, timeline = component_headers(app)
    assert first["steps"][-1] == second["steps"][-1] == timeline["steps"][-1] == step
    assert {first["group"], second["group"], timeline["group"]} == {"race"}
    assert "With one seed the difference may be chance" in markdown_texts(app)
    app.button(key="step").click().run()
    run_until(app, lambda app: race_of(app).progress().step == step + 1)
    app.button(key="reset").click().run()
    run_until(app, lambda app: race_of(app).progress().step == 0)
    assert not app.exception


def test_link_sets_contenders_and_race(pool):
    app = open_race(
        contenders="3", loss="triplet", margin="0.35", mining="hard", loss_2="circle", margin_2="0.4", loss_3="supcon",
        temperature_3="0.5", batch_3="64", rate_3="0.01", seed="11", seeds="2", points="1000", scores="hidden",
    )  # fmt: skip
    assert not app.warning
    a, b, c = race_of(app).specs
    assert (a.loss, a.theta["margin"], a.theta["mining"]) == ("triplet", 0.35, "hard")
    assert (b.loss, b.theta["margin"]) == ("circle", 0.4)
    assert (c.theta["temperature"], c.batch, c.rate, c.seed) == (0.5, 64, 0.01, 11)
    assert (race_of(app).seeds, race_of(app).n) == (2, 1000)
    assert "Images per training step: A Triplet margin" in markdown_texts(app)


def test_all_contenders_have_the_same_training_images(pool):
    app = open_race(training_images="1000", contenders="3", loss_3="nt_xent")
    assert not app.warning
    assert [spec.training_images for spec in race_of(app).specs] == [1000] * 3
    app.selectbox(key="training_images").set_value("all").run()
    assert [spec.training_images for spec in race_of(app).specs] == [0] * 3
    assert not app.exception


def test_contenders_can_have_batches_drawn_by_class(pool):
    app = open_race(loss_2="supcon", batch="8", batch_2="8", images_per_class_2="2", contenders="3", loss_3="nt_xent")
    assert not app.warning
    assert [spec.images_per_class for spec in race_of(app).specs] == [0, 2, 0]
    assert "images_per_class_3" not in widget_keys(app)  # two views have no labels
    texts = markdown_texts(app)
    assert re.search(r"so their order of images differs: B Supervised NT-Xent · [^,]*images of each class 2\.", texts)
    assert "same order of the images" not in texts
    assert "Every step sees the same batch" not in texts


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"contenders": "40"}, "`contenders` must be a number from 2 to 5"),
        ({"seeds": "0"}, "`seeds` must be a number from 1 to 5"),
        ({"loss_2": "bogus"}, "`loss_2` must be one of"),
        ({"batch_3": "9999999"}, "`batch_3` must be one of"),
        ({"margin_2": "nan"}, "`margin_2` must be a number"),
        ({"points": "10000"}, "`points` must be one of 500, 1000, 2000"),
        ({"scores": "<b>"}, "`scores` must be one of shown, hidden"),
        ({"loss_6": "circle"}, "`loss_6` is not a setting"),
    ],
)
def test_invalid_link_value_gives_warning_and_default(pool, link, expected):
    app = open_page("compare", **(FAST_RACE | link))
    assert not app.exception
    assert any(expected in warning.value for warning in app.warning), [warning.value for warning in app.warning]
    assert len(race_of(app).specs) == 2
    assert race_of(app).n == 500


def test_incompatible_settings_give_error(pool):
    app = open_page("compare", dataset="rings", encoder="cnn")
    assert not app.exception
    assert "choose the MLP" in app.error[0].value


def test_hidden_scores_appear_when_revealed(pool):
    app = train_race(open_race(scores="hidden"))
    assert not app.get("vega_lite_chart")
    assert "MAP@R" not in markdown_texts(app)
    assert not any(header.get("alt") for header in component_headers(app))
    app.button(key="reveal").click().run()
    assert len(app.get("vega_lite_chart")) == 1
    assert "MAP@R" in markdown_texts(app)


def test_chosen_score_is_drawn(pool):
    app = train_race(open_race())
    for chosen, charts in (("loss", 1), ("triplets", 3), ("probe", 1)):
        app.button_group(key="score").set_value(chosen).run()
        assert len(app.get("vega_lite_chart")) == charts
        assert ("is the lowest possible loss" in markdown_texts(app)) == (chosen == "loss")
        assert not app.exception


def test_several_seeds_give_spread_and_verdict(pool):
    app = train_race(open_race(seeds="2"), steps=4)
    assert "±" in markdown_texts(app)
    assert "the variation over 2 seeds" in markdown_texts(app)


@pytest.mark.parametrize("ready", READY_RACES, ids=lambda ready: ready.title)
def test_ready_race_sets_all_contenders(idle_executor, ready):
    app = open_page("compare", **(FAST_RACE | {"seed": "3"}))
    app.button(key=f"ready_{READY_RACES.index(ready)}").click().run()
    assert not app.exception
    assert not app.warning
    assert len(race_of(app).specs) == int(ready.link["contenders"])
    for suffix, spec in zip(race_controls.SUFFIXES, race_of(app).specs, strict=False):
        values = {"loss": spec.loss, "batch": spec.batch, "rate": spec.rate, **spec.theta}
        for name, value in values.items():
            assert str(value) == ready.link.get(name + suffix, str(value))
    assert race_of(app).specs[0].seed == int(ready.link.get("seed", "0"))
    if "dim" in ready.link:
        assert {spec.dim for spec in race_of(app).specs} == {int(ready.link["dim"])}


def test_failed_contender_is_named_and_the_others_continue(pool):
    app = open_race(loss_2="npair", rate_2="10.0", optimiser="sgd", rate="0.001")
    app.button(key="play").click().run()
    run_until(app, lambda app: app.error and race_of(app).progress().step > 20)
    assert "B Multi-class N-pair" in app.error[0].value
    assert race_of(app).playing


def test_contender_names_hold_differing_settings():
    specs = [
        race_controls.RunSpec(loss="triplet", theta={"mining": mining}, batch=batch)
        for mining, batch in (("hard", 32), ("semihard", 64))
    ]
    assert race_controls.contender_names(specs) == [
        "A Triplet margin · batch size 32 · mining hard",
        "B Triplet margin · batch size 64 · mining semi-hard",
    ]
