"""Inputs are built run by run, and recorded where they were built."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from epyflow.run import input_build
from tests.unit.run.made_up import plan_of, run_plan

FIRST, SECOND = "main/2025-01-11", "main/2025-01-18"
INPUTS = {
    (FIRST, 0): Path("a0"),
    (SECOND, 0): Path("b0"),
    (FIRST, 1): Path("a1"),
}


@pytest.fixture
def calls(monkeypatch):
    """Replace the experiment and the record; the second task of a run cannot be built."""
    found = []

    def prepare(settings, seed, sources, run_id):
        def write(paths):
            found.append(("write", run_id, paths))
            return [1] if 1 in paths else []

        return SimpleNamespace(write=write)

    def record(name):
        return lambda run, paths, storage: found.append((name, run.run_id, dict(paths)))

    monkeypatch.setattr(input_build, "find_sources", lambda settings: None)
    monkeypatch.setattr(input_build, "prepare_build", prepare)
    monkeypatch.setattr(input_build.input_record, "forget", record("forget"))
    monkeypatch.setattr(input_build.input_record, "remember", record("remember"))
    return found


def test_each_run_of_a_replay_builds_its_own_inputs_and_records_those_that_it_could(calls):
    plan = plan_of(run_plan(run_id=FIRST), run_plan(run_id=SECOND))

    input_build.build_inputs(None, plan, INPUTS, None)

    first, second = {0: Path("a0"), 1: Path("a1")}, {0: Path("b0")}
    assert calls == [
        ("forget", FIRST, first),
        ("write", FIRST, first),
        ("remember", FIRST, {0: Path("a0")}),
        ("forget", SECOND, second),
        ("write", SECOND, second),
        ("remember", SECOND, second),
    ]
