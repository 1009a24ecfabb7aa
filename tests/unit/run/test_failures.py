import gzip
import json

import pytest
from snakemake.api import SnakemakeApi  # noqa: F401 - imported first, as by Snakemake itself
from snakemake.jobs import Reason

from epyflow.artifacts import pickling
from epyflow.errors import EpyflowError
from epyflow.run import failures as failed
from epyflow.storage.disk import Disk
from tests.unit import factories
from tests.unit.run.made_up import run_plan

PLAN = run_plan()
FOLDER = "results/202501/round1/main/runner-artifacts"


class Counting(Disk):
    """Files on disk; remembers which were read."""

    def __init__(self, root):
        super().__init__(root)
        self.wanted = []

    def read(self, path, most=None):
        self.wanted.append(path)
        return super().read(path, most)


@pytest.fixture
def storage(tmp_path):
    return Counting(tmp_path)


def write_result(storage, artifact, task):
    storage.write(f"{FOLDER}/result_{task:05d}.pkl", pickling.to_bytes(artifact))


def table(folder, *failed_members):
    path = folder / "model_metadata.csv.gz"
    rows = [f"{i},{'failed' if i in failed_members else 'ok'}" for i in range(10)]
    with gzip.open(path, "wt") as file:
        file.write("\n".join(["primary_id,status", *rows]) + "\n")
    return path


def test_where_no_member_failed_no_result_is_read(storage, tmp_path):
    assert failed.read_failures(PLAN, table(tmp_path), storage) == ()
    assert storage.wanted == []


def test_the_records_of_the_failed_members_tasks_are_read_and_no_other(storage, tmp_path):
    records = {task: factories.failure(index=task) for task in (2, 3)}
    for task, record in records.items():
        write_result(storage, record, task)

    # Member 4 is alone in task 2; 5 and 6 are in task 3, the first of the second population.
    found = failed.read_failures(PLAN, table(tmp_path, 4, 5, 6), storage)

    assert found == (records[2], records[3])
    assert len(storage.wanted) == 2


def test_a_task_that_has_succeeded_since_is_no_failure(storage, tmp_path):
    result = factories.result([factories.member_result(compartments=[[[[1, 2], [3, 4]]]])])
    write_result(storage, result, 5)

    assert failed.read_failures(PLAN, table(tmp_path, 9), storage) == ()


@pytest.fixture
def results(storage):
    for task in range(6):
        write_result(storage, factories.failure(index=task), task)
    return storage


def metadata(folder, *failures):
    path = folder / "run_metadata.json"
    path.write_text(json.dumps({"failures": failures}))
    return path


def test_a_complete_run_is_confirmed_and_nothing_is_removed(results, tmp_path):
    failed.confirm_complete(metadata(tmp_path), PLAN, results)

    assert len(results.names(FOLDER)) == 6


def test_failed_tasks_are_listed_and_their_records_removed(results, tmp_path):
    path = metadata(
        tmp_path,
        {"task": 1, "population": "Atlantis", "stage": "build", "cause": "no such place"},
        {"task": 4, "population": "Vermont", "stage": "run", "cause": "ValueError: 7"},
    )

    with pytest.raises(EpyflowError) as caught:
        failed.confirm_complete(path, PLAN, results)

    message = str(caught.value)
    assert "2 of 6 tasks failed" in message
    assert "\n  Atlantis, task 1: no such place\n  Vermont, task 4: ValueError: 7" in message
    assert set(results.names(FOLDER)) == {f"result_0000{task}.pkl" for task in (0, 2, 3, 5)}


def test_records_that_are_gone_already_are_no_problem(storage, tmp_path):
    path = metadata(tmp_path, {"task": 2, "population": "Vermont", "stage": "run", "cause": "why"})

    with pytest.raises(EpyflowError, match="1 of 6"):
        failed.confirm_complete(path, PLAN, storage)


def reason(*missing, incomplete=(), changed=False, updated=()):
    """Return why Snakemake would do a job again, as it says itself."""
    found = Reason()
    found.missing_output.update(missing)
    found.incomplete_output.update(incomplete)
    found.updated_input.update(updated)
    found.updated_input_run.add("what another job makes anew")
    found.code_changed = changed
    return found


COMPLETE = "gs://bucket/results/202501/round1/main/complete.txt"


@pytest.mark.parametrize(
    ("jobs", "to_build", "count"),
    [
        ([("finish_run", reason(COMPLETE))], (), 2),
        ([("run_task", reason(f"{FOLDER}/result_00004.pkl")), ("make_tables", reason())], (), 2),
        ([("build_inputs", reason(updated=["start.json"]))], (1, 4), 2),
        ([("build_inputs", reason(updated=["start.json"]))], (1, 2), None),
        ([("run_task", reason(f"{FOLDER}/result_00002.pkl"))], (), None),
        ([("make_tables", reason(changed=True))], (), None),
        ([("make_tables", reason(incomplete=["outputs/posteriors.csv.gz"]))], (), None),
        ([("draw_scores", reason(updated=["final.csv"]))], (), None),
    ],
)
def test_only_what_failed_is_left_if_a_start_would_do_nothing_else(storage, jobs, to_build, count):
    record = {"failures": [{"task": 1}, {"task": 4}]}
    storage.write(PLAN.layout.metadata, json.dumps(record).encode())

    assert failed.only_failed_left(jobs, [PLAN], {"main": to_build}, storage) == count


def test_without_a_record_no_task_is_known_to_have_failed(storage):
    missing = [("run_task", reason(f"{FOLDER}/result_00001.pkl"))]

    assert failed.only_failed_left(missing, [PLAN], {}, storage) is None
    assert failed.only_failed_left([("finish_run", reason(COMPLETE))], [PLAN], {}, storage) == 0
