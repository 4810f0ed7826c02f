"""The experiment's results as pages see them: read again when a file comes, goes or changes, worked out once."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd
import streamlit as st

from cl_core.experiments import claims, results, table
from cl_core.experiments.evidence import Verdict

COMMAND = "python -m cl_core.experiments run"


@dataclass(frozen=True, eq=False)
class ShippedResults:
    """All results there are, and in words what could not be read."""

    results: pd.DataFrame
    faults: list[str]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """See `table.summary`."""
        return table.summary(self.results)

    @cached_property
    def decoupled(self) -> pd.DataFrame:
        """See `table.decoupled`."""
        return table.decoupled(self.results)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """What the results say of the article's claims."""
        return claims.verdicts(self.results)


def load_shipped() -> ShippedResults:
    """The results that are there now."""
    folder = results.SHIPPED
    stamps = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*.parquet")))
    return _load(folder, stamps)


@lru_cache(maxsize=2)
def _load(folder: Path, _stamps: tuple[tuple[str, int], ...]) -> ShippedResults:
    return ShippedResults(*results.load(folder))


def show_empty(words: str, command: str = COMMAND) -> None:
    """What is said where there is no result, with the command that makes it."""
    st.info(words, icon=":material/inbox:")
    st.code(command, language="bash", wrap_lines=True)
