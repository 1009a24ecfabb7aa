"""Draw each figure of :mod:`epyflow.report.score_contents` from scores and submissions."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from epyflow.errors import user_errors
from epyflow.figures.forecast_calibration import draw_calibration
from epyflow.figures.model_comparison import draw_comparison, first_series, weekly_target
from epyflow.figures.rate_trends import names_of_codes
from epyflow.figures.scores import draw_scores
from epyflow.figures.season_forecasts import draw_season
from epyflow.figures.season_scores import draw_season_scores
from epyflow.report.drawing import Draw, Given
from epyflow.report.forecast_coverage import write_forecast_coverage
from epyflow.report.season_tables import compare_by, read_ahead, write_comparisons
from epyflow.submission.brief import Brief, read_brief
from forecast_hub.errors import HubError
from forecast_hub.scoring.forecasts import fill_task_ids, read_forecasts
from forecast_hub.scoring.matching import observed_series, select_series, select_target
from forecast_hub.scoring.outcomes import read_outcomes
from forecast_hub.scoring.usable_files import read_usable


def _scores_by_horizon(given: Given, paths: list[Path]) -> None:
    draw_scores(
        given.files["means"],
        given.files.get("relative"),
        own=given.plan.scores.own,
        baseline=given.plan.scores.baseline,
        title="Scores and coverage by horizon",
        labels=given.plan.labels,
        path=paths[0],
        numbers=paths[1],
    )


def _forecast_coverage(given: Given, paths: list[Path]) -> None:
    write_forecast_coverage(given.files["scores"], given.plan.scores.own, paths[0])


def _relative_scores(given: Given, paths: list[Path]) -> None:
    scores = given.plan.scores
    write_comparisons(given.files["scores"], scores.own, scores.baseline, *paths)


def _season_scores(given: Given, paths: list[Path]) -> None:
    own, baseline = given.plan.scores.own, given.plan.scores.baseline
    scores = read_ahead(given.files["scores"])
    names = names_of_codes(given.places, read_brief(given.files["hub"]).spellings)
    draw_season_scores(
        compare_by(scores, "reference_date", own, baseline),
        compare_by(scores, "location", own, baseline),
        names=names,
        baseline=baseline,
        title="Scores by week and location",
        labels=given.plan.labels,
        path=paths[0],
    )


@user_errors(HubError)
def _season_forecasts(given: Given, paths: list[Path]) -> None:
    forecasts = fill_task_ids(read_forecasts(given.submissions))
    target = weekly_target(forecasts, given.plan.scores.own) or ""
    scores = read_ahead(given.files["scores"])
    draw_season(
        forecasts[forecasts["target"] == target],
        scores[scores["target"] == target] if len(scores) else scores,
        places=given.places,
        names=names_of_codes(given.places, read_brief(given.files["hub"]).spellings),
        title=f"every forecast and what came, {given.plan.labels.get(target, target)}",
        paths=paths,
    )


def _forecast_calibration(given: Given, paths: list[Path]) -> None:
    draw_calibration(
        read_ahead(given.files["scores"]),
        own=given.plan.scores.own,
        baseline=given.plan.scores.baseline,
        title="Coverage and PIT of the forecasts",
        labels=given.plan.labels,
        path=paths[0],
        numbers=paths[1],
    )


@user_errors(HubError)
def _model_comparison(given: Given, paths: list[Path]) -> None:
    prepared, own = read_brief(given.files["hub"]), given.plan.scores.own
    forecasts = fill_task_ids(read_forecasts(given.submissions[:1]))
    if given.others:
        others = read_usable(given.others, forecasts)
        forecasts = pd.concat([forecasts, others], ignore_index=True)
    target = weekly_target(forecasts, own)
    series = first_series(forecasts[forecasts["target"] == target], own)
    draw_comparison(
        forecasts,
        _outcomes(given, forecasts, prepared, str(target), series),
        _known(prepared, str(target), series),
        own=own,
        places=given.places,
        spellings=prepared.spellings,
        title=f"Forecasts of {prepared.reference_date} beside other models",
        labels=given.plan.labels,
        path=paths[0],
        numbers=paths[1],
    )


def _known(
    prepared: Brief, target: str, series: Mapping[str, str]
) -> dict[str, tuple[Sequence[date], Sequence[float]]]:
    """Return the observations of the series that is drawn, as known to the run."""
    for position, each in enumerate(prepared.targets):
        if each.target == target and each.task_ids.items() <= series.items():
            return {
                name: (its.dates, its.counts.tolist())
                for name, of_targets in prepared.observed.items()
                if (its := of_targets[position]) is not None
            }
    return {}


def _outcomes(
    given: Given, forecasts: pd.DataFrame, prepared: Brief, target: str, series: Mapping[str, str]
) -> pd.DataFrame:
    """Return the outcomes of the series that is drawn."""
    places = list(forecasts["location"].unique())
    names = prepared.spellings.values()
    found = read_outcomes(given.files["target_data"], list(series), places, names)
    observed = observed_series((), prepared.targets[0].target)
    return select_series(select_target(found, target, observed), series)


DRAW: Mapping[str, Draw] = {
    "scores_by_horizon": _scores_by_horizon,
    "forecast_coverage": _forecast_coverage,
    "relative_scores": _relative_scores,
    "season_scores": _season_scores,
    "season_forecasts": _season_forecasts,
    "forecast_calibration": _forecast_calibration,
    "model_comparison": _model_comparison,
}
"""Figure to the function that draws it."""
