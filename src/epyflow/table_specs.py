"""Which tables an experiment asks for, and what it asks of each."""

from typing import Any

from epyflow.experiment.calibration import Calibration
from epyflow.experiment.output import (
    FLUSIGHT_LEVELS,
    Output,
    PosteriorGenerations,
    Quantiles,
)


def table_specs(output: Output, calibration: Calibration | None) -> dict[str, dict[str, Any]]:
    """Return the tables that an output asks for, each with what it asks of them.

    The tables of a calibration's projection have two names: that which says so, and that of a
    simulation's, which scripts written for epymodelingsuite read.

    Returns
    -------
    specs
        Table name to the fields of :class:`epyflow.tables.TableSpec`. ``model_metadata`` is always
        there: it lists what failed.
    """
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
    shown = output.model_meta is None or output.model_meta.projection_parameters
    specs["model_metadata"] = _spec() | {"projection_parameters": shown}
    return specs


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
    levels = output.quantiles.selections if output.quantiles else FLUSIGHT_LEVELS
    quantiles = _spec() | {"quantiles": sorted(levels)}
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
