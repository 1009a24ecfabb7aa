"""``epyflow doctor --slurm``: one thing wrong at a time."""

import shutil
from pathlib import Path

import pytest
from tests.unit.operations.slurm.answers import ACCOUNTED, ALONE, install

from epyflow.operations.doctor import slurm_checks
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.examination import Examination

ROOT = Path(__file__).resolve().parents[4]
SITE = Path("profiles/slurm/site.yaml")
PROFILE = Path("profiles/slurm/config.yaml")


@pytest.fixture
def cluster(tmp_path, monkeypatch) -> Path:
    """A clone on a login node where all is right; return the folder of Slurm's commands."""
    ignored = shutil.ignore_patterns("site.yaml")
    shutil.copytree(ROOT / "profiles" / "slurm", tmp_path / "profiles" / "slurm", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    SITE.write_text("account: epi_lab\n")
    present = dict.fromkeys(slurm_checks.PLUGINS, "2.8.0")
    monkeypatch.setattr(slurm_checks, "installed", lambda: present)
    return install(tmp_path / "bin", ACCOUNTED, monkeypatch)


def wrong() -> dict[str, str]:
    """What is neither ok nor skipped: check to what was found and what to do."""
    found = Examination(slurm_checks.SLURM, Context())
    return {
        check.id: f"{result.found} → {result.remedy}"
        for check, result in found
        if result.state in ("failed", "warning")
    }


def test_a_cluster_where_all_is_right(cluster):
    assert wrong() == {}


def test_a_missing_plugin_names_the_command_that_installs_it(cluster, monkeypatch):
    monkeypatch.setattr(slurm_checks, "installed", dict)

    assert wrong()["slurm-plugin"].endswith("→ make setup WITH=slurm")


def test_elsewhere_than_on_a_login_node_nothing_else_is_checked(cluster):
    for name in ("sbatch", "srun"):
        (cluster / name).unlink()

    assert wrong() == {
        "slurm": "not on PATH: sbatch, srun → start runs on a login node of the cluster"
    }


@pytest.mark.parametrize(
    ("site", "check", "words"),
    [
        ("partition: shrot", "partition", "no partition 'shrot' (did you mean short?)"),
        ("partition: short", "partition", "run_task: runtime 600 min, the partition allows 60"),
        ("partition: old", "partition", "old: not up, so jobs wait"),
        ("account: other", "account", "other is not one of yours: epi_lab"),
        ("acount: other", "slurm-site", "unknown key 'acount'"),
    ],
)
def test_a_wrong_setting_is_found_before_the_run(cluster, site, check, words):
    SITE.write_text(f"{site}\n")

    found = wrong()

    assert list(found) == [check]
    assert words in found[check]


def test_one_of_several_partitions_has_to_allow_the_run(cluster):
    SITE.write_text("partition: short,long\n")

    assert wrong() == {}


def test_more_memory_than_any_node_has_is_found(cluster):
    PROFILE.write_text(PROFILE.read_text().replace("mem_mb: 8192 * attempt", "mem_mb: 200000"))

    assert "make_tables: mem_mb 200000, the largest node has 128000" in wrong()["partition"]


def test_without_accounting_an_account_and_sacct_are_refused(cluster, monkeypatch):
    install(cluster, ALONE, monkeypatch)
    SITE.write_text("account: epi_lab\nstatus_command: sacct\n")

    found = wrong()

    assert found == {
        "account": "epi_lab cannot be checked, because the cluster has no accounting → remove "
        "account from profiles/slurm/site.yaml",
        "job-states": "by sacct, which needs accounting → status_command: squeue in "
        "profiles/slurm/site.yaml",
    }
    SITE.write_text("partition: day\n")
    assert wrong() == {}


def test_squeue_needs_a_controller_that_remembers_ended_jobs(cluster, monkeypatch):
    short = ACCOUNTED["scontrol"].replace("300 sec", "60 sec")
    install(cluster, {"scontrol": short}, monkeypatch)

    assert wrong()["job-states"] == (
        "by squeue, which shows ended jobs for 60 s (MinJobAge); expected 200 s, else a run waits "
        "forever → status_command: sacct in profiles/slurm/site.yaml"
    )


def test_a_cluster_without_arrays_is_found(cluster, monkeypatch):
    none = ACCOUNTED["scontrol"].replace("1001", "1")
    install(cluster, {"scontrol": none}, monkeypatch)

    assert wrong()["arrays"].startswith("the cluster allows no job arrays (MaxArraySize 1)")
