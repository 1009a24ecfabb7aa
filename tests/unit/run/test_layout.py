"""The paths of a run, as users, rules and scripts of others know them."""

import re
from pathlib import Path

import pytest

from epyflow.run.layout import OWN_NAMES, RunLayout, task_number
from epyflow.run.settings import Settings

RULES = Path(__file__).resolve().parents[3] / "workflow" / "rules"
RUN = RunLayout("us/flu", "main")

PATHS = {
    RUN.results: "results/us/flu/main",
    RUN.inputs: "results/us/flu/main/builder-artifacts",
    RUN.input(7): "results/us/flu/main/builder-artifacts/input_00007.pkl",
    RUN.input_record: "results/us/flu/main/builder-artifacts/built.json",
    RUN.experiment_bundle: "results/us/flu/main/builder-artifacts/experiment.tar.gz",
    RUN.submission_brief: "results/us/flu/main/builder-artifacts/hub.json",
    RUN.priors: "results/us/flu/main/builder-artifacts/priors.json",
    RUN.task_results: "results/us/flu/main/runner-artifacts",
    RUN.result(123456): "results/us/flu/main/runner-artifacts/result_123456.pkl",
    RUN.checkpoint(0): "results/us/flu/main/runner-artifacts/checkpoint_00000.pkl",
    RUN.table("posteriors"): "results/us/flu/main/outputs/posteriors.csv.gz",
    RUN.metadata: "results/us/flu/main/outputs/run_metadata.json",
    RUN.left_out: "results/us/flu/main/outputs/hub_left_out.json",
    RUN.experiment_archive: "results/us/flu/main/experiment.tar.gz",
    RUN.cost: "results/us/flu/main/run_cost.csv",
    RUN.complete: "results/us/flu/main/complete.txt",
    RUN.submission("a.csv"): "results/us/flu/main/hub/a.csv",
    RUN.findings("a.csv"): "results/us/flu/main/hub/a.csv.findings.json",
    RUN.score("mean_scores.csv"): "results/us/flu/main/scores/mean_scores.csv",
    RUN.figure("fit/US-NY.svg"): "results/us/flu/main/figures/fit/US-NY.svg",
    RUN.stamped("20261128-231500-0a1b2c3d"): (
        "results/us/flu/main/stamped/20261128-231500-0a1b2c3d"
    ),
    RUN.latest: "results/us/flu/latest",
    RUN.logs: "logs/us/flu/main",
    RUN.log("make_table", "posteriors"): "logs/us/flu/main/make_table/posteriors.log",
    RUN.log("build_inputs"): "logs/us/flu/main/build_inputs.log",
    RUN.task_log(7): "logs/us/flu/main/run_task/00007.log",
    RUN.benchmarks: "benchmarks/us/flu/main",
    RUN.task_benchmarks: "benchmarks/us/flu/main/run_task",
    RUN.coordinator_record: "coordinator/us/flu/main/record.json",
    RUN.coordinator_log: "coordinator/us/flu/main/coordinator.log",
    RUN.coordinator_sources("ab12"): "coordinator/us/flu/main/sources-ab12.tar.gz",
    RUN.coordinator_state: "coordinator/us/flu/main/state.tar.gz",
}


def test_each_file_of_a_run_has_its_path():
    assert list(PATHS) == list(PATHS.values())


def test_every_name_directly_in_the_folder_of_a_run_is_known():
    below = [path for path in PATHS if path.startswith(f"{RUN.results}/")]

    assert {RUN.below(path).partition("/")[0] for path in below} == set(OWN_NAMES)


def test_one_forecast_of_a_replay_has_a_folder_of_its_own():
    assert RUN.dated("2030-01-05").result(1) == (
        "results/us/flu/main/2030-01-05/runner-artifacts/result_00001.pkl"
    )
    assert RUN.dated("2030-01-05").run_id == "main/2030-01-05"
    assert RUN.dated("") == RUN


def test_a_path_is_shortened_below_its_own_run_only():
    assert RUN.below("results/us/flu/main/outputs/a.csv.gz") == "outputs/a.csv.gz"
    other = "results/us/flu/mainline/outputs/a.csv.gz"
    assert RUN.below(other) == other


def test_numbers_of_tasks_have_five_digits_or_as_many_as_they_need():
    assert [task_number(task) for task in (0, 99_999, 100_000)] == ["00000", "99999", "100000"]


def test_rules_write_the_same_paths():
    """Rules have literal paths, so that a reader sees them; here they are the layout's."""
    text = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    text = (
        text.replace("{BUILT}", "{exp_id}/{run_id}")
        .replace("{RUN}", "{{run_id}}")
        .replace("{SUBMISSION}", "{{submission}}")
    )
    literal = {
        path.replace("{{", "{").replace("}}", "}")
        for path in re.findall(r'"((?:results|logs|benchmarks)/[^"]+)"', text)
    }
    run = RunLayout("{exp_id}", "{run_id}")
    made = {
        run.input(0).replace("00000", "{i}"),
        run.result(0).replace("00000", "{i}"),
        run.metadata,
        run.left_out,
        run.cost,
        run.submission_brief,
        run.priors,
        run.experiment_bundle,
        run.findings("{submission}"),
        run.log("run_task", "{i}"),
        run.log("build_inputs"),
        f"{run.task_benchmarks}/{{i}}.tsv",
    }

    assert made - literal == set()


@pytest.mark.parametrize(
    ("experiment", "folder"),
    [
        ("us/flu", ".epyflow/us/flu/main"),
        # SHA-256 of the path begins so: two paths with one last part have plans of their own.
        ("/data/my flu", ".epyflow/my_flu-91af12d6/main"),
    ],
)
def test_the_plan_lies_below_the_working_directory(experiment, folder):
    settings = Settings(experiment=experiment)

    assert settings.plan_path == Path(folder) / "plan.json"
    assert settings.start_path == Path(folder) / "start.json"
