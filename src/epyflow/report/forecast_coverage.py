"""Count the later observations inside the intervals of a run's forecasts."""

from pathlib import Path

import pandas as pd

from epyflow.figures.share_intervals import interval_of_share
from epyflow.files import write_bytes_atomically
from epyflow.report.season_tables import read_ahead
from forecast_hub.scoring.relative_skill import list_tasks

LEVELS = (50, 90, 95)
"""Nominal coverage of central intervals, per cent, as in the scores."""

COLUMNS = ("target", "nominal", "forecasts", "observations", "inside", "coverage", "low", "high")


def write_forecast_coverage(scores: Path, own: str, path: Path) -> None:
    """Write the coverage of the intervals of the run's forecasts as CSV.

    Parameters
    ----------
    scores
        ``quantile_scores.csv.gz``.
    own
        The model of the run.
    path
        The table: see :func:`forecast_coverage`.
    """
    table = forecast_coverage(read_ahead(scores), own)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_bytes_atomically(path, text.encode())


def forecast_coverage(scores: pd.DataFrame, own: str) -> pd.DataFrame:
    """Count the later observations inside the central intervals of one model.

    Parameters
    ----------
    scores
        See :func:`epyflow.report.season_tables.read_ahead`.
    own
        The model.

    Returns
    -------
    table
        A row per target and level: ``nominal`` (the share that the interval should hold),
        ``forecasts`` (of a location, reference date and further task ids), ``observations`` (weeks
        observed since), ``inside`` (ends included), ``coverage`` (their ratio), ``low`` and
        ``high`` (its 95% interval: see
        :func:`epyflow.figures.share_intervals.interval_of_share`).
    """
    if scores.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = scores[(scores["model"] == own) & (scores["scale"] == "natural")]
    weeks = ("horizon", "target_end_date")
    tasks = [name for name in list_tasks(rows) if name not in weeks]
    counted = []
    for target, its in rows.groupby("target", sort=True):
        for level in LEVELS:
            held = its.dropna(subset=[f"covered_{level}"])
            if held.empty:
                continue
            forecasts = len(held[tasks].drop_duplicates())
            inside = held[f"covered_{level}"].to_numpy(dtype=float)
            ends = interval_of_share(inside, held["reference_date"].to_numpy())
            found = (forecasts, len(held), int(inside.sum()), inside.mean(), *ends)
            counted.append((target, level / 100, *found))
    return pd.DataFrame(counted, columns=list(COLUMNS))
