"""Compute the CRPS of samples, and the energy score of trajectories across horizons.

Source: Gneiting, Raftery (2007), "Strictly proper scoring rules, prediction, and estimation",
Journal of the American Statistical Association 102(477): 359-378, sections 4.2 and 4.3. Of samples
x_1 ... x_m and an observation y, CRPS = mean |x_i - y| - mean |x_i - x_j| / 2; the energy score is
the same of vectors, one number for each horizon, and their Euclidean distances. The scores are in
the unit of the target; smaller is better. The logarithmic scale is that of
:mod:`forecast_hub.scoring.quantiles`.
"""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import NA, STANDARD_COLUMNS
from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import MODEL
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.scoring.quantiles import SCALES
from forecast_hub.scoring.relative_skill import average_scores

log = logging.getLogger(__name__)

_AXIS = ("horizon", "target_end_date")
_MOST = 3000
"""Samples of a forecast for which all distances are computed: at most some 300 MB."""


def score_samples(forecasts: pd.DataFrame, outcomes: pd.DataFrame, target: str) -> pd.DataFrame:
    """Compute the CRPS of each forecast that is given by samples and has an outcome.

    Parameters
    ----------
    forecasts
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`.
    outcomes
        Columns that identify an outcome, and ``observed``.
    target
        The target to score.

    Returns
    -------
    pandas.DataFrame
        A row for each model, task and scale: ``model``, the task ids, ``scale``, ``observed`` (on
        the natural scale), ``samples`` (their number) and ``crps``.

    Raises
    ------
    DataError
        If a sample is there twice, or is negative.
    """
    import scoringrules  # imported here: it takes seconds

    rows = _with_outcomes(forecasts, outcomes, target)
    parts = []
    for tasks, values, observed in _equal_in_number(rows, _task_ids(rows)):
        for scale in SCALES:
            y, x = (np.log1p(observed), np.log1p(values)) if scale == "log" else (observed, values)
            crps = np.asarray(scoringrules.crps_ensemble(y, x, backend="numpy")).reshape(len(y))
            count = values.shape[1]
            scores = tasks.assign(scale=scale, observed=observed, samples=count, crps=crps)
            parts.append(scores)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _with_outcomes(forecasts: pd.DataFrame, outcomes: pd.DataFrame, target: str) -> pd.DataFrame:
    is_sample = forecasts["output_type"] == "sample"
    rows = forecasts[(forecasts[TARGET] == target) & is_sample]
    check_samples(rows, target)
    on = [name for name in outcomes.columns if name != "observed"]
    return rows.merge(outcomes, on=on, how="inner", validate="many_to_one")


def check_samples(rows: pd.DataFrame, target: str) -> None:
    """Refuse a sample of a target that is there twice, or is negative.

    Raises
    ------
    DataError
        Naming the first model.
    """
    named = rows[rows["output_type_id"] != NA]
    keys = [*_task_ids(rows), "output_type_id"]
    if (repeated := named.duplicated(keys)).any():
        row = named[repeated].iloc[0]
        raise DataError(
            f"{row[MODEL]}: sample {row['output_type_id']} is there twice for "
            f"{', '.join(f'{name} {row[name]}' for name in keys[1:-1])}; expected it once"
        )
    if (rows["value"] < 0).any():
        model, value = rows.loc[rows["value"] < 0, [MODEL, "value"]].iloc[0]
        raise DataError(f"{model}: a sample of {target} is {value:g}; expected 0 or more")


def _task_ids(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in (*STANDARD_COLUMNS, "observed")]


def _equal_in_number(
    rows: pd.DataFrame, names: list[str]
) -> Iterator[tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield tasks with equally many samples: tasks, (tasks, samples), and what was observed."""
    ordered = rows.assign(count=rows.groupby(names)["value"].transform("size"))
    ordered = ordered.sort_values([*names, "output_type_id"], kind="stable")
    for count, part in ordered.groupby("count"):
        firsts = part.iloc[:: int(str(count))]
        values = part["value"].to_numpy(dtype=np.float64).reshape(len(firsts), -1)
        yield firsts[names].reset_index(drop=True), values, firsts["observed"].to_numpy(np.float64)


def score_trajectories(
    forecasts: pd.DataFrame, outcomes: pd.DataFrame, target: str
) -> pd.DataFrame:
    """Compute the energy score of trajectories: samples with one id, over the horizons from 0 on.

    Returns
    -------
    pandas.DataFrame
        A row for each model, forecast of several horizons, and scale: ``model``, the task ids but
        those of the horizon, ``scale``, ``horizons`` and ``samples`` (their numbers) and
        ``energy_score``. Forecasts are left out of which fewer than two horizons have an outcome,
        and, with a warning, those whose ids do not run through all of these, or are too many.
    """
    rows = _with_outcomes(forecasts, outcomes, target)
    rows = rows[~rows["horizon"].str.startswith("-") & (rows["output_type_id"] != NA)]
    names = [name for name in _task_ids(rows) if name not in _AXIS]
    parts, apart = [], 0
    for key, part in rows.groupby(names, sort=True):
        table = part.pivot_table(index="output_type_id", columns=_AXIS[1], values="value")
        if table.shape[1] < 2:
            continue
        if table.isna().any(axis=None) or len(table) > _MOST:
            apart += 1
            continue
        weeks = part.drop_duplicates(_AXIS[1]).set_index(_AXIS[1])["observed"]
        observed = weeks.reindex(table.columns).to_numpy(dtype=np.float64)
        task = dict(zip(names, key, strict=True))
        for scale in SCALES:
            values = table.to_numpy(dtype=np.float64)
            y, x = (np.log1p(observed), np.log1p(values)) if scale == "log" else (observed, values)
            numbers = {"horizons": table.shape[1], "samples": len(table)}
            parts.append({**task, "scale": scale, **numbers, "energy_score": _energy_score(y, x)})
    if apart:
        log.warning(
            "%s: no energy score of %d forecasts, whose samples are not joint over horizons, or "
            "are more than %d",
            *(target, apart, _MOST),
        )
    return pd.DataFrame(parts)


def _energy_score(observed: NDArray[np.float64], samples: NDArray[np.float64]) -> float:
    """Score one forecast; shapes (horizons,) and (samples, horizons)."""
    import scoringrules  # imported here: it takes seconds

    return float(scoringrules.es_ensemble(observed, samples, backend="numpy"))


def average_samples(samples: pd.DataFrame, trajectories: pd.DataFrame) -> pd.DataFrame:
    """Average the CRPS and the energy score, over the horizons from 0 on and by horizon.

    Returns
    -------
    pandas.DataFrame
        A row for each model, scale, target and ``horizon``, ``all`` for those from 0 on:
        ``forecasts`` (their number), ``crps``, and in rows of ``all`` the ``energy_score``.
    """
    ahead = samples[~samples["horizon"].str.startswith("-")]
    keys = [MODEL, "scale", TARGET]
    whole = average_scores(ahead, [TARGET]).assign(horizon="all")
    if len(trajectories):
        joint = average_scores(trajectories, [TARGET])[[*keys, "energy_score"]]
        whole = whole.merge(joint, on=keys, how="left")
    each = average_scores(samples, [TARGET, "horizon"])
    found = pd.concat([whole, each], ignore_index=True)
    return found.reindex(columns=[*keys, "horizon", "forecasts", "crps", "energy_score"])
