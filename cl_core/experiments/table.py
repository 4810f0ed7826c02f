"""The experiment's table: mean and spread over seeds, for each way in which the published grid was run.

"As published" and "put right" have this project's net, "the article's program" has the article's.

A run that failed, or whose number is NaN, is counted as failed and does not enter a mean.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from cl_core.data import datasets
from cl_core.experiments.grid import (
    COUPLED,
    DATASETS,
    FIRST_ARTICLE,
    IMAGES,
    METHODS,
    PROGRAM,
    RATES,
    SECOND_ARTICLE,
    STUDIES,
    Cell,
)
from cl_core.losses.variants import OURS

PUBLISHED, ARTICLE, RIGHT, DIFFERENCE = "as published", "the article's program", "put right", "difference"
VERSIONS = (PUBLISHED, ARTICLE, RIGHT)  # ways in which cells were run
KINDS = (*VERSIONS, DIFFERENCE)
# titles of kinds on pages; the kinds themselves are keys in links
KIND_TITLES = dict(zip(KINDS, (PUBLISHED, "article's network", "corrected", "change by the corrections"), strict=True))
EPOCHS, STEPS = "equal epochs", "equal steps"
SPANS = (EPOCHS, STEPS)
BATCHES = tuple(batch for batch, _ in COUPLED)
SMALL_BATCH, LARGE_BATCH = BATCHES[0], BATCHES[-1]
ROWS = ("baseline", *FIRST_ARTICLE, *SECOND_ARTICLE)  # methods of the table, from top to bottom
COUPLED_KEYS = ["dataset", "method", "batch", "kind"]
DECOUPLED_KEYS = ["method", "batch", "rate", "span"]

MEASURED, FAILED, NOT_RUN = "measured", "failed", "not run"
_CELL_COLUMNS = [name for name in Cell.__annotations__ if name != "seed"]
_OUTCOME_COLUMNS = (
    "accuracy_right", "accuracy_odd", "knn", "map_r", "spread", "alignment", "uniformity", "compactness", "seconds",
    "seconds_two", "memory", "failure",
)  # fmt: skip


def title_of(dataset: str) -> str:
    """Return the short title of a data set."""
    return datasets.available()[dataset].title.split(":")[0]


def row_title(method: str) -> str:
    """Return the title of a method's row; methods of the second article state their smaller number of epochs."""
    epochs = f", {STUDIES['second'].cells[0].epochs} epochs" if method in SECOND_ARTICLE else ""
    return METHODS[method].title + epochs


def methods_of(kind: str) -> tuple[str, ...]:
    """Return the methods that the table of a kind has, from top to bottom; the article has only its own losses."""
    return ("baseline", *FIRST_ARTICLE) if kind == ARTICLE else ROWS


def accuracy_column(kind: str) -> str:
    """Return the column of the accuracy that counts in one of `VERSIONS`."""
    return "accuracy_right" if kind == RIGHT else "accuracy_odd"


def results_of_study(results: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the results of a study's own cells, for any seed.

    Args:
        results: rows as from `results.load`.
        study: key of the study.

    Returns:
        Its rows, with every outcome column. Results of other cells that lie in the same folder are left out.
    """
    complete = results.reindex(columns=[*results.columns, *(name for name in _OUTCOME_COLUMNS if name not in results)])
    rows = complete[complete["study"] == study]
    keys = _keys_of_study(study)
    is_own = [row in keys for row in zip(*(rows[name] for name in _CELL_COLUMNS), strict=True)]
    return rows[np.array(is_own, dtype=bool)]


@cache
def _keys_of_study(study: str) -> set[tuple[object, ...]]:
    """Return the cells of a study as tuples of all their fields but the seed."""
    return {tuple(getattr(cell, name) for name in _CELL_COLUMNS) for cell in STUDIES[study].cells}


def cell_of(dataset: str, method: str, batch: int, kind: str, seed: int = 0) -> Cell:
    """Return the cell at one place of the table.

    Args:
        dataset: key of the data set.
        method: key of the method.
        batch: batch size.
        kind: one of `VERSIONS`.
        seed: seed of the cell.

    Returns:
        The cell, of whichever study covers that place.

    Raises:
        ValueError: when there is no such place, as for a loss of the second article in the first one's program.
    """
    if method not in methods_of(kind):
        raise ValueError(f"{kind} has no {method}")
    corrected = kind == RIGHT and METHODS[method].odd != OURS
    study = "second" if method in SECOND_ARTICLE else "right" if corrected else "published"
    study = PROGRAM if kind == ARTICLE else study
    wanted = (dataset, method, batch)
    cells = STUDIES[study].of_seeds(seed + 1)
    return next(cell for cell in cells if (cell.dataset, cell.method, cell.batch) == wanted and cell.seed == seed)


def result_of_cell(results: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """Return the results of a cell, for every seed that was run.

    Args:
        results: rows as from `results.load`.
        cell: the cell; its seed does not matter.

    Returns:
        Its rows, sorted by seed.
    """
    rows = results_of_study(results, cell.study)
    matches = (rows["dataset"] == cell.dataset) & (rows["method"] == cell.method) & (rows["batch"] == cell.batch)
    matches &= (rows["rate"] == cell.rate) & (rows["steps"] == cell.steps)
    return rows[matches].sort_values("seed")


def run_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Return every run of the coupled grid once for each of `VERSIONS` that it belongs to.

    Args:
        results: rows as from `results.load`.

    Returns:
        The columns of the results with `kind`, `accuracy` (of the classifier of that kind) and `failed`.
    """
    # of these methods both kinds use the same first stage
    unchanged = [method for method in FIRST_ARTICLE if METHODS[method].odd == OURS]
    sources = (
        ("published", PUBLISHED, ROWS),
        (PROGRAM, ARTICLE, ROWS),
        ("published", RIGHT, unchanged),
        ("right", RIGHT, ROWS),
        ("second", PUBLISHED, ROWS),
        ("second", RIGHT, ROWS),
    )
    parts = []
    for study, kind, methods in sources:
        rows = results_of_study(results, study)
        rows = rows[rows["method"].isin(list(methods))]
        parts.append(_with_failed(rows.assign(kind=kind, accuracy=rows[accuracy_column(kind)])))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _with_failed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the column `failed`: whether a run ended early or has no accuracy."""
    ended_early = rows["failure"].fillna("").astype(str) != ""
    return rows.assign(failed=ended_early | rows["accuracy"].isna())


def summary(results: pd.DataFrame, column: str = "accuracy") -> pd.DataFrame:
    """Return mean, spread and number of seeds of a column, by data set, method, batch size and kind.

    Args:
        results: rows as from `results.load`.
        column: the column to average.

    Returns:
        A row for each place of the table, run or not. Columns: dataset, method, batch, kind, mean, spread (sample
        standard deviation, NaN with one seed), seeds, failed (number of failed runs) and state ("measured", "failed",
        "not run"). The kind "difference" is put right minus as published, over the seeds that both have.
    """
    runs = run_rows(results)
    all_places = [place for kind in KINDS for place in product(DATASETS, methods_of(kind), BATCHES, [kind])]
    places = pd.MultiIndex.from_tuples(all_places, names=COUPLED_KEYS)
    values = runs[[*COUPLED_KEYS, "seed", "failed"]].assign(value=_valid_values(runs, column))
    published, corrected = (values[values["kind"] == kind].drop(columns="kind") for kind in (PUBLISHED, RIGHT))
    both = published.merge(corrected, on=[*COUPLED_KEYS[:-1], "seed"], suffixes=("_published", "_right"))
    difference = both[[*COUPLED_KEYS[:-1], "seed"]].assign(
        kind=DIFFERENCE,
        value=both["value_right"] - both["value_published"],
        failed=both["failed_right"].astype(bool) | both["failed_published"].astype(bool),
    )
    return _aggregate(pd.concat([values, difference]) if len(both) else values, places)


def decoupled(results: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy with softmax applied once, by method, batch size, rate and span.

    Args:
        results: rows as from `results.load`.

    Returns:
        A row for each place of the decoupled grid, run or not; the columns method, batch, rate and span, then those of
        `summary`.
    """
    rows = results_of_study(results, "decoupled")
    rows = _with_failed(rows.assign(accuracy=rows["accuracy_right"]))
    equal_epochs = rows["epochs"] * (IMAGES // rows["batch"].where(rows["batch"] > 0, 1)) == rows["steps"]
    rows = rows.assign(span=np.where(equal_epochs, EPOCHS, STEPS))
    methods = dict.fromkeys(cell.method for cell in STUDIES["decoupled"].cells)
    places = pd.MultiIndex.from_tuples(list(product(methods, BATCHES, RATES, SPANS)), names=DECOUPLED_KEYS)
    return _aggregate(rows[[*DECOUPLED_KEYS, "seed", "failed"]].assign(value=_valid_values(rows, "accuracy")), places)


def _valid_values(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as floats, NaN where the run failed."""
    return rows[column].astype(float).where(~rows["failed"].astype(bool))


def _aggregate(rows: pd.DataFrame, places: pd.MultiIndex) -> pd.DataFrame:
    """Return mean, spread, seeds, failures and state of `value` for each of `places`."""
    rows = rows.assign(failed=rows["failed"].astype(bool) | rows["value"].isna())
    statistics = rows.groupby(list(places.names)).agg(
        mean=("value", "mean"), spread=("value", "std"), seeds=("value", "count"), failed=("failed", "sum")
    )
    table = statistics.reindex(places)
    table[["seeds", "failed"]] = table[["seeds", "failed"]].fillna(0).astype(int)
    table["state"] = np.select([table["seeds"] > 0, table["failed"] > 0], [MEASURED, FAILED], NOT_RUN)
    return table.reset_index()


def format_score(row: pd.Series, *, signed: bool = False) -> str:
    """Format a row of a summary in per cent.

    Args:
        row: a row of `summary` or `decoupled`.
        signed: whether to write the sign of positive numbers too.

    Returns:
        "98.06 ± 0.08", with one seed "98.06 (1 seed)", followed by the number of failed runs if there are any; or the
        state "failed" or "not run".
    """
    if row["state"] != MEASURED:
        return str(row["state"])
    mean = f"{100 * row['mean']:{'+' if signed else ''}z.2f}"
    spread = f"{mean} ± {100 * row['spread']:.2f}" if row["seeds"] > 1 else f"{mean} (1 seed)"
    return f"{spread}, {row['failed']} failed" if row["failed"] else spread


def markdown(results: pd.DataFrame) -> str:
    """Return the whole table as Markdown: for each data set and kind, methods by batch size."""
    table = summary(results)
    parts = []
    for dataset, kind in product(DATASETS, KINDS):
        rows = table[(table["dataset"] == dataset) & (table["kind"] == kind)]
        groups = _scores_by_group(rows, ["method"], signed=kind == DIFFERENCE)
        lines = [[row_title(str(key[0])), *scores] for key, scores in groups]
        header = ["accuracy in %", *(f"batch {batch:,}, rate {rate:g}" for batch, rate in COUPLED)]
        parts.append(f"### {title_of(dataset)}, {KIND_TITLES[kind]}\n\n{_markdown_table(header, lines)}")
    return "\n\n".join(parts)


def markdown_decoupled(results: pd.DataFrame) -> str:
    """Return the decoupled grid as Markdown: for equal epochs and equal steps, methods and rates by batch size."""
    table = decoupled(results)
    parts = []
    for span in SPANS:
        groups = _scores_by_group(table[table["span"] == span], ["method", "rate"])
        lines = [[METHODS[str(method)].title, f"{rate:g}", *scores] for (method, rate), scores in groups]
        header = ["accuracy in %", "rate", *(f"batch {batch:,}" for batch in BATCHES)]
        parts.append(f"### {title_of('mnist')}, {span}\n\n{_markdown_table(header, lines)}")
    return "\n\n".join(parts)


def _scores_by_group(
    rows: pd.DataFrame, keys: list[str], *, signed: bool = False
) -> list[tuple[tuple[object, ...], list[str]]]:
    """Return the formatted scores, in order of batch size, of each group of rows with equal keys."""
    groups = rows.groupby(keys, sort=False)
    return [(key, [format_score(row, signed=signed) for _, row in group.iterrows()]) for key, group in groups]


def _markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with columns padded to equal width."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    separator = ["-" * width for width in widths]
    rows = [
        [text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in (header, separator, *lines)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def missing_cells(results: pd.DataFrame) -> dict[str, list[str]]:
    """Return the names of the cells that have no result, by study."""
    finished = {Cell(**{name: row[name] for name in Cell.__annotations__}).name for _, row in results.iterrows()}
    return {
        key: [cell.name for cell in study.of_seeds() if cell.name not in finished] for key, study in STUDIES.items()
    }


def environment_of(results: pd.DataFrame) -> str:
    """Return each machine and library version that occurs in the results, as one line of text."""
    names = sorted(
        (name for name in results.columns if name.startswith("made_")), key=lambda column: column != "made_machine"
    )
    parts = []
    for name in names:
        prefix = "" if name == "made_machine" else f"{name.removeprefix('made_')} "
        parts += [f"{prefix}{value}" for value in sorted(results[name].dropna().astype(str).unique())]
    return ", ".join(parts)
