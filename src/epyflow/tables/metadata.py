"""Make the table of members: one row each, with its parameters or the cause of its failure."""

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from epyflow.artifacts.task import Failure, Fit, MemberResult, Result
from epyflow.errors import EpyflowError
from epyflow.tables.calibrations import (
    DAYS,
    first_days,
    missing_dates,
    name_in_experiment,
    primary_id,
    shown_generation,
)
from epyflow.tables.frames import scenario_key
from epyflow.tables.spec import TableSpec

COLUMNS = (
    "primary_id",
    "seed",
    "delta_t",
    "population",
    "location",
    "start_date",
    "end_date",
    "n_sims",
    "status",
    "cause",
    "...",
)

Row = Mapping[str, object]


def chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield a frame with one row per member; a failed task has the fixed columns only.

    For calibrations the fixed columns are followed by what was fitted: strategy and settings, the
    first and last date of the fitting window and of the projection after it, complete
    generations, how it ended, the simulations of these generations, and the dates left out for
    want of an observation; then ``n_projections_<scenario>``, the trajectories of each scenario
    (``baseline`` without scenarios). ``n_sims`` counts the trajectories of the row.

    Then come the parameters, if ``spec`` asks for them, one column for each
    age group (``<name>_<age group>``) where they vary with age; ``proj_<scenario>_<name>``, if
    ``spec`` asks for the draws: the calibrated values of each trajectory, as a JSON list; and
    ``init_<compartment>_<age group>`` and ``init_<compartment>_total``: persons at the start of a
    simulation. They are empty for the members of a failed task.

    Raises
    ------
    EpyflowError
        If members differ in their parameters or compartments, or a parameter has the name of
        another column.
    """
    if isinstance(result, Failure):
        yield _frame(_failed(result), COLUMNS[:-1])
    elif rows := _rows(result, spec):
        yield _frame(rows, tuple(rows[0]))


def _rows(result: Result, spec: TableSpec) -> list[Row]:
    if result.fit is not None and not result.members:
        return [_fixed(result, None)]
    return [_row(result, member, spec) for member in result.members]


def _fixed(result: Result, member: MemberResult | None) -> Row:
    return {
        "primary_id": primary_id(result) if member is None else member.primary_id,
        **(scenario_key(member) if member else {}),
        "seed": result.seed,
        "delta_t": result.delta_t,
        "population": result.population,
        "location": result.location,
        "start_date": member.start_date.isoformat() if member else None,
        "end_date": member.end_date.isoformat() if member else None,
        "n_sims": member.compartments.shape[0] if member else 0,
        "status": "ok",
        "cause": None,
        **(_fitted(result.fit, member) | _projected(result) if result.fit else {}),
    }


def _projected(result: Result) -> dict[str, object]:
    """Return the number of trajectories of each scenario."""
    return {
        f"n_projections_{_scenario(member)}": member.compartments.shape[0]
        for member in result.members
    }


def _scenario(member: MemberResult) -> str:
    return "baseline" if member.scenario is None else member.scenario


def _draws(result: Result, fit: Fit) -> dict[str, object]:
    """Return the values that the trajectories of each scenario were drawn with."""
    columns: dict[str, object] = {}
    particles = fit.generations[shown_generation(fit)].particles
    for member in result.members:
        drawn = particles[list(member.particles)]
        for name, values in zip(fit.names, drawn.T.tolist(), strict=True):
            shown = name_in_experiment(name, result)
            if name == DAYS and fit.reference_date is not None:
                shown, values = "start_date", first_days(fit.reference_date, values)
            columns[f"proj_{_scenario(member)}_{shown}"] = json.dumps(values, separators=(",", ":"))
    return columns


def _fitted(fit: Fit, member: MemberResult | None) -> dict[str, object]:
    first, last = fit.window
    after = [day for day in member.dates if day > last] if member else []
    settings = {name: json.loads(value) for name, value in fit.settings.items()}
    return {
        "strategy": fit.strategy,
        "fitting_start": first.isoformat(),
        "fitting_end": last.isoformat(),
        "projection_start": after[0].isoformat() if after else None,
        "projection_end": after[-1].isoformat() if after else None,
        "generations": len(fit.generations),
        "ended": fit.ended,
        "simulations_used": sum(generation.simulations for generation in fit.generations),
        "missing_observations": ";".join(day.isoformat() for day in missing_dates(fit)) or None,
        "settings": json.dumps(settings, sort_keys=True, separators=(",", ":")),
    }


def _row(result: Result, member: MemberResult, spec: TableSpec) -> Row:
    fixed, initial = _fixed(result, member), _initial(result, member)
    parameters = _parameters(result, member) if spec.projection_parameters else {}
    draws = _draws(result, result.fit) if result.fit and spec.projection_draws else {}
    for name in parameters:
        if name in fixed or name in initial or name in draws:
            raise EpyflowError(
                f"a parameter gives the column {name!r}, which model_metadata has already; "
                "rename the parameter"
            )
    return {**fixed, **parameters, **draws, **initial}


def _initial(result: Result, member: MemberResult) -> dict[str, int]:
    groups = (*result.age_groups, "total")
    return {
        f"init_{name}_{group}": count
        for name, persons in member.initial.items()
        for group, count in zip(groups, (*persons, sum(persons)), strict=True)
    }


def _parameters(result: Result, member: MemberResult) -> dict[str, float]:
    columns: dict[str, float] = {}
    for name, value in member.parameters.items():
        if isinstance(value, tuple):
            by_age = zip(result.age_groups, value, strict=True)
            columns |= {f"{name}_{group}": number for group, number in by_age}
        else:
            columns[name] = value
    return columns


def _failed(failure: Failure) -> list[Row]:
    return [
        {
            "primary_id": primary_id,
            "seed": failure.seed,
            "population": failure.population,
            "location": failure.location,
            "status": "failed",
            "cause": " ".join(failure.cause.splitlines()),
        }
        for primary_id in failure.primary_ids
    ]


def _frame(rows: list[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    for row in rows:
        if row["status"] == "ok" and tuple(row) != columns:
            odd = sorted(set(row) ^ set(columns)) or ["their order"]
            raise EpyflowError(
                f"member {row['primary_id']} has other columns of model_metadata than the first "
                f"member: {', '.join(odd)}; the results are not of one experiment"
            )
    # As objects, so that whole numbers stay so beside the empty cells of a failure.
    return pd.DataFrame(rows, columns=list(columns), dtype=object)
