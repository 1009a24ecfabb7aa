"""Compare two runs: write the differences of their tables and figures of both."""

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from epyflow.errors import EpyflowError
from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.figure_file import save
from epyflow.figures.read_tables import KEYS, dated, first_scenario, read_table
from epyflow.figures.scenarios import COLUMN
from epyflow.figures.style import GREY, styled
from epyflow.files import gzip_text_writer, write_bytes_atomically
from epyflow.operations.comparison.differences import SUMMARY, TOTALS, join, pair, summarise
from epyflow.operations.comparison.submitted_tables import (
    SUBMITTED,
    more_dates,
    name_by_date,
    nothing_in_common,
    read_submission,
)
from epyflow.operations.runs.download import fetch
from epyflow.operations.runs.run_list import Run
from epyflow.storage.disk import Storage

_TABLES = (
    "outputs/quantiles_*.csv.gz",
    "outputs/effective_reproduction_number.csv.gz",
    "outputs/trajectories_*.csv.gz",
)
_METADATA = "outputs/run_metadata.json"
_FACTS = ("experiment", "data", "code", "seed")
_END = ".csv.gz"
_AS_OF = re.compile(r" as of \d{4}-\d\d-\d\d$")

Located = tuple[Storage, Run]


@dataclass(frozen=True)
class Comparison:
    """What was found, and the files that were written.

    Attributes
    ----------
    facts
        ``experiment``, ``data``, ``code`` and ``seed``: whether both runs have the same; None if
        one has no record.
    summary, totals
        See :func:`~epyflow.operations.comparison.differences.summarise` and ``pair``.
    missing
        Tables, or parts of a table, that one run lacks.
    more_dates
        The name of a run to the reference dates that the other one lacks.
    files
        The files.
    """

    facts: Mapping[str, bool | None]
    summary: pd.DataFrame
    totals: pd.DataFrame
    missing: tuple[str, ...]
    more_dates: Mapping[str, Sequence[str]]
    files: tuple[Path, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the runs have the same tables, with the same rows and medians."""
        lacking = self.summary[["only_first", "only_second"]].to_numpy().any()
        differing = (self.summary["largest_difference"] != 0).any()
        return not (self.missing or lacking or differing)


def compare_runs(first: Located, second: Located, to: Path, *, figures: bool = True) -> Comparison:
    """Write the differences between two runs, the second minus the first.

    Without tables of quantiles in common, as of replays, those of submissions are compared. That
    of a run which is no replay is compared with that of the same reference date of a replay.

    ``difference_<table>.csv.gz`` has the columns of the table; ``paired_<table>.csv.gz`` has
    quantiles of the differences by trajectory; ``summary.csv``, ``paired_totals.csv`` and figures.

    Parameters
    ----------
    first, second
        The runs, from :func:`epyflow.operations.runs.run_lookup.find_run`.
    to
        The folder to write to; files of the same names are replaced.
    figures
        Whether to draw figures.

    Raises
    ------
    EpyflowError
        If a run has no tables, they have none in common, or a table cannot be read.
    """
    names = _names(first[1], second[1])
    with tempfile.TemporaryDirectory(prefix="epyflow-compare-") as temporary:
        one, two = (
            _fetched(*each, Path(temporary) / str(number))
            for number, each in enumerate((first, second))
        )
        one, two = name_by_date(one, two), name_by_date(two, one)
        tables = _comparable(one, two)
        common = [name for name in tables if name in one and name in two]
        if not common:
            raise nothing_in_common(dict(zip(names, (one, two), strict=True)))
        writer = _Writer(to, names, figures)
        for name in common:
            writer.compare(name.removesuffix(_END), one[name], two[name])
        facts = _facts(one, two)
        more = more_dates(dict(zip(names, (one, two), strict=True)))
    missing = [name for name in tables if name not in common]
    missing += writer.apart
    summary, totals = writer.finish()
    return Comparison(facts, summary, totals, tuple(missing), more, tuple(writer.files))


class _Writer:
    """Writes the differences of one table after the other.

    Parameters
    ----------
    to
        The folder.
    names
        The names of the runs.
    figures
        Whether to draw figures.
    """

    def __init__(self, to: Path, names: tuple[str, str], figures: bool) -> None:
        self._to, self._names, self._figures = to, names, figures
        self._summaries: list[pd.DataFrame] = []
        self._totals: list[pd.DataFrame] = []
        self.apart: list[str] = []
        self.files: list[Path] = []
        to.mkdir(parents=True, exist_ok=True)

    def compare(self, name: str, first: Path, second: Path) -> None:
        """Write the differences of a table."""
        try:
            read = read_submission if f"{name}{_END}".endswith(SUBMITTED) else read_table
            tables = read(first), read(second)
            joined = join(*tables)
        except (EpyflowError, ValueError, OSError) as error:
            raise EpyflowError(f"{name}: cannot be compared: {error}") from None
        if "sim_id" in joined.keys:
            if joined.first.empty:
                return  # Other seeds: no trajectory has a partner.
            paired, totals = pair(name, joined)
            self._table(f"paired_{name}", paired)
            self._totals.append(totals)
            self._draw(f"paired_{name}", paired, "Difference by trajectory", zero=True)
            return
        self.apart += [f"{name}: {each}" for each in joined.apart]
        self._table(f"difference_{name}", joined.difference())
        self._summaries.append(summarise(name, joined))
        both = zip(self._names, (joined.first, joined.second), strict=True)
        parts = [first_scenario(each).assign(**{COLUMN: run}) for run, each in both]
        self._draw(name, pd.concat(parts), " and ".join(self._names))

    def finish(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Write the summaries, and return them."""
        found = []
        for name, parts, columns in (
            ("summary", self._summaries, SUMMARY),
            ("paired_totals", self._totals, TOTALS),
        ):
            rows = [each for each in parts if not each.empty]
            table = pd.concat(rows) if rows else pd.DataFrame(columns=list(columns))
            found.append(table.reset_index(drop=True))
            text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
            write_bytes_atomically(self._to / f"{name}.csv", text.encode())
            self.files.append(self._to / f"{name}.csv")
        return found[0], found[1]

    def _table(self, name: str, table: pd.DataFrame) -> None:
        path = self._to / f"{name}{_END}"
        with gzip_text_writer(path) as file:
            table.to_csv(file, index=False, lineterminator="\n", float_format="%.6g")
        self.files.append(path)

    def _draw(self, name: str, table: pd.DataFrame, title: str, *, zero: bool = False) -> None:
        """Draw a figure for each population, of its first parameter set."""
        if not self._figures or table.empty:
            return
        for number, (population, rows) in enumerate(table.groupby("population", sort=False)):
            its = dated(rows[rows["primary_id"] == rows["primary_id"].iloc[0]])
            figure = fan_chart(its, _series(its), f"{population}: {title}", unit="")
            # Names are of the runs' tables: nothing of them is a path.
            place = re.sub(r"[^A-Za-z0-9]+", "_", str(population))[:60]
            path = self._to / "figures" / f"{name}_{number:03d}_{place}.svg"
            path.parent.mkdir(exist_ok=True)
            save(_around_zero(figure) if zero else figure, path)
            self.files.append(path)


def _series(table: pd.DataFrame) -> list[str]:
    """Return the totals over age groups, or all series if there are none."""
    names = [str(name) for name in table.columns if name not in KEYS]
    return [name for name in names if name.endswith("_total")] or names


def _around_zero(figure: Figure) -> Figure:
    with styled():
        for axes in figure.axes:
            axes.autoscale(axis="y")
            axes.axhline(0, color=GREY, linewidth=0.8, zorder=1)
    return figure


def _names(first: Run, second: Run) -> tuple[str, str]:
    """Return the ids of the runs; with their experiments if these differ."""
    if first.exp_id == second.exp_id and first.run_id != second.run_id:
        return first.run_id, second.run_id
    return first.folder, second.folder


def _fetched(storage: Storage, run: Run, folder: Path) -> dict[str, Path]:
    """Copy tables and record of a run; return them by name, with the date in a replay."""
    copies = fetch(storage, run, folder, what=(*_TABLES, f"outputs/{SUBMITTED}", _METADATA))
    found = {_name(copy.source): copy.target for copy in copies if copy.became == "fetched"}
    return dict(sorted(found.items()))


def _name(path: str) -> str:
    """Return the name of a table; ``<date>_<table>`` in a replay."""
    return path.replace("outputs/", "").replace("/", "_")


def _comparable(one: Iterable[str], two: Iterable[str]) -> list[str]:
    """Return the names of tables of quantiles, or without one in both runs, of submissions."""
    names = sorted({name for name in (*one, *two) if name.endswith(_END)})
    submitted = [name for name in names if name.endswith(SUBMITTED)]
    tables = [name for name in names if name not in submitted]
    return tables if set(tables) & set(one) & set(two) else submitted


def _facts(first: Mapping[str, Path], second: Mapping[str, Path]) -> dict[str, bool | None]:
    """Compare the records of two runs; of replays, those of the dates that both have."""
    names = [name for name in first if name in second and name.endswith(_name(_METADATA))]
    each = [_facts_of(first[name], second[name]) for name in names]
    found = {key: [facts[key] for facts in each] for key in _FACTS}
    return {key: all(its) if its and None not in its else None for key, its in found.items()}


def _facts_of(first: Path, second: Path) -> dict[str, bool | None]:
    one, two = _record(first), _record(second)
    code = [each.get("code") for each in (one, two)]
    stages = [each.get("stages") if isinstance(each, dict) else None for each in code]
    pairs: dict[str, tuple[Any, Any]] = {key: (one.get(key), two.get(key)) for key in _FACTS}
    pairs["code"] = (stages[0], stages[1])
    pairs["data"] = (_contents(one.get("data")), _contents(two.get("data")))
    return {key: None if None in (a, b) else a == b for key, (a, b) in pairs.items()}


def _contents(data: Any) -> Any:
    """Return the files and hashes of a record's data, whichever day they were asked for."""
    if not isinstance(data, dict):
        return data
    return {(_AS_OF.sub("", name), str(digest)) for name, digest in data.items()}


def _record(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
