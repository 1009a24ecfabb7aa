"""A clone of a hub, a study that is submitted to it, and a stand-in for Snakemake."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from epyflow.cli import run as cli_run
from epyflow.operations.secret_variables import without_secrets
from epyflow.operations.start.snakemake_command import SnakemakeCommand
from epyflow.run.plan import read_plan_file
from epyflow.run.planner import write_run_plan
from epyflow.run.settings import Settings, read_settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from tests.unit.cli.command import run
from tests.unit.experiment.samples import write_dateless


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A study without a date in it, in the working directory; and a clone of a hub."""
    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    write_dateless(tmp_path)
    hub = tmp_path / "hub"
    (hub / "model-metadata").mkdir(parents=True)
    (hub / "model-metadata" / "team-model.yml").write_text("team_abbr: team\n")
    git(hub, "init", "--quiet", "--initial-branch=main")
    git(hub, "add", ".")
    git(hub, "commit", "--quiet", "--message=hub")
    return hub


class Snakemake:
    """Plans as the workflow does, and writes a submission that the hub accepts or refuses."""

    accepted, code, complete = True, 0, True
    report_code = 0
    """Exit code of its report."""
    fails_at_end = False
    """Whether it makes a report possible although it fails."""
    warnings: Sequence[str] = ()
    """Those of the report's first page."""
    commands: Sequence[SnakemakeCommand] = ()
    """Those of the last start, its report last."""
    variables: frozenset[str] = frozenset()
    """Names of the variables that the last run had."""

    def __call__(self, commands) -> int:
        (command,) = commands
        if "--report" in command.arguments:
            self.commands = [*self.commands, command]
            return self.report_code
        self.commands = [command]
        self.variables = frozenset(without_secrets(command.secrets))
        given = command.arguments[command.arguments.index("--config") + 1 :]
        self.finish(read_settings(dict(each.split("=", 1) for each in given)))
        return self.code

    def finish(self, settings: Settings) -> None:
        plan = read_plan_file(write_run_plan(gather(settings), [], Disk()).read_bytes())
        file = Path(plan.layout.submission(plan.runs[0].submission.file))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"reference_date\n{settings.run_id}\n")
        summary = Path(plan.layout.figure("summary.json"))
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(json.dumps({"warnings": [*self.warnings], "passed": []}))
        if self.fails_at_end:
            log = Path(plan.layout.logs) / "finish_run.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.touch()
        if self.complete:
            Path(plan.layout.complete).touch()
        findings = {"accepted": self.accepted, "messages": ["error: wrong"], "file": file.name}
        findings |= {"hub": "A hub", "rows": 1}
        Path(plan.layout.findings(file.name)).write_text(json.dumps(findings))


@pytest.fixture
def snakemake(monkeypatch) -> Snakemake:
    runner = Snakemake()
    monkeypatch.setattr(cli_run, "run_commands", runner)
    return runner


def of(today: str, *others: object):
    options = ["--clone", "hub", "--config", f"today={today}", *others]
    return run("week", "experiments/sample", *options)


def branches(hub: Path) -> list[str]:
    return git(hub, "for-each-ref", "--format=%(refname:short)").split()
