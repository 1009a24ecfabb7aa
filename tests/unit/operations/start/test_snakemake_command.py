"""The command line of Snakemake that starts an experiment, and how it is run."""

import shlex
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.operations.start import snakemake_command
from epyflow.operations.start.snakemake_command import (
    SnakemakeCommand,
    Start,
    project_folder,
    run_commands,
    write_command,
)

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = str(Path(sys.executable).with_name("snakemake"))
PLAIN = Start(profile=None, cores=None, files=(), settings=("experiment=a b",), arguments=())


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with three profiles; the working directory is another folder."""
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    monkeypatch.delenv("EPYFLOW_GCP_SITE", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    project = tmp_path / "project"
    (project / "workflow").mkdir(parents=True)
    (project / "workflow" / "Snakefile").touch()
    for name, text in {
        "local": "keep-going: true\n",
        "slurm": "executor: slurm\njobs: 100\n",
        "gcp": "executor: googlebatch-array\njobs: 100\n",
    }.items():
        (project / "profiles" / name).mkdir(parents=True)
        (project / "profiles" / name / "config.yaml").write_text(text)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return project


def test_in_the_folder_of_the_project_the_command_is_short(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", str(Path(PROGRAM).parent))

    found = write_command(PLAIN, "--report", "r.html", project=project)

    assert str(found) == (
        "snakemake --profile profiles/local --cores all --report r.html --config 'experiment=a b'"
    )


def test_from_another_folder_the_command_names_the_workflow(project):
    start = replace(PLAIN, cores="2", files=[Path("x.yaml")], arguments=["--dry-run"])

    found = write_command(start, project=project)

    assert shlex.split(str(found)) == [
        *(PROGRAM, "-s", f"{project}/workflow/Snakefile"),
        *("--profile", f"{project}/profiles/local", "--cores", "2", "--dry-run"),
        *("--configfile", "x.yaml", "--config", "experiment=a b"),
    ]


def test_a_profile_with_jobs_or_that_of_a_variable_has_its_own_number_of_cores(
    project, monkeypatch
):
    slurm = write_command(replace(PLAIN, profile="slurm"), project=project)
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "mine")
    mine = write_command(PLAIN, project=project)

    assert "--cores" not in slurm.arguments
    assert "--cores" not in mine.arguments
    assert "--profile" not in mine.arguments


def test_a_profile_is_a_name_or_a_path_and_another_is_refused(project, tmp_path):
    found = write_command(replace(PLAIN, profile="../project/profiles/slurm"), project=project)

    assert "../project/profiles/slurm" in found.arguments
    with pytest.raises(EpyflowError, match=r"did you mean slurm\?\); expected one of gcp, local"):
        write_command(replace(PLAIN, profile="slrm"), project=project)


def test_jobs_on_other_machines_are_started_in_the_folder_of_the_workflow(project, monkeypatch):
    cloud = replace(PLAIN, profile="gcp")
    with pytest.raises(EpyflowError, match=f"cd {project}"):
        write_command(cloud, project=project)

    monkeypatch.chdir(project)
    assert "profiles/gcp" in write_command(cloud, project=project).arguments


def test_the_settings_of_a_cluster_in_the_project_are_named_unless_there_are_others(
    project, monkeypatch
):
    site = project / "profiles" / "slurm" / "site.yaml"
    site.touch()

    found = write_command(replace(PLAIN, profile="slurm"), project=project)
    assert str(found).startswith(f"env EPYFLOW_SLURM_SITE={site} {PROGRAM} ")
    assert found.variables == {"EPYFLOW_SLURM_SITE": str(site)}

    monkeypatch.setenv("EPYFLOW_SLURM_SITE", "mine.yaml")
    assert write_command(PLAIN, project=project).variables == {}


@pytest.mark.parametrize("given", ["--config", "--profile=x", "-s", "--report", "-C"])
def test_an_option_that_epyflow_has_is_refused_after_the_dashes(project, given):
    with pytest.raises(EpyflowError, match=f"{given} after `--`"):
        write_command(replace(PLAIN, arguments=["--quiet", given]), project=project)


def test_the_project_is_that_of_the_package(tmp_path, monkeypatch):
    assert project_folder() == ROOT

    monkeypatch.setattr(snakemake_command.epyflow, "__file__", str(tmp_path / "a/b/c/d.py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    with pytest.raises(EpyflowError, match=f"no workflow/Snakefile beside .*{tmp_path}/a"):
        write_command(PLAIN)
    # As in the image: the profile names the workflow.
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "/profile")
    assert write_command(PLAIN).arguments[1:] == ["--config", "experiment=a b"]


def shell(text: str, **variables: str) -> SnakemakeCommand:
    return SnakemakeCommand(["sh", "-c", text], variables)


def test_commands_run_until_one_fails_with_their_variables(tmp_path):
    done = tmp_path / "done"
    one, fails, other = shell(f'echo "$WORD" > {done}', WORD="a"), shell("exit 3"), shell("exit 4")

    assert run_commands([one]) == 0
    assert done.read_text() == "a\n"
    assert run_commands([one, fails, other]) == 3


def test_a_signal_is_passed_on_and_ends_it_as_in_a_shell(tmp_path):
    ready = tmp_path / "ready"
    before, main = signal.getsignal(signal.SIGTERM), threading.get_ident()

    def end() -> None:
        while not ready.exists():
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    code = run_commands([shell(f"touch {ready}; exec sleep 60"), shell("exit 4")])
    thread.join()

    assert code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
