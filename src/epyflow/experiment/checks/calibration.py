"""Check the ``calibration`` section, alone and against the model."""

import math
from datetime import date

from epyflow.data.periods import find_cut_periods, is_dated_by_its_end
from epyflow.experiment.checks.initial_values import check_initial_priors
from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.calibration import (
    Calibration,
    Smc,
    SmcOptions,
    Strategy,
    endless_key,
)
from epyflow.experiment.format.distributions import RARELY, Distribution, ScipyDistribution
from epyflow.experiment.format.model import AgeVarying, Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.series_names import transition_series, transitions_are_known
from epyflow.experiment.reading.problem_report import Report, repeats
from epyflow.experiment.reading.yaml_source import KeyPath


def check_calibration(calibration: Calibration, report: Report) -> None:
    """Check priors, kernels and generations."""
    both = sorted(set(calibration.parameters) & set(calibration.compartments))
    for name in both:
        report.error(
            ("calibration", "compartments", name),
            f"{name!r} is a calibrated parameter too; expected different names",
        )
    check_initial_priors(calibration, report)
    strategy = calibration.strategy
    _check_limits(strategy, report)
    if isinstance(strategy, Smc):
        _check_spread(calibration, strategy.options, report)
        _check_kernels(calibration, strategy.options, report)
        _check_steps(calibration, strategy.options, report)
        valid = [*calibration.parameters, *calibration.compartments]
        valid += ["start_date"] if calibration.start_date is not None else []
        for name in strategy.options.perturbations or {}:
            key_path = ("calibration", "strategy", "options", "perturbations", name)
            report.check_name("calibrated quantity", name, valid, key_path)
    projection = calibration.projection
    if projection is not None and projection.generation_number is not None:
        check_generation(
            projection.generation_number,
            calibration,
            ("calibration", "projection", "generation_number"),
            report,
        )


def _check_limits(strategy: Strategy, report: Report) -> None:
    """Warn of a tolerance that may never be reached, with nothing that ends the simulations."""
    if (key := endless_key(strategy)) is not None:
        report.warn(
            ("calibration", "strategy", "options"),
            f"{key} is a fixed tolerance: if the model comes that near rarely or never, the "
            "calibration does not end; expected total_simulations_budget, such as 100000, or "
            "max_time, such as 6h",
        )


def _check_spread(calibration: Calibration, options: SmcOptions, report: Report) -> None:
    """Report one particle, from which no generation of a continuous quantity can be drawn."""
    if options.num_particles > 1 or options.num_generations == 1:
        return
    for name, (_, prior) in _scipy_priors(calibration).items():
        if not prior.discrete:
            report.error(
                ("calibration", "strategy", "options", "num_particles"),
                f"1, with num_generations {options.num_generations} and the continuous prior of "
                f"{name}: its next generation is drawn from the spread of the particles, which is "
                "0; expected 2 or more particles, 1 generation, or discrete priors only",
            )
            return


def _check_kernels(calibration: Calibration, options: SmcOptions, report: Report) -> None:
    """Report priors whose particles no kernel can move, and kernels that do not suit a prior."""
    named = options.perturbations or {}
    for name, (here, prior) in _scipy_priors(calibration).items():
        suitable = "discrete" if prior.discrete else "continuous"
        if prior.discrete and not all(map(math.isfinite, prior.bounds())):
            report.error(
                here,
                f"{prior.name} has no largest or no smallest value, and SMC moves between the "
                "values of a discrete prior; expected a bounded one such as randint, or another "
                "strategy",
            )
        if named.get(name, suitable) != suitable:
            report.error(
                ("calibration", "strategy", "options", "perturbations", name),
                f"{named[name]} does not suit {prior.name}, which is {suitable}; expected "
                f"{suitable}, or no kernel for {name}",
            )


def _check_steps(calibration: Calibration, options: SmcOptions, report: Report) -> None:
    """Warn of priors whose largest draws make the steps of SMC too long for all the others."""
    if options.num_generations == 1:
        return
    for here, prior in _scipy_priors(calibration).values():
        # epyflow.calibration.kernels: the variance of steps is twice that of the particles.
        share = prior.central_share(options.num_particles, math.sqrt(2))
        if share is not None and share < RARELY:
            report.warn(
                here,
                f"the largest draws of {prior.name} with {prior.arguments} are so far from the "
                "others that steps of SMC from its median end in its central half with a "
                f"probability of {share:.1g}: each particle may take {1 / share:,.0f} simulations "
                "and more; expected a narrower prior, the strategy top_fraction, or "
                "total_simulations_budget or max_time, which end it with the generation before",
            )


def _scipy_priors(calibration: Calibration) -> dict[str, tuple[KeyPath, ScipyDistribution]]:
    """Return where the prior of each calibrated quantity is; without functions of the user."""
    found: dict[str, tuple[KeyPath, Distribution]] = {
        name: (("calibration", kind, name, "prior"), each.prior)
        for kind, given in (
            ("parameters", calibration.parameters),
            ("compartments", calibration.compartments),
        )
        for name, each in given.items()
    }
    if (start := calibration.start_date) is not None:
        found["start_date"] = (("calibration", "start_date", start.key), start.law)
    return {
        name: (here, prior)
        for name, (here, prior) in found.items()
        if isinstance(prior, ScipyDistribution)
    }


def check_generation(
    number: int, calibration: Calibration, key_path: KeyPath, report: Report
) -> None:
    """Report a generation that the calibration does not have; they are numbered from 0."""
    strategy = calibration.strategy
    last = strategy.options.num_generations - 1 if isinstance(strategy, Smc) else 0
    if number > last:
        report.error(key_path, f"there is no generation {number}; expected 0 to {last}")


def used_by_scales(modelset: Modelset | None) -> set[str]:
    """Return the parameters that the scales of comparisons use."""
    calibration = modelset.calibration if modelset else None
    compared = calibration.comparison if calibration else ()
    scales = [each.scale for each in compared if each.scale is not None]
    return {name for scale in scales for name in parsed(scale).names}


def _check_scale(model: Model, scale: str | float, key_path: KeyPath, report: Report) -> None:
    """Check that a scale is one positive number for each parameter set."""
    expression = parsed(scale)
    if not expression.names and not float(expression.compute({})) > 0:
        report.error(key_path, f"{expression.text} is not above 0; expected a positive factor")
    changing = {
        *([model.seasonality.target_parameter] if model.seasonality else []),
        *(each.target_parameter for each in model.interventions if each.type == "parameter"),
    }
    for name in expression.names:
        report.check_name("parameter", name, model.parameters, key_path)
        if isinstance(model.parameters.get(name), AgeVarying):
            report.error(key_path, f"{name!r} varies with age; expected one number")
        if name in changing:
            report.error(
                key_path,
                f"seasonality or an intervention acts on {name!r}; expected a parameter that does "
                "not change with time",
            )


def check_comparison(model: Model, calibration: Calibration, report: Report) -> None:
    """Check that the series compared with data are simulated, on the dates of the data."""
    series, again = transition_series(model), repeats(calibration.comparison)
    for position, comparison in enumerate(calibration.comparison):
        here: KeyPath = ("calibration", "comparison", position)
        if again[position]:
            report.warn(here, "is in the list twice; it is counted twice")
        for index, name in enumerate(comparison.simulation if transitions_are_known(model) else ()):
            report.check_name("transition series", name, series, (*here, "simulation", index))
        if comparison.scale is not None:
            _check_scale(model, comparison.scale, (*here, "scale"), report)
    _check_window(model, calibration, report)


def _check_window(model: Model, calibration: Calibration, report: Report) -> None:
    """Check that the fitting window is simulated, in periods with the dates of the data."""
    window, timespan = calibration.fitting_window, model.timespan
    key_path: KeyPath = ("calibration", "fitting_window")
    if window.end_date > timespan.end_date:
        report.error(
            (*key_path, "end_date"),
            f"{window.end_date} is after timespan.end_date {timespan.end_date}; expected a day "
            "that is simulated",
        )
    if isinstance(timespan.start_date, date) and timespan.start_date > window.end_date:
        report.error(
            (*key_path, "end_date"),
            f"{window.end_date} is before timespan.start_date {timespan.start_date}; expected a "
            "day that is simulated",
        )
        return
    start, frequency = timespan.start_date, model.simulation.resample_frequency
    if not is_dated_by_its_end(frequency, timespan.delta_t):
        what = frequency or f"absent with timespan.delta_t {timespan.delta_t:g}"
        report.warn(
            ("calibration", "comparison"),
            f"simulation.resample_frequency is {what}: its periods are dated by their first day, "
            "and compared with observations of that date; if these are dated by the last day of "
            "a week, expected W-SAT or the like",
        )
    given = start if isinstance(start, date) else None
    cut = find_cut_periods(given, (window.start_date, window.end_date), frequency)
    if cut:
        report.warn(
            key_path,
            f"observations of {', '.join(map(str, cut))} are left out: the period is simulated "
            "only in part; to compare it, begin the simulation with a period or end the window "
            "with one",
        )
