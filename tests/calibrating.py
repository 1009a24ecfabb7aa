"""A small calibration for tests: an SIR of two age groups against a few weeks of infections."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from epyflow.artifacts.task import Observations, Task
from epyflow.calibration.smc import Smc
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from tests.building import compartments, people, scalar, sir, task

AGES = ("0-17", "18+")
SIZES = (20_000, 60_001)
FIRST_WEEK = date(2024, 10, 5)
WEEKLY = (200.0, 500.0, 1300.0, 2500.0)
WINDOW = (FIRST_WEEK, FIRST_WEEK + timedelta(weeks=3))
REFERENCE = date(2024, 10, 1)

PRIORS = {
    "beta": {"type": "scipy", "name": "uniform", "args": [0.02, 0.05]},
    "mu": {"type": "scipy", "name": "norm", "args": [0.4, 0.02]},
    "I": {"type": "scipy", "name": "uniform", "args": [0.001, 0.02]},
    "start": {"type": "scipy", "name": "randint", "args": [0, 12]},
}


def model(**changes: Any) -> Model:
    """Return an SIR whose beta, mu, initial I and start are calibrated."""
    calibrated = {"type": "calibrated"}
    section: dict[str, Any] = {
        "ages": AGES,
        "start": "calibrated",
        "end": "2024-11-16",
        "resample_frequency": "W-SAT",
        "compartments": compartments(S="default", I="calibrated", R=None),
        "parameters": {"beta": calibrated, "mu": calibrated, "unused": scalar(1)},
    }
    return sir(**{**section, **changes})


def section(name: str, options: Mapping[str, Any], **changes: Any) -> Calibration:
    """Return the calibration section; any key can be replaced."""
    written: dict[str, Any] = {
        "strategy": {"name": name, "options": dict(options)},
        "observed_data_path": "observed.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "simulation": ["S_to_I_total"],
            }
        ],
        "fitting_window": {"start_date": str(WINDOW[0]), "end_date": str(WINDOW[1])},
        "start_date": {"reference_date": str(REFERENCE), "prior": PRIORS["start"]},
        "parameters": {name: {"prior": PRIORS[name]} for name in ("beta", "mu")},
        "compartments": {"I": {"prior": PRIORS["I"]}},
        "projection": {"n_trajectories": 5},
    }
    return Calibration.model_validate({**written, **changes})


def observed(*columns: tuple[float, ...], every: int = 7) -> Observations:
    """Return observations from the first week on; NaN where there is no value."""
    columns = columns or (WEEKLY,)
    dates = tuple(FIRST_WEEK + timedelta(days=every * number) for number in range(len(columns[0])))
    return Observations(dates, np.array(columns, dtype=np.float64).T)


def calibration_task(
    calibration: Calibration,
    written: Model | None = None,
    observations: Observations | None = None,
    **changes: Any,
) -> Task:
    """Return a task that calibrates made-up people."""
    return task(
        model() if written is None else written,
        people(SIZES, ages=AGES),
        strategy=calibration.strategy.name,
        calibration=json.dumps(calibration.model_dump(mode="json")),
        observations=observed() if observations is None else observations,
        **changes,
    )


class StoppedError(Exception):
    """Stands for the end of the process."""


@contextmanager
def stopped_after(generations: int) -> Iterator[None]:
    """Let calibrations end as if killed, in the step after the checkpoint of a generation."""
    step = Smc.step

    def step_or_stop(smc: Smc) -> bool:
        if len(smc.done) == generations:
            raise StoppedError
        return step(smc)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Smc, "step", step_or_stop)
        yield
