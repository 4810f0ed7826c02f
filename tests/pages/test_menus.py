"""Menus show titles, and links keep keys."""

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.losses import LOSSES
from cl_core.losses.miners import MINERS
from tests.pages.apptest import open_from_link, route_pages_through_app, warnings_of


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch):
    route_pages_through_app(monkeypatch)


def menu(app: AppTest, key: str) -> list[str]:
    """Return what a menu shows."""
    kinds = (*app.selectbox, *app.button_group)
    widget = next(widget for widget in kinds if widget.key == key)
    return [getattr(option, "content", option) for option in widget.options]


def test_menu_shows_titles_and_link_keeps_key(pool):
    app = open_from_link("boundaries", loss="supcon")
    assert app.selectbox(key="loss").value == "supcon"
    assert menu(app, "loss") == [loss.title for loss in LOSSES.values()]
    app.selectbox(key="loss").set_value("triplet").run()
    assert app.query_params["loss"] == "triplet"
    assert menu(app, "distance") == ["squared Euclidean", "Euclidean", "cosine distance"]
    assert menu(app, "mining") == [miner.title for miner in MINERS.values()]
    app.selectbox(key="mining").set_value("batch_hard").run()
    assert app.query_params == {"loss": "triplet", "mining": "batch_hard"}
    app.selectbox(key="loss").set_value("circle").run()  # the default; what it has no parameter for is left out
    assert not app.query_params


def test_title_in_a_link_is_read_as_its_key(pool):
    app = open_from_link("boundaries", loss="triplet", distance="squared Euclidean", mining="batch-hard")
    assert (app.session_state.distance, app.session_state.mining) == ("sqeuclidean", "batch_hard")
    assert warnings_of(app)[0] == "`distance`: `squared Euclidean` is read as `sqeuclidean`"
    assert app.query_params == {"loss": "triplet", "mining": "batch_hard"}


def test_menu_keeps_its_value_while_it_is_not_shown(pool):
    app = open_from_link("triplets", part="one triplet", scene="hard")
    assert app.session_state.scene == "hard"
    app.button_group(key="part").set_value("over a run").run()
    assert app.query_params == {"part": "over a run"}
    app.button_group(key="part").set_value("one triplet").run()
    assert app.session_state.scene == "hard"
    assert app.query_params == {"scene": "hard"}


def test_hidden_and_locked_menus_keep_their_value(pool):
    app = open_from_link("boundaries", loss="triplet", mining="hard", hide="mining", lock="loss")
    assert app.selectbox(key="loss").disabled
    assert "mining" not in {widget.key for widget in app.selectbox}
    assert app.run().query_params["mining"] == "hard"


def test_labels_name_symbols_without_latex(pool):
    app = open_from_link("boundaries", loss="contrastive")
    labels = [widget.label for kind in (app.slider, app.selectbox, app.toggle) for widget in kind]
    assert {"margin (m)", "distance (d)"} <= set(labels)
    assert not any(letter in label for label in labels for letter in "$\\")
