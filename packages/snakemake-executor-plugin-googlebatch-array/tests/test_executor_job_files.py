"""Definitions of jobs that are written to files: all of them, nothing else happens, they run."""

import json
from pathlib import Path

import pytest
from google.cloud import batch_v1
from google.protobuf.json_format import MessageToDict
from google_batch_emulator.job_submission import submit_job
from google_batch_emulator.settings import Limits
from google_batch_emulator.validation import check_job

SNAKEFILE = """
localrules: all, first

rule all:
    input: expand("out/{i}.txt", i=range(3)), "out/b.txt"

rule first:
    output: "in.txt"
    shell: "echo hello > {output}"

rule one:
    output: "out/{i}.txt"
    wildcard_constraints: i="[0-9]"
    shell: "echo {wildcards.i} > {output}"

rule a:
    input: "in.txt"
    output: "out/a.txt"
    group: "pair"
    shell: "cp {input} {output}"

rule b:
    input: "out/a.txt"
    output: "out/b.txt"
    group: "pair"
    shell: "cp {input} {output}"
"""


@pytest.fixture(scope="module")
def emulator(forking_emulator):
    """Fork the tasks' Snakemake; those of the other modules start it."""
    return forking_emulator


def test_jobs_are_written_and_not_submitted_and_the_files_run_by_hand(workflow, monkeypatch):
    workflow.write(SNAKEFILE)
    folder = workflow.folder / "def\x1b[2J"

    finished = workflow.run("--googlebatch-array-write-jobs", str(folder))

    assert finished.code == 0, finished.text
    assert "2 Batch jobs are defined" in finished.text
    assert finished.text.count(f"Written: {workflow.folder}/def\\x1b[2J/") == 2
    # Snakemake prints its own command line before.
    assert "\x1b[2J" not in finished.text.partition("Written: ")[2]
    assert (workflow.jobs(), workflow.files()) == ([], {})
    assert not list(workflow.folder.glob(".snakemake/incomplete/*"))
    assert not list(workflow.folder.glob(".snakemake/locks/*"))
    files = {path.stem.rpartition("-a1-")[0]: path for path in folder.iterdir()}
    definitions = {rule: read(path) for rule, path in files.items()}
    # The task array of three, and the group as one task.
    counts = {name: len(job.task_groups[0].task_environments) for name, job in definitions.items()}
    assert counts == {"one": 3, "pair-a-b": 1}
    for name, value in workflow.emulator.environment.items():
        monkeypatch.setenv(name, value)
    assert submit_job(files["one"], None, None, print).state == "SUCCEEDED"
    assert workflow.outputs() == {f"out/{i}.txt": f"{i}\n" for i in range(3)}
    # A run keeps what has been made by hand.
    assert workflow.run().code == 0
    rules = [job.definition.labels["snakemake-job"] for job in workflow.jobs()]
    assert rules == ["one", "pair_a_b"]


def read(path: Path) -> batch_v1.Job:
    """Read a definition as Google's library does, and check it as the service does."""
    job = batch_v1.Job.from_json(path.read_text())
    check_job(batch_v1.Job.pb(job), Limits())
    assert MessageToDict(batch_v1.Job.pb(job)) == json.loads(path.read_text())
    return job


def test_a_job_that_cannot_be_defined_is_named(workflow):
    workflow.write(
        """
rule one:
    output: "out/0.txt"
    resources: googlebatch_max_run_duration="soon"
    shell: "echo > {output}"
"""
    )

    finished = workflow.run("--googlebatch-array-write-jobs", "definitions")

    assert finished.code == 1
    assert "rule one cannot be defined: " in finished.text
    assert "Traceback" not in finished.text


def test_a_folder_that_cannot_be_written_is_named_and_an_empty_one_submits_nothing(workflow):
    workflow.write(SNAKEFILE)
    (workflow.folder / "file").write_text("")

    for folder, message in (
        ("file", "written to 'file': File exists"),
        ("", "write-jobs is empty"),
    ):
        finished = workflow.run(f"--googlebatch-array-write-jobs={folder}")

        assert finished.code == 1
        assert message in finished.text
        assert "Traceback" not in finished.text
    assert workflow.jobs() == []
