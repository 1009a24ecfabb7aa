"""Check the ``modelset`` section against the model, and the size of the experiment."""

import math
from datetime import date
from typing import Literal

from epyflow.data.periods import Periods
from epyflow.experiment.checks.calibration import check_comparison
from epyflow.experiment.checks.forcing import SEASONALITY_MINIMUM
from epyflow.experiment.checks.projection import check_columns, check_projection
from epyflow.experiment.checks.rates import drawn_range
from epyflow.experiment.format.base import MAX_STEPS, YEARS
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.format.forcing import CONTACT_STRENGTH
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset, Sampling, members_per_population
from epyflow.experiment.format.start_date import CalibratedStartDate, SampledStartDate
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath

How = Literal["sampled", "calibrated"]
MAX_MEMBERS = 1_000_000

_BYTES = 20
"""Memory for one number of a trajectory; measured."""

_MOST_GIGABYTES = 20


def check_modelset(
    model: Model, modelset: Modelset | None, model_report: Report, report: Report | None
) -> None:
    """Check that the modelset defines each value that the model leaves open, and no other."""
    sampling = modelset.sampling if modelset else None
    calibration = modelset.calibration if modelset else None
    _paired(model, "sampled", sampling, model_report, report)
    _paired(model, "calibrated", calibration, model_report, report)
    _trajectories(model, modelset, model_report, report)
    if modelset is None or report is None:
        return
    if calibration is not None:
        check_comparison(model, calibration, report)
        check_projection(model, calibration, report)
        check_columns(model, calibration, model_report)
    _start_date(model, modelset, report)
    _seasonality_minimum(model, modelset, report)
    _contact_strength(modelset, report)


def _paired(
    model: Model,
    how: How,
    section: Sampling | Calibration | None,
    model_report: Report,
    report: Report | None,
) -> None:
    """Check that the model marks the same values as ``how`` as the modelset defines."""
    _all_given(model, how, section, model_report)
    if section is None or report is None:
        return
    name = _section_name(how)
    parameters, compartments, start = model.drawn(how)
    names, ids = dict.fromkeys(model.parameters), dict.fromkeys(model.compartment_ids)
    for kind, key, marked, valid in (
        *(("parameter", key, parameters, names) for key in section.parameters),
        *(("compartment", key, compartments, ids) for key in section.compartments),
    ):
        key_path = (name, f"{kind}s", key)
        if key not in marked and report.check_name(kind, key, valid, key_path):
            report.error(
                key_path, f"{key!r} is not {how} in the basemodel; expected it to be marked {how}"
            )
    if section.start_date is not None and not start:
        report.error(
            (name, "start_date"),
            f"timespan.start_date of the basemodel is {model.timespan.start_date}; expected {how}",
        )


def _all_given(
    model: Model, how: How, section: Sampling | Calibration | None, model_report: Report
) -> None:
    parameters, compartments, start = model.drawn(how)
    missing: list[tuple[str, KeyPath]] = [
        (f"parameters.{name}", ("parameters", name))
        for name in model.parameters
        if name in parameters and (section is None or name not in section.parameters)
    ]
    missing += [
        (f"compartments.{compartment.id}", ("compartments", position, "init"))
        for position, compartment in enumerate(model.compartments)
        if compartment.id in compartments
        and (section is None or compartment.id not in section.compartments)
    ]
    if start and (section is None or section.start_date is None):
        missing.append(("start_date", ("timespan", "start_date")))
    for key, location in missing:
        model_report.error(
            location,
            f"is {how}, but the modelset does not define it; expected "
            f"modelset.{_section_name(how)}.{key}",
        )


def _section_name(how: How) -> str:
    return "sampling" if how == "sampled" else "calibration"


def _start_date(model: Model, modelset: Modelset, report: Report) -> None:
    """Check that the latest start that can be drawn is early enough."""
    end = model.timespan.end_date
    if (sampling := modelset.sampling) is not None and sampling.start_date is not None:
        drawn = sampling.start_date
        _starts_by(end, f"timespan.end_date {end}", drawn, ("sampling", "start_date"), report)
        _starts_from(model, drawn, ("sampling", "start_date", drawn.key), report)
    if (calibration := modelset.calibration) is not None and calibration.start_date is not None:
        last = calibration.fitting_window.end_date
        limit = f"the fitting window that ends on {last}"
        started = calibration.start_date
        _starts_by(last, limit, started, ("calibration", "start_date"), report)
        _starts_from(model, started, ("calibration", "start_date", started.key), report)


def _starts_from(
    model: Model,
    drawn: SampledStartDate | CalibratedStartDate,
    key_path: KeyPath,
    report: Report,
) -> None:
    """Check that the earliest start that can be drawn is a date, and gives not too many steps."""
    days = drawn.law.bounds()[0] if isinstance(drawn.law, ScipyDistribution) else math.nan
    if not math.isfinite(days):
        return
    first = drawn.reference_date.toordinal() + days
    steps = (model.timespan.end_date.toordinal() - first + 1) / model.timespan.delta_t
    what = f"it can start {-days:g} days before {drawn.reference_date}"
    if first < date(YEARS[0], 1, 1).toordinal():
        report.error(key_path, f"{what}; expected a day from the year {YEARS[0]} on")
    elif steps > MAX_STEPS:
        report.error(
            key_path,
            f"{what}, which gives {steps:,.0f} steps of {model.timespan.delta_t:g} days; expected "
            f"at most {MAX_STEPS:,}",
        )


def _starts_by(
    last: date,
    limit: str,
    drawn: SampledStartDate | CalibratedStartDate,
    here: KeyPath,
    report: Report,
) -> None:
    if drawn.prior is not None and drawn.distribution is not None:
        unread = "prior" if drawn.key == "distribution" else "distribution"
        report.warn((*here, unread), f"has no effect beside {drawn.key}; expected only one of them")
    distribution, reference, key_path = drawn.law, drawn.reference_date, (*here, drawn.key)
    if not isinstance(distribution, ScipyDistribution):
        return
    days = distribution.bounds()[1]
    expected = "expected a narrower distribution or an earlier reference_date"
    if not math.isfinite(days):
        report.warn(key_path, f"has no upper bound and can start past {limit}; {expected}")
    elif days > (last - reference).days:
        report.error(
            key_path,
            f"with {distribution.arguments} it can start {days:g} days after {reference}, past "
            f"{limit}; {expected}",
        )


def _seasonality_minimum(model: Model, modelset: Modelset, report: Report) -> None:
    """Check the range of a drawn ``seasonality_min``, which replaces min_value."""
    season, drawn = model.seasonality, drawn_range(modelset, SEASONALITY_MINIMUM)
    if season is None or drawn is None:
        return
    key_path, (low, high) = drawn
    if low < 0:
        report.error(
            key_path, f"is drawn down to {low:g}; expected 0 or more: it replaces min_value"
        )
    if high > season.max_value:
        report.warn(
            key_path,
            f"is drawn up to {high:g}, above seasonality.max_value {season.max_value:g}; expected "
            "less: the minimum of the season would be its maximum",
        )


def _contact_strength(modelset: Modelset, report: Report) -> None:
    """Check the range of a drawn ``contact_intervention_strength``."""
    key_path, (low, high) = drawn_range(modelset, CONTACT_STRENGTH) or ((), (0.0, 1.0))
    if low < 0 or high > 1:
        report.error(
            key_path,
            f"is drawn from {low:g} to {high:g}; expected 0 (no interventions on contacts) to 1 "
            "(as written)",
        )


def _trajectories(
    model: Model, modelset: Modelset | None, model_report: Report, report: Report | None
) -> None:
    """Refuse more trajectories of a parameter set than the memory of most machines holds."""
    calibration = modelset.calibration if modelset else None
    first, last = model.timespan.start_date, model.timespan.end_date
    count, where = model.simulation.n_sims, model_report
    key_path: KeyPath = ("simulation", "n_sims")
    if modelset is not None and modelset.sampling and modelset.sampling.start_date:
        first = modelset.sampling.start_date.reference_date
    if calibration is not None:
        if calibration.projection is None or report is None:
            return
        first = calibration.fitting_window.start_date
        count = calibration.projection.n_trajectories
        where, key_path = report, ("calibration", "projection", "n_trajectories")
    if not isinstance(first, date) or first > last:
        return
    frequency = model.simulation.resample_frequency
    dates = int(Periods.of(first, last, frequency or "D").whole.sum())
    if frequency is None:
        dates = math.ceil(dates / max(1.0, model.timespan.delta_t))
    series = len(model.compartments) + len(model.transition_names)
    groups = len(model.population.age_groups)
    gigabytes = count * dates * series * groups * _BYTES / 1e9
    if gigabytes > _MOST_GIGABYTES:
        where.error(
            key_path,
            f"{count:,} trajectories of {dates:,} dates, {series} series and {groups} age groups "
            f"need more than {_MOST_GIGABYTES} GB of memory; expected at most "
            f"{int(count * _MOST_GIGABYTES / gigabytes):,}, or a longer "
            "simulation.resample_frequency",
        )


def check_size(modelset: Modelset, populations: int, report: Report) -> None:
    """Refuse an experiment with more than ``MAX_MEMBERS`` members."""
    members = populations * members_per_population(modelset.sampling)
    if members > MAX_MEMBERS:
        report.error(
            ("sampling", "samplers"),
            f"{members:,} members in {populations} population(s); expected at most "
            f"{MAX_MEMBERS:,}: shorten the grid's values or replace the grid by LHS with n_samples",
        )
