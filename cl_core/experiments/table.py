"""The table of the experiment: mean and spread over seeds, as published and put right, and what the oddities made.

A run that failed, or whose number is none, is counted as failed and enters no mean.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from cl_core.data import datasets
from cl_core.experiments.grid import COUPLED, DATASETS, FIRST, IMAGES, METHODS, RATES, SECOND, STUDIES, Cell
from cl_core.losses.variants import OURS

PUBLISHED, RIGHT, DIFFERENCE = "as published", "put right", "difference"
KINDS = (PUBLISHED, RIGHT, DIFFERENCE)
EPOCHS, STEPS = "equal epochs", "equal steps"
SPANS = (EPOCHS, STEPS)
BATCHES = tuple(batch for batch, _ in COUPLED)
ROWS = ("baseline", *FIRST, *SECOND)  # methods of the table, from top to bottom
PLACE = ["dataset", "method", "batch", "kind"]
GRID = ["method", "batch", "rate", "span"]

MEASURED, FAILED, NOT_RUN = "measured", "failed", "not run"
_CELL = [name for name in Cell.__annotations__ if name != "seed"]
_OUTCOME = ("accuracy_right", "accuracy_odd", "knn", "map_r", "spread", "alignment", "uniformity", "compactness",
            "seconds", "seconds_two", "memory", "failure")  # fmt: skip


def title_of(dataset: str) -> str:
    """What a data set is called where there is little room."""
    return datasets.available()[dataset].title.split(":")[0]


def row_title(method: str) -> str:
    """What a method's row is called: those with fewer epochs say so."""
    fewer = f", {STUDIES['second'].cells[0].epochs} epochs" if method in SECOND else ""
    return METHODS[method].title + fewer


def results_of_study(results: pd.DataFrame, study: str) -> pd.DataFrame:
    """The results of a study's own cells, of any seed; others that happen to lie there are left out."""
    every = results.reindex(columns=[*results.columns, *(name for name in _OUTCOME if name not in results)])
    rows = every[every["study"] == study]
    own = _own(study)
    fits = [row in own for row in zip(*(rows[name] for name in _CELL), strict=True)]
    return rows[np.array(fits, dtype=bool)]


@cache
def _own(study: str) -> set[tuple[object, ...]]:
    """The cells of a study, whatever their seed."""
    return {tuple(getattr(cell, name) for name in _CELL) for cell in STUDIES[study].cells}


def cell_of(dataset: str, method: str, batch: int, kind: str, seed: int = 0) -> Cell:
    """The cell that stands in one place of the table; `kind` is "as published" or "put right"."""
    study = "second" if method in SECOND else "right" if kind == RIGHT and METHODS[method].odd != OURS else "published"
    asked = (dataset, method, batch)
    cells = STUDIES[study].of_seeds(seed + 1)
    return next(cell for cell in cells if (cell.dataset, cell.method, cell.batch) == asked and cell.seed == seed)


def result_of_cell(results: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """The results of a cell, of every seed there is, by seed."""
    rows = results_of_study(results, cell.study)
    fits = (rows["dataset"] == cell.dataset) & (rows["method"] == cell.method) & (rows["batch"] == cell.batch)
    fits &= (rows["rate"] == cell.rate) & (rows["steps"] == cell.steps)
    return rows[fits].sort_values("seed")


def run_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Every run of the coupled grid, a row for each of `kind` "as published" and "put right" that it belongs to.

    Its columns are those of the results, with `accuracy` (of the classifier that the kind says) and `failed`.
    """
    one = [method for method in FIRST if METHODS[method].odd == OURS]  # both kinds on what the same first stage learnt
    sources = (
        ("published", PUBLISHED, "accuracy_odd", ROWS),
        ("published", RIGHT, "accuracy_right", one),
        ("right", RIGHT, "accuracy_right", ROWS),
        ("second", PUBLISHED, "accuracy_odd", ROWS),
        ("second", RIGHT, "accuracy_right", ROWS),
    )
    parts = []
    for study, kind, column, methods in sources:
        rows = results_of_study(results, study)
        rows = rows[rows["method"].isin(list(methods))]
        parts.append(_judged(rows.assign(kind=kind, accuracy=rows[column])))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    ended = rows["failure"].fillna("").astype(str) != ""
    return rows.assign(failed=ended | rows["accuracy"].isna())


def summary(results: pd.DataFrame, column: str = "accuracy") -> pd.DataFrame:
    """Mean, spread and seeds of a column by data set, method, batch size and kind; a row for each, run or not.

    Columns: dataset, method, batch, kind, mean, spread (sample standard deviation, NaN with one seed), seeds, failed
    (how many), state ("measured", "failed", "not run"). The kind "difference" is put right less as published, of the
    same seeds.
    """
    every = run_rows(results)
    places = pd.MultiIndex.from_tuples(list(product(DATASETS, ROWS, BATCHES, KINDS)), names=PLACE)
    kept = every[[*PLACE, "seed", "failed"]].assign(value=_good(every, column))
    own, right = (kept[kept["kind"] == kind].drop(columns="kind") for kind in (PUBLISHED, RIGHT))
    both = own.merge(right, on=[*PLACE[:-1], "seed"], suffixes=("_published", "_right"))
    difference = both[[*PLACE[:-1], "seed"]].assign(
        kind=DIFFERENCE,
        value=both["value_right"] - both["value_published"],
        failed=both["failed_right"].astype(bool) | both["failed_published"].astype(bool),
    )
    return _summarised(pd.concat([kept, difference]) if len(both) else kept, places)


def decoupled(results: pd.DataFrame) -> pd.DataFrame:
    """Accuracy, with softmax once, by method, batch size, rate and span; otherwise as `summary`."""
    rows = results_of_study(results, "decoupled")
    rows = _judged(rows.assign(accuracy=rows["accuracy_right"]))
    whole = rows["epochs"] * (IMAGES // rows["batch"].where(rows["batch"] > 0, 1)) == rows["steps"]
    rows = rows.assign(span=np.where(whole, EPOCHS, STEPS))
    methods = dict.fromkeys(cell.method for cell in STUDIES["decoupled"].cells)
    places = pd.MultiIndex.from_tuples(list(product(methods, BATCHES, RATES, SPANS)), names=GRID)
    return _summarised(rows[[*GRID, "seed", "failed"]].assign(value=_good(rows, "accuracy")), places)


def _good(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows[column].astype(float).where(~rows["failed"].astype(bool))


def _summarised(rows: pd.DataFrame, places: pd.MultiIndex) -> pd.DataFrame:
    rows = rows.assign(failed=rows["failed"].astype(bool) | rows["value"].isna())
    found = rows.groupby(list(places.names)).agg(
        mean=("value", "mean"), spread=("value", "std"), seeds=("value", "count"), failed=("failed", "sum")
    )
    table = found.reindex(places)
    table[["seeds", "failed"]] = table[["seeds", "failed"]].fillna(0).astype(int)
    table["state"] = np.select([table["seeds"] > 0, table["failed"] > 0], [MEASURED, FAILED], NOT_RUN)
    return table.reset_index()


def format_score(row: pd.Series, *, signed: bool = False) -> str:
    """A row of a summary in per cent: "98.06 ± 0.08", of one seed "98.06 (1 seed)", or "failed", or "not run"."""
    if row["state"] != MEASURED:
        return str(row["state"])
    mean = f"{100 * row['mean']:{'+' if signed else ''}z.2f}"
    spread = f"{mean} ± {100 * row['spread']:.2f}" if row["seeds"] > 1 else f"{mean} (1 seed)"
    return f"{spread}, {row['failed']} failed" if row["failed"] else spread


def markdown(results: pd.DataFrame) -> str:
    """The whole table as Markdown: for each data set and kind, methods by batch size."""
    table = summary(results)
    parts = []
    for dataset, kind in product(DATASETS, KINDS):
        rows = table[(table["dataset"] == dataset) & (table["kind"] == kind)]
        words = _by_batch(rows, ["method"], signed=kind == DIFFERENCE)
        lines = [[row_title(str(key[0])), *each] for key, each in words]
        head = ["accuracy in %", *(f"batch {batch:,}, rate {rate:g}" for batch, rate in COUPLED)]
        parts.append(f"### {title_of(dataset)}, {kind}\n\n{_grid(head, lines)}")
    return "\n\n".join(parts)


def markdown_decoupled(results: pd.DataFrame) -> str:
    """The decoupled grid as Markdown: for equal epochs and equal steps, methods and rates by batch size."""
    table = decoupled(results)
    parts = []
    for span in SPANS:
        words = _by_batch(table[table["span"] == span], ["method", "rate"])
        lines = [[METHODS[str(method)].title, f"{rate:g}", *each] for (method, rate), each in words]
        head = ["accuracy in %", "rate", *(f"batch {batch:,}" for batch in BATCHES)]
        parts.append(f"### {title_of('mnist')}, {span}\n\n{_grid(head, lines)}")
    return "\n\n".join(parts)


def _by_batch(
    rows: pd.DataFrame, keys: list[str], *, signed: bool = False
) -> list[tuple[tuple[object, ...], list[str]]]:
    groups = rows.groupby(keys, sort=False)
    return [(key, [format_score(row, signed=signed) for _, row in group.iterrows()]) for key, group in groups]


def _grid(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns are as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    rule = ["-" * width for width in widths]
    rows = [[text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in (head, rule, *lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def missing_cells(results: pd.DataFrame) -> dict[str, list[str]]:
    """By study, the names of its cells that have no result."""
    there = {Cell(**{name: row[name] for name in Cell.__annotations__}).name for _, row in results.iterrows()}
    return {key: [cell.name for cell in study.of_seeds() if cell.name not in there] for key, study in STUDIES.items()}


def environment_of(results: pd.DataFrame) -> str:
    """What the results were made with, in words: machine and versions, each that occurs."""
    names = sorted((name for name in results.columns if name.startswith("made_")), key=lambda n: n != "made_machine")
    parts = []
    for name in names:
        what = "" if name == "made_machine" else f"{name.removeprefix('made_')} "
        parts += [f"{what}{value}" for value in sorted(results[name].dropna().astype(str).unique())]
    return ", ".join(parts)
