"""profiles/gcp-stock: the published plugins give the tables of a local run."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from snakemake_executor_plugin_googlebatch.command import write_entrypoint

from google_batch_emulator.emulator import Emulator
from tests.cloud.clouded import Rehearsed
from tests.workflow.workspace import PROJECT, TABLES

STOCK = yaml.safe_load((PROJECT / "profiles" / "gcp-stock" / "config.yaml").read_text())
OURS = yaml.safe_load((PROJECT / "profiles" / "gcp" / "config.yaml").read_text())
ENTRYPOINT = re.compile(r"<<EOF > /tmp/workdir/entrypoint.sh\n(.*)\nEOF\n", re.DOTALL)


@pytest.fixture
def stock(tmp_path: Path, google_batch: Emulator, prefix: str) -> Rehearsed:
    """A workspace that is run with ``profiles/gcp-stock``."""
    return Rehearsed(tmp_path, google_batch.environment, prefix, profile="profiles/gcp-stock")


def test_the_stock_plugins_give_the_tables_of_a_local_run(stock, google_batch, local):
    before = len(google_batch.store.all())

    # A name that is no valid label.
    done = stock.run(*TABLES, run_id="Week.1")

    assert done.code == 0, done.text
    assert stock.outputs("Week.1") == local
    jobs = [record.definition for record in google_batch.store.all()][before:]
    assert [job.task_groups[0].task_count for job in jobs] == [1, 1, 1]
    labels = [(job.labels["stage"], job.labels["run_id"]) for job in jobs]
    assert labels == [("run", "week-1"), ("run", "week-1"), ("tables", "week-1")]
    (instance,) = jobs[0].allocation_policy.instances
    assert instance.policy.machine_type == "c4d-standard-2"
    assert instance.policy.boot_disk.type_ == "hyperdisk-balanced"


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3), ("false && true", 1)])
def test_a_task_ends_with_the_exit_code_of_its_command_and_installs_nothing(command, code):
    whole = f"{STOCK['precommand']} && pip install --target 'folder' a-package && ({command})"
    match = ENTRYPOINT.search(write_entrypoint % whole)
    assert match is not None
    assert "python3 -m pip install" in match[1]

    # Without programs to find: what is installed here, is done by a function of the shell.
    done = subprocess.run(["/bin/bash", "-c", match[1]], env={"PATH": ""}, check=False)

    assert done.returncode == code


def test_every_rule_has_the_machine_and_the_labels_of_the_other_profile():
    names = ("machine_type", "cpu_milli", "memory", "boot_disk_gb", "parallelism")

    def machines(profile):
        return {
            rule: [resources[f"googlebatch_{name}"] for name in names]
            + [re.findall(r'labels\("(\w+)"\)', resources["googlebatch_labels"])]
            for rule, resources in profile["set-resources"].items()
        }

    assert machines(STOCK) == machines(OURS)


def test_every_rule_has_at_least_the_time_of_the_other_profile():
    for rule, resources in STOCK["set-resources"].items():
        seconds = int(resources["googlebatch_max_run_duration"].removesuffix("s"))
        assert seconds >= 60 * OURS["set-resources"][rule]["runtime"]


def test_jobs_that_share_a_machine_have_one_time_limit_and_one_kind_of_machine():
    together = [STOCK["set-resources"][text.split("=")[0]] for text in STOCK["groups"]]
    same = ("machine_type", "boot_disk_type", "max_run_duration", "labels")

    assert len(together) == 3
    for name in same:
        assert len({resources[f"googlebatch_{name}"] for resources in together}) == 1
