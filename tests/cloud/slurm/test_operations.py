"""Run the commands of epyflow on a real cluster of one node, without accounting."""

from datetime import UTC, datetime

import pytest

from epyflow.operations.doctor import slurm_checks
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.examination import Examination
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.setup.slurm_defaults import guess_slurm_site
from epyflow.operations.slurm import commands
from epyflow.operations.slurm.jobs import queued_jobs
from tests.cloud.slurm.cluster import PARTITIONS, ClusterWorkspace

pytestmark = pytest.mark.slurm


@pytest.fixture
def workspace(cluster, tmp_path, monkeypatch):
    """A clone on the cluster's login node."""
    made = ClusterWorkspace(tmp_path, cluster)
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return made


def test_partitions_and_their_limits_are_those_of_the_configuration(workspace, cluster):
    found = {each.name: each for each in commands.partitions()}

    assert list(found) == list(PARTITIONS)
    assert (found["day"].is_default, found["day"].is_up, found["day"].minutes) == (True, True, 1440)
    assert (found["short"].is_default, found["short"].minutes) == (False, 60)
    assert found["day"].memory_mb == cluster.memory
    assert commands.configuration()["MinJobAge"] == "300 sec"


def test_no_account_is_proposed_where_there_is_no_accounting(workspace):
    assert guess_slurm_site({}) == {"partition": "day"}


def test_the_doctor_finds_nothing_wrong_but_a_partition_that_is_too_short(workspace, monkeypatch):
    present = dict.fromkeys(slurm_checks.PLUGINS, "of the test")
    monkeypatch.setattr(slurm_checks, "installed", lambda: present)

    def states() -> dict[str, str]:
        examination = Examination(slurm_checks.SLURM, Context())
        return {check.id: result.state for check, result in examination}

    assert set(states().values()) == {"ok"}
    (workspace.folder / "profiles" / "slurm" / "site.yaml").write_text("partition: short\n")
    found = states()
    assert found.pop("partition") == "failed"
    assert set(found.values()) == {"ok"}


def test_tasks_that_wait_are_counted_with_their_reason(workspace, cluster, tmp_path):
    record = Coordinator(
        exp_id="small",
        run_id="main",
        host="elsewhere",
        pid=1,
        process_started=0.0,
        folder=str(tmp_path),
        started=datetime.now(UTC),
    )
    cluster.ask(
        *("sbatch", "--hold", "--array=1-3", "--chdir", str(tmp_path), "--wrap=true"),
        "--comment=rule_run_task_wildcards_small_main_00000",
    )

    found = queued_jobs(record)

    assert found is not None
    assert found.described() == "3 jobs: 3 pending (JobHeldUser)"
