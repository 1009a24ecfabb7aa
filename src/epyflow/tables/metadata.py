"""Make the table of members: one row each, with its parameters or the cause of its failure."""

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from epyflow.artifacts.task import Failure, Fit, MemberResult, Result
from epyflow.errors import EpyflowError
from epyflow.tables.calibrations import missing_dates, primary_id
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
    want of an observation. ``n_sims`` counts projected trajectories.

    Then come the parameters, if ``spec`` asks for them, one column for each
    age group (``<name>_<age group>``) where they vary with age; then ``init_<compartment>``:
    persons of all ages at the start. They are empty for the members of a failed task.

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
        return [_fixed(result, None, result.fit)]
    return [_row(result, member, spec) for member in result.members]


def _fixed(result: Result, member: MemberResult | None, fit: Fit | None) -> Row:
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
        **(_fitted(fit, member) if fit else {}),
    }


def _fitted(fit: Fit, member: MemberResult | None) -> Row:
    first, last = fit.window
    after = [day for day in member.dates if day > last] if member else []
    settings = {name: json.loads(value) for name, value in fit.settings.items()}
    return {
        "strategy": fit.strategy,
        "fit_start": first.isoformat(),
        "fit_end": last.isoformat(),
        "projection_start": after[0].isoformat() if after else None,
        "projection_end": after[-1].isoformat() if after else None,
        "generations": len(fit.generations),
        "ended": fit.ended,
        "simulations_used": sum(generation.simulations for generation in fit.generations),
        "missing_observations": ";".join(day.isoformat() for day in missing_dates(fit)) or None,
        "settings": json.dumps(settings, sort_keys=True, separators=(",", ":")),
    }


def _row(result: Result, member: MemberResult, spec: TableSpec) -> Row:
    fixed = _fixed(result, member, result.fit)
    parameters = _parameters(result, member) if spec.projection_parameters else {}
    initial = {f"init_{name}": sum(persons) for name, persons in member.initial.items()}
    for name in parameters:
        if name in fixed or name in initial:
            raise EpyflowError(
                f"a parameter gives the column {name!r}, which model_metadata has already; "
                "rename the parameter"
            )
    return {**fixed, **parameters, **initial}


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
