"""An experiment of one file, for the tests that read it."""

from pathlib import Path

from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate

MODEL = """
model:
  timespan: {start_date: 2024-10-01, end_date: 2025-03-31}
  population: {name: US-MA, age_groups: ["0-64", "65+"]}
  compartments: [{id: S}, {id: I}]
  transitions: [{type: mediated, source: S, target: I, mediator: I, rate: 0.1}]
"""


def messages(folder: Path, **options: str) -> list[str]:
    return [str(problem) for problem in inspect(locate(folder), **options)[1]]
