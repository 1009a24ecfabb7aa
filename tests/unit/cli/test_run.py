"""``epyflow run`` and ``epyflow report``: the commands of Snakemake that they start."""

import shlex
from pathlib import Path

import pytest

from epyflow.cli import run as cli_run
from epyflow.run.layout import plan_path
from epyflow.run.plan import Submission, plan_bytes
from tests.unit.cli.command import run
from tests.unit.experiment.samples import SIR, write_sections
from tests.unit.run.made_up import plan_of, run_plan

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def started(root, monkeypatch):
    """Return the commands that were started, in another folder than the project's."""
    for name in ("SNAKEMAKE_PROFILE", "EPYFLOW_GCP_SITE", "EPYFLOW_SLURM_SITE"):
        monkeypatch.delenv(name, raising=False)
    write_sections(root, SIR)
    monkeypatch.chdir(root)
    commands = Started()
    monkeypatch.setattr(cli_run, "run_commands", commands.run)
    return commands


class Started(list):
    """The commands that were started, instead of Snakemake."""

    code = 7
    writes = ()

    def run(self, given):
        self.extend(given)
        for path in self.writes:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return 0 if "--report" in given[0].arguments else self.code


def words(command):
    return [Path(each).name for each in command.arguments]


def test_a_run_prints_its_command_and_ends_with_the_code_of_snakemake(started):
    done = run("run", "experiments/sample", "--cores", 2, "--", "--retries", 0)

    assert done.exit_code == 7
    assert done.stderr == f"{started[0]}\n"
    assert words(started[0]) == [
        *("snakemake", "-s", "Snakefile", "--profile", "local", "--cores", "2"),
        *("--retries", "0", "--config", "experiment=sample", "experiments_root=."),
    ]


def test_the_report_is_a_second_command_unless_the_run_is_dry(started):
    started.code = 0
    assert run("run", "experiments/sample", "--report", "r.zip").exit_code == 0
    assert [("r.zip" in words(each)) for each in started] == [False, True]

    started.clear()
    for option in ("-n", "--unlock"):
        run("run", "experiments/sample", "--report", "r.zip", "--", option)
    assert len(started) == 2


LAST = Path("logs/sample/main/finish_run.log")


@pytest.mark.parametrize(
    ("code", "writes", "written"), [(1, [LAST], True), (1, [], False), (130, [LAST], False)]
)
def test_a_run_that_ended_with_an_error_has_its_report_and_one_that_did_not_end_says_so(
    started, code, writes, written
):
    LAST.parent.mkdir(parents=True)
    started.code, started.writes = code, writes

    done = run("run", "experiments/sample", "--report", "r.zip")

    said = done.stderr.splitlines()[-1]
    assert (done.exit_code, len(started)) == (code, 2 if written else 1)
    assert said == (
        "Report      r.zip"
        if written
        else "Report      r.zip is not written: the run did not get to its end"
    )


def test_a_run_prints_where_its_files_are_by_its_plan(started):
    started.code = 0
    one = run_plan(
        exp_id="sample", run_id="main", submission=Submission("2025-02-08-a-b.csv", "", ())
    )
    Path(one.layout.metadata).parent.mkdir(parents=True)
    plan_path("sample", "main").parent.mkdir(parents=True)
    plan_path("sample", "main").write_bytes(plan_bytes(plan_of(one)))

    done = run("run", "experiments/sample", "--report", "r.zip")
    dry = run("run", "experiments/sample", "--", "-n")

    assert done.stderr.splitlines()[2:] == [
        "Tables      results/sample/main/outputs/*.csv.gz",
        "Warnings    not checked: this run has no summary",
        "Report      r.zip",
    ]
    assert len(dry.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "validate", "plan"])
def test_a_misspelt_variable_is_named(started, monkeypatch, command):
    monkeypatch.setenv("EPYFLOW_RUNID", "a")

    done = run(command, "experiments/sample")

    assert "EPYFLOW_RUNID is not read (did you mean EPYFLOW_RUN_ID?)\n" in done.stderr


def test_a_report_is_of_the_experiment_of_the_settings_by_default(started, root):
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("experiment: sample\nexperiments_root: .\n")

    run("report", "--config", "run_id=a", "n_sims=2")
    run("run", "--", "--dry-run")

    report, dry = map(words, started)
    assert report[-5:] == ["--report", "report.html", "--config", "run_id=a", "n_sims=2"]
    assert dry[-2:] == ["all", "--dry-run"]


def test_a_report_whose_name_begins_as_an_option_is_named_by_its_folder(started):
    run("report", "experiments/sample", "--report", "-x.html")

    assert "./-x.html" in shlex.split(str(started[0]))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing"], 2, "no such folder; expected an experiment's folder, which epyflow new"),
        (["experiments/sample", "--cloud", "--slurm"], 1, "one of --cloud, --slurm and --profile"),
        (["experiments/sample", "--report", "r.pdf"], 1, "ends in .html or .zip"),
        (["experiments/sample", "--report", "no/r.html"], 1, "there is no folder"),
        (["experiments/sample", "--report", "r.html"], 1, "cannot be written; expected the name"),
        (["experiments/sample", "--profile", "."], 1, "config.yaml: cannot be read: 'utf-8' codec"),
        (
            ["experiments/sample", "--set", "n_sim=2"],
            1,
            "'n_sim' (did you mean n_sims?)",
        ),
        (["experiments/sample", "--set", "n_sims=0"], 1, "config: n_sims: 0"),
        (["experiments/sample", "--", "-C", "a=1"], 1, "-C after `--`"),
        (["experiments/sample", "--report", "r.zip", "--", "--until=x"], 1, "--until after `--`"),
        (["experiments/sample", "--cloud"], 1, "expected a start in its folder: cd "),
    ],
)
def test_what_cannot_be_started_is_refused_before_snakemake(started, arguments, code, message):
    Path("r.html").mkdir()
    Path("config.yaml").write_bytes(b"\xff")

    done = run("run", *arguments)

    assert (done.exit_code, started) == (code, [])
    assert message in done.stderr


def test_one_path_means_the_same_to_every_command(started, root):
    path = "experiments/sample/config/output.yaml"

    run("run", path)
    assert "experiment=sample" in shlex.split(str(started[0]))
    assert run("validate", path).exit_code == 0
    assert '"experiment": "sample"' in run("plan", path, "--format", "json").stdout
    checked = run("doctor", path, "--no-cloud", "--no-slurm", "--check", "experiment")
    assert "sample: simulate, 1 task\n" in checked.stdout
    assert run("validate", "sample", "--config", "experiments_root=.", "n_sims=3").exit_code == 0
