"""Command line that trains the shipped artefacts again and writes them into assets.

python -m cl_core.training.pretrained embeddings                      # assets/prepared and assets/steps.json
python -m cl_core.training.pretrained embeddings --losses supcon circle --only embeddings
python -m cl_core.training.pretrained recordings --films hard         # assets/films
python -m cl_core.training.pretrained checkpoints                     # assets/checkpoints
"""

import argparse

import torch

from cl_core.losses import LOSSES
from cl_core.training.pretrained import checkpoints, recipe_runs, recordings


def main() -> None:
    """Parse the command line and train the artefacts that it names."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.training.pretrained", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    embedded = commands.add_parser("embeddings", help="embeddings of test images, and the table of steps")
    embedded.add_argument("--losses", nargs="+", choices=list(LOSSES), default=list(LOSSES))
    embedded.add_argument("--seeds", type=int, default=3, help="runs of each loss in the table of steps")
    embedded.add_argument("--only", choices=("embeddings", "steps"))
    recorded = commands.add_parser("recordings", help="whole runs, frame by frame")
    recorded.add_argument(
        "--films", nargs="+", choices=list(recordings.RECORDINGS), default=list(recordings.RECORDINGS)
    )
    commands.add_parser("checkpoints", help="trained nets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    match options.command:
        case "embeddings":
            recipe_runs.make(options.losses, options.seeds, options.only)
        case "recordings":
            recordings.make(options.films)
        case "checkpoints":
            checkpoints.make(checkpoints.LOSSES)


if __name__ == "__main__":
    main()
