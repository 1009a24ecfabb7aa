"""Check projections, and the columns of a calibration's tables, against the model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from epyflow.data.growth_forecasts import choose
from epyflow.data.periods import WEEKS
from epyflow.data.vintages import data_key
from epyflow.errors import DataError, UnreadableError
from epyflow.experiment.checks.data_files import coverage_scenarios
from epyflow.experiment.checks.forcing import check_dated
from epyflow.experiment.checks.model import used_parameters
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.observation_model import has_growth
from epyflow.experiment.observed_growth import forecast_observed
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.population.locations import Location
from forecast_hub.config.units import COUNT

METADATA_COLUMNS = (
    "scenario",
    "strategy",
    "fitting_start",
    "fitting_end",
    "projection_start",
    "projection_end",
    "generations",
    "ended",
    "simulations_used",
    "missing_observations",
    "settings",
)
"""Further columns of the table ``model_metadata`` of a calibration."""

METADATA_PREFIXES = ("n_projections_", "proj_")
"""Beginnings of columns of ``model_metadata`` that scenarios have."""

POSTERIOR_COLUMNS = (
    "primary_id",
    "population",
    "generation",
    "particle",
    "weight",
    "distance",
    "start_date_days",
    "start_date",
    "location",
)
"""Columns of the table ``posteriors``, besides one for each calibrated value."""

_SCENARIOS: KeyPath = ("calibration", "projection", "scenarios")
_MEMBERS: KeyPath = ("calibration", "projection", "observation_model", "members")


def check_columns(model: Model, calibration: Calibration, report: Report) -> None:
    """Check that nothing has the name of a column, before hours of calibration.

    The report is the model's.
    """
    compartments = {name: ("compartments", i) for i, name in enumerate(model.compartment_ids)}
    parameters: dict[str, KeyPath] = {name: ("parameters", name) for name in model.parameters}
    for table, columns, names, places in (
        ("model_metadata", METADATA_COLUMNS, model.parameters, parameters),
        ("posteriors", POSTERIOR_COLUMNS, calibration.parameters, parameters),
        ("posteriors", POSTERIOR_COLUMNS, calibration.compartments, compartments),
    ):
        for name in names:
            prefixed = table == "model_metadata" and name.startswith(METADATA_PREFIXES)
            if (name in columns or prefixed) and name in places:
                report.error(
                    places[name],
                    f"{name!r} is a column of the table {table}; expected another name",
                )


def check_projection(model: Model, calibration: Calibration, report: Report) -> None:
    """Check that each scenario differs from the fitted model only after the fitting window."""
    if calibration.projection is None:
        return
    if has_growth(calibration.projection.observation_model):
        _check_growth(model, calibration, report)
    used = used_parameters(model)
    last = calibration.fitting_window.end_date
    for position, scenario in enumerate(calibration.projection.scenarios):
        for index, intervention in enumerate(scenario.interventions):
            here: KeyPath = (*_SCENARIOS, position, "interventions", index)
            check_dated(intervention, model, used, here, report)
            if intervention.start_date <= last:
                report.error(
                    (*here, "start_date"),
                    f"{intervention.start_date} is not after fitting_window.end_date {last}; "
                    "expected a later day: the posterior was fitted without this intervention",
                )


def _check_growth(model: Model, calibration: Calibration, report: Report) -> None:
    """Check that damped growth, which forecasts weekly counts, suits what is compared."""
    frequency = model.simulation.resample_frequency
    if frequency not in WEEKS:
        report.error(
            _MEMBERS,
            f"damped_growth forecasts weeks, and simulation.resample_frequency is {frequency}; "
            "expected weeks, such as W-SAT, or no damped_growth",
        )
    for comparison in calibration.comparison:
        if comparison.unit != str(COUNT):
            report.error(
                _MEMBERS,
                f"damped_growth forecasts counts of persons, and {comparison.observed_value_column}"
                f" is in {comparison.unit}; expected persons, or no damped_growth",
            )


def check_growth_data(
    calibration: Calibration,
    places: Sequence[Location],
    found: Mapping[str, Path],
    report: Report,
) -> None:
    """Check that the observations suffice for damped growth, unless they have other errors."""
    projection = calibration.projection
    key = data_key(calibration.observed_data_path, calibration.observed_data_vintage)
    wrong = any(each.severity == "error" for each in report.problems)
    if projection is None or wrong or key not in found:
        return
    if not has_growth(projection.observation_model):
        return
    lacking = []
    try:
        forecasts = forecast_observed(calibration, found)
    except (DataError, UnreadableError) as error:
        report.error(_MEMBERS, str(error))
        return
    for place in places:
        try:
            choose(forecasts, place)
        except DataError as error:
            lacking.append(str(error))
    if lacking:
        say = report.error if len(lacking) == len(places) else report.warn
        say(_MEMBERS, f"{lacking[0]} ({len(lacking)} of {len(places)} populations)")


def check_vaccination_scenarios(
    model: Model, calibration: Calibration, found: Mapping[str, Path], report: Report
) -> None:
    """Check that the coverage that scenarios name is in the file of the vaccination section."""
    written = model.vaccination.scenario_data_path if model.vaccination else None
    scenarios = calibration.projection.scenarios if calibration.projection else ()
    for position, scenario in enumerate(scenarios):
        wanted = scenario.vaccination_scenario
        here: KeyPath = (*_SCENARIOS, position, "vaccination_scenario")
        if wanted is None:
            continue
        if written is None:
            report.error(
                here,
                "is given, but the model has no vaccination.scenario_data_path; expected both, or "
                "neither",
            )
        elif written in found:
            report.check_name("scenario", wanted, coverage_scenarios(found[written]), here)
