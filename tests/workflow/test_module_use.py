"""The workflow as a module of another Snakefile, and started from other folders."""

from pathlib import Path

import pytest
import yaml

from epyflow.cli import run as cli_run
from epyflow.operations.start import snakemake_command
from epyflow.operations.start.snakemake_command import SnakemakeCommand
from tests.unit.cli.command import run as epyflow
from tests.workflow.workspace import SNAKEMAKE, Done, Workspace

# As `snakedeploy deploy-workflow` writes it, with a file of this machine for github(...).
DEPLOYED = """\
from snakemake.utils import min_version

min_version("9.27")

configfile: "config/config.yaml"

module epyflow:
    snakefile:
        "{snakefile}"
    config:
        config

use rule * from epyflow
"""
WITHOUT_CONFIG = """\
module epyflow:
    snakefile: "{snakefile}"

use rule * from epyflow

onstart: epyflow.onstart()
onsuccess: epyflow.onsuccess()
onerror: epyflow.onerror()
"""
SECTION = """\
configfile: "config/config.yaml"

module epyflow:
    snakefile: "{snakefile}"
    config: config["epyflow"]

use rule * from epyflow
"""
PREFIXED = """\
module epyflow:
    snakefile: "{snakefile}"
    prefix: "there"

use rule * from epyflow
"""


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "project")
    workspace.change("modelset", one_task)
    return workspace


def one_task(modelset: dict) -> None:
    modelset["modelset"]["population_names"] = ["US-MA"]
    modelset["modelset"]["sampling"]["parameters"]["R0"]["values"] = [2.0]


def deploy(project: Workspace, snakefile: str, config: dict | None = None) -> Path:
    """Write a Snakefile that uses the project's, and its settings, in a folder beside it."""
    folder = project.folder.parent / "deployed"
    (folder / "workflow").mkdir(parents=True)
    text = snakefile.format(snakefile=project.folder / "workflow" / "Snakefile")
    (folder / "workflow" / "Snakefile").write_text(text)
    if config is not None:
        (folder / "config").mkdir()
        (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def settings(project: Workspace, **others: object) -> dict:
    return {"experiment": "small", "experiments_root": str(project.study), **others}


def snakemake(project: Workspace, folder: Path, *arguments: str, **config: object) -> Done:
    pairs = [f"{key}={value}" for key, value in config.items()]
    given = ["--config", *pairs] if pairs else []
    return project.call([*SNAKEMAKE, "--cores", "2", *arguments, *given], folder)


def tables(folder: Path, run_id: str, exp_id: str = "small") -> set[str]:
    return {path.name for path in folder.glob(f"results/{exp_id}/{run_id}/outputs/*.csv.gz")}


RESULT = "results/small/main/runner-artifacts/result_00000.pkl"
EXPECTED = {
    "effective_reproduction_number.csv.gz",
    "model_metadata.csv.gz",
    "quantiles_compartments.csv.gz",
    "quantiles_transitions.csv.gz",
}


def test_a_deployed_workflow_writes_its_tables_and_its_report(project: Workspace):
    # Both are other names than YAML reads: 7 and 20241116.
    folder = deploy(project, DEPLOYED, settings(project, run_id="007"))

    done = snakemake(project, folder, run_id="2024_11_16")

    assert done.code == 0, done.text
    assert tables(folder, "2024_11_16") == EXPECTED
    profile = ("--profile", str(project.folder / "profiles" / "local"))
    made = snakemake(project, folder, *profile, "--report", "report.html", run_id="2024_11_16")
    assert made.code == 0, made.text
    page = check_front_page(folder / "report.html", "succeeded")
    assert "hashes of experiment, data and code" in page
    assert "people whom one infected person would infect" in page
    assert "Curves of the" in page


def check_front_page(report: Path, simulations: str) -> str:
    page = report.read_text()
    assert f"1 parameter set in 1 population; 3 simulations {simulations}" in page
    # A comment of the stylesheet.
    assert "words first, the graph of the rules below them" in page
    return page


def test_a_module_without_config_reads_what_the_command_says(project: Workspace):
    folder = deploy(project, WITHOUT_CONFIG)

    done = snakemake(project, folder, RESULT, **settings(project), n_sims=2)

    assert done.code == 0, done.text
    assert (folder / RESULT).is_file()
    assert (folder / "coordinator" / "small" / "main" / "record.json").is_file()
    report = ("--report", "report.html")
    made = snakemake(project, folder, RESULT, *report, **settings(project), n_sims=2)
    assert made.code == 0, made.text
    assert "2 simulations planned" in (folder / "report.html").read_text()


def test_a_module_may_have_its_settings_in_a_section(project: Workspace):
    folder = deploy(
        project, SECTION, {"samples": "a.tsv", "run_id": "outer", "epyflow": settings(project)}
    )

    done = snakemake(project, folder, "--dry-run", own_key="1", partial_results="true")

    assert done.code == 0, done.text
    assert "results/small/main/outputs/run_metadata.json" in done.text
    plan = next((folder / ".epyflow").rglob("plan.json")).read_text()
    assert '"partial_results": true' in plan


def test_a_prefix_is_refused(project: Workspace):
    folder = deploy(project, PREFIXED)

    done = snakemake(project, folder, "--dry-run", **settings(project))

    assert done.code == 1
    assert "prefix and replace_prefix are not supported" in done.text
    assert "Traceback" not in done.text


def test_the_workflow_starts_in_any_folder_without_a_file_of_settings(project: Workspace):
    here, there = (project.folder.parent / name for name in ("here", "there"))
    here.mkdir()
    arguments = ("-s", "../project/workflow/Snakefile", "--profile", "../project/profiles/local")
    elsewhere = ("--directory", "../there", RESULT)

    done = snakemake(project, here, *arguments, *elsewhere, **settings(project))

    assert done.code == 0, done.text
    assert (there / RESULT).is_file()
    assert list(here.iterdir()) == []


def test_a_new_experiment_in_an_empty_folder_reaches_its_report(project: Workspace, monkeypatch):
    here = project.folder.parent / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(snakemake_command, "project_folder", lambda: project.folder)
    commands: list[SnakemakeCommand] = []
    monkeypatch.setattr(cli_run, "run_commands", lambda given: commands.extend(given) or 0)

    assert epyflow("new", "x", "--template", "seir").exit_code == 0
    given = ("--cores", 2, "--report", "r.html", "--set", "n_sims=3")
    assert epyflow("run", "x", *given).exit_code == 0

    for command in commands:
        done = project.call([*SNAKEMAKE, *command.arguments[1:]], here)
        assert done.code == 0, done.text
    assert tables(here, "main", "x") == {*EXPECTED, "trajectories_transitions.csv.gz"}
    check_front_page(here / "r.html", "succeeded")


def test_without_an_experiment_the_message_says_where_to_name_one(project: Workspace):
    (project.folder / "config" / "config.yaml").unlink()

    done = snakemake(project, project.folder, "--dry-run")

    assert done.code == 1
    assert "experiment: missing; expected --config experiment=" in done.text
    assert "Traceback" not in done.text
