"""``epyflow week``: this week's forecast, from the data to a branch of the hub."""

from pathlib import Path
from typing import Annotated

import typer

from epyflow.cli.config import warn_of_variables
from epyflow.cli.options import ConfigFiles, ConfigValues, ExperimentName, Root
from epyflow.cli.output import ExitCode, exit_on_error, say, warn
from epyflow.cli.run import Arguments, Cores, Profile
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.operations.start.snakemake_command import Start, run_commands, write_command
from epyflow.operations.week.forecast import confirm_forecast, plan_week
from epyflow.operations.week.hub_branch import commit_submission, push_branch


def week(
    experiment: ExperimentName,
    clone: Annotated[Path, typer.Option(help="A local clone of the hub.")],
    arguments: Arguments = None,
    metadata: Annotated[
        Path | None, typer.Option(help="The model's metadata, if the hub does not have them.")
    ] = None,
    push: Annotated[
        str | None, typer.Option(help="Push the branch to this remote of the clone, such as fork.")
    ] = None,
    cores: Cores = None,
    profile: Profile = None,
    root: Root = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
) -> None:
    """Run this week's forecast, and commit it on a branch of a local clone of the hub.

    The run is named by the reference date. Repeat the command to resume it; a branch that holds
    the submission stays as it is. Nothing is pushed without --push. The branch is printed.

    Exit code 0: the branch holds the submission. 1: the data are stale, the run failed, the hub
    would refuse the submission, or git failed; there is no new commit. 2: something cannot be
    read. 128 + n: signal n ended it.
    """
    warn_of_variables()
    with exit_on_error(ExitCode.PROBLEM):
        options = {"experiments_root": root}
        settings = name_experiment(experiment, configfile or (), config or (), options).settings
        found = plan_week(settings)
        own = [*(config or ()), *found.settings]
        named = name_experiment(experiment, configfile or (), own, options)
        command = write_command(
            Start(profile, cores, named.files, named.arguments, arguments or ())
        )
    say(str(command), err=True)
    if code := run_commands([command]):
        warn(f"the run of {found.reference_date} did not succeed; nothing was committed")
        raise typer.Exit(code if code > 128 else ExitCode.PROBLEM)
    with exit_on_error(ExitCode.PROBLEM):
        submission = confirm_forecast(found)
        model = f"{settings.team_abbr}-{settings.model_abbr}"
        branch = commit_submission(clone, submission, model, metadata)
        if push is not None:
            push_branch(clone, branch, push)
    say(f"{'committed' if branch.is_new else 'committed before'}: {branch.commit}", err=True)
    say(branch.name)
