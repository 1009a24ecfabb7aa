"""Find in the DAG the jobs that are run again, and those that are not."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.status import status
from epyflow.storage.disk import Disk
from tests.workflow.workspace import EPYFLOW, TABLES, Workspace


@pytest.fixture
def again(finished: Workspace) -> Workspace:
    """The finished workspace; whatever a test edits is put back."""
    before = {path: path.read_bytes() for path in finished.config.glob("*.yaml")}
    yield finished
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
    if not (finished.folder / "src").is_symlink():
        finished.share_code()


# What is written last, of all that was made.
RECORD = {"write_run_metadata": 1, "draw_figures": 1, "finish_run": 1}


def edit_code(workspace: Workspace, module: str) -> None:
    path = workspace.copy_code() / module
    path.write_text(path.read_text() + "\nEDITED = True\n")


def test_a_second_run_does_nothing(again):
    assert again.plan().jobs == {}


def test_a_run_with_nothing_to_do_is_recorded_while_its_folder_is_locked(again):
    path = again.copy_code() / "operations" / "runs" / "own_record.py"
    told = """
_record = record_request


def record_request(*given):
    from pathlib import Path

    print("locks:", len(list(Path(".snakemake/locks").iterdir())))
    return _record(*given)
"""
    path.write_text(path.read_text() + told)
    other = again.folder / ".snakemake" / "locks" / "7.output.lock"
    other.parent.mkdir(exist_ok=True)
    other.write_text("results/small/other/complete\n")

    done = again.run()

    assert "Nothing to be done" in done.text
    assert "locks: 2\n" in done.text
    assert other.is_file(), "the lock of another run, which goes on"
    again.run("--unlock")
    assert again.run("--nolock").text.count("locks: 0\n") == 1
    assert "locks: " not in again.plan().text


def test_its_record_says_that_the_run_is_complete_and_how_many_files_it_made(again):
    record = read_record("small", "main", Disk(again.folder))

    assert record is not None
    assert (record.outcome, record.folder) == ("complete", str(again.folder))
    assert "--cores" in record.wanted.command
    assert Path(record.wanted.log).is_file()
    assert record.wanted.tasks == {"main": 2}
    (run,) = find_runs(Disk(again.folder))
    made = {stage.name: stage.files for stage in status(Disk(again.folder), run).stages}
    assert record.wanted.files == made
    assert made["tables"] == 4


def test_a_part_with_nothing_to_do_leaves_a_complete_run_complete(again):
    before = again.call([EPYFLOW, "status", "small"])

    done = again.run(*TABLES)

    assert "Nothing to be done" in done.text
    after = again.call([EPYFLOW, "status", "small"])
    assert (after.code, after.text) == (0, before.text)
    assert re.search(r"figures +(\d+) of \1\n", after.text)


def test_another_cores_or_run_command_does_nothing(again):
    assert again.run("--dry-run", "--keep-going", cores=1).jobs == {}


def test_warnings_of_the_checks_are_printed_once_at_the_start_of_a_run(tmp_path):
    workspace, extra = Workspace(tmp_path), {"type": "scalar", "value": 1}
    workspace.change("basemodel", lambda y: y["model"]["parameters"].update(extra=extra))
    workspace.change("basemodel", lambda y: y["model"]["compartments"][1].update(init=1e-9))
    warnings = (
        "model.parameters.extra: warning: no rate or calculated parameter uses it",
        "warning: is less than half a person in each age group of",
    )

    quiet = workspace.run("-n", "-q")
    real = workspace.run("--until", "build_inputs")
    report = workspace.run("--report", "report.html")

    for warning in warnings:
        assert [each.text.count(warning) for each in (quiet, real, report)] == [1, 1, 0]
    assert real.code == 0, real.text


def test_a_mistake_is_the_last_line_and_the_only_message_also_on_a_full_disk(tmp_path):
    workspace = Workspace(tmp_path)
    command = shlex.join(workspace.command(n_sims=0))

    # The system refuses what goes beyond 4 KiB of a file, as a full disk would. The variables are
    # mistakes that are warned of, and fill Snakemake's log.
    fill = "export EPYFLOW_RUN_ID{1..99}=1; ulimit -f 4"
    done = workspace.call(["bash", "-c", f"{fill}; exec {command}"])

    assert done.code == 1
    assert done.text.splitlines()[-1].startswith("Error: config: n_sims: 0")
    assert not any(word in done.text for word in ("Traceback", "Logging error", "  File "))


def test_a_run_goes_as_far_as_it_is_asked_to(again):
    result = "results/small/next/runner-artifacts/result_00001.pkl"

    inputs = again.run("--dry-run", "--until", "build_inputs", run_id="next")
    tasks = again.run("--dry-run", "--until", "run_task", run_id="next")
    one = again.run("--dry-run", result, run_id="next")

    assert inputs.jobs == {"build_inputs": 1}
    assert tasks.jobs == {"build_inputs": 1, "run_task": 2}
    assert one.jobs == {"build_inputs": 1, "run_task": 1}


def test_a_new_output_key_makes_its_table_and_runs_no_task(again):
    again.change("output", lambda y: y["output"].update(trajectories={"compartments": ["I_total"]}))

    assert again.plan().jobs == {"make_tables": 1, **RECORD}


def test_tables_as_parquet_are_made_when_they_are_asked_for_later(again):
    again.change("output", lambda y: y["output"].update(tabular_output_types=["Parquet"]))

    assert again.plan().jobs == {"make_tables": 1} | RECORD


def test_other_quantiles_make_the_quantile_tables_and_their_figures_anew(again):
    again.change("output", lambda y: y["output"]["quantiles"].update(selections=[0.5]))

    jobs = again.plan().jobs

    assert jobs == {"make_tables": 1, **RECORD}


def test_a_new_population_runs_its_own_tasks_alone(again):
    again.change("modelset", lambda y: y["modelset"]["population_names"].append("US-VT"))

    jobs = again.plan().jobs

    assert jobs["build_inputs"] == 1
    assert jobs["run_task"] == 1


def test_editing_tables_makes_tables_and_runs_no_task(again):
    edit_code(again, "tables/quantiles.py")

    jobs = again.plan().jobs

    assert jobs == {"make_tables": 1, **RECORD}


def test_editing_the_model_runs_every_task(again):
    edit_code(again, "model/initial_conditions.py")

    jobs = again.plan().jobs

    assert jobs["build_inputs"] == 1
    assert jobs["run_task"] == 2
    assert jobs["make_tables"] == 1


def test_editing_figures_draws_figures_alone(again):
    edit_code(again, "figures/fan_chart.py")

    assert again.plan().jobs == {"draw_figures": 1, "finish_run": 1}


def test_a_comment_or_description_runs_nothing(again):
    path = again.config / "basemodel.yaml"
    path.write_text("# a remark\n" + path.read_text().replace("name: small", "name: little"))

    assert again.plan().jobs == {}


def test_a_new_seed_runs_every_task(again):
    again.change("basemodel", lambda y: y["model"].update(random_seed=4))

    assert again.plan().jobs["run_task"] == 2


def test_changed_data_runs_the_tasks(again):
    path = again.study / "common-data" / "doses.csv"
    before = path.read_text()
    path.write_text(before.replace(",4,6", ",5,6"))

    jobs = again.plan().jobs
    path.write_text(before)

    assert jobs["run_task"] == 2


def test_a_new_run_id_leaves_the_old_run_alone_and_runs_everything(again):
    assert again.plan(run_id="other").jobs["run_task"] == 2


def test_inputs_that_a_job_builds_are_those_of_a_local_build_and_are_not_built_again(again):
    done = again.run("--until", "build_inputs", build="remote", run_id="remote")

    assert done.code == 0, done.text
    assert done.jobs == {"bundle_experiment": 1, "build_inputs": 1}
    assert inputs(again, "remote") == inputs(again, "main")
    assert len(inputs(again, "remote")) == 2
    assert "build_inputs" not in again.plan(build="remote", run_id="remote").jobs


def test_another_study_with_an_experiment_of_the_same_name_is_named(again):
    step = ("--until", "build_inputs")
    assert again.run(*step, run_id="shared").code == 0
    shutil.copytree(again.study, again.folder / "second")
    model = again.folder / "second" / "experiments" / "small" / "config" / "basemodel.yaml"
    model.write_text(model.read_text().replace("random_seed: 3", "random_seed: 5"))

    done = again.run(*step, run_id="shared", experiments_root="second")

    assert done.code == 0, done.text
    assert f"has read the experiment in {again.study}/experiments/small" in done.text
    assert f"This start reads {again.folder}/second/experiments/small" in done.text


def inputs(workspace: Workspace, run_id: str) -> dict[str, bytes]:
    folder = workspace.folder / "results" / "small" / run_id / "builder-artifacts"
    return {path.name: path.read_bytes() for path in folder.glob("input_*.pkl")}


def test_after_a_new_population_only_its_task_has_run(workspace):
    assert workspace.run().code == 0
    results = workspace.folder / "results" / "small" / "main" / "runner-artifacts"
    before = {path.name: path.stat().st_mtime_ns for path in results.iterdir()}
    workspace.change("modelset", lambda y: y["modelset"]["population_names"].append("US-VT"))

    done = workspace.run()

    assert done.code == 0, done.text
    after = {path.name: path.stat().st_mtime_ns for path in results.iterdir()}
    assert set(after) - set(before) == {"result_00002.pkl"}
    assert {name: after[name] for name in before} == before
    populations = {row[3] for row in workspace.table("model_metadata")[1:]}
    assert populations == {f"United_States_{n}" for n in ("Massachusetts", "New_York", "Vermont")}
