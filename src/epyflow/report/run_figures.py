"""Draw each figure of :data:`epyflow.report.contents.FIGURES` from the tables of a run."""

from collections.abc import Mapping
from pathlib import Path

from epyflow.figures.calibration_progress import draw_progress
from epyflow.figures.change_map import draw_change_map
from epyflow.figures.coverage import draw_coverage
from epyflow.figures.fan_charts import draw_populations
from epyflow.figures.fit import draw_fits
from epyflow.figures.forecast_grid import draw_forecast_grid
from epyflow.figures.intervals import draw_intervals
from epyflow.figures.model_diagram import draw_model
from epyflow.figures.posteriors import draw_posteriors
from epyflow.figures.rate_trends import draw_rate_trends
from epyflow.figures.reproduction_chart import draw_reproduction
from epyflow.report.curves import write_curves
from epyflow.report.drawing import Draw, Given
from epyflow.report.outcomes import write_outcomes
from epyflow.report.summary import summarise
from epyflow.submission.brief import read_brief


def _model(given: Given, paths: list[Path]) -> None:
    draw_model(given.plan.about["model"], title="Compartments and transitions", path=paths[0])


def _summary(given: Given, paths: list[Path]) -> None:
    about = {**given.plan.about, "quantities": given.quantities, "labels": given.plan.labels}
    summarise(given.files, given.places, about, summary=paths[0], numbers=paths[1])


def _outcomes(given: Given, paths: list[Path]) -> None:
    about = {**given.plan.about, "quantities": given.quantities, "labels": given.plan.labels}
    write_outcomes(given.files, given.places, about, page=paths[0], numbers=paths[1])


def _curves(given: Given, paths: list[Path]) -> None:
    about = {**given.plan.about, "labels": given.plan.labels}
    write_curves(given.files, given.places, about, path=paths[0])


def _course_of(kind: str) -> Draw:
    def course(given: Given, paths: list[Path]) -> None:
        quantiles = given.files[f"quantiles_{kind}"]
        period = given.plan.about["time"]["period"]
        draw_populations(
            quantiles,
            places=given.places,
            labels=given.plan.labels,
            paths=paths,
            unit=f"Persons per {period}" if kind == "transitions" else "Persons",
        )

    return course


def _reproduction(given: Given, paths: list[Path]) -> None:
    *each, sheet, table = paths
    draw_reproduction(
        given.files["effective_reproduction_number"],
        places=given.places,
        fit=given.plan.about["fit"],
        paths=each,
        sheet=sheet,
        table=table,
    )


def _fits(given: Given, paths: list[Path]) -> None:
    draw_fits(
        given.files["quantiles_calibration"],
        given.files["quantiles_projection_comparison"],
        given.files["observed"],
        places=given.places,
        labels=given.plan.labels,
        paths=paths,
        unit=" / ".join(dict.fromkeys(given.plan.about["fit"]["units"])),
    )


def _forecast_grid(given: Given, paths: list[Path]) -> None:
    draw_forecast_grid(
        given.files["quantiles_calibration"],
        given.files["quantiles_projection_comparison"],
        given.files["observed"],
        places=given.places,
        labels=given.plan.labels,
        title="Fit and projection",
        path=paths[0],
        pages=paths[1],
        unit=given.plan.about["fit"]["units"][0],
    )


def _change_map(given: Given, paths: list[Path]) -> None:
    draw_change_map(
        given.files["quantiles_projection_comparison"],
        given.files["observed"],
        places=given.places,
        title="Change from the last observation to the forecast median",
        path=paths[0],
        numbers=paths[1],
    )


def _fit_coverage(given: Given, paths: list[Path]) -> None:
    draw_coverage(
        given.files["quantiles_calibration"],
        places=given.places,
        title="Coverage of the fit",
        path=paths[0],
        numbers=paths[1],
    )


def _calibration_progress(given: Given, paths: list[Path]) -> None:
    draw_progress(
        given.files["calibration_progress"],
        title=f"Calibrations of {given.plan.exp_id}",
        labels={place.name: place.label for place in given.places},
        path=paths[0],
        numbers=paths[1],
    )


def _posteriors(given: Given, paths: list[Path]) -> None:
    *each, pages = paths
    draw_posteriors(
        given.files["posteriors"],
        places=given.places,
        about=given.quantities,
        paths=each,
        pages=pages,
    )


def _posterior_intervals(given: Given, paths: list[Path]) -> None:
    draw_intervals(
        given.files["posteriors"],
        places=given.places,
        about=given.quantities,
        title="Inferred quantities",
        path=paths[0],
        numbers=paths[1],
    )


def _rate_trends(given: Given, paths: list[Path]) -> None:
    draw_rate_trends(
        given.files["rows"],
        places=given.places,
        spellings=read_brief(given.files["hub"]).spellings,
        title="Rate trends: probability of each class, per cent",
        path=paths[0],
        numbers=paths[1],
        pages=paths[2],
    )


DRAW: Mapping[str, Draw] = {
    "model": _model,
    "summary": _summary,
    "outcomes": _outcomes,
    "curves": _curves,
    "course_of_compartments": _course_of("compartments"),
    "course_of_transitions": _course_of("transitions"),
    "reproduction": _reproduction,
    "fits": _fits,
    "forecast_grid": _forecast_grid,
    "change_map": _change_map,
    "fit_coverage": _fit_coverage,
    "calibration_progress": _calibration_progress,
    "posteriors": _posteriors,
    "posterior_intervals": _posterior_intervals,
    "rate_trends": _rate_trends,
}
"""Figure to the function that draws it."""
