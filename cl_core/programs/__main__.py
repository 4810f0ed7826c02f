"""Command line that builds the engine and the programs that are shipped, and writes them into assets/engine.

python -m cl_core.programs engine                              # needs ziglang, of tests/requirements.txt
python -m cl_core.programs planes
python -m cl_core.programs triplets
python -m cl_core.programs runs
python -m cl_core.programs step step.program --loss supcon --batch 128   # one training step, as a file
"""

import argparse
import zipfile
from collections.abc import Mapping
from pathlib import Path

from cl_core.losses import LOSSES
from cl_core.programs import runs, shipped
from cl_core.programs.engine import build
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.steps import step_program
from cl_core.training import RunSpec


def main() -> None:
    """Parse the command line and make what it names."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.programs", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("engine", help="the engine, from C")
    commands.add_parser("planes", help="the planes of all losses")
    commands.add_parser("triplets", help="small scenes of triplets")
    commands.add_parser("runs", help="training by the recipe of each loss")
    step = commands.add_parser("step", help="a training step, for trials")
    step.add_argument("path", type=Path)
    step.add_argument("--loss", choices=list(LOSSES), default="supcon")
    step.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    match options.command:
        case "engine":
            build.build()
        case "planes":
            store(shipped.PLANES, shipped.compile_planes())
        case "triplets":
            store(shipped.TRIPLETS, shipped.compile_triplets())
        case "runs":
            store(shipped.RUNS, runs.compile_runs())
        case "step":
            options.path.write_bytes(step_program(RunSpec(loss=options.loss, batch=options.batch)).to_bytes())


def store(path: Path, programs: Mapping[str, bytes]) -> None:
    """Let the engine check programs, and write them into an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, program in sorted(programs.items()):
            Running(Program.from_bytes(program))  # raises if the engine refuses it
            archive.writestr(zipfile.ZipInfo(name), program, zipfile.ZIP_DEFLATED)  # of no date, so of the same bytes


if __name__ == "__main__":
    main()
