"""List the tables that an experiment asks for, with the content of each."""

from typing import Any

from epyflow.errors import ReproductionNumberError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.output import (
    FLUSIGHT_LEVELS,
    Output,
    PosteriorGenerations,
    Quantiles,
)
from epyflow.model.flows import list_flows
from epyflow.model.infections import find_infections

REPRODUCTION = "effective_reproduction_number"


def table_specs(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return the tables that an experiment asks for, with the content of each.

    The tables of a calibration's projection have two names: that which says so, and that of a
    simulation's, which scripts written for epymodelingsuite read.

    Returns
    -------
    specs
        Table name to the fields of :class:`epyflow.tables.TableSpec`. ``model_metadata`` is always
        there: it lists what failed.
    """
    output, calibration = experiment.output, experiment.calibration
    specs: dict[str, dict[str, Any]] = {}
    projected = calibration is not None and calibration.projection is not None
    if calibration is None or projected:
        for kind in ("compartments", "transitions"):
            for name, spec in _trajectory_tables(output, kind):
                specs[f"{name}_{kind}"] = spec
                if projected:
                    specs[f"{name}_projection_{kind}"] = spec
    if calibration is not None:
        specs |= _calibration_tables(output)
    if without_reproduction(experiment) is None:
        # The median is what figures show first.
        specs[REPRODUCTION] = _spec() | {"quantiles": sorted({*_levels(output), 0.5})}
    asked = output.model_meta.projection_parameters if output.model_meta else None
    shown = {"projection_parameters": asked is not False, "projection_draws": asked is True}
    specs["model_metadata"] = _spec() | shown
    for name, spec in specs.items():
        spec["parquet"] = _parquet(name, experiment)
    return specs


def _parquet(name: str, experiment: Experiment) -> dict[str, str]:
    """Return the Parquet files of a table, if asked for; the large ones are by population."""
    if "Parquet" not in experiment.output.tabular_output_types:
        return {}
    places = [place.name for place in experiment.populations]
    if name.startswith("trajectories_"):
        return {place: f"{name}.parquet/{place}.parquet" for place in places}
    return {"": f"{name}.parquet"}  # parquet_files.WHOLE; epyflow.tables is slow to import


def without_reproduction(experiment: Experiment) -> str | None:
    """Explain why an experiment has no table of reproduction numbers; None if it has one.

    Returns
    -------
    reason
        The end of a sentence.
    """
    calibration = experiment.calibration
    try:
        find_infections(list_flows(experiment.model))
    except ReproductionNumberError as error:
        return str(error)
    if calibration is not None and calibration.projection is None:
        return "a calibration keeps the trajectories of its projection only, and this one has none"
    if calibration is None and experiment.output.quantiles is None:
        return "the output file asks for no quantiles"
    return None


def _levels(output: Output) -> tuple[float, ...]:
    return output.quantiles.selections if output.quantiles else FLUSIGHT_LEVELS


def _spec() -> dict[str, Any]:
    return {"quantiles": [], "series": None, "projection_parameters": False, "generations": None}


def _trajectory_tables(output: Output, kind: str) -> list[tuple[str, dict[str, Any]]]:
    tables = []
    for name, section in (("quantiles", output.quantiles), ("trajectories", output.trajectories)):
        selected = getattr(section, kind, False)
        if selected:
            levels = section.selections if isinstance(section, Quantiles) else ()
            series = None if selected is True else list(selected)
            tables.append((name, _spec() | {"quantiles": sorted(levels), "series": series}))
    return tables


def _calibration_tables(output: Output) -> dict[str, dict[str, Any]]:
    quantiles = _spec() | {"quantiles": sorted(_levels(output))}
    specs = {
        "calibration_progress": _spec(),
        "quantiles_calibration": quantiles,
        "quantiles_projection_comparison": quantiles,
    }
    if output.posteriors:
        chosen = output.posteriors
        named = chosen.generations if isinstance(chosen, PosteriorGenerations) else None
        generations = None if named is None else sorted(named)
        specs["posteriors"] = _spec() | {"generations": generations}
    return specs
