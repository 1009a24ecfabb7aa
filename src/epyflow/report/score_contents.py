"""List the figures of scores: of one forecast, and of a replay.

As :mod:`epyflow.report.contents` is, this list is read whenever a workflow starts.
"""

from epyflow.report.contents import ALL, EACH
from epyflow.report.parts import SEASON, SUBMISSION, Page, ReportFigure

SCORE_FIGURES: tuple[ReportFigure, ...] = (
    ReportFigure(
        "scores_by_horizon",
        (
            Page(
                "scores_by_horizon.svg",
                *("Scores and coverage by horizon", SUBMISSION, None, "scores_by_horizon"),
            ),
            Page(
                "scores_by_horizon.csv",
                *("Scores and coverage, a table", SUBMISSION, None, "scores_by_horizon_numbers"),
            ),
        ),
    ),
    ReportFigure(
        "forecast_coverage",
        (
            Page(
                "forecast_coverage.csv",
                *("Coverage of the forecasts, a table", SUBMISSION, None, "forecast_coverage"),
            ),
        ),
    ),
    ReportFigure(
        "relative_scores",
        (
            Page(
                "scores_by_week.csv",
                *("Scores by week, a table", SUBMISSION, None, "scores_by_week"),
            ),
            Page(
                "scores_by_location.csv",
                *("Scores by location, a table", SUBMISSION, None, "scores_by_location"),
            ),
        ),
    ),
)
"""The figures of scores, of one forecast or of a replay."""

SEASON_FIGURES: tuple[ReportFigure, ...] = (
    ReportFigure(
        "season_forecasts",
        (
            Page(
                "season/{population}.svg",
                *("Every forecast and what came", SEASON, EACH, "season_forecasts"),
            ),
        ),
    ),
    ReportFigure(
        "season_scores",
        (
            Page(
                "season_scores.svg",
                *("Scores by week and location", SEASON, ALL, "season_scores"),
            ),
        ),
    ),
    ReportFigure(
        "forecast_calibration",
        (
            Page(
                "forecast_calibration.svg",
                *("Coverage and PIT", SEASON, ALL, "forecast_calibration"),
            ),
            Page(
                "forecast_calibration.csv",
                *("Coverage and PIT, a table", SEASON, ALL, "forecast_calibration_numbers"),
            ),
        ),
    ),
)
"""The figures of the forecasts of a replay."""

COMPARISON_FIGURES: tuple[ReportFigure, ...] = (
    ReportFigure(
        "model_comparison",
        (
            Page(
                "model_comparison.svg",
                *("Forecasts beside other models", SUBMISSION, None, "model_comparison"),
            ),
            Page(
                "model_comparison.csv",
                *("Forecasts beside other models, a table", SUBMISSION, None),
                "model_comparison_numbers",
            ),
        ),
    ),
)
"""The figures of one forecast beside those of other models."""


def figures_of_scores(*, replay: bool) -> tuple[ReportFigure, ...]:
    """Return the figures of a run that is scored."""
    return (*SCORE_FIGURES, *(SEASON_FIGURES if replay else COMPARISON_FIGURES))
