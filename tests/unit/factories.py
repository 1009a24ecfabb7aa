"""Small tasks and results with figures that can be checked by hand."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from epyflow.artifacts.task import (
    DailyDoses,
    Failure,
    Fit,
    Generation,
    Member,
    MemberResult,
    Observations,
    PackedArray,
    Population,
    Result,
    Task,
)

FIRST_DAY = date(2025, 1, 4)


def population() -> Population:
    return Population(
        name="United_States_Massachusetts",
        location="US-MA",
        age_groups=("0-17", "18+"),
        sizes=np.array([300, 700]),
        contacts={
            "home": np.array([[1.0, 2.0], [0.5, 1.5]]),
            "school": np.array([[4.0, 0.0], [0.0, 0.25]]),
        },
        source="made up",
    )


def task(index: int = 0, **changes: Any) -> Task:
    fields: dict[str, Any] = {
        "index": index,
        "code": "0123456789ab",
        "seed": 7,
        "strategy": "simulate",
        "engine": "compiled",
        "model": '{"name":"SIR"}',
        "population": population(),
        "doses": DailyDoses(FIRST_DAY, np.array([[10.0, 20.5]])),
        "closure_days": (FIRST_DAY, FIRST_DAY + timedelta(days=1)),
        "members": (Member(0, 0, {"beta": 0.3}, {"I": 0.01}, FIRST_DAY),),
    }
    return Task(**{**fields, **changes})


def weeks(count: int) -> tuple[date, ...]:
    """Saturdays from :data:`FIRST_DAY` on."""
    return tuple(FIRST_DAY + timedelta(weeks=week) for week in range(count))


def member_result(
    primary_id: int = 0,
    *,
    compartments: Any,
    transitions: Any = None,
    parameters: Mapping[str, float | tuple[float, ...]] | None = None,
    initial: Mapping[str, tuple[int, ...]] | None = None,
    scenario: str | None = None,
    reproduction: Any = None,
) -> MemberResult:
    """Arrays are (simulations, dates, names, age groups), as nested lists or arrays.

    ``reproduction`` is (simulations, dates), in units of ``REPRODUCTION_UNIT``.
    """
    persons = np.asarray(compartments)
    moves = persons[:, :, :1] * 0 if transitions is None else np.asarray(transitions)
    return MemberResult(
        primary_id=primary_id,
        start_date=date(2024, 12, 29),
        end_date=date(2025, 3, 1),
        parameters={"beta": 0.3} if parameters is None else parameters,
        initial={"S": (290, 690), "I": (10, 10)} if initial is None else initial,
        dates=weeks(persons.shape[1]),
        compartments=PackedArray.pack(persons),
        transitions=PackedArray.pack(moves),
        scenario=scenario,
        reproduction=None
        if reproduction is None
        else PackedArray.pack(np.asarray(reproduction)[:, :, np.newaxis, np.newaxis]),
    )


def result(members: Sequence[MemberResult], index: int = 0, **changes: Any) -> Result:
    fields: dict[str, Any] = {
        "index": index,
        "code": "0123456789ab",
        "seed": 7,
        "population": "United_States_Massachusetts",
        "location": "US-MA",
        "age_groups": ("0-17", "18+"),
        "compartments": ("S", "I"),
        "transitions": ("S_to_I",),
        "delta_t": 0.5,
        "members": tuple(members),
    }
    return Result(**{**fields, **changes})


def failure(index: int = 1, **changes: Any) -> Failure:
    fields: dict[str, Any] = {
        "index": index,
        "seed": 7,
        "population": "Atlantis",
        "location": None,
        "primary_ids": (10, 11),
        "stage": "run",
        "cause": "the population is not known\ncheck its name",
    }
    return Failure(**{**fields, **changes})


def generation(particles: Any = ((0.25, 3.0), (0.75, 10.5)), **changes: Any) -> Generation:
    """Two particles of beta and the start, compared on two Saturdays."""
    values = np.asarray(particles, dtype=np.float64)
    count = len(values)
    fields: dict[str, Any] = {
        "particles": values,
        "weights": np.full(count, 1 / count),
        "distances": np.arange(1.0, count + 1),
        "epsilon": float("inf"),
        "simulations": count,
        "series": PackedArray.pack(np.zeros((count, 2, 1))),
    }
    return Generation(**{**fields, **changes})


def fit(**changes: Any) -> Fit:
    """Beta and the start, fitted to the first two Saturdays; the second has no observation.

    Observations and series are repeated for each of the ``comparisons``.
    """
    width = len(changes.get("comparisons", "1"))
    series = np.tile([[[0], [4]], [[8], [4]], [[4], [8]], [[4], [8]]], width)
    fields: dict[str, Any] = {
        "strategy": "smc",
        "settings": {"num_particles": "2", "max_time": '"4h"', "epsilon_schedule": "null"},
        "names": ("beta", "start_date_days"),
        "reference_date": date(2024, 12, 1),
        "window": (date(2025, 1, 1), date(2025, 1, 12)),
        "comparisons": ("S_to_I_total",),
        "observations": Observations(weeks(2), np.tile([[12.0], [np.nan]], width)),
        "generations": (
            generation(series=PackedArray.pack(np.zeros((2, 2, width)))),
            generation(
                ((0.5, 3.5),) * 4,
                weights=np.array([0.5, 0.25, 0.125, 0.125]),
                distances=np.array([0.5, 4.0, 0.25, 1.0]),
                epsilon=1.5,
                simulations=16,
                series=PackedArray.pack(series),
            ),
        ),
        "ended": "complete",
        "projected_generation": None,
    }
    return Fit(**{**fields, **changes})


def calibration(members: Sequence[MemberResult] = (), index: int = 0, **changes: Any) -> Result:
    """A result with a fit; ``members`` is its projection."""
    fitted = changes.pop("fit", None) or fit(projected_generation=1 if members else None)
    return result(members, index, fit=fitted, **changes)
