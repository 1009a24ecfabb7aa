from dataclasses import replace

import pytest

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Result
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.provenance import code as provenance
from epyflow.run import task_execution
from tests.building import member, sir, task
from tests.unit import factories

HERE = "abcdefabcdef"


@pytest.fixture(autouse=True)
def code(monkeypatch):
    monkeypatch.setattr(provenance, "code_version", lambda stage: HERE if stage == "run" else "")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "input_00003.pkl"


def planned(**changes):
    members = (member(10), member(11))
    built = task(sir(n_sims=1), members=members, index=3, code=HERE)
    return replace(built, **changes)


@pytest.mark.parametrize("partial", [False, True])
def test_a_task_that_runs_gives_its_result(path, partial):
    pickling.write(planned(), path)

    result = task_execution.run_or_record(path, partial=partial)

    assert isinstance(result, Result)
    assert (result.index, result.code) == (3, HERE)
    assert [each.primary_id for each in result.members] == [10, 11]


def test_a_task_that_fails_raises_its_cause(path):
    # A rate that is negative from the first day on.
    pickling.write(planned(model=broken()), path)

    with pytest.raises(EpyflowError, match=r"Massachusetts, member 10: rate .* is negative"):
        task_execution.run_or_record(path, partial=False)


def broken():
    return planned().model.replace('"rate":"beta"', '"rate":"beta-1"')


def test_with_partial_results_a_task_that_fails_gives_a_record(path):
    pickling.write(planned(model=broken()), path)

    failure = task_execution.run_or_record(path, partial=True)

    assert failure == Failure(
        index=3,
        seed=planned().seed,
        population="United_States_Massachusetts",
        location="US-MA",
        primary_ids=(10, 11),
        stage="run",
        cause="United_States_Massachusetts, member 10: rate 'beta-1' is negative on 2024-10-01: "
        "-0.97; expected 0 or more",
    )


def test_the_cause_of_an_unexpected_error_names_its_kind(path, monkeypatch):
    def run(_, checkpoint, saved):
        raise KeyError("school")

    monkeypatch.setattr(strategies, "run", run)
    pickling.write(planned(), path)

    assert task_execution.run_or_record(path, partial=True).cause == "KeyError: 'school'"
    with pytest.raises(KeyError):
        task_execution.run_or_record(path, partial=False)


@pytest.mark.parametrize("partial", [False, True])
def test_another_version_of_the_code_is_refused_by_both_names(path, partial):
    pickling.write(planned(code="0123456789ab"), path)

    with pytest.raises(EpyflowError, match=f"version 0123456789ab, but this worker has {HERE}"):
        task_execution.run_or_record(path, partial=partial)

    assert path.exists()


def test_a_task_that_could_not_be_built_stops_the_run_with_its_cause(path):
    pickling.write(factories.failure(stage="build", cause="no such place"), path)

    with pytest.raises(EpyflowError, match=r"^Atlantis could not be built: no such place$"):
        task_execution.run_or_record(path, partial=False)


def test_with_partial_results_a_task_that_could_not_be_built_is_passed_on(path):
    failure = factories.failure(stage="build")
    pickling.write(failure, path)

    assert task_execution.run_or_record(path, partial=True) == failure
    assert path.exists()


def test_a_damaged_input_is_refused(path):
    pickling.write(planned(), path)
    path.write_bytes(path.read_bytes()[:-10])

    with pytest.raises(ArtifactError, match="cut short or damaged"):
        task_execution.run_or_record(path, partial=True)
