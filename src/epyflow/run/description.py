"""Describe an experiment for its report: model, parameters that are drawn or inferred, and data.

The description is part of the plan, so it is plain data and has only what a report shows.
"""

from pathlib import PurePosixPath
from typing import Any

from epyflow.data.periods import name_of_period
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration, Strategy, TopFraction
from epyflow.experiment.format.distributions import (
    CustomDistribution,
    Distribution,
    ScipyDistribution,
)
from epyflow.experiment.format.hub_formats import HUB_FORMATS
from epyflow.experiment.format.model import Mediated, Model, MultiMediated, Spontaneous
from epyflow.experiment.format.modelset import Sampling
from epyflow.experiment.format.output import Output
from epyflow.run.table_requests import without_reproduction


def describe(experiment: Experiment) -> dict[str, Any]:
    """Return the description of an experiment for its report, as plain data.

    Returns
    -------
    description
        ``text`` (the author's own), ``model`` (see :func:`describe_model`), ``time`` (start, end,
        days per step, ``period`` that transitions are summed over), ``forcing`` (phrases),
        ``quantities`` (distribution of each quantity that is drawn or inferred), ``fit`` (None
        without a calibration), ``without_curves`` (no quantiles are asked for),
        ``without_reproduction`` (why there is no effective reproduction number, or None),
        ``reference_date`` (of a hub's submission, or None), ``warnings`` (of the checks, about the
        results) and ``figure_kinds`` (wanted besides
        those that the report shows).
    """
    model, calibration, sampling = experiment.model, experiment.calibration, experiment.sampling
    return {
        "text": model.meta.description if model.meta else None,
        "model": describe_model(model),
        "time": {
            "start": str(model.timespan.start_date),
            "end": model.timespan.end_date.isoformat(),
            "days_per_step": model.timespan.delta_t,
            "period": _period(model),
        },
        "forcing": _forcing(model),
        "quantities": describe_priors(calibration) if calibration else _drawn(sampling),
        "fit": _fit(calibration, _period(model)) if calibration else None,
        "without_curves": calibration is None and experiment.output.quantiles is None,
        "without_reproduction": without_reproduction(experiment),
        "reference_date": _reference_date(experiment.output),
        "warnings": [each.message for each in experiment.warnings if each.in_report],
        "figure_kinds": [kind.lower() for kind in experiment.output.figure_output_types],
    }


def describe_model(model: Model) -> dict[str, Any]:
    """Return the compartments and the flows between them.

    Returns
    -------
    model
        ``compartments``: ``id`` and ``label`` of each. ``transitions``: ``source``, ``target``,
        ``kind`` (``spontaneous``, ``mediated`` or ``vaccination``), the ``mediators`` and the
        ``rates``; a pair of compartments appears once for each kind.
    """
    flows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for transition in model.transitions:
        kind = transition.type.removeprefix("multi_")
        key = (transition.source, transition.target, kind)
        flow = flows.setdefault(
            key,
            dict(zip(("source", "target", "kind"), key, strict=True))
            | {"mediators": [], "rates": []},
        )
        mediators: list[str] = []
        rates: list[str | float] = []
        if isinstance(transition, MultiMediated):
            mediators = [name for term in transition.mediators for name in term.source]
            rates = [term.rate for term in transition.mediators]
        elif isinstance(transition, Mediated):
            mediators, rates = [transition.mediator], [transition.rate]
        elif isinstance(transition, Spontaneous):
            rates = [transition.rate]
        flow["mediators"] += [name for name in mediators if name not in flow["mediators"]]
        flow["rates"] += [str(rate) for rate in rates if str(rate) not in flow["rates"]]
    return {
        "compartments": [{"id": c.id, "label": c.label or c.id} for c in model.compartments],
        "transitions": list(flows.values()),
    }


def _forcing(model: Model) -> list[str]:
    """Name the forcing of the model, a phrase for each."""
    said = []
    if model.vaccination is not None:
        scenario = model.vaccination.scenario
        said.append("vaccination" + (f" (scenario {scenario})" if scenario else ""))
    if (season := model.seasonality) is not None:
        said.append(
            f"seasonality of {season.target_parameter} "
            f"(peak on {season.seasonality_max_date:%-d %B})"
        )
    kinds = [each.type for each in model.interventions]
    words = {
        "school_closure": "school closures",
        "contact_matrix": "changes of contacts",
        "parameter": "changes of parameters",
    }
    said += [words[kind] for kind in dict.fromkeys(kinds)]
    return said


def describe_priors(calibration: Calibration) -> dict[str, Any]:
    """Return the prior of each inferred quantity, by its column in the table of posteriors.

    ``name``, ``args`` and ``kwargs`` as in scipy.stats, or the name of a custom ``function``; for
    a start date, ``reference_date`` too, and for an initial condition its unit as ``initial``.
    """
    priors = {name: _distribution(given.prior) for name, given in calibration.parameters.items()}
    for name, given in calibration.compartments.items():
        priors[name] = _distribution(given.prior) | {"initial": _unit(given.prior)}
    if (start := calibration.start_date) is not None:
        since = {"reference_date": start.reference_date.isoformat()}
        priors["start_date_days"] = _distribution(start.law) | since
    return priors


def _drawn(sampling: Sampling | None) -> dict[str, Any]:
    if sampling is None:
        return {}
    found: dict[str, Any] = {}
    for name, given in sampling.parameters.items():
        found[name] = (
            {"values": list(given.values or ())}
            if given.distribution is None
            else _distribution(given.distribution)
        )
    for name, each in sampling.compartments.items():
        unit = _unit_between(each.min, each.max)
        found[f"init_{name}"] = {"range": [each.min, each.max], "initial": unit}
    if (start := sampling.start_date) is not None:
        since = {"reference_date": start.reference_date.isoformat()}
        found["start_date_days"] = _distribution(start.law) | since
    return found


def _unit(prior: Distribution) -> str:
    """Return the unit of an initial condition; custom priors have one once they are resolved."""
    if isinstance(prior, CustomDistribution):
        return "persons or share"
    return _unit_between(*prior.bounds())


def _unit_between(low: float, high: float) -> str:
    return "persons" if low >= 1 else "share" if high <= 1 else "persons or share"


def _distribution(given: Distribution) -> dict[str, Any]:
    if isinstance(given, CustomDistribution):
        return {"function": given.name}
    return _scipy(given)


def _scipy(given: ScipyDistribution) -> dict[str, Any]:
    return {"name": given.name, "args": list(given.args), "kwargs": dict(given.kwargs)}


def _period(model: Model) -> str:
    return name_of_period(model.simulation.resample_frequency, model.timespan.delta_t)


def _fit(calibration: Calibration, period: str) -> dict[str, Any]:
    strategy, window = calibration.strategy, calibration.fitting_window
    projection = calibration.projection
    return {
        "strategy": strategy.name,
        "particles": _particles(strategy),
        "distance": calibration.distance_function,
        "data": PurePosixPath(calibration.observed_data_path).name,
        "start": window.start_date.isoformat(),
        "end": window.end_date.isoformat(),
        "trajectories": projection.n_trajectories if projection else 0,
        "scenarios": [each.id for each in projection.scenarios] if projection else [],
        "units": [
            f"Persons per {period}" if each.unit == "count" else each.unit.capitalize()
            for each in calibration.comparison
        ],
    }


def _particles(strategy: Strategy) -> int:
    """Return how many parameter sets a calibration keeps."""
    if isinstance(strategy, TopFraction):
        return round(strategy.options.Nsim * strategy.options.top_fraction)
    return strategy.options.num_particles


def _reference_date(output: Output) -> str | None:
    given = next((getattr(output, name) for name in HUB_FORMATS if getattr(output, name)), None)
    return given.reference_date.isoformat() if given and given.reference_date else None
