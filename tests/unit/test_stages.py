"""The table of stages agrees with the rules of the workflow and with profiles/gcp."""

import re
from pathlib import Path

import pytest
import yaml

from epyflow.stages import STAGES, stage_of_file, stage_of_rule

ROOT = Path(__file__).resolve().parents[2]


def rules_of_the_workflow() -> list[str]:
    text = "\n".join(path.read_text() for path in (ROOT / "workflow").glob("rules/*.smk"))
    return re.findall(r"^ *rule (\w+):", text, re.MULTILINE)


def test_every_rule_of_the_workflow_belongs_to_one_stage():
    rules = rules_of_the_workflow()

    assert {"build_inputs", "run_task", "write_run_metadata"} <= set(rules)
    for rule in rules:
        assert [name for name, stage in STAGES.items() if stage.has_rule(rule)] != [], rule
        assert sum(stage.has_rule(rule) for stage in STAGES.values()) == 1, rule


def test_every_rule_of_the_table_is_one_of_the_workflow():
    rules = rules_of_the_workflow()

    for stage in STAGES.values():
        for pattern in stage.rules:
            found = re.compile(pattern.replace("*", ".+"))
            assert any(found.fullmatch(rule) for rule in rules), pattern


def test_jobs_on_google_batch_are_labelled_with_the_stage_of_their_rule():
    profile = yaml.safe_load((ROOT / "profiles/gcp/config.yaml").read_text())
    labels = {
        rule: resources["googlebatch_labels"]
        for rule, resources in profile["set-resources"].items()
    }

    # Jobs of a group share a machine, which has the label of the first of them.
    grouped = {each.partition("=")[0]: "tables" for each in profile["groups"]}
    stages = {rule: grouped.get(rule, stage_of_rule(rule)) for rule in labels}

    assert grouped.keys() == {"make_tables", "make_submission", "draw_figures"}
    assert "run_task" in labels
    assert labels == {rule: f'?site.labels("{stage}")' for rule, stage in stages.items()}


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("builder-artifacts/input_00001.pkl", "build"),
        ("builder-artifacts/input_٠٠٠٠١.pkl", None),
        ("builder-artifacts/input_12345678901234567890.pkl", None),
        ("runner-artifacts/result_123456.pkl", "run"),
        ("runner-artifacts/checkpoint_00001.pkl", None),
        ("outputs/posteriors.csv.gz", "tables"),
        ("outputs/trajectories_transitions.parquet/US.parquet", "tables"),
        ("outputs/run_metadata.json", None),
        ("builder-artifacts/observed.csv", "observed"),
        ("figures/fit/US-NY.svg", "figures"),
        ("hub/2030-01-05-team-model.parquet", "hub"),
        ("hub/2030-01-05-team-model.csv.findings.json", None),
        ("scores/mean_scores.csv", "scores"),
    ],
)
def test_a_file_counts_for_the_stage_that_makes_it(path, stage):
    assert stage_of_file(path) == stage


def test_a_rule_that_is_not_of_the_workflow_has_no_stage():
    assert stage_of_rule("align_reads") is None
