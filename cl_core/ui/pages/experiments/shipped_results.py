"""Results of the experiment as pages use them: read again when a file changes, with cached evaluations."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd
import streamlit as st

from cl_core.experiments import claims, findings, results, table
from cl_core.experiments.evidence import Verdict

COMMAND = "python -m cl_core.experiments run"


@dataclass(frozen=True, eq=False)
class ShippedResults:
    """All results, with their evaluations, each computed once.

    Attributes:
        results: one row for each cell and seed.
        faults: a message for each file that could not be read.
    """

    results: pd.DataFrame
    faults: list[str]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Statistics over seeds; see `table.summary`."""
        return table.summary(self.results)

    @cached_property
    def decoupled(self) -> pd.DataFrame:
        """The decoupled study; see `table.decoupled`."""
        return table.decoupled(self.results)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Verdicts on the article's claims; see `claims.verdicts`."""
        return claims.verdicts(self.results)

    @cached_property
    def findings(self) -> list[str]:
        """What was found, in three sentences; see `findings.findings`."""
        return findings.findings(self.verdicts)


def load_shipped() -> ShippedResults:
    """Return the results in the folder, cached until the name or the time stamp of a file changes."""
    folder = results.SHIPPED
    stamps = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*.parquet")))
    return _load(folder, stamps)


@lru_cache(maxsize=2)
def _load(folder: Path, _stamps: tuple[tuple[str, int], ...]) -> ShippedResults:
    return ShippedResults(*results.load(folder))


def show_empty(message: str, command: str = COMMAND) -> None:
    """Say that there is no result, and show the command that makes it.

    Args:
        message: why there is none.
        command: the command.
    """
    st.info(message, icon=":material/inbox:")
    st.code(command, language="bash", wrap_lines=True)
