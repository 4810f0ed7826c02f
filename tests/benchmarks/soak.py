"""Memory of the server over an hour of visitors who come, look on for a while and leave.

`python -m tests.benchmarks.soak` lets ten at a time visit a server of its own and prints Markdown; `--write` also keeps
it in `results`. Sessions are kept after their visitors have left (see .streamlit/config.toml), in case they come back.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cl_core.losses import LOSSES
from cl_core.teaching.failures import FAILURES
from tests.benchmarks import machine, report
from tests.benchmarks.load import Machine
from tests.benchmarks.serving import served
from tests.benchmarks.visitors import Visitor

STAY = (5.0, 40.0)  # seconds
EVERY = 10.0  # seconds between two looks at the memory
QUIET = ("", "boundaries", "batch", "triplets", "experiments", "glossary", "lessons", "status")


@dataclass
class Soaked:
    """What was seen.

    Attributes:
        moments: (minutes, MiB of the server, of its workers, and in memory that they share), every so often.
        visits: that came and went.
        faults: whatever a page showed that it should not have.
    """

    moments: list[tuple[float, float, float, float]] = field(default_factory=list)
    visits: int = 0
    faults: list[str] = field(default_factory=list)

    def at(self, minutes: float) -> tuple[float, ...]:
        """MiB of the server, its workers and what they share: the mean of the looks half a minute about a time."""
        near = [moment for moment in self.moments if abs(moment[0] - minutes) <= 0.5]
        return tuple(sum(values) / len(near) for values in list(zip(*near, strict=True))[1:])


async def measure(url: str, pid: int, minutes: float, at_once: int) -> Soaked:
    """Let visitors come and go at the server at `url` for so many minutes, so many at once."""
    seen, taken, began = Soaked(), Machine(pid), time.monotonic()
    end = began + 60 * minutes
    visiting = [asyncio.create_task(_visit(url, seen, random.Random(i), end)) for i in range(at_once)]
    while time.monotonic() < end:
        await asyncio.sleep(EVERY)
        seen.moments.append(((time.monotonic() - began) / 60, *taken.memory(), taken.shared()))
    await asyncio.gather(*visiting)
    return seen


async def _visit(url: str, seen: Soaked, dice: random.Random, end: float) -> None:
    """One visit after the other, each to a page of its own choice."""
    while time.monotonic() < end:
        visitor = Visitor(url, *_link(dice))
        try:
            await visitor.come()
            await asyncio.sleep(min(dice.uniform(*STAY), max(end - time.monotonic(), 0.0)))
        finally:
            await visitor.go()
        seen.visits += 1
        seen.faults += [f"{visitor.query}: {fault}" for fault in visitor.seen.faults]


def _link(dice: random.Random) -> tuple[str, str]:
    """A page and its query: most often one that trains."""
    seed = dice.randrange(1000)
    match dice.randrange(4):
        case 0:
            return "training", f"loss={dice.choice(list(LOSSES))}&seed={seed}&play=true&pace=flat-out"
        case 1:
            return "compare", f"seed={seed}&play=true&pace=fast"
        case 2:
            return "break_it", f"failure={dice.choice(list(FAILURES))}&seed={seed}&play=true"
        case _:
            return dice.choice(QUIET), ""


def markdown(seen: Soaked) -> str:
    """What was measured, as a table."""
    length = seen.moments[-1][0]
    times = [at for at in (1, 3, 10, 20, 40) if at < length - 1] + [length]
    first = seen.at(1)
    rows = [[f"{at:.0f}", *_beside(seen.at(at), first)] for at in times]
    kinds = [text for what in ("server", "workers", "shared") for text in (f"{what}, MiB", "to the first")]
    table = report.table(["after minutes", *kinds], rows)
    return f"{seen.visits:,} visits; errors that a page showed: {len(seen.faults)}.\n\n{table}"


def _beside(now: Sequence[float], first: Sequence[float]) -> list[str]:
    """Values, each with its ratio to the first."""
    return [text for value, was in zip(now, first, strict=True) for text in (f"{value:,.0f}", f"{value / was:.2f}")]


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("soak", __doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--at-once", type=int, default=10, help="visitors at a time")
    asked = parser.parse_args(words)
    with served() as (url, pid):
        seen = asyncio.run(measure(url, pid, asked.minutes, asked.at_once))
    report.say(f"{machine.describe()}.\n\n{markdown(seen)}", asked.write)
    print(*dict.fromkeys(seen.faults), sep="\n")


if __name__ == "__main__":
    main()
