"""What an ``output`` section must fulfil together with the model and the modelset."""

from epyflow.experiment.check_modelset import (
    check_generation,
    compartment_series,
    transition_series,
)
from epyflow.experiment.model import Model
from epyflow.experiment.modelset import Modelset
from epyflow.experiment.output import HUB_FORMATS, Output, PosteriorGenerations
from epyflow.experiment.report import Report


def check_output(
    output: Output, model: Model, modelset: Modelset | None, report: Report
) -> None:
    """Check that every series exists and that what is asked for will be there to write."""
    valid = {"compartments": compartment_series(model), "transitions": transition_series(model)}
    for key in ("quantiles", "trajectories"):
        section = getattr(output, key)
        for kind in ("compartments", "transitions"):
            selected = getattr(section, kind, False)
            for position, name in enumerate(selected if isinstance(selected, tuple) else ()):
                place = (key, kind, position)
                report.known(f"{kind[:-1]} series", name, valid[kind], place)
    calibration = modelset.calibration if modelset else None
    if output.posteriors and calibration is None:
        report.error(
            ("posteriors",), "there is no posterior without modelset.calibration; remove the key"
        )
    if isinstance(output.posteriors, PosteriorGenerations) and calibration is not None:
        for position, number in enumerate(output.posteriors.generations):
            place = ("posteriors", "generations", position)
            check_generation(number, calibration, place, report)
    for name in HUB_FORMATS:
        given = getattr(output, name) is not None
        if given and (calibration is None or calibration.projection is None):
            report.error(
                (name,),
                "a hub file is written from projections; add modelset.calibration.projection or "
                "remove the key",
            )
