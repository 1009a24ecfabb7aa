"""Read submissions each by itself, and leave out those that cannot be scored, with a warning."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecast_hub.config.hub import NA, STANDARD_COLUMNS
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.forecasts import (
    MODEL,
    NEEDED,
    fill_task_ids,
    read_forecasts,
    require_columns,
)
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.scoring.probabilities import check_probabilities
from forecast_hub.scoring.quantiles import arrange_quantiles
from forecast_hub.scoring.samples import check_samples
from forecast_hub.suggestions import listed

log = logging.getLogger(__name__)


def read_to_score(paths: Sequence[Path]) -> pd.DataFrame:
    """Read submissions; of a hub without horizons, each is ``NA``.

    Raises
    ------
    HubError
        If a file cannot be used.
    """
    found = read_forecasts(paths)
    require_columns(found, NEEDED, "by which they meet what was observed")
    return fill_task_ids(found if "horizon" in found else found.assign(horizon=NA))


def read_usable(paths: Sequence[Path], own: pd.DataFrame | None = None) -> pd.DataFrame:
    """Read the submissions that can be scored; a warning names each of the others, and why.

    Parameters
    ----------
    paths
        Submissions of any models.
    own
        Forecasts of the model that others are compared with: their tasks and columns alone are
        returned, and other quantile levels or classes than theirs are not usable. None for all.

    Raises
    ------
    DataError
        If there is no ``own``, and no submission can be used.
    """
    found: list[pd.DataFrame] = []
    for path in paths:
        try:
            rows = read_to_score([path])
            if own is not None:
                rows = _shared(rows, own)
            _check(rows, own if own is not None else next(iter(found), rows))
        except HubError as error:
            log.warning("%s: not compared: %s", path, str(error).removeprefix(f"{path}: "))
        else:
            found.append(rows)
    if found:
        return fill_task_ids(pd.concat(found, ignore_index=True))
    if own is None:
        raise DataError(f"none of {listed(map(str, paths))} can be scored; see the warnings")
    return own.iloc[:0]


def _tasks(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in (MODEL, *STANDARD_COLUMNS)]


def _shared(rows: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of tasks of the model that is scored."""
    keys = [*_tasks(own), "output_type"]
    if lacking := [name for name in keys if name not in rows]:
        raise DataError(f"no column {', '.join(lacking)}; expected the hub's columns")
    return rows[list(own.columns)].merge(own[keys].drop_duplicates(), on=keys, how="inner")


def _check(rows: pd.DataFrame, model: pd.DataFrame) -> None:
    """Refuse forecasts that cannot be scored, or not beside those of a model."""
    for (name, kind), part in rows.groupby([TARGET, "output_type"]):
        target = str(name)
        alike = model[(model[TARGET] == target) & (model["output_type"] == kind)]
        if kind == "quantile":
            levels = set(arrange_quantiles(part, target).columns)
            expected = set(pd.to_numeric(alike["output_type_id"])) - {0, 1}
            if expected and levels != expected:
                raise DataError(
                    f"its quantiles of {target!r} are {listed(f'{x:g}' for x in sorted(levels))}; "
                    f"expected {listed(f'{x:g}' for x in sorted(expected))}"
                )
        elif kind == "pmf":
            check_probabilities(part, target)
            _check_classes(part, alike)
        elif kind == "sample":
            check_samples(part, target)


def _check_classes(part: pd.DataFrame, alike: pd.DataFrame) -> None:
    """Refuse forecasts that lack a class which a model has for the same task."""
    tasks = [name for name in _tasks(alike) if name in part]
    keys = [*tasks, "output_type_id"]
    expected = alike[keys].merge(part[tasks].drop_duplicates(), on=tasks)
    met = expected.merge(part[keys], on=keys, how="left", indicator="met")
    if (lacking := met[met["met"] == "left_only"]).size:
        where = ", ".join(f"{name} {lacking[name].iloc[0]}" for name in tasks)
        raise DataError(
            f"no probability of {lacking['output_type_id'].iloc[0]} for {where}; expected every "
            "class"
        )
