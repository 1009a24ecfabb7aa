"""A study without a date in it, the data of some weeks, and a clone of the hub that gets it."""

import subprocess
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from made_up_hubs import write_hub

from epyflow.cli import run as cli_run
from epyflow.operations.start import snakemake_command
from epyflow.operations.start.snakemake_command import SnakemakeCommand
from epyflow.submission.hub_definitions import HORIZONS, define_tasks
from forecast_hub.checks.validation import validate
from tests.forking import HOOK
from tests.unit.cli.command import run
from tests.workflow.forecasting import forecast, weeks
from tests.workflow.workspace import SNAKEMAKE, Done, Workspace

WEDNESDAYS = ("2025-01-29", "2025-02-05", "2025-02-12")
"""Days on which the data of the week before become known."""
ROUNDS = ("2025-02-01", "2025-02-08", "2025-02-15")
BRANCHES = [f"team-model-{day}" for day in ROUNDS]
STALE = "2025-02-19"
"""A Wednesday without new data, of the round 2025-02-22."""

_SPAN = {"start_date": "season 01-05", "end_date": "reference date + 3 weeks"}
_WINDOW = {"start_date": "season 01-11", "end_date": "last observation"}


def git(folder: Path, *arguments: str) -> str:
    """Run git and return its output."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def known_on(wednesday: str) -> str:
    """Return what is known on a Wednesday: weekly cases of Massachusetts, which grow."""
    last = date.fromisoformat(wednesday) - timedelta(days=4)
    lines = [f"{week},MA,{40 * n + 40}" for n, week in enumerate(weeks(str(last)))]
    return "\n".join(["date,location,value", *lines]) + "\n"


class Weekly:
    """A workspace in which ``epyflow week`` is called, which forks Snakemake.

    Parameters
    ----------
    workspace
        With the small study.
    monkeypatch
        Lets this process be in the workspace, with its variables.
    """

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workspace = workspace
        self.hub = workspace.folder / "hub"
        self.vintages = workspace.study / "common-data" / "vintages"
        self.runs: list[Done] = []
        """What the runs of Snakemake gave."""
        monkeypatch.chdir(workspace.folder)
        monkeypatch.setattr(snakemake_command, "project_folder", lambda: workspace.folder)
        monkeypatch.setattr(cli_run, "run_commands", self._snakemake)
        variables = workspace.environment() | {HOOK: "without_figures"}
        for name in ("AUTHOR", "COMMITTER"):
            variables |= {f"GIT_{name}_NAME": "A", f"GIT_{name}_EMAIL": "a@example.org"}
        for name in variables.keys() - {"PYTHONPATH"}:
            monkeypatch.setenv(name, variables[name])
        forecast(workspace, "flusight_format", reference_date="next")
        workspace.change("modelset", _without_dates)
        workspace.change("basemodel", lambda y: y["model"].update(timespan=_SPAN))
        for path in self.vintages.iterdir():
            path.unlink()
        _write_hub(self.hub)
        (self.hub / "model-metadata").mkdir()
        (self.hub / "model-metadata" / "team-model.yml").write_text("team_abbr: team\n")
        git(self.hub, "init", "--quiet", "--initial-branch=main")
        git(self.hub, "add", ".")
        git(self.hub, "commit", "--quiet", "--message=hub")

    def keep(self, wednesday: str) -> None:
        """Keep what is known on a Wednesday as its vintage."""
        (self.vintages / f"cases_{wednesday}.csv").write_text(known_on(wednesday))

    def week(self, today: str, *options: object) -> Result:
        """Call the command as on a day."""
        named = ("small", "--root", "study", "--clone", "hub", "--config", f"today={today}")
        return run("week", *named, *options)

    def branches(self) -> dict[str, list[str]]:
        """Return the files that each branch of the clone has besides those of the hub."""
        names = git(self.hub, "for-each-ref", "--format=%(refname:short)").split()
        changes = ("diff", "--name-only", "main")
        return {name: git(self.hub, *changes, name).split() for name in names if name != "main"}

    def submission(self, branch: str) -> str:
        """Return the submission on a branch."""
        (path,) = self.branches()[branch]
        return git(self.hub, "show", f"{branch}:{path}")

    def accepts(self, branch: str) -> bool:
        """Return whether the checks of the clone's hub accept what is on a branch."""
        (path,) = self.branches()[branch]
        git(self.hub, "checkout", "--quiet", branch)
        verdict = validate(self.hub / path, self.hub)
        git(self.hub, "checkout", "--quiet", "main")
        return verdict.accepted()

    def _snakemake(self, commands: Sequence[SnakemakeCommand]) -> int:
        (command,) = commands
        done = self.workspace.call([*SNAKEMAKE, *command.arguments[1:]])
        self.runs.append(done)
        return done.code


def _write_hub(folder: Path) -> None:
    """Write a hub that takes admissions of FluSight for some rounds."""
    rounds = [date.fromisoformat(day) for day in (*ROUNDS, "2025-02-22")]
    document = define_tasks("flusight_format", rounds[0], ["25", "36"])
    (task,) = document["rounds"][0]["model_tasks"] = document["rounds"][0]["model_tasks"][:1]
    ends = {day + timedelta(weeks=n) for day in rounds for n in HORIZONS}
    for name, days in (("reference_date", rounds), ("target_end_date", sorted(ends))):
        task["task_ids"][name]["optional"] = list(map(str, days))
    write_hub(folder, document)


def _without_dates(y: dict[str, Any]) -> None:
    y["modelset"]["population_names"] = ["US-MA"]
    y["modelset"]["calibration"] |= {
        "observed_data_path": "common-data/vintages",
        "observed_data_vintage": "today",
        "fitting_window": _WINDOW,
    }
