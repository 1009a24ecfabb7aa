"""Average scores, and compare models pairwise on their common forecasts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import MODEL
from forecast_hub.suggestions import did_you_mean, listed

MEANS = (
    *("wis", "dispersion", "underprediction", "overprediction", "ae_median"),
    *("covered_50", "covered_90", "covered_95", "log_score", "crps", "energy_score"),
)
"""Columns of scores that are averaged."""


def list_tasks(scores: pd.DataFrame) -> list[str]:
    """Return the columns that identify a model's forecast: all task ids, such as an age group.

    Parameters
    ----------
    scores
        Scores of quantiles or samples, whose task ids are before ``scale`` and ``observed``.
    """
    names = [str(name) for name in scores.columns]
    return [name for name in names[: names.index("scale")] if name != MODEL]


def average_scores(scores: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Average scores over forecasts.

    Parameters
    ----------
    scores
        See :func:`forecast_hub.scoring.quantiles.score_quantiles` and
        :func:`forecast_hub.scoring.probabilities.score_probabilities`.
    by
        Columns to group by, such as ``location`` or ``horizon``, besides model and scale.

    Returns
    -------
    pandas.DataFrame
        The columns grouped by, the number of ``forecasts``, and the mean of each score; coverages
        are shares of forecasts.
    """
    keys = [MODEL, *(["scale"] if "scale" in scores else []), *by]
    columns = [name for name in MEANS if name in scores]
    groups = scores.groupby(keys, sort=True)
    means = groups[columns].mean()
    means.insert(0, "forecasts", groups.size())
    return means.reset_index()


def compare_models(
    scores: pd.DataFrame, baseline: str, tasks: Sequence[str], score: str = "wis"
) -> pd.DataFrame:
    """Compare models pairwise on their common forecasts.

    The ratio of two models is the ratio of their mean scores over the tasks that both forecast.
    The relative score of a model is the geometric mean of its ratios to all models, itself
    included, divided by that of the baseline. Below 1 is better than the baseline. Source: Cramer
    et al. (2022), "Evaluation of individual and ensemble probabilistic forecasts of COVID-19
    mortality in the United States", PNAS 119(15): e2113561119, "Relative WIS".

    Parameters
    ----------
    scores
        Scores of several models, on one or more scales.
    baseline
        The model whose relative score is 1.
    tasks
        Columns that identify a forecast: see :func:`list_tasks`.
    score
        The column to compare: positive, and smaller is better.

    Returns
    -------
    pandas.DataFrame
        For each model, and scale: ``model``, ``forecasts``, ``relative_<score>``.

    Raises
    ------
    DataError
        If there is no baseline, a model shares no forecast with it, or the baseline's mean score
        over the forecasts that both made is 0.
    """
    models = sorted(scores[MODEL].unique())
    if baseline not in models:
        raise DataError(
            f"there are no scores of the baseline {baseline!r}{did_you_mean(baseline, models)}; "
            f"expected one of {listed(models)}"
        )
    if "scale" not in scores:
        return _relative(scores, baseline, models, tasks, score)
    parts = [
        _relative(part, baseline, models, tasks, score).assign(scale=scale)
        for scale, part in scores.groupby("scale", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def compare_groups(
    scores: pd.DataFrame,
    baseline: str | None,
    tasks: Sequence[str],
    by: Sequence[str],
    score: str = "wis",
) -> pd.DataFrame:
    """Compare each model with the baseline in groups of forecasts, such as those of one week.

    Parameters
    ----------
    scores, tasks, score
        See :func:`compare_models`.
    baseline
        None, or a model without scores, for no comparison.
    by
        Columns to group by, besides the model.

    Returns
    -------
    pandas.DataFrame
        A row per group and model: ``forecasts`` that both models made, their mean score,
        ``baseline_<score>`` on the same forecasts, and ``relative_<score>``, the ratio of the two
        (inf or NaN if the baseline's is 0). Without a baseline, all forecasts, and NaN.
    """
    base = scores[scores[MODEL] == baseline]
    reference = base[[*tasks, score]].rename(columns={score: f"baseline_{score}"})
    if base.empty:
        both = scores.assign(**{f"baseline_{score}": np.nan})
    else:
        both = scores.merge(reference, on=list(tasks), how="inner", validate="many_to_one")
    groups = both.groupby([*by, MODEL], sort=True)
    table = groups[[score, f"baseline_{score}"]].mean()
    table.insert(0, "forecasts", groups.size())
    table[f"relative_{score}"] = table[score] / table[f"baseline_{score}"]
    return table.reset_index()


def _relative(
    scores: pd.DataFrame,
    baseline: str,
    models: Sequence[str],
    tasks: Sequence[str],
    score: str,
) -> pd.DataFrame:
    keys = [*tasks, MODEL]
    if scores.duplicated(keys).any():
        raise DataError(f"{listed(tasks)} do not identify a model's forecasts; expected them to")
    table = scores.pivot_table(index=list(tasks), columns=MODEL, values=score, aggfunc="first")
    table = table.reindex(columns=list(models))
    ratios = _ratios(table.to_numpy(dtype=np.float64))
    with np.errstate(divide="ignore"):
        logs = np.log(ratios)
    skill = np.exp(np.nanmean(logs, axis=1))
    base = models.index(baseline)
    apart = [name for name, ratio in zip(models, ratios[:, base], strict=True) if np.isnan(ratio)]
    if both := [name for name in apart if table[[name, baseline]].notna().all(axis=1).any()]:
        raise DataError(
            f"the mean {score} of {baseline} is 0 over the forecasts that {listed(both)} made, "
            "too; expected a positive one to compare with"
        )
    if apart:
        raise DataError(f"{listed(apart)} and {baseline} share no forecast; expected some")
    return pd.DataFrame(
        {
            MODEL: models,
            "forecasts": table.notna().sum().to_numpy(),
            f"relative_{score}": skill / skill[base],
        }
    )


def _ratios(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ratio of mean scores of the row's model to the column's model."""
    count = table.shape[1]
    ratios = np.full((count, count), np.nan)
    for one in range(count):
        for other in range(count):
            both = ~np.isnan(table[:, one]) & ~np.isnan(table[:, other])
            means = table[both][:, [one, other]].mean(axis=0) if both.any() else (np.nan, np.nan)
            if one == other:
                ratios[one, other] = 1 if both.any() else np.nan
            elif means[1] > 0:
                ratios[one, other] = means[0] / means[1]
    return ratios
