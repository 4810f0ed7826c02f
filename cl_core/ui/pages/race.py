"""A race as its visitor sees it: a row of pictures with one time for all, one set of curves, and a verdict in words."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

import streamlit as st

from cl_core import charts
from cl_core.analysis.leaderboard import Standing, rank
from cl_core.components.embedding.mount import embedding
from cl_core.components.timeline.mount import timeline
from cl_core.runtime.race import Race, RaceProgress
from cl_core.training import RunSpec
from cl_core.training.frames import PACES, SCORES, RunProgress, score
from cl_core.ui.link.presentation import autoplays
from cl_core.ui.pages import race_controls
from cl_core.ui.pages.race_controls import HIDDEN, TRIPLETS
from cl_core.ui.pages.training import embedding_cloud
from cl_core.ui.server.lifespan import engine, load_note
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

GROUP = "race"  # of all pictures here: they show one moment
HEIGHTS = {2: 390, 3: 370, 4: 350}  # pixels, of a picture among so many
BADGES = {
    "opening": ":gray-badge[opening]",
    "paused": ":gray-badge[paused]",
    "running": ":green-badge[racing]",
    "failed": ":red-badge[stopped]",
    "finished": ":blue-badge[all steps done]",
}


def show_race(specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the visitor's race of `specs`, each with so many `seeds`, with its controls; open one if need be."""
    race = _race_of(specs, points, seeds)
    pulse = refresh_rate_of(race)
    _transport(race, specs, points, seeds)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_place, run_every=pulse.read)(race)
        race_controls.ready_made()
    st.fragment(_notices, run_every=pulse.read)(race)
    st.fragment(_pictures, run_every=pulse.tick)(race, pulse)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Curves**", width="content")
            race_controls.SCORE.render()
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Scores**", width="content")
            hidden = race_controls.SCORES_SHOWN.render() == HIDDEN
    if hidden:
        _covered()
    else:
        st.fragment(_numbers, run_every=pulse.read)(race)
    with st.expander("What is the same for all, and what is not", icon=":material/balance:"):
        st.markdown(_fairness(race))


def _race_of(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """The race on stage. One that has not been started makes way for new settings; one that has waits for Start."""
    race: Race | None = st.session_state.get("race")
    if race is None or (_other(race, specs, points, seeds) and not race.started):
        race = _open(specs, points, seeds)
        if autoplays():
            race.play()
    return race


def _other(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> bool:
    return (race.specs, race.n, race.seeds) != (tuple(specs), points, seeds)


def _open(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """Put a new race on stage, at its first frame."""
    before: Race | None = st.session_state.get("race")
    if before is not None:
        before.close()
    st.session_state.race = race = engine().open_race(specs, points, seeds)
    return race


def _transport(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """The buttons of the race, and what a click on them does."""
    other = _other(race, specs, points, seeds)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Start", step="Pause, and let all do one step", other=other,
            reseed="Back to another start, again the same for all",
        )  # fmt: skip
        race.set_pace(PACES[PACE.render()])
    if other:
        st.info("The settings have changed since this race was started.", icon=":material/tune:")
    if pressed.reset or (pressed.play and other):
        race = _open(specs, points, seeds)
    if pressed.play:
        race.play()
    if pressed.pause:
        race.pause()
    if pressed.step:
        race.step()
    if pressed.reseed:
        race.close()
        st.session_state.race = None
    if any(pressed):
        st.rerun()


def _place(race: Race) -> None:
    """Where all of them are."""
    look = race.progress()
    page_state.set_facts(step=max(look.step, 0), playing="yes" if race.playing else "no")
    rate = f" · {look.rate:.0f} steps/s" if look.rate else ""
    seeds = f" · {race.seeds} seeds each, one is drawn" if race.seeds > 1 else ""
    st.markdown(
        f"{BADGES[look.phase]} all at **step {max(look.step, 0):,}**{rate}{load_note()}{seeds}", width="content"
    )


def _notices(race: Race) -> None:
    """What there is to say about any of them."""
    look = race.progress()
    for name, looks in zip(race_controls.names_of(race.specs), look.runs, strict=True):
        for each in looks:
            seed = f", seed {each.spec.seed}" if race.seeds > 1 else ""
            if each.failure:
                st.error(f"**{name}{seed}** is out. {each.failure}", icon=":material/error:")
            if each.note:
                st.info(f"**{name}{seed}**: {each.note}", icon=":material/healing:")


def _pictures(race: Race, pulse: RefreshRate) -> None:
    """A cloud for each contender, and the time of all of them; what keeps the race alive, since it is looked at."""
    race.renew_lease(pulse.crowd)
    busy = race.busy  # before the look, so that nothing comes between the last look and the last rerun
    look = race.progress()
    names = race_controls.names_of(race.specs)
    hidden = st.session_state.get(race_controls.SCORES_SHOWN.name) == HIDDEN
    for place, column in enumerate(st.columns(len(names), gap="small")):
        shown, run = look.runs[place][0], race.runs[place][0]
        cloud = embedding_cloud(run, shown, 2)
        with column:
            st.html(_label(place, names[place]))
            embedding(
                replace(
                    cloud, timeline=False, title=f"{names[place]}: {cloud.title}", alt="" if hidden else cloud.alt,
                    placeholder=cloud.placeholder if shown.failure is None else "There is no picture.",
                ),
                key=f"race_{place}", height=HEIGHTS[len(names)], group=GROUP,
            )  # fmt: skip
    time_of_all(race, look, "race", GROUP)
    if not pulse.suits(busy):
        st.rerun()


def time_of_all(race: Race, look: RaceProgress, name: str, group: str) -> None:
    """The one slider of all pictures of a `group`; what is chosen is `<name>_looked_at` in the session."""
    longest = max((looks[0] for looks in look.runs), key=lambda each: len(each.frames))
    steps = [frame.step for frame in longest.frames]
    chosen = timeline(race.runs[0][0].name, steps, key=f"{name}_time", group=group)
    if chosen != st.session_state.get(f"{name}_looked_at"):
        st.session_state[f"{name}_looked_at"] = chosen
        st.rerun()  # curves and numbers are to follow


def _label(place: int, name: str) -> str:
    """A contender's name with the line and the mark that it has in the curves; names hold nothing from a link."""
    runner = charts.RUN_STYLES[place]
    dash = " ".join(map(str, runner.dash)) if runner.dash[1] else "none"
    mark = {
        "circle": "<circle cx='20' cy='8' r='6'/>",
        "square": "<rect x='14.5' y='2.5' width='11' height='11'/>",
        "triangle-up": "<path d='M20 1 27 14H13z'/>",
        "diamond": "<path d='M20 1 27 8 20 15 13 8z'/>",
    }[runner.shape]
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='16' fill='{runner.colour}'>"
        f"<path d='M0 8H40' stroke='{runner.colour}' stroke-width='3' stroke-dasharray='{dash}'/>{mark}</svg>"
    )
    return (
        '<div style="align-items:center;display:flex;font-size:1.1rem;font-weight:650;gap:8px;line-height:1.25">'
        f'<img alt="" src="data:image/svg+xml,{quote(picture)}">{name}</div>'
    )


def _covered() -> None:
    """What stands in place of curves and numbers until one has voted."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown("**Which one has the best kNN score?** Vote by the pictures alone, then reveal.", width="content")
        st.button(
            "Reveal", icon=":material/visibility:", type="primary", key="reveal", on_click=race_controls.reveal_scores
        )


def _numbers(race: Race) -> None:
    """The curves, and where the contenders stand at the frame that is looked at."""
    look = race.progress()
    names = tuple(race_controls.names_of(race.specs))
    if look.step < 0 and look.phase != "failed":
        st.caption("Scores appear with the first frame.")
        return
    opened = [(name, looks) for name, looks in zip(names, look.runs, strict=True) if all(x.frames for x in looks)]
    at = _looked_at(look)
    if look.step > 0:
        _curves(names, [looks for _, looks in opened], [name for name, _ in opened], at)
    else:
        st.caption("Curves appear with the second frame.")
    found = standings(look, names, at)
    left, right = st.columns([0.6, 0.4], gap="medium", vertical_alignment="center")
    left.markdown(_table(names, found))
    right.markdown("\n\n".join((f"**At step {at:,}**", *(each.summary for each in _worth_saying(found)))))
    for name, looks in zip(names, look.runs, strict=True):
        if empty := sum(each.empty for each in looks):
            st.caption(f"{name}: {empty:,} steps so far had no valid term in their batch and changed nothing.")


def _curves(names: tuple[str, ...], looks: Sequence[Sequence[RunProgress]], opened: Sequence[str], at: int) -> None:
    """The curves of what was chosen."""
    chosen = st.session_state.get(race_controls.SCORE.name, race_controls.SCORE.default)
    for quantity, column in zip(charts.TRIPLETS, st.columns(3) if chosen == TRIPLETS else (), strict=False):
        with column:
            _curve(names, looks, opened, quantity, at)
    if chosen != TRIPLETS:
        _curve(names, looks, opened, chosen, at)
    unknown = [n for n, own in zip(opened, looks, strict=True) if not all(map(charts.has_floor, own))]
    if chosen == charts.LOSS:
        st.caption("0 is the loss when the classes are perfect, 1 when all embeddings are one point.")
        if unknown:
            st.caption(f"Left out, as their losses have no known floor to be compared by: {', '.join(unknown)}.")


def _curve(
    names: tuple[str, ...], looks: Sequence[Sequence[RunProgress]], opened: Sequence[str], what: str, at: int
) -> None:
    rows = charts.race_rows(looks, opened, what, at)
    chart(rows, _chart(names, what), charts.race_alt(rows, what, at), key=f"race_chart_{what}")


_chart = lru_cache(maxsize=64)(charts.race_chart)


def _looked_at(look: RaceProgress) -> int:
    """The step that the visitor looks at: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("race_looked_at")
    return max(look.step if chosen is None else min(chosen, look.step), 0)


def standings(look: RaceProgress, names: Sequence[str], at: int) -> list[Standing]:
    """Where the contenders stand at a step, by each score; those that failed before it do not count."""
    found = []
    for key, title in SCORES.items():
        values = [
            [score(frame, key) for each in looks for frame in each.frames if frame.step == at] for looks in look.runs
        ]
        found.append(rank(title, names, values))
    return found


def _worth_saying(found: Sequence[Standing]) -> Sequence[Standing]:
    """The first alone where all say that one seed cannot tell."""
    return found[:1] if all("One seed" in each.summary for each in found) else found


def _table(names: Sequence[str], found: Sequence[Standing]) -> str:
    """The scores as a Markdown table."""
    head = ["run", *(each.title for each in found)]
    rows = [[name, *(each.format_score(place) for each in found)] for place, name in enumerate(names)]
    lines = [head, ["---", *["---:"] * len(found)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _fairness(race: Race) -> str:
    """What the contenders share, and what the settings make differ."""
    specs = race.specs
    lines = [
        "- Same seed: the same weights to start from, the same order of the images, the same noise.",
        "- All are at the same step whenever you look; nobody begins the next stretch before all have come as far.",
        "- The loss curves lie between each loss's floor and its value at total collapse, since raw losses do not "
        "compare.",
        "- Scores are measured on the same test images, in the full space. The linear probe is fitted to one half of "
        "them and tried on the other.",
    ]
    if len({spec.encoder for spec in specs}) == len({spec.images_per_step for spec in specs}) == 1:
        lines.insert(1, "- Every step sees the same batch of images.")
    else:
        sizes = ", ".join(
            f"{name} {spec.images_per_step:,}" for name, spec in zip(race_controls.names_of(specs), specs, strict=True)
        )
        lines.insert(
            1,
            f"- Images a step: {sizes}. The images come in the same order, cut differently, so at one step whoever "
            "has the larger batch has seen more of them.",
        )
    if len({spec.unit_norm for spec in specs}) > 1:
        free = ", ".join(spec.loss for spec in specs if not spec.unit_norm)
        lines.append(f"- Not the same: {free} leaves the length of embeddings free, as its recipe does.")
    return "\n".join(lines)
