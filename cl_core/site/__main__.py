"""Command line that writes the lab as static files.

python -m cl_core.site out        # then, for example: python -m http.server --directory out
"""

import argparse
from pathlib import Path

from cl_core.losses import LOSSES
from cl_core.site.build import build


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.site", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where to write; files of the same names are replaced")
    parser.add_argument(
        "--train", nargs="+", default=list(LOSSES), choices=list(LOSSES), metavar="LOSS",
        help="losses that can be trained; all if missing, which takes some minutes",
    )  # fmt: skip
    options = parser.parse_args()
    count = build(options.folder, options.train, lambda name: print(f"training: {name}", flush=True))
    print(f"{count} files in {options.folder}. To look at them: python -m http.server --directory {options.folder}")


if __name__ == "__main__":
    main()
