"""Check vaccination, seasonality and interventions against the model."""

from datetime import date

from epyflow.experiment.format.forcing import (
    CONTACT_STRENGTH,
    ContactMatrixIntervention,
    ParameterIntervention,
    SchoolClosure,
)
from epyflow.experiment.format.model import Calibrated, Model, Sampled, Vaccinated
from epyflow.experiment.reading.problem_report import Report, repeats
from epyflow.experiment.reading.yaml_source import KeyPath

SEASONALITY_MINIMUM = "seasonality_min"
"""A sampled or calibrated parameter of this name replaces seasonality.min_value."""

LARGEST_FACTOR = 10.0
"""A larger factor is probably a percentage."""


def check_vaccination(model: Model, report: Report) -> None:
    """Check that there are doses for the vaccination transition, and a transition for the doses."""
    section, ids = model.vaccination, list(model.compartment_ids)
    doses = [(i, t) for i, t in enumerate(model.transitions) if isinstance(t, Vaccinated)]
    for position, _ in doses[1:]:
        report.error(
            ("transitions", position, "type"),
            "a second vaccination transition would give the same doses again; expected one",
        )
    if section is None:
        for position, _ in doses:
            report.error(
                ("transitions", position, "type"),
                "a vaccination transition without doses; expected a vaccination section with "
                "origin_compartment, eligible_compartments and a data path",
            )
        return
    origin = section.origin_compartment
    report.check_name("compartment", origin, ids, ("vaccination", "origin_compartment"))
    for position, name in enumerate(section.eligible_compartments):
        report.check_name(
            "compartment", name, ids, ("vaccination", "eligible_compartments", position)
        )
    if not doses:
        report.error(
            ("vaccination",), "no transition uses the doses; expected one with type: vaccination"
        )
    for position, transition in doses:
        if transition.source != origin:
            report.error(
                ("transitions", position, "source"),
                f"a vaccination transition has the source {transition.source!r}; expected "
                f"vaccination.origin_compartment {origin!r}",
            )


def check_seasonality(model: Model, used: set[str], report: Report) -> None:
    """Check that a rate or calculated parameter uses the seasonal parameter.

    Parameters
    ----------
    model
        The model section.
    used
        The parameters that rates and calculated parameters use.
    report
        Reports problems of the model.
    """
    season = model.seasonality
    if season is None:
        return
    _factor(season.max_value, ("seasonality", "max_value"), report)
    key_path = ("seasonality", "target_parameter")
    _target(season.target_parameter, model, used, key_path, report)
    minimum = model.parameters.get(SEASONALITY_MINIMUM)
    if minimum is not None and not isinstance(minimum, Sampled | Calibrated):
        report.warn(
            ("parameters", SEASONALITY_MINIMUM),
            "has no effect on seasonality; expected it sampled or calibrated, or "
            "seasonality.min_value instead",
        )


def check_interventions(model: Model, used: set[str], report: Report) -> None:
    """Check that each intervention has an effect; see :func:`check_seasonality`."""
    closures, again = 0, repeats(model.interventions)
    for position, intervention in enumerate(model.interventions):
        here: KeyPath = ("interventions", position)
        _factor(intervention.scaling_factor, (*here, "scaling_factor"), report)
        if isinstance(intervention, SchoolClosure):
            closures += 1
            if closures > 1:
                report.error(here, "a second school_closure; expected at most one")
            continue
        if again[position]:
            report.warn(here, "is in the list twice; it acts twice")
        check_dated(intervention, model, used, here, report)


def has_drawn_strength(model: Model) -> bool:
    """Say whether a drawn parameter scales the model's interventions on contacts."""
    drawn = isinstance(model.parameters.get(CONTACT_STRENGTH), Sampled | Calibrated)
    return drawn and not all(isinstance(i, ParameterIntervention) for i in model.interventions)


def check_dated(
    intervention: ParameterIntervention | ContactMatrixIntervention,
    model: Model,
    used: set[str],
    here: KeyPath,
    report: Report,
) -> None:
    """Check that an intervention with dates has an effect, on days that are simulated."""
    if isinstance(intervention, ParameterIntervention):
        key_path = (*here, "target_parameter")
        _target(intervention.target_parameter, model, used, key_path, report)
    start = model.timespan.start_date
    early = isinstance(start, date) and intervention.end_date < start
    if early or intervention.start_date > model.timespan.end_date:
        report.warn(here, "is outside the timespan and has no effect")


def _factor(factor: float | None, location: KeyPath, report: Report) -> None:
    if factor is not None and factor > LARGEST_FACTOR:
        report.warn(
            location,
            f"multiplies by {factor:g}; expected at most {LARGEST_FACTOR:g}. If {factor:g}% is "
            f"meant, write {factor / 100:g}",
        )


def _target(name: str, model: Model, used: set[str], location: KeyPath, report: Report) -> None:
    if report.check_name("parameter", name, model.parameters, location) and name not in used:
        report.warn(location, f"no rate or calculated parameter uses {name!r}; this has no effect")
