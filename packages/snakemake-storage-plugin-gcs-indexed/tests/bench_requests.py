"""Requests of a run with the stock plugin and with ours, side by side.

    pytest tests -o python_files='bench_*.py' -s
    COUNTS=20,60,100 APART=20 pytest ...

Every task reads one file and writes three (output, log, benchmark); one job builds all inputs, one
reads all outputs. LOCAL counts run their jobs in place, APART counts each in a process that shares
nothing but the bucket with the others, sources included.
"""

import os

import pytest
from fake_gcs import create_bucket
from workflow_running import Outcome, Workflow

COUNTS = [int(count) for count in os.environ.get("COUNTS", "20,60,100").split(",") if count]
APART = [int(count) for count in os.environ.get("APART", "10").split(",") if count]
KINDS = ["list", "metadata", "bucket", "download", "upload", "delete"]


def row(plugin: str, count: int, where: str, outcome: Outcome) -> str:
    kinds = " | ".join(f"{outcome.counts.get(kind, 0):6,}" for kind in KINDS)
    share = outcome.total / count
    return f"| {where:5} | {count:4} | {plugin:11} | {kinds} | {outcome.total:7,} | {share:7.1f} |"


@pytest.mark.parametrize(
    ("count", "where"),
    [(count, "local") for count in COUNTS] + [(count, "apart") for count in APART],
)
def test_requests_of_both_plugins(storage, tmp_path, count, where):
    rows = []
    for plugin in ("gcs", "gcs-indexed"):
        name = f"bench-{plugin}-{where}-{count}"
        create_bucket(storage, name)
        workflow = Workflow(storage, name, tmp_path / plugin, plugin)
        storage.reset()
        outcome = workflow.run(count=count, apart=where == "apart")
        assert outcome.code == 0, outcome.text
        rows.append(row(plugin, count, where, outcome))
        again = workflow.run(count=count)
        assert again.code == 0, again.text
        assert again.jobs == []
        rows.append(row(plugin, count, "again", again))
    print("\n| jobs | N | plugin | " + " | ".join(KINDS) + " | all | per task |")
    print("\n".join(rows))
    assert outcome.total <= 7 * count + 50
