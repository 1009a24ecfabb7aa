"""Read the scores of forecasts, and compare them by week and location."""

from pathlib import Path

import pandas as pd

from epyflow.files import table_reader, write_bytes_atomically
from forecast_hub.scoring.relative_skill import compare_groups, list_tasks

GROUPED = ("target", "scale")
COLUMNS = ("forecasts", "wis", "baseline_wis", "relative_wis")


def read_ahead(scores: Path) -> pd.DataFrame:
    """Read the scores of weeks from the reference date on.

    Parameters
    ----------
    scores
        ``quantile_scores.csv.gz``: see :func:`forecast_hub.scoring.quantiles.score_quantiles`.
        Past weeks (negative horizons) and targets without a horizon, such as peaks, are left out;
        so are all scores of a hub without horizons.

    Returns
    -------
    table
        What identifies a forecast is text, such as an age group ``65``. Without columns if no
        observation has come yet.
    """
    with table_reader(scores) as file:
        try:
            rows = pd.read_csv(file, keep_default_na=False, na_values=[""], dtype=str)
        except pd.errors.EmptyDataError:
            return pd.DataFrame()
    texts = {"model", "scale", *list_tasks(rows)}
    rows = rows.astype({name: float for name in rows.columns if name not in texts})
    if "horizon" not in rows:
        return rows.iloc[:0]
    return rows[rows["horizon"].fillna("NA").str.fullmatch(r"\d+")]


def compare_by(scores: pd.DataFrame, by: str, own: str, baseline: str | None) -> pd.DataFrame:
    """Compare models with the baseline by week or by location.

    Parameters
    ----------
    scores
        See :func:`read_ahead`.
    by
        ``reference_date`` or ``location``.
    own
        The model of the run, which comes first.
    baseline
        The model that others are compared with; None where there is none.

    Returns
    -------
    table
        A row per model, target, scale and group, by :data:`COLUMNS`: see
        :func:`forecast_hub.scoring.relative_skill.compare_groups`; and ``baseline``, its name.
    """
    columns = ["model", *GROUPED, by, *COLUMNS, "baseline"]
    if scores.empty:
        return pd.DataFrame(columns=columns)
    tasks = [*list_tasks(scores), "scale"]
    table = compare_groups(scores, baseline, tasks, [*GROUPED, by]).assign(baseline=baseline)
    table["place"] = table["model"] != own
    order = ["place", "model", "target", "scale", by]
    ascending = [True, True, True, False, True]  # the natural scale is first
    table = table.sort_values(order, ascending=ascending, ignore_index=True)
    return table.reindex(columns=columns)


def write_comparisons(
    scores: Path, own: str, baseline: str | None, weeks: Path, places: Path
) -> None:
    """Write the scores by week and by location as CSV: see :func:`compare_by`.

    Parameters
    ----------
    scores
        ``quantile_scores.csv.gz``.
    own, baseline
        The model of the run, and the one that it is compared with.
    weeks, places
        The tables.
    """
    rows = read_ahead(scores)
    for by, path in (("reference_date", weeks), ("location", places)):
        table = compare_by(rows, by, own, baseline)
        text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
        write_bytes_atomically(path, text.encode())
