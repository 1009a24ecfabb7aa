"""Small experiments, models and tasks for tests, without files."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import DailyDoses, Member, Population, Task
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import DEFAULT
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.inputs.build import numeric_json
from epyflow.population.locations import find

SEED = 20250118
AGES = ("0-17", "18-64", "65+")
SIZES = (20_000, 60_000, 20_001)


def transition(kind: str, source: str, target: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "source": source, "target": target, **fields}


def infection(source: str, target: str, mediator: str, rate: str | float) -> dict[str, Any]:
    return transition("mediated", source, target, mediator=mediator, rate=rate)


def spontaneous(source: str, target: str, rate: str | float) -> dict[str, Any]:
    return transition("spontaneous", source, target, rate=rate)


def scalar(value: float | str) -> dict[str, Any]:
    return {"type": "scalar", "value": value}


def calculated(value: str) -> dict[str, Any]:
    return {"type": "calculated", "value": value}


def sir(**changes: Any) -> Model:
    """Return an SIR model of October 2024; any key of the model section can be replaced.

    ``start``, ``end`` and ``delta_t`` replace those of the timespan; ``n_sims`` and
    ``resample_frequency`` those of the simulation; ``ages`` the age groups.
    """
    timespan = {
        "start_date": changes.pop("start", "2024-10-01"),
        "end_date": changes.pop("end", "2024-10-31"),
        "delta_t": changes.pop("delta_t", 1.0),
    }
    simulation = {
        "n_sims": changes.pop("n_sims", 2),
        "resample_frequency": changes.pop("resample_frequency", None),
    }
    section: dict[str, Any] = {
        "timespan": timespan,
        "simulation": simulation,
        "population": {"name": "US-MA", "age_groups": list(changes.pop("ages", AGES))},
        "compartments": compartments(S="default", I=0.01, R=None),
        "transitions": [infection("S", "I", "I", "beta"), spontaneous("I", "R", "mu")],
        "parameters": {"beta": scalar(0.03), "mu": scalar(0.4)},
    }
    return Model.model_validate({**section, **changes})


def compartments(**inits: Any) -> list[dict[str, Any]]:
    """Return compartments with their initial conditions; None for none."""
    return [
        {"id": name} if init is None else {"id": name, "init": init} for name, init in inits.items()
    ]


def layers(groups: int = len(AGES)) -> dict[str, NDArray[np.float64]]:
    """Return four contact layers without any symmetry, so that a transposed one is noticed."""
    rng = np.random.default_rng(5)
    names = ("school", "work", "home", "community")
    return {name: rng.uniform(0.2, 4.0, (groups, groups)) for name in names}


def people(
    sizes: Sequence[int] = SIZES,
    contacts: Mapping[str, NDArray[np.float64]] | None = None,
    ages: Sequence[str] = AGES,
) -> Population:
    return Population(
        name="United_States_Massachusetts",
        location="US-MA",
        age_groups=tuple(ages),
        sizes=np.array(sizes, dtype=np.int64),
        contacts=layers(len(sizes)) if contacts is None else contacts,
        source="made up",
    )


def one_age(size: int, contacts_per_day: float = 10.0) -> Population:
    """Return people who all meet each other alike."""
    return people((size,), {"all": np.array([[contacts_per_day]])}, ("0+",))


def member(
    number: int = 0,
    parameters: Mapping[str, float] | None = None,
    compartments: Mapping[str, float] | None = None,
    start_date: date | None = None,
) -> Member:
    return Member(number, number, parameters or {}, compartments or {}, start_date)


def task(
    model: Model,
    population: Population | None = None,
    members: Sequence[Member] = (member(),),
    doses: DailyDoses | None = None,
    closure_days: Sequence[date] = (),
    **changes: Any,
) -> Task:
    fields: dict[str, Any] = {
        "index": 0,
        "code": "0123456789ab",
        "seed": SEED,
        "strategy": "simulate",
        "engine": "compiled",
        "model": numeric_json(model),
        "population": people() if population is None else population,
        "doses": doses,
        "closure_days": tuple(closure_days),
        "members": tuple(members),
    }
    return Task(**{**fields, **changes})


def experiment(
    model: Model | None = None,
    sampling: Mapping[str, Any] | None = None,
    populations: Sequence[str] = ("US-MA",),
    folder: Path = Path("nowhere"),
    **modelset: Any,
) -> Experiment:
    """Return an experiment as it is after loading; ``sampling`` as written in a modelset."""
    section = {**modelset, **({"sampling": sampling} if sampling else {})}
    return Experiment(
        files=ExperimentFiles("test", folder, folder, folder),
        model=model or sir(),
        modelset=Modelset.model_validate(section) if section else None,
        output=DEFAULT,
        populations=tuple(find(name) for name in populations),
        sources=(),
        data={},
    )
