"""The page of sweeps: the shipped ones with their verdicts, and one's own with its start, stop and resume."""

from urllib.parse import parse_qs, parse_qsl

import pytest

from cl_core.experiments.evidence import LABELS
from cl_core.experiments.sweeps import claims, prepared
from cl_core.experiments.sweeps.plan import numeric_parameters
from cl_core.experiments.sweeps.prepared import PREPARED
from cl_core.experiments.sweeps.summary import summarise
from cl_core.losses import LOSSES
from cl_core.training import RunSpec
from tests.pages.apptest import click, open_page, page_texts, run_until, warnings_of

OWN = {"part": "own", "dataset": "blobs", "batch": "32", "values": "0.1,0.5", "seeds": "1", "steps": "100"}


@pytest.mark.parametrize("key", PREPARED)
def test_prepared_sweep_shows_best_values_pictures_and_verdict(pool, key):
    app = open_page("sweep", sweep=key)
    assert not app.exception
    assert not app.error
    texts = page_texts(app)
    summaries = summarise(prepared.load(key))
    for summary in summaries.values():
        assert f"**{summary.best:g}** ({summary.estimates[summary.best].value:.1%})" in texts
    assert html_of(app).count("<figure") == len(PREPARED[key].plan.values)
    for name, keys in claims.SWEEPS_OF_CLAIM.items():
        verdict = claims.CLAIMS[name]()
        assert (verdict.claim in texts) == (key in keys)
        if key in keys:
            assert f"badge[{LABELS[verdict.holds]}] **{verdict.claim}**" in texts
            assert verdict.explanation in texts


def html_of(app):
    """Return all HTML of a page, where the small pictures and the texts of charts are."""
    return " ".join(each.proto.body for each in app.get("html"))


def link_to_run(app):
    link = next(each for each in app.get("page_link") if "Open this run" in each.proto.label)
    return dict(parse_qsl(parse_qs(link.proto.query_string)["open"][0]))


def test_chosen_run_is_that_of_the_link_and_of_the_menus(pool):
    app = open_page("sweep", sweep="temperature-nt_xent-mnist", picked="0.5,2")
    assert link_to_run(app) | {"loss": "nt_xent", "temperature": "0.5", "batch": "256"} == link_to_run(app)
    app.selectbox(key="picked_value").set_value(0.1).run()
    app.selectbox(key="picked_setting").set_value(5).run()
    assert link_to_run(app) | {"temperature": "0.1", "batch": "1024", "training_images": "10000"} == link_to_run(app)
    assert app.query_params["picked"] == "0.1,5"
    app.selectbox(key="sweep").set_value("margin-triplet").run()
    assert "picked" not in app.query_params, "the run of another sweep is another run"


def test_link_opens_a_run_that_the_training_page_can_train(pool):
    for key in PREPARED:
        settings = link_to_run(open_page("sweep", sweep=key))
        plan = PREPARED[key].plan
        spec = next(
            trial.spec for trial in plan.trials if str(trial.spec.theta[plan.parameter]) == settings[plan.parameter]
        )
        assert isinstance(spec, RunSpec)
        training = open_page("training", engine="server", **settings)
        assert not training.exception
        assert not warnings_of(training)


def test_score_and_map_are_in_the_link(pool):
    app = open_page("sweep", sweep="scale-margin-circle", score="map_r", shape="map")
    assert not warnings_of(app)
    assert "MAP@R by scale" in html_of(app)
    assert warnings_of(open_page("sweep", shape="globe", score="f1", sweep="none", picked="a"))


def test_damaged_file_has_a_message_with_the_command(pool, monkeypatch, tmp_path):
    monkeypatch.setattr(prepared.load, "__defaults__", (tmp_path,))
    app = open_page("sweep", sweep="xi-pccl")
    assert "sweep --prepared xi-pccl" in app.error[0].value
    (tmp_path / "xi-pccl.parquet").write_bytes(b"PAR1")
    assert "sweep --prepared xi-pccl" in open_page("sweep", sweep="xi-pccl").error[0].value


def test_own_sweep_runs_and_shows_what_it_found(pool):
    app = open_page("sweep", **OWN)
    assert "**2 runs** of 100 training steps" in page_texts(app)
    click(app, "start_sweep")
    run_until(app, lambda app: "best temperature" in page_texts(app) and not app.get("progress"))
    texts = page_texts(app)
    assert html_of(app).count("<figure") == 2
    assert "no other value can be told apart from it" in texts
    assert link_to_run(app)["dataset"] == "blobs"
    app.slider(key="seeds").set_value(2).run()
    assert "**4 runs**" in page_texts(app)
    app.slider(key="seeds").set_value(1).run()
    assert html_of(app).count("<figure") == 2, "the finished sweep is still there"
    assert html_of(open_page("sweep", **OWN)).count("<figure") == 2, "for a new session too"


def test_own_sweep_stops_and_resumes(pool):
    app = open_page("sweep", **(OWN | {"seeds": "5", "steps": "3200"}))
    click(app, "start_sweep")
    click(app, "stop_sweep")
    run_until(app, lambda app: any(button.key == "resume_sweep" for button in app.button))
    assert "Stopped." in str(app.get("progress")[0].proto)
    click(app, "resume_sweep")
    assert any(button.key == "stop_sweep" for button in app.button)
    click(app, "stop_sweep")


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_offers_its_numbers(pool, loss):
    app = open_page("sweep", part="own", loss=loss)
    assert not app.exception
    if numeric_parameters(loss):
        assert "training steps:" in page_texts(app)
    else:
        assert "no number to tune" in page_texts(app)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"values": "0.1,cold"}, "`values`"),
        ({"values": "0.1,5"}, "`values`"),
        ({"other": "batch", "other_values": "1,2"}, "`other_values`"),
        ({"parameter": "height"}, "`parameter`"),
        ({"steps": "1"}, "`steps`"),
    ],
)
def test_settings_of_a_link_that_cannot_be_used_have_a_note(pool, settings, words):
    app = open_page("sweep", part="own", **settings)
    assert any(words in warning for warning in warnings_of(app))
    assert not app.exception


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0.1, cold", "must be numbers"),
        ("0.1 7", "must lie between"),
        (",".join(f"0.{i:02}" for i in range(1, 40)), "too many"),
    ],
)
def test_values_that_cannot_be_used_are_explained(pool, typed, words):
    app = open_page("sweep", **OWN)
    app.text_input(key="values_typed").set_value(typed).run()
    assert words in app.error[0].value
    assert not any(button.key == "start_sweep" for button in app.button)
    app.text_input(key="values_typed").set_value("0.2; 0.4").run()
    assert "(0.2, 0.4)" in page_texts(app)


def test_too_many_runs_are_refused_before_they_start(pool):
    app = open_page("sweep", part="own", seeds="10", other="dim", other_values="2,3,4,5,6")
    assert "too many" in app.error[0].value
