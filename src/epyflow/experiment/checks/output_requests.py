"""Check the ``output`` section against the model and the modelset."""

from epyflow.data.comparison_names import terms
from epyflow.experiment.checks.calibration import check_generation
from epyflow.experiment.format.hub_formats import HUB_FORMATS
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output, PosteriorGenerations
from epyflow.experiment.format.series_names import (
    compartment_series,
    transition_series,
    transitions_are_known,
)
from epyflow.experiment.reading.problem_report import Report


def check_selections(output: Output, model: Model, report: Report) -> None:
    """Check that every series that is selected or labelled exists."""
    valid = {"compartments": compartment_series(model)}
    if transitions_are_known(model):
        valid["transitions"] = transition_series(model)
    for key in ("quantiles", "trajectories"):
        section = getattr(output, key)
        for kind in valid:
            selected = getattr(section, kind, False)
            for position, name in enumerate(selected if isinstance(selected, tuple) else ()):
                report.check_name(f"{kind[:-1]} series", name, valid[kind], (key, kind, position))
    if "transitions" in valid:
        known = valid["compartments"] + valid["transitions"]
        for key in output.labels:
            for name in terms(key):
                report.check_name("series", name, known, ("labels", key))


def check_results(output: Output, modelset: Modelset | None, report: Report) -> None:
    """Check that the calibration provides the posteriors and projections that are asked for."""
    calibration = modelset.calibration if modelset else None
    if output.posteriors and calibration is None:
        report.error(
            ("posteriors",),
            "there is no posterior to write; expected modelset.calibration, or no posteriors",
        )
    if isinstance(output.posteriors, PosteriorGenerations) and calibration is not None:
        for position, number in enumerate(output.posteriors.generations):
            key_path = ("posteriors", "generations", position)
            check_generation(number, calibration, key_path, report)
    for name in HUB_FORMATS:
        given = getattr(output, name) is not None
        if given and (calibration is None or calibration.projection is None):
            report.error(
                (name,),
                "a submission needs projections; expected modelset.calibration.projection, "
                f"or no {name}",
            )
    if output.hub is not None and calibration is not None:
        (name, hub), last = output.hub, calibration.fitting_window.end_date
        if hub.reference_date is not None and hub.reference_date <= last:
            report.warn(
                (name, "reference_date"),
                f"{hub.reference_date} is not after fitting_window.end_date {last}: weeks that are "
                "forecast are also fitted; expected a later reference date, or an earlier end",
            )
