"""Check the ``sampling`` section."""

from collections import Counter

from epyflow.experiment.checks.initial_values import warn_of_both_readings
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.format.modelset import Sampler, Sampling
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath


def check_sampling(sampling: Sampling, report: Report) -> None:
    """Check that each value is drawn by one sampler, from values or a distribution as it needs."""
    for position, sampler in enumerate(sampling.samplers):
        _sampler(sampler, sampling, ("sampling", "samplers", position), report)
    _each_once(sampling, report)
    _powers_of_two(sampling, report)
    _check_tails(sampling, report)
    shares = [given.min for given in sampling.compartments.values() if given.max <= 1]
    if sum(shares) > 1:
        report.error(
            ("sampling", "compartments"),
            f"the values of min add up to {sum(shares):g} of the population; expected at most 1",
        )
    for name, given in sampling.compartments.items():
        warn_of_both_readings(given.min, given.max, ("sampling", "compartments", name), report)


def _sampler(sampler: Sampler, sampling: Sampling, here: KeyPath, report: Report) -> None:
    start = ["start_date"] if sampling.start_date is not None else []
    valid = dict.fromkeys([*sampling.parameters, *start])
    for index, name in enumerate(sampler.parameters):
        key_path = (*here, "parameters", index)
        if report.check_name("sampled parameter", name, valid, key_path):
            _suits(sampler, name, sampling, key_path, report)
    for index, name in enumerate(sampler.compartments):
        key_path = (*here, "compartments", index)
        report.check_name("sampled compartment", name, sampling.compartments, key_path)


def _suits(
    sampler: Sampler, name: str, sampling: Sampling, key_path: KeyPath, report: Report
) -> None:
    grid = sampler.strategy == "grid"
    if name == "start_date":
        if grid:
            report.error(
                key_path,
                "start_date is in a grid; expected it in a sampler that draws, such as LHS",
            )
        return
    given = sampling.parameters[name]
    if (given.values if grid else given.distribution) is None:
        key = "values" if grid else "distribution"
        report.error(
            key_path, f"{sampler.strategy} draws {name}; expected sampling.parameters.{name}.{key}"
        )


def _each_once(sampling: Sampling, report: Report) -> None:
    parameters = Counter(name for sampler in sampling.samplers for name in sampler.parameters)
    compartments = Counter(name for sampler in sampling.samplers for name in sampler.compartments)
    drawn: list[tuple[KeyPath, int]] = [
        (("parameters", name), parameters[name]) for name in sampling.parameters
    ]
    drawn += [(("compartments", name), compartments[name]) for name in sampling.compartments]
    if sampling.start_date is not None:
        drawn.append((("start_date",), parameters["start_date"]))
    for location, count in drawn:
        if count != 1:
            how = f"no sampler draws {location[-1]}" if count == 0 else "two samplers draw it"
            report.error(("sampling", *location), f"{how}; expected it in exactly one of samplers")


def _check_tails(sampling: Sampling, report: Report) -> None:
    """Report distributions of which some draw is probably beyond what a run takes."""
    draws = sampling.draws
    for name in draws.parameters if draws is not None else ():
        given = sampling.parameters.get(name)
        if draws is None or given is None or not isinstance(given.distribution, ScipyDistribution):
            continue
        most, probability = given.distribution.excess()
        if (times := probability * (draws.n_samples or 1)) >= 1:
            report.error(
                ("sampling", "parameters", name, "distribution"),
                f"{given.distribution.name} gives numbers beyond {most:g} with a probability of "
                f"{probability:.2g}, of {draws.n_samples:,} draws about {times:,.0f}; expected "
                "fewer draws, or a distribution with bounds",
            )


def _powers_of_two(sampling: Sampling, report: Report) -> None:
    draws = sampling.draws
    if draws is None or draws.strategy != "sobol" or draws.n_samples is None:
        return
    if draws.n_samples & (draws.n_samples - 1):
        key_path = ("sampling", "samplers", sampling.samplers.index(draws), "n_samples")
        report.warn(
            key_path,
            f"{draws.n_samples} is not a power of 2; a Sobol "
            "sequence is balanced only for powers of 2",
        )
