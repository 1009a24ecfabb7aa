"""List the figures of a run: the files that each needs, and where the report shows it.

Snakemake reads this list whenever a workflow starts, so nothing that draws is imported here; see
:mod:`epyflow.report.run_figures`. A new figure is an entry of :data:`FIGURES`, a function there,
a caption in ``workflow/report`` and a test.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from epyflow.figures.us_tiles import tile_of
from epyflow.report.parts import (
    FIT,
    FORECAST,
    PARAMETERS,
    RUN,
    SUBMISSION,
    SUMMARY,
    Page,
    ReportFigure,
)
from forecast_hub.config.flusight import RATE_CHANGE

FILES: Mapping[str, str] = MappingProxyType(
    {
        "rows": "outputs/output_hub_formatted.csv.gz",
        "hub": "builder-artifacts/hub.json",
        "observed": "builder-artifacts/observed.csv",
        "priors": "builder-artifacts/priors.json",
    }
)
"""Files that are no tables of results, by the name that figures use; below the run's folder."""

ALL, EACH = "All locations", "Each location"


_SIMULATED = ("quantiles_transitions", "trajectories_transitions")
_CURVES = ("quantiles_transitions", "quantiles_compartments")
_FITTED = ("quantiles_calibration", "quantiles_projection_comparison")


def _course(kind: str) -> ReportFigure:
    path, caption = f"fan_chart/{kind}/{{population}}.svg", f"fan_chart_{kind}"
    page = Page(path, f"Course of {kind}", FORECAST, EACH, caption)
    return ReportFigure(f"course_of_{kind}", (page,), (f"quantiles_{kind}",))


FIGURES: tuple[ReportFigure, ...] = (
    ReportFigure("model", (Page("model.svg", "Model", SUMMARY, None, "model"),)),
    ReportFigure(
        "summary",
        (
            Page("summary.json"),
            Page("headline.csv", "Headline numbers, a table", SUMMARY, None, "headline"),
        ),
        needs=("model_metadata",),
        takes=(
            *(*_FITTED, "calibration_progress", "observed", "posteriors", "priors"),
            *("trajectories_projection_transitions", "rows", "hub"),
        ),
    ),
    ReportFigure(
        "outcomes",
        (
            Page("outcomes.json"),
            Page("outcomes.csv", "Outcomes by parameter, a table", SUMMARY, None, "outcomes"),
        ),
        needs=("model_metadata",),
        takes=(*_SIMULATED, "effective_reproduction_number"),
        condition="no_fit",
    ),
    ReportFigure(
        "curves",
        (Page("curves.json"),),
        takes=(*_FITTED, "observed", *_CURVES),
        condition="curves",
    ),
    _course("compartments"),
    _course("transitions"),
    ReportFigure(
        "reproduction",
        (
            Page(
                "reproduction/{population}.svg",
                *("Effective reproduction number", FORECAST, EACH, "reproduction"),
            ),
            Page(
                "reproduction_grid.svg",
                *("Effective reproduction number of all", FORECAST, ALL, "reproduction"),
            ),
            Page(
                "reproduction.csv",
                *("Effective reproduction number, a table", FORECAST, ALL),
                "reproduction_numbers",
            ),
        ),
        needs=("effective_reproduction_number",),
    ),
    ReportFigure(
        "fits",
        (Page("fit/{population}.svg", "Fit and projection", FORECAST, EACH, "fit"),),
        needs=(*_FITTED, "observed"),
    ),
    ReportFigure(
        "forecast_grid",
        (
            Page("forecast_grid.svg", "Fit and projection of all", FORECAST, ALL, "forecast_grid"),
            Page("quantiles_grid_sidebyside.pdf"),
        ),
        needs=(*_FITTED, "observed"),
    ),
    ReportFigure(
        "change_map",
        (
            Page(
                "change_map.svg",
                "Change since the last observation, a map",
                FORECAST,
                ALL,
                "change_map",
            ),
            Page(
                "change_map.csv",
                *(
                    "Change since the last observation, a table",
                    FORECAST,
                    ALL,
                    "change_map_numbers",
                ),
            ),
        ),
        needs=("quantiles_projection_comparison", "observed"),
        condition="us",
    ),
    ReportFigure(
        "fit_coverage",
        (
            Page("fit_coverage.svg", "Coverage of the fit", FIT, None, "fit_coverage"),
            Page("fit_coverage.csv", "Coverage, a table", FIT, None, "fit_coverage_numbers"),
        ),
        needs=("quantiles_calibration",),
    ),
    ReportFigure(
        "calibration_progress",
        (
            Page(
                "calibration_progress.svg",
                *("Progress of the calibrations", FIT, None, "calibration_progress"),
            ),
            Page(
                "calibration_progress.csv",
                *("Progress, a table", FIT, None, "calibration_progress_numbers"),
            ),
        ),
        needs=("calibration_progress",),
    ),
    ReportFigure(
        "posteriors",
        (
            Page(
                "posterior/{population}.svg",
                *("Posterior and prior", PARAMETERS, EACH, "posterior"),
            ),
            Page("posterior_grid.pdf"),
        ),
        needs=("posteriors",),
        takes=("priors",),
    ),
    ReportFigure(
        "posterior_intervals",
        (
            Page(
                "posterior_intervals.svg",
                *("Inferred quantities", PARAMETERS, ALL, "posterior_intervals"),
            ),
            Page(
                "posterior_intervals.csv",
                *("Inferred quantities, a table", PARAMETERS, ALL, "posterior_intervals_numbers"),
            ),
        ),
        needs=("posteriors",),
        takes=("priors",),
    ),
    ReportFigure(
        "rate_trends",
        (
            Page("rate_trends.svg", "Rate trends", SUBMISSION, None, "rate_trends"),
            Page(
                "rate_trends.csv",
                *("Rate trends, a table", SUBMISSION, None, "rate_trends_numbers"),
            ),
            Page("categorical_rate_trends.pdf"),
        ),
        needs=("rows", "hub"),
        condition="rate_trends",
    ),
)
"""Every figure of results."""


TASK_FIGURES: tuple[ReportFigure, ...] = (
    ReportFigure(
        "tasks",
        (
            Page("tasks.svg", "Time and memory of the tasks", RUN, None, "tasks"),
            Page("tasks.csv", "Tasks, a table", RUN, None, "tasks_numbers"),
        ),
    ),
)
"""The figure of what a run took."""


def figures_of_run(
    tables: Collection[str],
    fit: Mapping[str, Any] | None,
    targets: Collection[str] | None,
    locations: Iterable[str | None],
) -> tuple[ReportFigure, ...]:
    """Return those of :data:`FIGURES` that a run has.

    Parameters
    ----------
    tables
        The names of the run's tables.
    fit
        What the plan says of the calibration; None without one.
    targets
        What is submitted to a hub; None without a submission.
    locations
        ISO codes of the populations.
    """
    there = {*tables, *(("observed",) if fit else ()), *(("rows", "hub") if targets else ())}
    met = {
        None: True,
        "no_fit": not fit and not there.isdisjoint(_SIMULATED),
        "curves": there >= {*_FITTED} if fit else not there.isdisjoint(_CURVES),
        "us": fit and fit["trajectories"] and any(map(tile_of, locations)),
        "rate_trends": targets and RATE_CHANGE in targets,
    }
    return tuple(each for each in FIGURES if there >= {*each.needs} and met[each.condition])
