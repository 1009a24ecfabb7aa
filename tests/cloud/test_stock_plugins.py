"""profiles/gcp-stock: the published plugins are asked for the same as those of this project."""

import re
import subprocess

import pytest
import yaml
from install_groups import install_groups

from tests.workflow.workspace import PROJECT

STOCK = yaml.safe_load((PROJECT / "profiles" / "gcp-stock" / "config.yaml").read_text())
OURS = yaml.safe_load((PROJECT / "profiles" / "gcp" / "config.yaml").read_text())
ENTRYPOINT = re.compile(r"<<EOF > /tmp/workdir/entrypoint.sh\n(.*)\nEOF\n", re.DOTALL)


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3), ("false && true", 1)])
def test_a_task_ends_with_the_exit_code_of_its_command_and_installs_nothing(
    command, code, monkeypatch
):
    monkeypatch.syspath_prepend(install_groups("stock"))
    from snakemake_executor_plugin_googlebatch.command import write_entrypoint

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
