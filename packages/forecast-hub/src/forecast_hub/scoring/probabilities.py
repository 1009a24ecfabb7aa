"""Compute the log score of probabilities, and find the observed classes and peak weeks."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecast_hub.config import flusight
from forecast_hub.config.horizons import find_week_before
from forecast_hub.config.hub import STANDARD_COLUMNS, SUM_TOLERANCE
from forecast_hub.config.locations import Place
from forecast_hub.config.round_calendar import WEEK
from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import MODEL

LOWEST = -10.0
"""Lowest log score. FluSight uses this limit, so that one forecast does not decide a season.

Source: McGowan et al. (2019), "Collaborative efforts to forecast seasonal influenza in the United
States, 2015-2016", Scientific Reports 9: 683.
"""


def score_probabilities(
    forecasts: pd.DataFrame, outcomes: pd.DataFrame, target: str, target_column: str = "target"
) -> pd.DataFrame:
    """Compute the logarithm of the probability of the observed class.

    Parameters
    ----------
    forecasts
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`.
    outcomes
        Columns that identify an outcome, and ``category``: see :func:`classify_rate_changes` and
        :func:`find_peak_weeks`. Forecasts without an outcome are left out.
    target, target_column
        The rows of ``forecasts`` to score.

    Returns
    -------
    pandas.DataFrame
        A row for each model and task: ``model``, the task ids, ``category``, ``probability`` and
        ``log_score``: natural logarithm, at least :data:`LOWEST`; larger is better.

    Raises
    ------
    DataError
        If no forecast has an outcome, or a forecast has no probability of the observed class, or
        one twice, or its probabilities do not add up to 1.
    """
    chosen = forecasts[(forecasts[target_column] == target) & (forecasts["output_type"] == "pmf")]
    keys = [name for name in outcomes.columns if name != "category"]
    names = [name for name in chosen.columns if name not in STANDARD_COLUMNS]
    check_probabilities(chosen)
    joined = chosen.merge(outcomes, on=keys, how="inner", validate="many_to_one")
    if joined.empty:
        raise DataError(
            f"no forecast of {target!r} has an outcome; expected the same {', '.join(keys)} in both"
        )
    is_outcome = joined["output_type_id"] == joined["category"]
    tasks = joined[[*names, "category"]].drop_duplicates()
    given = joined.loc[is_outcome, [*names, "value"]]
    scored = tasks.merge(given, on=names, how="left").rename(columns={"value": "probability"})
    if scored["probability"].isna().any():
        row = scored[scored["probability"].isna()].iloc[0]
        raise DataError(
            f"{row['model']}: no probability of {row['category']} for {target!r}, which was "
            "observed; expected every class"
        )
    with np.errstate(divide="ignore"):
        logs = np.log(scored["probability"].to_numpy(dtype=np.float64))
    return scored.assign(log_score=np.maximum(logs, LOWEST))


def check_probabilities(chosen: pd.DataFrame) -> None:
    """Refuse a class of a task that is there twice, and probabilities that do not add up to 1.

    Raises
    ------
    DataError
        Naming the first forecast.
    """
    names = [name for name in chosen.columns if name not in STANDARD_COLUMNS]
    sums = chosen.groupby(names)["value"].transform("sum")
    for wrong, what in (
        (chosen.duplicated([*names, "output_type_id"]), "a class is there twice"),
        ((sums - 1).abs() > SUM_TOLERANCE, "the probabilities do not add up to 1"),
    ):
        if wrong.any():
            row = chosen[wrong].iloc[0]
            where = ", ".join(f"{name} {row[name]}" for name in names if name != MODEL)
            raise DataError(
                f"{row[MODEL]}: {what} for {where}; expected each class once, and a sum of 1"
            )


def classify_rate_changes(
    outcomes: pd.DataFrame, places: Mapping[str, Place], reference_dates: Sequence[date]
) -> pd.DataFrame:
    """Return the observed rate-trend class of each reference date, horizon and location.

    Parameters
    ----------
    outcomes
        Columns ``location``, ``target_end_date`` and ``observed``: weekly admissions.
    places
        The hub's locations, with their populations.
    reference_dates
        Reference dates of the forecasts.

    Returns
    -------
    pandas.DataFrame
        Columns ``reference_date``, ``horizon``, ``location`` (text) and ``category``; without rows
        for which one of the two weeks was not observed.
    """
    known = outcomes.set_index(["location", "target_end_date"])["observed"].to_dict()
    found = []
    for reference in reference_dates:
        before = find_week_before(reference).isoformat()
        for horizon, thresholds in flusight.find_season(reference).thresholds.items():
            end = (reference + horizon * WEEK).isoformat()
            for code, place in places.items():
                counts = known.get((code, end)), known.get((code, before))
                if counts[0] is None or counts[1] is None:
                    continue
                change = counts[0] - counts[1]
                category = flusight.classify(change, place.population, thresholds)
                found.append((str(reference), str(horizon), code, flusight.CLASSES[int(category)]))
    return pd.DataFrame(found, columns=["reference_date", "horizon", "location", "category"])


def find_peak_weeks(outcomes: pd.DataFrame, weeks: Sequence[date]) -> pd.DataFrame:
    """Return the week with the most admissions in each location.

    Locations with several largest weeks are left out: FluSight does not score them
    (FluSight-forecast-hub, README.md, "Seasonal Forecast Targets"). So are locations in which a
    week was not observed.

    Returns
    -------
    pandas.DataFrame
        Columns ``location`` and ``category``: the week's last day, as text.
    """
    names = [week.isoformat() for week in weeks]
    season = outcomes[outcomes["target_end_date"].isin(names)]
    table = season.pivot_table(index="location", columns="target_end_date", values="observed")
    table = table.reindex(columns=names).dropna()
    largest = table.eq(table.max(axis=1), axis=0)
    single = largest[largest.sum(axis=1) == 1]
    return pd.DataFrame(
        {"location": single.index.astype(str), "category": single.idxmax(axis=1).astype(str)}
    ).reset_index(drop=True)
