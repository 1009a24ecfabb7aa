"""What a ``modelset`` section must fulfil, by itself and together with the model."""

import math
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

from epyflow.experiment.calibration import Calibration, Smc
from epyflow.experiment.distributions import Distribution, ScipyDistribution
from epyflow.experiment.model import Model
from epyflow.experiment.modelset import Modelset, Sampler, Sampling
from epyflow.experiment.report import Report
from epyflow.experiment.source import Location

How = Literal["sampled", "calibrated"]
MAX_MEMBERS = 1_000_000


def check_modelset(
    model: Model, modelset: Modelset | None, model_report: Report, report: Report | None
) -> None:
    """Check that what the model leaves open is given, and nothing else."""
    sampling = modelset.sampling if modelset else None
    calibration = modelset.calibration if modelset else None
    _paired(model, "sampled", sampling, model_report, report)
    _paired(model, "calibrated", calibration, model_report, report)
    if modelset is None or report is None:
        return
    if sampling is not None:
        _samplers(sampling, report)
        _shares(sampling, report)
    if calibration is not None:
        _calibration(model, calibration, report)
    _start_date(model, modelset, report)


def _paired(
    model: Model,
    how: How,
    section: Sampling | Calibration | None,
    model_report: Report,
    report: Report | None,
) -> None:
    """Everything marked `how` in the model is given in the modelset, and the reverse."""
    name = "sampling" if how == "sampled" else "calibration"
    parameters, compartments, start = model.drawn(how)
    positions = {c.id: i for i, c in enumerate(model.compartments)}
    given_parameters = set(section.parameters) if section else set()
    given_compartments = set(section.compartments) if section else set()
    missing: list[tuple[str, Location]] = [
        (f"parameters.{p}", ("parameters", p)) for p in sorted(parameters - given_parameters)
    ]
    missing += [
        (f"compartments.{c}", ("compartments", positions[c], "init"))
        for c in sorted(compartments - given_compartments)
    ]
    if start and (section is None or section.start_date is None):
        missing.append(("start_date", ("timespan", "start_date")))
    for key, location in missing:
        model_report.error(location, f"is {how}, but modelset.{name}.{key} does not give it")
    if section is None or report is None:
        return
    for kind, extra, valid in (
        ("parameters", given_parameters - parameters, set(model.parameters)),
        ("compartments", given_compartments - compartments, set(positions)),
    ):
        for key in sorted(extra):
            if report.known(kind[:-1], key, sorted(valid), (name, kind, key)):
                report.error((name, kind, key), f"is not {how} in the basemodel; mark it {how}")
    if section.start_date is not None and not start:
        message = f"timespan.start_date is not {how} in the basemodel; write start_date: {how}"
        report.error((name, "start_date"), message)


def _samplers(sampling: Sampling, report: Report) -> None:
    times: dict[str, int] = dict.fromkeys(sampling.parameters, 0)
    times |= dict.fromkeys(sampling.compartments, 0)
    if sampling.start_date is not None:
        times["start_date"] = 0
    for position, sampler in enumerate(sampling.samplers):
        here: Location = ("sampling", "samplers", position)
        for index, name in enumerate(sampler.parameters):
            place = (*here, "parameters", index)
            valid = [*sampling.parameters, *(["start_date"] if sampling.start_date else [])]
            if report.known("sampled parameter", name, valid, place):
                times[name] += 1
                _suits(sampler, name, sampling, place, report)
        for index, name in enumerate(sampler.compartments):
            place = (*here, "compartments", index)
            if report.known("sampled compartment", name, list(sampling.compartments), place):
                times[name] += 1
    for name, count in times.items():
        if count != 1:
            kind = "compartments" if name in sampling.compartments else "parameters"
            place = ("sampling", name) if name == "start_date" else ("sampling", kind, name)
            how = "no sampler draws it" if count == 0 else "two samplers draw it"
            report.error(place, f"{how}; expected it in exactly one of samplers")
    draws = sampling.draws
    if draws is not None and draws.strategy == "sobol" and draws.n_samples is not None:
        if draws.n_samples & (draws.n_samples - 1):
            index = sampling.samplers.index(draws)
            report.warn(
                ("sampling", "samplers", index, "n_samples"),
                "a Sobol sequence is balanced only for powers of 2",
            )


def _suits(
    sampler: Sampler, name: str, sampling: Sampling, place: Location, report: Report
) -> None:
    if name == "start_date":
        if sampler.strategy == "grid":
            report.error(place, "a start date is drawn from a distribution; use LHS, not grid")
        return
    given = sampling.parameters[name]
    if sampler.strategy == "grid" and given.values is None:
        report.error(place, f"a grid needs sampling.parameters.{name}.values")
    if sampler.strategy != "grid" and given.distribution is None:
        report.error(
            place, f"{sampler.strategy} needs sampling.parameters.{name}.distribution"
        )


def _shares(sampling: Sampling, report: Report) -> None:
    least = sum(share.min for share in sampling.compartments.values())
    if least > 1:
        report.error(
            ("sampling", "compartments"),
            f"the smallest shares already add up to {least:g} of the population; expected at most 1",
        )


def members_per_population(sampling: Sampling | None) -> int:
    """Return the number of parameter sets: grid points times draws."""
    if sampling is None:
        return 1
    points = 1
    if sampling.grid is not None:
        for name in sampling.grid.parameters:
            given = sampling.parameters.get(name)
            points *= len(given.values or ()) if given else 1
    draws = sampling.draws
    return points * (draws.n_samples or 1 if draws else 1)


def check_size(modelset: Modelset, populations: int, report: Report) -> None:
    """Refuse an experiment that no one can mean to run."""
    members = populations * members_per_population(modelset.sampling)
    if members > MAX_MEMBERS:
        report.error(
            ("sampling", "samplers"),
            f"{members:,} members ({populations} populations); expected at most {MAX_MEMBERS:,}: "
            "shorten the grid's values or replace the grid by LHS with n_samples",
        )


def _latest(reference: date, distribution: Distribution) -> date | None:
    if not isinstance(distribution, ScipyDistribution):
        return None
    high = distribution.bounds()[1]
    if not math.isfinite(high):
        return None
    return reference + timedelta(days=min(high, 1e5))


def _start_date(model: Model, modelset: Modelset, report: Report) -> None:
    sampling, calibration = modelset.sampling, modelset.calibration
    if sampling is not None and sampling.start_date is not None:
        latest = _latest(sampling.start_date.reference_date, sampling.start_date.distribution)
        if latest is not None and latest > model.timespan.end_date:
            report.error(
                ("sampling", "start_date", "distribution"),
                f"can start on {latest}, after timespan.end_date {model.timespan.end_date}",
            )
    if calibration is not None and calibration.start_date is not None:
        latest = _latest(calibration.start_date.reference_date, calibration.start_date.prior)
        last = calibration.fitting_window.end_date
        if latest is not None and latest > last:
            report.error(
                ("calibration", "start_date", "prior"),
                f"can start on {latest}, past the fitting window that ends on {last}; expected a "
                "narrower prior or an earlier reference_date",
            )


def _calibration(model: Model, calibration: Calibration, report: Report) -> None:
    series = transition_series(model)
    for position, comparison in enumerate(calibration.comparison):
        for index, name in enumerate(comparison.simulation):
            place = ("calibration", "comparison", position, "simulation", index)
            report.known("transition series", name, series, place)
    window, timespan = calibration.fitting_window, model.timespan
    if window.end_date > timespan.end_date:
        report.error(
            ("calibration", "fitting_window", "end_date"),
            f"{window.end_date} is after timespan.end_date {timespan.end_date}",
        )
    for name, given in calibration.compartments.items():
        if isinstance(given.prior, ScipyDistribution):
            low, high = given.prior.bounds()
            if low < 0 or (math.isfinite(high) and high > 1):
                report.error(
                    ("calibration", "compartments", name, "prior"),
                    f"reaches from {low:g} to {high:g}; expected a share of the population, 0 to 1",
                )
    strategy = calibration.strategy
    if isinstance(strategy, Smc):
        for name in strategy.options.perturbations or {}:
            valid = [*calibration.parameters, *calibration.compartments, "start_date"]
            place = ("calibration", "strategy", "options", "perturbations", name)
            report.known("calibrated parameter", name, valid, place)
    projection = calibration.projection
    if projection is not None and projection.generation_number is not None:
        place = ("calibration", "projection", "generation_number")
        check_generation(projection.generation_number, calibration, place, report)


def check_generation(
    number: int, calibration: Calibration, place: Location, report: Report
) -> None:
    """Note a generation that the calibration does not have; they count from 0."""
    strategy = calibration.strategy
    last = strategy.options.num_generations - 1 if isinstance(strategy, Smc) else 0
    if number > last:
        report.error(place, f"there is no generation {number}; they count from 0 to {last}")


def transition_series(model: Model) -> list[str]:
    """Return the names of the transition series: one per age group and the total."""
    return series(model.transition_names, model)


def compartment_series(model: Model) -> list[str]:
    """Return the names of the compartment series: one per age group and the total."""
    return series(model.compartment_ids, model)


def series(names: Iterable[str], model: Model) -> list[str]:
    """Return ``<name>_<age group or total>``, the total last."""
    suffixes = [*model.population.age_groups, "total"]
    return [f"{name}_{suffix}" for name in names for suffix in suffixes]
