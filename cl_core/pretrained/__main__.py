"""Command line that trains the shipped artefacts again and writes them into assets.

python -m cl_core.pretrained embeddings                      # assets/prepared and assets/steps.json
python -m cl_core.pretrained embeddings --losses supcon circle --only embeddings
python -m cl_core.pretrained recordings --films hard         # assets/films
python -m cl_core.pretrained margins                         # assets/films, for the start page
python -m cl_core.pretrained checkpoints                     # assets/checkpoints
"""

import argparse

import torch

from cl_core.losses import LOSSES
from cl_core.pretrained import checkpoint_runs, checkpoints, margin_runs, recipe_runs, recorded_runs, recordings


def main() -> None:
    """Parse the command line and train the artefacts that it names."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.pretrained", description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    commands = parser.add_subparsers(dest="command", required=True)
    embedded = commands.add_parser("embeddings", help="embeddings of test images, and the table of steps")
    embedded.add_argument("--losses", nargs="+", choices=list(LOSSES), default=list(LOSSES))
    embedded.add_argument("--seeds", type=int, default=3, help="runs of each loss in the table of steps")
    embedded.add_argument("--only", choices=("embeddings", "steps"))
    recorded = commands.add_parser("recordings", help="whole runs, frame by frame")
    recorded.add_argument(
        "--films", nargs="+", choices=list(recordings.RECORDINGS), default=list(recordings.RECORDINGS)
    )
    commands.add_parser("margins", help="the runs of the film on the start page")
    commands.add_parser("checkpoints", help="trained nets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    match options.command:
        case "embeddings":
            recipe_runs.make(options.losses, options.seeds, options.only, options.workers)
        case "recordings":
            recorded_runs.make(options.films, options.workers)
        case "margins":
            margin_runs.make(options.workers)
        case "checkpoints":
            checkpoint_runs.make(checkpoints.LOSSES, options.workers)


if __name__ == "__main__":
    main()
