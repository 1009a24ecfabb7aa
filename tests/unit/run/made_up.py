"""Plans of two populations with three tasks each: five members to a population, two to a task."""

from typing import Any

from epyflow.run.plan import Plan, Population, RunPlan

LEFT = Population("Left", "The left", "US-LE")
RIGHT = Population("Right", "The right", None)


def run_plan(**changes: Any) -> RunPlan:
    """Return the plan of a run."""
    content: dict[str, Any] = {
        "exp_id": "202501/round1",
        "run_id": "main",
        "build": "local",
        "seed": 7,
        "code": {"build": "1", "run": "2", "tables": "3"},
        "populations": (LEFT, RIGHT),
        "experiment": "abcd",
        "data": {"doses.csv": "ef01"},
        "tasks": ("aa", "ab", "ac", "ba", "bb", "bc"),
        "members": 10,
        "members_per_task": 2,
        "simulations": 30,
    }
    return RunPlan(**content | changes)


def plan_of(*runs: RunPlan, **changes: Any) -> Plan:
    """Return a plan of runs; its own run is ``main``."""
    first = runs[0]
    content: dict[str, Any] = {
        "exp_id": first.exp_id,
        "run_id": "main",
        "build": first.build,
        "partial_results": False,
        "seed": first.seed,
        "code": first.code,
        "populations": first.populations,
        "tables": {"posteriors": {"quantiles": [0.5], "series": None}},
        "labels": {"S": "Susceptible"},
        "about": {"text": "Made up", "fit": None},
        "runs": runs,
    }
    return Plan(**content | changes)
