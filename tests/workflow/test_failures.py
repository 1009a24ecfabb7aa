"""Mistakes end in one message and leave nothing half-written; failures are never data."""

import json
import os
import pickle

import pytest

from epyflow.operations.runs.coordinator_record import read_record
from epyflow.storage.disk import Disk
from tests.unit.operations.notification.listening import listening
from tests.workflow.workspace import EPYFLOW, TABLES, Done, Workspace


def assert_refused(done: Done, workspace: Workspace, *parts: str) -> None:
    assert done.code == 1, done.text
    assert "Traceback" not in done.text
    for part in parts:
        assert part in done.text
    assert not (workspace.folder / "results").exists()


def edits():
    """Mistakes in the YAML: file, edit, and what the message must name."""
    yield "misspelt key", "basemodel", "timespan:", "timespam:", ["timespam", "timespan", ":4"]
    yield (
        "unknown compartment",
        "basemodel",
        "mediator: I",
        "mediator: J",
        ["'J'", "transitions[0]"],
    )
    yield (
        "cycle",
        "basemodel",
        "value: 1/3",
        "value: 1/3}\n    x: {type: calculated, value: y}\n    y: {type: calculated, value: x",
        ["circle", "x -> y -> x"],
    )
    yield "age gap", "basemodel", '"18+"', '"19+"', ["19+", "age"]
    yield "missing file", "basemodel", "doses.csv", "dozes.csv", ["dozes.csv"]
    yield (
        "leaves the root",
        "basemodel",
        "common-data/doses.csv",
        "../../../../config/config.yaml",
        ["outside"],
    )
    yield (
        "code in an expression",
        "basemodel",
        "rate: mu",
        "rate: __import__('os').system('x')",
        ["not allowed"],
    )
    yield (
        "huge grid",
        "modelset",
        "[0.8, 1.5, 2.0, 2.5]",
        "[1]}\n      "
        + "\n      ".join(f"p{i}: {{values: {list(range(10))}" + "}" for i in range(9))
        + "\n      q: {values: [1]",
        ["p0"],
    )
    yield "unknown population", "modelset", "US-NY", "US-NX", ["US-NX", "US-NY"]


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [case[1:] for case in edits()],
    ids=[case[0].replace(" ", "-") for case in edits()],
)
def test_a_mistake_in_the_yaml_is_one_message(workspace, name, old, new, parts):
    path = workspace.config / f"{name}.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    assert_refused(workspace.run(), workspace, f"{name}.yaml", *parts)


def test_a_grid_of_a_billion_points_is_refused(workspace):
    def widen(data):
        names = [f"p{i}" for i in range(9)]
        sampling = data["modelset"]["sampling"]
        sampling["parameters"] |= {name: {"values": list(range(10))} for name in names}
        sampling["samplers"][0]["parameters"] += names

    def declare(data):
        data["model"]["parameters"] |= {f"p{i}": {"type": "sampled"} for i in range(9)}

    workspace.change("modelset", widen)
    workspace.change("basemodel", declare)

    assert_refused(workspace.run(), workspace, "8,000,000,000 members", "1,000,000")


def test_an_unknown_experiment_offers_those_there_are(workspace):
    assert_refused(workspace.run(experiment="smal"), workspace, "'smal'", "small")


def test_a_misspelt_setting_offers_the_right_one(workspace):
    assert_refused(workspace.run(member_per_task=1), workspace, "members_per_task")


def test_a_negative_remainder_fails_its_task_with_the_age_group_and_the_compartments(workspace):
    workspace.change("basemodel", lambda y: y["model"]["compartments"][2].update(init=[4500, 0]))

    done = workspace.run("--keep-going")

    assert done.code == 1
    assert "Traceback" not in done.text
    assert "0-17" in done.text
    assert "United_States_Massachusetts" in done.text
    assert not workspace.outputs()


@pytest.mark.parametrize("damage", ["foreign", "truncated", "empty"])
def test_a_damaged_input_is_refused_and_nothing_in_it_executed(finished, damage):
    path = finished.folder / "results" / "small" / "main" / "builder-artifacts" / "input_00000.pkl"
    good, mark = path.read_bytes(), finished.folder / "executed"
    bad = {"foreign": pickle.dumps(_Evil(str(mark))), "truncated": good[:200], "empty": b""}[damage]
    path.write_bytes(bad)

    done = finished.run("--forcerun", "run_task", "--until", "run_task")
    path.write_bytes(good)
    assert finished.run("--rerun-incomplete", *TABLES).code == 0

    assert done.code == 1
    assert "Traceback" not in done.text
    assert "input_00000.pkl" in done.text
    assert "Delete it and run again" in done.text
    assert not mark.exists()


class _Evil:
    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self):
        return os.system, (f"touch {self._path}",)


def test_a_population_without_data_fails_alone_with_its_cause_which_is_told(workspace, monkeypatch):
    workspace.write_doses(["MA"])

    with listening() as server:
        server.answer = 500
        monkeypatch.setenv("EPYFLOW_NOTIFY_WEBHOOK", f"http://{server.host}/planted")
        done = workspace.run("--keep-going")

    assert done.code == 1
    assert "Traceback" not in done.text
    ((_, told),) = server.seen
    assert (told["outcome"], "doses.csv" in told["text"]) == ("failed", True)
    # A receiver that does not answer changes nothing.
    assert "The webhook did not receive the notification: status 500" in done.text
    assert "planted" not in done.text
    assert "United_States_New_York" in done.text
    assert "doses.csv" in done.text
    results = workspace.folder / "results" / "small" / "main" / "runner-artifacts"
    assert [path.name for path in results.iterdir()] == ["result_00000.pkl"]
    assert not workspace.outputs()
    record = read_record("small", "main", Disk(workspace.folder))
    assert (record.outcome, record.wanted.files["tables"]) == ("failed", 4)


def test_partial_results_write_the_others_tables_and_still_fail(workspace):
    workspace.write_doses(["MA"])

    done = workspace.run("--keep-going", partial_results="true")

    assert done.code == 1
    rows = workspace.table("model_metadata")
    status, cause = rows[0].index("status"), rows[0].index("cause")
    failed = [row for row in rows[1:] if row[status] == "failed"]
    assert {row[3] for row in failed} == {"United_States_New_York"}
    assert len(failed) == 4
    assert "doses.csv" in failed[0][cause]
    assert {row[2] for row in workspace.table("quantiles_compartments")[1:]} == {
        "United_States_Massachusetts"
    }
    record = workspace.folder / "results" / "small" / "main" / "outputs" / "run_metadata.json"
    metadata = json.loads(record.read_text())
    assert metadata["missing_populations"] == ["United_States_New_York"]
    assert metadata["counts"]["failed"] == 1


def test_partial_results_have_a_report_that_counts_what_failed(workspace):
    workspace.write_doses(["MA"])

    done = workspace.call(
        [
            *(EPYFLOW, "run", "study/experiments/small", "--cores", "2", "--report", "r.html"),
            *("--set", "partial_results=true"),
        ]
    )

    assert done.code == 1
    lines = done.text.strip().splitlines()
    first, warnings, warning, last = lines[-4:]
    assert first == "Tables      results/small/main/outputs/*.csv.gz"
    assert warnings == "Warnings    1 on the first page of the report:"
    assert warning.startswith("            New York has no result")
    assert last == "Report      r.html"
    page = " ".join((workspace.folder / "r.html").read_text().split())
    for text in (page, done.text):
        assert "1 of 2 tasks failed and has no results here" in text
        assert "not the results of the experiment" not in text
    assert "New York has no result" in page


def test_what_failed_is_tried_again_once_it_is_mended(workspace):
    workspace.write_doses(["MA"])
    assert workspace.run("--keep-going", partial_results="true").code == 1
    workspace.write_doses(["MA", "NY"])

    done = workspace.run("--keep-going", partial_results="true")

    assert done.code == 0, done.text
    assert {row[3] for row in workspace.table("model_metadata")[1:]} == {
        "United_States_Massachusetts",
        "United_States_New_York",
    }


def test_a_table_that_fails_costs_no_other_and_the_next_run_goes_on(finished):
    before = finished.outputs()
    with finished.broken("tables/reproduction_number.py", "_rows"):
        done = finished.run("--keep-going", "--keep-incomplete")
    left = finished.outputs()
    mended = finished.run(*TABLES)

    assert done.code == 1
    assert "1 of 4 tables could not be written; the others are written" in done.text
    assert "effective_reproduction_number: NameError" in done.text
    assert before.keys() - left.keys() == {"effective_reproduction_number.csv.gz"}
    assert left.items() <= before.items()
    assert mended.code == 0, mended.text
    assert mended.jobs == {"make_tables": 1, "write_run_metadata": 1}
    assert finished.outputs() == before


def test_a_figure_that_fails_costs_no_other_and_the_next_run_goes_on(finished):
    before = finished.figures()
    with finished.broken("figures/reproduction_chart.py", "reproduction_grid"):
        done = finished.run("--keep-going", "--keep-incomplete")
    left = finished.figures()
    mended = finished.run()

    assert done.code == 1
    assert "1 of 7 figures could not be drawn; the others are drawn" in done.text
    assert "reproduction: NameError" in done.text
    assert before.keys() - left.keys() == {"reproduction_grid.svg"}
    assert left.items() <= before.items()
    assert {"model.svg", "summary.json"} <= left.keys()
    assert mended.code == 0, mended.text
    assert mended.jobs == {"draw_figures": 1, "finish_run": 1}
    assert finished.figures() == before


def test_variables_set_what_runs_and_a_wrong_one_is_named(workspace, monkeypatch):
    monkeypatch.setenv("EPYFLOW_RUN_ID", "007")
    monkeypatch.setenv("EPYFLOW_MEMBERS_PER_TASK", "4")
    monkeypatch.setenv("EPYFLOW_LOG_FORMAT", "json")
    with listening() as server:
        monkeypatch.setenv("EPYFLOW_NOTIFY_WEBHOOK", f"http://{server.host}/planted")
        done = workspace.run("--until", "build_inputs")
    assert done.code == 0, done.text
    assert "planted" not in done.text
    ((_, told),) = server.seen
    assert (told["run_id"], told["outcome"], told["tasks"]["planned"]) == ("007", "complete", 2)
    built = sorted(path.name for path in workspace.folder.glob("results/small/007/*/input_*"))
    assert built == ["input_00000.pkl", "input_00001.pkl"]
    (log,) = workspace.folder.glob("logs/small/007/build_inputs*")
    messages = [json.loads(line) for line in log.read_text().splitlines()]
    assert {(each["exp_id"], each["run_id"], each["rule"]) for each in messages} == {
        ("small", "007", "build_inputs")
    }

    monkeypatch.setenv("EPYFLOW_MEMBERS_PER_TASK", "few")
    done = workspace.plan()
    assert done.code == 1
    assert "EPYFLOW_MEMBERS_PER_TASK: 'few'" in done.text
    assert "Traceback" not in done.text
