"""Compute the outcomes of simulations without a fit, by the parameters that were varied."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epyflow.experiment.format.forcing import CONTACT_STRENGTH
from epyflow.figures.bands import at_level
from epyflow.figures.read_tables import KEYS, Place, read_table, rows_by_population
from epyflow.files import write_bytes_atomically
from epyflow.report.headline import INTERVALS, interval_of_weeks
from epyflow.report.outcome_words import (
    ON_CONTACTS,
    Effect,
    OutcomePage,
    closures_in_words,
    effects_in_words,
    page_of,
)

TRAJECTORIES, MEDIANS = "trajectories", "medians of each period"
FEW_VALUES = 6
"""Most values of a parameter that have a row each; more are divided into thirds."""

COLUMNS = (
    *("location", "quantity", "value", "parameter_sets", "simulations", "transition", "source"),
    *(f"total_{name}" for name in INTERVALS),
    *(f"attack_percent_{name}" for name in INTERVALS),
    *(f"peak_size_{name}" for name in INTERVALS),
    *(f"peak_week_{name}" for name in INTERVALS),
)


def write_outcomes(
    files: Mapping[str, Path],
    places: Sequence[Place],
    about: Mapping[str, Any],
    *,
    numbers: Path,
    page: Path,
) -> None:
    """Write the outcomes as CSV, and what the front page shows of them as JSON.

    Parameters
    ----------
    files
        ``model_metadata``; ``quantiles_transitions``, ``trajectories_transitions`` and
        ``effective_reproduction_number`` if the run has them.
    places
        Populations of the run.
    about
        Description of the experiment.
    numbers
        A row for each population, quantity, value and transition: see :func:`outcomes`.
    page
        See :func:`epyflow.report.outcome_words.page_of`.
    """
    members = read_table(files["model_metadata"])
    members = members[members["status"] == "ok"].set_index("primary_id")
    medians, trajectories = (
        dict(rows_by_population(files[name])) if name in files else {}
        for name in ("quantiles_transitions", "trajectories_transitions")
    )
    infections = {
        f"{each['source']}_to_{each['target']}_total"
        for each in about["model"]["transitions"]
        if each["kind"] == "mediated"
    }
    rows, effects = [], []
    for place in places:
        its = members[members["population"] == place.name]
        found_there = list(_samples(medians.get(place.name), trajectories.get(place.name)))
        if found_there and not its.empty:
            samples = pd.concat(found_there, ignore_index=True)
            found = outcomes(samples, its, about["quantities"], infections)
            rows += [{"location": place.label, **row} for row in found]
            effects += list(effects_of_closures(samples, its, about["quantities"], place.label))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_bytes_atomically(numbers, text.encode())
    shown: OutcomePage = page_of(rows, about)
    shown["sentences"] += effects_in_words(effects, about)
    if "effective_reproduction_number" in files and _has_closures(about):
        shown["sentences"] += _closures(files["effective_reproduction_number"], places, members)
    write_bytes_atomically(page, (json.dumps(shown, indent=1) + "\n").encode())


def _samples(
    medians: pd.DataFrame | None, trajectories: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:
    """Yield total and peak of each transition: of each trajectory, or else of the medians."""
    sources = [] if trajectories is None else [(TRAJECTORIES, trajectories)]
    if medians is not None:
        sources.append((MEDIANS, at_level(medians, 0.5).assign(sim_id=0)))
    done: set[str] = set()
    for source, table in sources:
        series = [name for name in map(str, table) if name not in (*KEYS, "sim_id", *done)]
        keys = [table["primary_id"], table["sim_id"]]
        for name in series:
            if not name.endswith("_total"):
                continue
            done.add(name)
            values = table[name].reset_index(drop=True).astype(np.float64)
            groups = values.groupby([key.reset_index(drop=True) for key in keys])
            top = groups.idxmax()
            yield pd.DataFrame(
                {
                    "primary_id": top.index.get_level_values(0),
                    "transition": name,
                    "source": source,
                    "total": groups.sum().to_numpy(),
                    "peak": values[top].to_numpy(),
                    "week": table["date"].to_numpy(dtype=object)[top.to_numpy()],
                }
            )


def outcomes(
    samples: pd.DataFrame,
    members: pd.DataFrame,
    quantities: Mapping[str, Any],
    infections: set[str],
) -> list[dict[str, Any]]:
    """Summarise totals and peaks by the values of each quantity.

    Parameters
    ----------
    samples
        A row per simulation and transition: ``primary_id``, ``transition``, ``source``, ``total``
        and ``peak`` (persons), ``week`` (of the peak, ISO 8601).
    members
        ``model_metadata`` of the population by ``primary_id``.
    quantities
        The quantities that are varied.
    infections
        Transitions whose total is an attack rate, as a share of the population.

    Returns
    -------
    rows
        The columns of :data:`COLUMNS` but the location; quantities of :data:`INTERVALS` over
        simulations and parameter sets. Medians of each period do not have the variation between
        simulations, and one simulation has none: these rows have the median alone.
    """
    initial = [
        name for name in map(str, members) if name.startswith("init_") and name.endswith("_total")
    ]
    persons = members[initial].astype(np.float64).sum(axis=1)
    rows = []
    for quantity, value, chosen in _groups(members, quantities):
        part = samples[samples["primary_id"].isin(chosen)]
        for (transition, source), its in part.groupby(["transition", "source"], sort=False):
            row: dict[str, Any] = {
                "quantity": quantity,
                "value": value,
                "parameter_sets": len(chosen),
                "simulations": int(members.loc[chosen, "n_sims"].astype(int).sum()),
                "transition": transition,
                "source": source,
            }
            share = 100 * its["total"].to_numpy() / persons[its["primary_id"]].to_numpy()
            uncertain = source == TRAJECTORIES and len(its) > 1
            levels = INTERVALS if uncertain else {"median": INTERVALS["median"]}
            for name, level in levels.items():
                row[f"total_{name}"] = float(its["total"].quantile(level))
                row[f"peak_size_{name}"] = float(its["peak"].quantile(level))
                if transition in infections and len(initial):
                    row[f"attack_percent_{name}"] = float(np.quantile(share, level))
            row |= interval_of_weeks(its["week"], levels)
            rows.append(row)
    return rows


def effects_of_closures(
    samples: pd.DataFrame, members: pd.DataFrame, quantities: Mapping[str, Any], location: str
) -> Iterator[Effect]:
    """Compare parameter sets that differ in the strength of interventions on contacts alone.

    Parameters
    ----------
    samples, members, quantities
        As for :func:`outcomes`.
    location
        Label of the population.

    Yields
    ------
    effect
        Of each transition: the changes from strength 0 to 1 of the medians of total and peak, in
        per cent, with their median and interval over the pairs of parameter sets.
    """
    if CONTACT_STRENGTH not in quantities:
        return
    rest = [column for name in quantities if (column := _column(name)) in members]
    rest.remove(CONTACT_STRENGTH)
    sets = members[[*rest, CONTACT_STRENGTH]]
    for transition, its in samples.groupby("transition", sort=False):
        medians = its.groupby("primary_id")[["total", "peak"]].median().join(sets)
        without, full = (
            medians[medians[CONTACT_STRENGTH] == strength].set_index(rest)[["total", "peak"]]
            for strength in (0, 1)
        )
        changes = (100 * (full / without - 1)).dropna()
        if len(changes):
            found = {
                f"{name}_{end}": float(changes[name].quantile(level))
                for name in changes
                for end, level in INTERVALS.items()
            }
            yield Effect(location, str(transition), len(changes), found)


def _column(quantity: str) -> str:
    """Return the column of ``model_metadata`` that has a quantity."""
    if quantity == "start_date_days":
        return "start_date"
    return f"{quantity}_total" if quantity.startswith("init_") else quantity


def _groups(
    members: pd.DataFrame, quantities: Mapping[str, Any]
) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield all parameter sets, then those of each value, or of each third, of a quantity."""
    yield "all", "all", members.index.tolist()
    for name in quantities:
        column = _column(name)
        if column not in members:
            continue
        values = members[column]
        distinct = sorted(values.unique())
        if len(distinct) <= FEW_VALUES:
            for value in distinct:
                yield name, _written(value), values.index[values == value].tolist()
            continue
        thirds = np.array_split(np.array(distinct, dtype=object), 3)
        for words, third in zip(("lowest", "middle", "highest"), thirds, strict=True):
            ends = f"{_written(third[0])} to {_written(third[-1])}"
            yield name, f"{ends} ({words} third)", values.index[values.isin(third)].tolist()


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _has_closures(about: Mapping[str, Any]) -> bool:
    return not {*ON_CONTACTS}.isdisjoint(about["forcing"])


def _closures(table: Path, places: Sequence[Place], members: pd.DataFrame) -> list[str]:
    """Say how far R falls at its deepest short fall, in simulations with closures in full.

    It is compared with the mean of the periods that end two weeks earlier and two weeks later.
    """
    varied = CONTACT_STRENGTH in members
    if varied:
        strength = members[CONTACT_STRENGTH]
        members = members[strength == strength.max()]
    labels = {place.name: place.label for place in places}
    deepest: dict[str, list[tuple[str, dict[str, float]]]] = {}
    for name, rows in rows_by_population(table):
        medians = at_level(rows[rows["primary_id"].isin(members.index)], 0.5)
        days = medians.pivot_table(
            index="date", columns="primary_id", values="effective_reproduction_number"
        )
        apart = pd.to_datetime(days.index.to_series()).diff().dt.days.median()
        steps = max(1, round(14 / apart)) if len(days) > 1 else 1
        around = (days.shift(steps) + days.shift(-steps)) / 2
        falls = 100 * (1 - days / around)
        typical = falls.median(axis=1).dropna()
        if typical.empty or typical.max() <= 0:
            continue
        day = str(typical.idxmax())
        fall = {
            name: float(np.nanquantile(falls.loc[day], level)) for name, level in INTERVALS.items()
        }
        deepest.setdefault(day, []).append((labels.get(name, name), fall))
    return closures_in_words(deepest, everywhere=not varied)
