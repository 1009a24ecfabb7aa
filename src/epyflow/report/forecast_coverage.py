"""Count the later observations inside the intervals of a run's forecasts."""

from pathlib import Path

import pandas as pd

from epyflow.files import table_reader, write_bytes_atomically

LEVELS = (50, 90, 95)
"""Nominal coverage of central intervals, per cent, as in the scores."""

COLUMNS = ("target", "nominal", "forecasts", "observations", "inside", "coverage")


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
    try:
        with table_reader(scores) as file:
            rows = pd.read_csv(file, keep_default_na=False, na_values=[""], dtype={"horizon": str})
    except pd.errors.EmptyDataError:  # no observation has come yet
        rows = pd.DataFrame()
    table = forecast_coverage(rows, own)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_bytes_atomically(path, text.encode())


def forecast_coverage(scores: pd.DataFrame, own: str) -> pd.DataFrame:
    """Count the later observations inside the central intervals of one model.

    Parameters
    ----------
    scores
        See :func:`forecast_hub.scoring.quantiles.score_quantiles`, with ``horizon`` as text. Past
        weeks (negative horizons) and targets without a horizon, such as peaks, are not counted.
    own
        The model.

    Returns
    -------
    table
        A row per target and level: ``nominal`` (the share that the interval should hold),
        ``forecasts`` (pairs of location and reference date), ``observations`` (weeks observed
        since), ``inside`` (ends included) and ``coverage`` (their ratio).
    """
    if scores.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    ahead = scores["horizon"].fillna("NA").str.fullmatch(r"\d+")
    rows = scores[(scores["model"] == own) & (scores["scale"] == "natural") & ahead]
    counted = []
    for target, its in rows.groupby("target", sort=True):
        for level in LEVELS:
            held = its.dropna(subset=[f"covered_{level}"])
            if held.empty:
                continue
            forecasts = len(held[["location", "reference_date"]].drop_duplicates())
            inside = int(held[f"covered_{level}"].sum())
            share = inside / len(held)
            counted.append((target, level / 100, forecasts, len(held), inside, share))
    return pd.DataFrame(counted, columns=list(COLUMNS))
