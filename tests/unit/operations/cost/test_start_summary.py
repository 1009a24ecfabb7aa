"""The summary of a start, from jobs that stand for Snakemake's."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from epyflow.operations.cost.profile import read_profile
from epyflow.operations.cost.start_summary import jobs_of_graph, summarise_run
from epyflow.run.settings import read_settings
from epyflow.run.sources import Gathered, gather

ROOT = Path(__file__).resolve().parents[4]
LABELS = "component=epyflow,stage=run,exp_id=us/flu"


def job(rule: str, machine: str | None, *, local: bool = False) -> Any:
    resources = {
        "googlebatch_machine_type": machine,
        "googlebatch_boot_disk_gb": 30,
        "googlebatch_parallelism": 1,
        "googlebatch_labels": LABELS,
    }
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule),
        rules=[rule],
        is_local=local,
        resources={} if machine is None else resources,
    )


@pytest.fixture(scope="module")
def found() -> Gathered:
    """The example: two tasks of 16 members, each simulated twenty times."""
    root = str(ROOT / "config")
    return gather(read_settings({"experiment": "example", "experiments_root": root}))


def summary(
    found: Gathered, jobs: list[Any], spot: str = "", labels: str = "", override: str = ""
) -> Any:
    settings = SimpleNamespace(labels=labels, override=override, work_tasks_per_node=1)
    graph = jobs_of_graph(jobs, lambda rule: rule == spot, settings)
    return summarise_run(found, graph.profile, "i@1", graph.labels, "gs://b/r", graph.counts)


def test_only_jobs_that_are_left_to_run_are_counted_and_paid(found):
    both = [job("run_task", "n2-standard-2")] * 2
    some = summary(
        found, [*both, job("all", None), job("build_inputs", "n2-standard-2", local=True)]
    )

    assert some.jobs == {"run_task": 2}
    assert some.lines()[:3] == [
        "example/main on Google Batch",
        "tasks    2, 640 simulations in the whole run",
        "jobs     2 run_task on n2-standard-2, 1 at once",
    ]
    assert summary(found, both[:1]).usd.low < some.usd.low


def test_spot_machines_cost_less_and_are_named(found):
    jobs = [job("run_task", "n2-standard-2")]
    spot = summary(found, jobs, "run_task")

    assert spot.usd.high < summary(found, jobs).usd.high
    assert "1 run_task on n2-standard-2 (Spot)" in spot.lines()[2]


def test_labels_are_those_that_machines_get(found):
    lines = summary(found, [job("run_task", "n2-standard-2")], labels="team=Flu A").lines()

    assert "labels   component=epyflow exp_id=us-flu team=flu-a" in lines


def test_a_machine_without_a_price_stops_nothing(found):
    unknown = summary(found, [job("run_task", "x9-huge")])

    assert unknown.usd is None
    assert "cost     unknown: a machine has no price" in unknown.lines()


def test_machines_that_google_batch_chooses_are_said_to_have_no_price(found):
    chosen = summary(found, [job("run_task", "")])

    assert chosen.usd is None
    lines = chosen.lines()
    assert "jobs     1 run_task on machines chosen by Google Batch" in lines
    assert (
        "cost     unknown: run_task is not priced: Google Batch chooses the machine type" in lines
    )


def test_an_override_of_this_run_counts(found):
    larger = "run_task:googlebatch_machine_type=n2-standard-8"
    usual, changed = (
        summary(found, [job("run_task", "n2-standard-2")], override=each) for each in ("", larger)
    )

    assert "jobs     1 run_task on n2-standard-8" in changed.lines()
    assert changed.usd.low > usual.usd.low


def test_before_anything_is_made_all_jobs_are_counted(found):
    profile = read_profile(ROOT / "profiles" / "gcp" / "config.yaml")

    whole = summarise_run(found, profile, "i@1", {}, "gs://b/r")

    assert whole.jobs == {"run_task": 2, "make_tables": 1, "draw_figures": 1}
