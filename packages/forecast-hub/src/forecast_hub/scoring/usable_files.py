"""Read submissions each by itself, and leave out those that cannot be scored, with a warning."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast_hub.config.hub import NA, STANDARD_COLUMNS, Hub
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.forecasts import (
    MODEL,
    NEEDED,
    fill_task_ids,
    read_forecasts,
    refuse_same_name,
    refuse_same_names,
    require_columns,
)
from forecast_hub.scoring.horizon_ends import refuse_other_rules
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.scoring.probabilities import check_probabilities
from forecast_hub.scoring.quantiles import arrange_quantiles
from forecast_hub.scoring.samples import check_samples
from forecast_hub.scoring.task_ids import REFERENCE_DATE
from forecast_hub.suggestions import listed

if TYPE_CHECKING:
    from forecast_hub.config.submission_file import FileName

log = logging.getLogger(__name__)

_SCORED = ("quantile", "pmf", "sample")

Ids = frozenset[str] | frozenset[float]
"""Classes of a target, or levels of quantiles."""


def read_to_score(paths: Sequence[Path], hub: Hub | None = None) -> pd.DataFrame:
    """Read submissions that were named; of a hub without horizons, each is ``NA``.

    Parameters
    ----------
    paths, hub
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`.

    Raises
    ------
    HubError
        If a file cannot be used, or horizons are other periods in one file than in another.
    """
    refuse_same_names(paths)
    read = [_read(path, hub, is_named=True) for path in paths]
    refuse_other_rules(zip(paths, read, strict=True))
    return _complete(pd.concat(read, ignore_index=True))


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    return fill_task_ids(rows if "horizon" in rows else rows.assign(horizon=NA))


def _read(path: Path, hub: Hub | None, *, is_named: bool) -> pd.DataFrame:
    rows = read_forecasts([path], hub, is_named=is_named)
    require_columns(rows, NEEDED, "by which they meet what was observed")
    if not rows["output_type"].isin(_SCORED).any():
        raise DataError(f"{path}: no row has output type {listed(_SCORED)}; expected one to score")
    return rows


def read_usable(
    paths: Sequence[Path], own: pd.DataFrame | None = None, hub: Hub | None = None
) -> pd.DataFrame:
    """Read the submissions that can be scored; a warning names each of the others, and why.

    Parameters
    ----------
    paths
        Submissions of any models.
    own
        Forecasts of the model that others are compared with: their tasks and columns alone are
        returned, and other quantile levels or fewer classes than theirs are not usable. None for
        all; then the quantile levels of a target, and the classes of a target and round, are those
        of most files, of those that ``hub`` permits, and other ones are not usable.
    hub
        The hub whose configuration says which they are; what it permits for no file is not asked.
        The files have its targets, locations and ends of periods.

    Raises
    ------
    DataError
        If there is no ``own``, and no submission can be used.
    """
    read: dict[Path, pd.DataFrame] = {}
    by_name: dict[FileName, Path] = {}
    for path in paths:
        with _left_out_with_warning(path):
            name = refuse_same_name(path, by_name)
            if own is None:
                rows = _complete(_read(path, hub, is_named=False))
            else:
                rows = _shared(_read(path, hub, is_named=False), own)
            _check(rows)
            read[path], by_name[name] = rows, path
    model = _usual_ids(read.values(), hub) if own is None else own
    found: list[pd.DataFrame] = []
    for path, rows in read.items():
        with _left_out_with_warning(path):
            _compare(rows, model, exact=own is None)
            found.append(rows)
    if found:
        return fill_task_ids(pd.concat(found, ignore_index=True))
    if own is None:
        raise DataError(f"none of {listed(map(str, paths))} can be scored; see the warnings")
    return own.iloc[:0]


@contextmanager
def _left_out_with_warning(path: Path) -> Iterator[None]:
    try:
        yield
    except HubError as error:
        log.warning("%s: not compared: %s", path, str(error).removeprefix(str(path)).lstrip(":, "))


def _tasks(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in (MODEL, *STANDARD_COLUMNS)]


def _shared(rows: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of tasks of the model that is scored, and refuse rows without one."""
    if "horizon" not in own or (own["horizon"] == NA).all():
        rows = rows.assign(horizon=NA)
    keys = [*_tasks(own), "output_type"]
    if lacking := [name for name in keys if name not in rows]:
        raise DataError(f"no column {', '.join(lacking)}; expected the hub's columns")
    shared = rows[list(own.columns)].merge(own[keys].drop_duplicates(), on=keys, how="inner")
    if shared.empty:
        apart = [name for name in keys if not rows[name].isin(own[name]).any()]
        has = ", ".join(f"{name} {listed(rows[name].unique())}" for name in apart)
        its = ", ".join(f"{name} {listed(own[name].unique())}" for name in apart)
        raise DataError(
            f"none of its forecasts is of a task that is scored{has and f': they are of {has}'}; "
            f"expected {its or 'the same combinations of task ids'}"
        )
    return shared


def _check(rows: pd.DataFrame) -> None:
    """Refuse forecasts that cannot be scored."""
    for (name, kind), part in rows.groupby([TARGET, "output_type"]):
        target = str(name)
        if kind == "quantile":
            arrange_quantiles(part, target)
        elif kind == "pmf":
            check_probabilities(part)
        elif kind == "sample":
            check_samples(part, target)


def _usual_ids(files: Iterable[pd.DataFrame], hub: Hub | None) -> pd.DataFrame:
    """Return the levels of each target, and the classes of each target and round, of most files.

    Where the hub permits those of some file, others do not count.
    """
    votes: dict[tuple[str, str, str], Counter[Ids]] = defaultdict(Counter)
    for rows in files:
        chosen = rows[rows["output_type"].isin(("quantile", "pmf"))]
        groups = chosen.groupby([TARGET, "output_type", REFERENCE_DATE])["output_type_id"]
        for (target, kind, day), ids in groups:
            # A score has the same levels in all rounds, and each season has its weeks.
            key = (str(target), str(kind), "" if kind == "quantile" else str(day))
            votes[key][_ids(ids.unique(), str(kind))] += 1
    usual = [
        (*key, each)
        for key, found in votes.items()
        for each in max(
            [ids for ids in found if hub and _permits(hub, *key[:2], ids)] or found,
            key=lambda ids: (found[ids], len(ids)),
        )
    ]
    return pd.DataFrame(usual, columns=[TARGET, "output_type", REFERENCE_DATE, "output_type_id"])


def _ids(texts: Iterable[str], kind: str) -> Ids:
    """Return levels without 0 and 1, which are not scored, as numbers; classes as they are."""
    if kind == "quantile":
        return frozenset(map(float, texts)) - {0, 1}
    return frozenset(texts)


def _permits(hub: Hub, target: str, kind: str, ids: Ids) -> bool:
    """Whether a model task of a target has these ids: all required ones, no unknown ones."""
    outputs = [
        task.output_types[kind].ids
        for round_ in hub.rounds
        for task, each in round_.targets()
        if each.keys.get(TARGET, each.id) == target and kind in task.output_types
    ]
    return any(_ids(each.required, kind) <= ids <= _ids(each.permitted, kind) for each in outputs)


def _compare(rows: pd.DataFrame, model: pd.DataFrame, *, exact: bool) -> None:
    """Refuse forecasts with other levels than a model's, without a class of it or, exact, more."""
    for (name, kind), part in rows.groupby([TARGET, "output_type"]):
        alike = model[(model[TARGET] == name) & (model["output_type"] == kind)]
        if kind == "quantile":
            levels = _ids(part["output_type_id"].unique(), "quantile")
            expected = _ids(alike["output_type_id"].unique(), "quantile")
            if expected and levels != expected:
                raise DataError(
                    f"its quantiles of {name!r} are {listed(f'{x:g}' for x in sorted(levels))}; "
                    f"expected {listed(f'{x:g}' for x in sorted(expected))}"
                )
        elif kind == "pmf":
            _compare_classes(part, alike, exact=exact)


def _compare_classes(part: pd.DataFrame, alike: pd.DataFrame, *, exact: bool) -> None:
    """Refuse forecasts that lack a class of a model's forecast of the task or, exact, have more."""
    tasks, common = _tasks(part), [name for name in _tasks(alike) if name in part]
    expected = alike[[*common, "output_type_id"]].merge(part[tasks].drop_duplicates(), on=common)
    keys = [*tasks, "output_type_id"]
    met = expected[keys].merge(part[keys], on=keys, how="outer", indicator="met")
    for side, what in (("left_only", "no"), ("right_only", "a")):
        if (found := met[met["met"] == side]).size and (exact or side == "left_only"):
            where = ", ".join(f"{name} {found[name].iloc[0]}" for name in tasks)
            raise DataError(
                f"{what} probability of {found['output_type_id'].iloc[0]} for {where}; expected "
                "those of every class"
            )
