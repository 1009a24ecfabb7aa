from datetime import UTC, datetime

import pytest
from tests.unit.operations.slurm.answers import install

from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.slurm.jobs import queued_jobs

RECORD = Coordinator(
    exp_id="us/flu",
    run_id="main",
    host="login2",
    pid=1,
    process_started=0.0,
    folder="/project/me/epyflow",
    started=datetime(2030, 3, 17, tzinfo=UTC),
)


def line(state: str, reason: str, comment: str, folder: str = RECORD.folder) -> str:
    return f"{state}|{reason}|{comment}|{folder}\n"


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A queue with five jobs of the run, and others that look like them."""
    text = (
        line("RUNNING", "None", "rule_run_task_wildcards_us_flu_main_00003") * 2
        + line("PENDING", "Resources", "rule_run_task_wildcards_us_flu_main_00003") * 2
        + line("PENDING", "Priority", "rule_make_tables_wildcards_us_flu_main_2030-03-10")
        # Other runs of the experiment, a run in another folder, a job that is not Snakemake's.
        + line("RUNNING", "None", "rule_run_task_wildcards_us_flu_main_2_00003")
        + line("RUNNING", "None", "rule_run_task_wildcards_us_flu_mainly_00003")
        + line("RUNNING", "None", "rule_run_task_wildcards_us_flu_main_00003", "/project/me/other")
        + line("RUNNING", "None", "(null)")
    )
    install(tmp_path / "bin", {"squeue": text, "sinfo": ""}, monkeypatch)


def test_jobs_of_the_run_are_counted_by_state_with_what_they_wait_for(queue):
    found = queued_jobs(RECORD)

    assert found is not None
    assert found.described() == "5 jobs: 3 pending, 2 running (Priority, Resources)"
    assert found.as_dict() == {
        "states": {"running": 2, "pending": 3},
        "reasons": {"Resources": 2, "Priority": 1},
    }


def test_a_run_that_has_ended_or_has_no_jobs_there_has_none(queue):
    assert queued_jobs(RECORD.after("complete")) is None
    assert queued_jobs(RECORD.model_copy(update={"exp_id": "us/covid"})) is None
    assert queued_jobs(None) is None


def test_without_slurm_nothing_is_asked(tmp_path, monkeypatch):
    install(tmp_path, {"squeue": line("RUNNING", "None", "x")}, monkeypatch)
    assert queued_jobs(RECORD) is None

    install(tmp_path, {"squeue": None, "sinfo": ""}, monkeypatch)
    assert queued_jobs(RECORD) is None
