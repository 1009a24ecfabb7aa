"""profiles/gcp says something about every rule, and says what it lacks."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from epyflow.google.site import Site
from tests.workflow.workspace import PROJECT

PROFILE = yaml.safe_load((PROJECT / "profiles" / "gcp" / "config.yaml").read_text())
EXPECTED = {
    "googlebatch_machine_type",
    "googlebatch_cpu_milli",
    "googlebatch_memory",
    "googlebatch_work_tasks_per_node",
    "googlebatch_boot_disk_gb",
    "googlebatch_parallelism",
    "googlebatch_labels",
    "runtime",
}


def compute_rules() -> set[str]:
    """Names of the rules whose jobs leave the coordinator."""
    rules = set()
    for path in (PROJECT / "workflow").rglob("*"):
        if path.suffix != ".smk" and path.name != "Snakefile":
            continue
        parts = re.split(r"^ *rule (\w+):", path.read_text(), flags=re.MULTILINE)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if "localrule: True" not in body:
                rules.add(name)
    return rules


def test_every_rule_that_leaves_the_coordinator_is_covered():
    assert {"build_inputs", "run_task", "make_tables"} < compute_rules()
    assert set(PROFILE["set-resources"]) == compute_rules()


@pytest.mark.parametrize("rule", PROFILE["set-resources"])
def test_a_rule_is_given_all_that_a_machine_needs(rule):
    assert set(PROFILE["set-resources"][rule]) == EXPECTED


def test_each_resource_is_explained():
    text = (PROJECT / "profiles" / "gcp" / "config.yaml").read_text()

    explained = set(re.findall(r"^# (\w+) +\S", text, re.MULTILINE))
    assert explained >= EXPECTED


def test_the_example_of_what_is_the_users_own_is_valid_and_complete():
    path = PROJECT / "profiles" / "gcp" / "site.example.yaml"
    text = path.read_text()

    given = Site.model_validate(yaml.safe_load(text))

    offered = set(re.findall(r"^#? ?(\w+): ", text, re.MULTILINE))
    assert given.region == "us-central1"
    assert offered >= set(Site.model_fields)


def test_the_readme_names_every_variable():
    text = (PROJECT / "profiles" / "README.md").read_text()
    rows = dict(re.findall(r"^\| `EPYFLOW_GCP_(\w+)` \| `(\w+)` \|", text, re.MULTILINE))

    assert rows == {name.upper(): name for name in Site.model_fields}


def test_what_is_missing_is_said_before_anything_starts(tmp_path):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EPYFLOW", "SNAKEMAKE"))}
    command = [sys.executable, "-m", "snakemake", "--profile", PROJECT / "profiles" / "gcp"]

    done = subprocess.run(
        [*command, "--snakefile", PROJECT / "workflow" / "Snakefile"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "usage:" not in done.stderr
    for name in ("PROJECT", "REGION", "STORAGE", "IMAGE", "SERVICE_ACCOUNT"):
        assert f"set EPYFLOW_GCP_{name}" in done.stderr
    assert list(tmp_path.iterdir()) == []
