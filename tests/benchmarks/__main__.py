"""Run benchmarks, print their results and write them into README.md beside this file.

`python -m tests.benchmarks` runs all of them in half an hour; `python -m tests.benchmarks census load` runs some.
`--look` only prints. Ratios are more reliable than single numbers: both sides of each were measured in the same run.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from tests.docs import generated

BENCHMARKS = (
    "training",
    "programs",
    "same_bits",
    "census",
    "retrieval",
    "neighbours",
    "planes",
    "held_sliders",
    "waiting",
    "race",
    "load",
    "sweep",
    "dask",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the number of benchmarks that failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--look", action="store_true", help="print without saving")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    failed = 0
    for name in options.names or BENCHMARKS:
        print(f"## {name}\n", flush=True)
        try:
            importlib.import_module(f"tests.benchmarks.{name}").main([] if options.look else ["--write"])
        except Exception as error:  # the others are still measured
            failed += 1
            print(f"{name} could not be measured: {type(error).__name__}: {error}", file=sys.stderr)
        print(flush=True)
    if not options.look:
        generated.write()
    return failed


if __name__ == "__main__":
    sys.exit(main())
