"""Message of the arena, the component that races in the visitor's browser."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from cl_core.components import embedding, timeline
from cl_core.components.envelope import pack
from cl_core.components.trainer.picture import MEASURES, WORDS, Files, choice_of, view_of
from cl_core.training import RunSpec
from cl_core.training.frames import MAX_FRAMES, Pace

Colour = Literal["red", "green", ""]


@dataclass(frozen=True)
class Badge:
    """A short text about what a contender has come to.

    Attributes:
        text: the text.
        colour: of the badge; "" for none.
    """

    text: str
    colour: Colour = ""


@dataclass(frozen=True)
class Label:
    """What stands above the cloud of a contender.

    Attributes:
        name: of the contender.
        role: what it is called before its name, in its colour; "" for nothing.
        colour: of the role.
        line: URL of a picture of its line in the charts; "" for none.
        badges: what it has come to.
    """

    name: str
    role: str = ""
    colour: Colour = ""
    line: str = ""
    badges: Sequence[Badge] = ()


@dataclass(frozen=True)
class Contender:
    """One contender of a race.

    Attributes:
        spec: what it trains; its runs differ in their seeds alone.
        files: what the browser loads; all its runs have the same programs.
        label: above its cloud.
    """

    spec: RunSpec
    files: Files
    label: Label


@dataclass(frozen=True, eq=False)
class Arena:
    """Content of the arena.

    Attributes:
        key: another one for each race, of the same settings the same.
        contenders: two or more, of one data set.
        seeds: of the runs of each contender; the first one is drawn.
        n: number of probe images in each frame.
        frame_steps: ascending steps after 0 that always have a frame; the last one ends the race.
        pace: how fast it goes.
        group: name of the group of pictures that share the step that is shown.
        height: of a cloud, in CSS pixels.
        interval: seconds between two reports while the race goes on.
        known: name, step and version of the race that the server has; None for none.
        start: names the last request to start; "" for none.
        until: step at which the race rests; None for none.
        turn: with another turn, a race takes the place of the one before at once; with the same one, a race that was
            started stays until the visitor starts the other.
        tells: whether the clouds have text alternatives with scores.
        regions: whether class weights and their regions are drawn, where there are any.
        words: texts on the controls that differ from those of the trainer.
    """

    key: str
    contenders: Sequence[Contender]
    seeds: Sequence[int]
    n: int
    frame_steps: Sequence[int]
    pace: Pace
    group: str
    height: int
    interval: float
    known: tuple[str, int, int] | None = None
    start: str = ""
    until: int | None = None
    turn: str = ""
    tells: bool = True
    regions: bool = True
    words: Mapping[str, str] = field(default_factory=dict)


def encode(arena: Arena, name: str) -> bytes:
    """Encode the message for the browser.

    Args:
        arena: what to show.
        name: of the race in this browser: there is one race of a name.

    Returns:
        The message; equal arguments give equal bytes.
    """
    files = asdict(arena.contenders[0].files)  # but for the programs they are the same for all
    header = {
        "name": name,
        "key": arena.key,
        "turn": arena.turn,
        "files": {file: files[file] for file in ("engine", "worker", "images", "probes", "cloud")},
        "contenders": [_contender(contender, arena) for contender in arena.contenders],
        "frame_steps": list(arena.frame_steps),
        "max_frames": MAX_FRAMES,
        "until": arena.until,
        "pace": arena.pace.for_browser(),
        "start": arena.start,
        "known": arena.known,
        "interval": 1000 * arena.interval,
        "badges": [[asdict(badge) for badge in contender.label.badges] for contender in arena.contenders],
        "show_regions": arena.regions,
        "regions": {name: embedding.WORDS[name] for name in ("ray", "region", "wedge")},
        "sentence": MEASURES["sentence"] if arena.tells else "",
        "group": arena.group,
        "height": arena.height,
        "timeline": dict(timeline.WORDS),
        "words": {**WORDS, **arena.words},
    }
    return pack(header, {})


def _contender(contender: Contender, arena: Arena) -> dict[str, Any]:
    """Return what the header says of a contender."""
    spec, label = contender.spec, contender.label
    return {
        "run": contender.files.run,
        "about": {"spec": asdict(spec), "n": arena.n, "references": {}},
        "choices": [{**choice_of(spec), "seed": seed} for seed in arena.seeds],
        "label": {"name": label.name, "role": label.role, "colour": label.colour, "line": label.line},
        "view": view_of(spec, arena.n, 2),
    }
