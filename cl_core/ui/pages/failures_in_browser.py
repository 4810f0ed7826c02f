"""A failure beside its cure in the visitor's browser, as their page shows them."""

from collections.abc import Mapping

from cl_core.components.arena.message import Label
from cl_core.teaching.failures import Failure
from cl_core.training.frames import PACES
from cl_core.ui.link.presentation import height
from cl_core.ui.pages.failure_results import (
    COLOURS,
    GROUP,
    HEIGHT,
    IMAGES,
    ROLES,
    changed_settings,
    knn_badge,
    show_losses,
    symptom_badge,
)
from cl_core.ui.widgets.playback_buttons import PACE
from cl_core.ui.widgets.start_request import request_start
from cl_core.ui.widgets.visitor_race import RaceSettings, race_in_browser, show_arena

SLOT = "breaking"
WORDS: Mapping[str, str] = {
    "buttons": "Both runs",
    "stepHelp": "Pause and do one step of both",
    "reseedHelp": "Restart both with new initial weights",
    "stepText": "both at step {step}; the failure becomes visible by step {until}",
}


def show_failure_in_browser(failure: Failure, seed: int, *, starts: bool) -> None:
    """Show the failing run beside the cured one, with the symptom of each.

    Args:
        failure: what goes wrong.
        seed: of the weights and the order of the images, the same for both runs.
        starts: whether to start now.
    """
    settings = RaceSettings(SLOT, failure.runs(seed), IMAGES, waits=False)
    race = race_in_browser(settings)
    if starts:
        request_start(SLOT)
    pace = PACES[PACE.render()]
    labels = []
    for index, (role, colour) in enumerate(zip(ROLES, COLOURS, strict=True)):
        shown = race.progress().runs[index][0]
        badges = [badge for badge in (symptom_badge(failure, shown), knn_badge(shown)) if badge]
        labels.append(Label(changed_settings(failure, index), role, colour, badges=badges))
    show_arena(
        settings, race, labels, pace, group=GROUP, height=height(HEIGHT), until=failure.steps,
        words={**WORDS, "stepText": WORDS["stepText"].replace("{until}", str(failure.steps))},
    )  # fmt: skip
    show_losses(race, failure)
