"""Memory of the server over an hour of visitors who open a page, stay for a while and leave.

`python -m tests.benchmarks.soak` lets ten visitors at a time use its own server and prints Markdown; `--write` also
saves it in `results`. The server keeps sessions after their visitors have left, for their return (see
.streamlit/config.toml).
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cl_core.losses import LOSSES
from cl_core.teaching.failures import FAILURES
from tests.benchmarks import machine, report
from tests.benchmarks.load import ServerResources
from tests.benchmarks.serving import run_server
from tests.benchmarks.visitors import Visitor

STAY_SECONDS = (5.0, 40.0)  # seconds
SAMPLE_SECONDS = 10.0  # between two measurements of memory
PAGES_WITHOUT_RUNS = ("", "boundaries", "batch", "triplets", "experiments", "glossary", "lessons", "status")


@dataclass
class SoakResult:
    """Results of a soak test.

    Attributes:
        samples: (minutes, MiB of the server, MiB of its workers, MiB of the memory that they share).
        visits: number of finished visits.
        errors: that the pages showed.
    """

    samples: list[tuple[float, float, float, float]] = field(default_factory=list)
    visits: int = 0
    errors: list[str] = field(default_factory=list)

    def at(self, minutes: float) -> tuple[float, ...]:
        """Return MiB of server, workers and shared memory: means of the samples within half a minute of a time."""
        samples = [sample for sample in self.samples if abs(sample[0] - minutes) <= 0.5]
        return tuple(sum(values) / len(samples) for values in list(zip(*samples, strict=True))[1:])


async def measure(url: str, pid: int, minutes: float, at_once: int) -> SoakResult:
    """Let `at_once` visitors at a time use the server at `url` for some minutes."""
    result, resources, start = SoakResult(), ServerResources(pid), time.monotonic()
    end = start + 60 * minutes
    visitors = [asyncio.create_task(_visit_pages(url, result, random.Random(i), end)) for i in range(at_once)]
    while time.monotonic() < end:
        await asyncio.sleep(SAMPLE_SECONDS)
        result.samples.append(((time.monotonic() - start) / 60, *resources.memory(), resources.shared()))
    await asyncio.gather(*visitors)
    return result


async def _visit_pages(url: str, result: SoakResult, generator: random.Random, end: float) -> None:
    """Make one visit after the other, each to a random page."""
    while time.monotonic() < end:
        visitor = Visitor(url, *_random_link(generator))
        try:
            await visitor.open()
            await asyncio.sleep(min(generator.uniform(*STAY_SECONDS), max(end - time.monotonic(), 0.0)))
        finally:
            await visitor.close()
        result.visits += 1
        result.errors += [f"{visitor.query}: {error}" for error in visitor.record.errors]


def _random_link(generator: random.Random) -> tuple[str, str]:
    """Return a random page and its query; three of four pages train."""
    seed = generator.randrange(1000)
    match generator.randrange(4):
        case 0:
            return "training", f"loss={generator.choice(list(LOSSES))}&seed={seed}&play=true&pace=flat-out"
        case 1:
            return "compare", f"engine=server&seed={seed}&play=true&pace=fast"
        case 2:
            return "break_it", f"engine=server&failure={generator.choice(list(FAILURES))}&seed={seed}&play=true"
        case _:
            return generator.choice(PAGES_WITHOUT_RUNS), ""


def markdown(result: SoakResult) -> str:
    """Return the results as a table."""
    minutes = result.samples[-1][0]
    times = [time for time in (1, 3, 10, 20, 40) if time < minutes - 1] + [minutes]
    first = result.at(1)
    rows = [[f"{time:.0f}", *_with_ratios(result.at(time), first)] for time in times]
    columns = [text for what in ("server", "workers", "shared") for text in (f"{what}, MiB", "to the first")]
    table = report.table(["after minutes", *columns], rows)
    return f"{result.visits:,} visits; errors that a page showed: {len(result.errors)}.\n\n{table}"


def _with_ratios(now: Sequence[float], first: Sequence[float]) -> list[str]:
    """Return values, each with its ratio to the first."""
    return [
        text
        for value, first_value in zip(now, first, strict=True)
        for text in (f"{value:,.0f}", f"{value / first_value:.2f}")
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("soak", __doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--at-once", type=int, default=10, help="number of visitors at a time")
    options = parser.parse_args(arguments)
    with run_server() as (url, pid):
        result = asyncio.run(measure(url, pid, options.minutes, options.at_once))
    report.print_and_save(f"{machine.describe()}.\n\n{markdown(result)}", options.write)
    print(*dict.fromkeys(result.errors), sep="\n")


if __name__ == "__main__":
    main()
