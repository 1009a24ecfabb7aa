"""``epyflow week``: this week's forecast, from the data to a branch of the hub."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from epyflow.cli.config import warn_of_variables
from epyflow.cli.options import ConfigFiles, ConfigValues, ExperimentName, Root, StoragePrefix
from epyflow.cli.output import ExitCode, exit_on_error, say, warn
from epyflow.cli.run import (
    GCP,
    Arguments,
    Cloud,
    Cores,
    Profile,
    Slurm,
    choose_profile,
    print_lines,
    print_results,
    run_and_report,
)
from epyflow.errors import EpyflowError, RunningError
from epyflow.google.site import read_site
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.result_files import describe_results
from epyflow.operations.runs.run_list import open_storage
from epyflow.operations.secret_variables import GITHUB, SERVER_TOKENS, take_secrets
from epyflow.operations.start.named_experiment import NamedExperiment, name_experiment
from epyflow.operations.start.snakemake_command import WITHOUT_RUN, Start
from epyflow.operations.target_data.source import (
    NHSN_SOURCES,
    Source,
    fetch_vintage,
    is_kept,
)
from epyflow.operations.week.forecast import (
    Week,
    confirm_accepted,
    confirm_metadata,
    confirm_unedited,
    plan_week,
    read_forecast,
)
from epyflow.operations.week.hub_branch import (
    Forecast,
    check_branch,
    check_clone,
    commit_submission,
    has_configuration,
    owner_of,
    push_branch,
)
from epyflow.operations.week.pull_request import API, Host, open_pull_request, read_host
from epyflow.report.warnings import OLDEST
from epyflow.repositories.address import is_address
from epyflow.run.planner import plan_without_seed
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Storage
from epyflow.suggest import listed


def week(
    experiment: ExperimentName,
    clone: Annotated[Path, typer.Option(help="A local clone of the hub.")],
    arguments: Arguments = None,
    fetch: Annotated[
        str | None,
        typer.Option(
            help=f"Fetch today's observations first, from {listed(NHSN_SOURCES)}, or a hub: its "
            "folder, or git+https://...@REF."
        ),
    ] = None,
    fetch_file: Annotated[
        str | None,
        typer.Option(help="With --fetch: the hub's target data, as in epyflow data fetch."),
    ] = None,
    fetch_to: Annotated[
        Path | None,
        typer.Option(help="With --fetch: the folder that observed_data_path names."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="The model's metadata, if the hub does not have them.")
    ] = None,
    push: Annotated[
        str | None, typer.Option(help="Push the branch to this remote of the clone, such as fork.")
    ] = None,
    repository: Annotated[
        str | None,
        typer.Option(
            "--pull-request",
            metavar="OWNER/NAME",
            help="Open a pull request to this repository on GitHub; needs --push, and the token in "
            f"{GITHUB}.",
        ),
    ] = None,
    api: Annotated[str, typer.Option(help="With --pull-request: GitHub's API.")] = API,
    cores: Cores = None,
    cloud: Cloud = False,
    slurm: Slurm = False,
    profile: Profile = None,
    detached: Annotated[
        bool,
        typer.Option("--submit", help="Run on Google Batch without this machine: epyflow submit."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --submit: wait until the coordinator ends.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a report at the end of the run: a .html or .zip file."),
    ] = None,
    storage: StoragePrefix = None,
    root: Root = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
) -> None:
    """Run this week's forecast, and commit it on a branch of a local clone of the hub.

    The run is named by the reference date. Repeat the command to resume it; a branch that holds
    the submission stays as it is. With --submit, repeat it once the run has ended. Nothing is
    fetched without --fetch, or twice a day; nothing is pushed without --push, and no pull request
    is opened without --pull-request. The last lines of `epyflow run`, with the warnings of the
    report's first page, and the branch are printed. With `-- --dry-run`, the jobs are
    printed, and nothing is committed.

    Exit code 0: the branch holds the submission. 1: the data are stale, the run failed, the hub
    would refuse the submission, git failed, or GitHub refused the pull request. 2: something cannot
    be read. 3: the submitted run has not ended. 128 + n: signal n ended it.
    """
    warn_of_variables()
    tokens = take_secrets(SERVER_TOKENS)
    with exit_on_error(ExitCode.PROBLEM):
        chosen = choose_profile(cloud, slurm, profile)
        if detached and (chosen, cores) != (None, None):
            raise EpyflowError("--submit runs with profiles/gcp; expected no other place, no cores")
        if detached:
            _refuse_here_only(report, arguments or ())
        host = None if repository is None else read_host(repository, api, tokens)
        target = _target(clone, metadata, push, host)
        options = {"experiments_root": root}
        settings = name_experiment(experiment, configfile or (), config or (), options).settings
        if settings.hub is None and has_configuration(clone):
            options["hub"] = str(clone)
            settings = settings.model_copy(update={"hub": str(clone)})
        if fetch is not None or fetch_file is not None or fetch_to is not None:
            _fetch(fetch, fetch_file, fetch_to, settings.today, tokens)
        found = plan_week(settings)
        model = f"{settings.team_abbr}-{settings.model_abbr}"
        check_branch(clone, model, found.file, metadata)
        confirm_metadata(found, clone, metadata)
        own = [*(config or ()), *found.settings]
        named = name_experiment(experiment, configfile or (), own, options)
        place = _place(found, GCP if detached else chosen, storage)
    if detached:
        _submit(found, named, arguments or (), place, wait=wait)
        with exit_on_error(ExitCode.PROBLEM):
            # Its plan is not in this folder.
            print_lines(describe_results(plan_without_seed(gather(named.settings)), place))
    else:
        fetches = is_address(named.settings.experiments_root)
        start = Start(chosen, cores, named.files, named.arguments, arguments or (), fetches)
        _run(found, start, report, (named.settings, place))
        if WITHOUT_RUN & set(start.arguments):
            say("nothing was run, and nothing was committed", err=True)
            return
    with exit_on_error(ExitCode.PROBLEM):
        forecast = Forecast(model, found.file, read_forecast(found, place))
        confirm_accepted(found, forecast.content, clone, metadata)
        branch = _hand_over(forecast, target)
    say(branch)


def _refuse_here_only(report: Path | None, arguments: Sequence[str]) -> None:
    """Refuse what a run that another machine starts does not do, before it is handed over."""
    if report is not None:
        raise EpyflowError(
            "--submit, --report: expected one; `epyflow report` writes it after the run"
        )
    for option in sorted(WITHOUT_RUN & set(arguments)):
        raise EpyflowError(f"--submit, {option}: expected one; without --submit nothing is sent")


class _Target(NamedTuple):
    """Where the submission goes: the clone, a remote of it and its owner, and the hub on GitHub."""

    clone: Path
    metadata: Path | None
    remote: str | None
    owner: str
    host: Host | None


def _target(clone: Path, metadata: Path | None, push: str | None, host: Host | None) -> _Target:
    """Check before a run where its submission goes."""
    if host is not None and push is None:
        raise EpyflowError("--pull-request: expected --push, the remote of the branch, too")
    check_clone(clone, push)
    owner = "" if host is None or push is None else owner_of(clone, push)
    return _Target(clone, metadata, push, owner, host)


def _hand_over(forecast: Forecast, target: _Target) -> str:
    """Commit the submission, push it and open the pull request, as asked; return the branch."""
    branch = commit_submission(target.clone, forecast, target.metadata)
    say(f"{'committed' if branch.is_new else 'committed before'}: {branch.commit}", err=True)
    if target.remote is not None:
        push_branch(target.clone, branch, target.remote)
    if target.host is not None:
        request = open_pull_request(target.host, branch, target.owner)
        say(
            f"pull request {'opened' if request.is_new else request.state}: {request.url}", err=True
        )
    return branch.name


def _fetch(
    named: str | None,
    file: str | None,
    folder: Path | None,
    today: date | None,
    tokens: Mapping[str, str],
) -> None:
    """Keep the observations of today, unless they were kept before."""
    if named is None or folder is None:
        raise EpyflowError("--fetch, --fetch-to: expected both, or neither of them and no file")
    source, day = Source(named, file, environment=tokens), today or datetime.now(UTC).date()
    if is_kept(source, folder, day):
        say(f"{folder}: the observations of {day} were kept before", err=True)
    else:
        say(str(fetch_vintage(source, folder, day, OLDEST.days)), err=True)


def _place(found: Week, profile: str | None, storage: str | None) -> Storage:
    """Open the storage of the results: as given, else that of the site, or this folder."""
    if storage is None and profile == GCP:
        storage = read_site().of_experiment(found.layout.exp_id).storage
    return open_storage(storage)


def _run(found: Week, start: Start, report: Path | None, results: tuple[Settings, Storage]) -> None:
    """Run the forecast, write its report if that is asked for, and end the command if one fails."""
    ended = run_and_report(start, report, found.layout)
    settings, place = results
    if ended.is_over:
        with exit_on_error(ExitCode.PROBLEM):
            print_results(settings, ended.report, place)
    if code := ended.code:
        failed = "did not succeed"
        if ended.run == 0:
            failed = f"succeeded, but {report} was not written: repeat the command without --report"
        warn(f"the run of {found.reference_date} {failed}; nothing was committed")
        raise typer.Exit(code if code > 128 else ExitCode.PROBLEM)


def _submit(
    found: Week, named: NamedExperiment, arguments: Sequence[str], place: Storage, *, wait: bool
) -> None:
    """Submit the forecast unless it is complete, and end the command if it has not ended well."""
    submit = import_module("epyflow.cli.submit")  # takes a second, and few need it

    with exit_on_error(ExitCode.PROBLEM, codes={RunningError: ExitCode.NOT_DONE}):
        last = read_record(found.layout.exp_id, found.layout.run_id, place)
        # The mark of an earlier start stays while a later one works, if that one fails, and if it
        # was asked for a part.
        whole = last is None or (last.outcome == "complete" and last.wanted.whole)
        if whole and found.is_complete(place):
            again = _command(named, arguments)
            for each in confirm_unedited(found, named.settings, last, again) if last else ():
                warn(each)
            return
        where, document = submit.start_detached(named.settings, arguments, submit.Machine())
        say(f"{found.layout.name}: submitted as {document['job']}", err=True)
        if not wait:
            warn("nothing was committed yet: repeat the command when the run has ended")
            raise typer.Exit(ExitCode.NOT_DONE)
        if not submit.wait_for_end(where, document["job"], submit.SECONDS):
            warn(f"the run of {found.reference_date} did not succeed; nothing was committed")
            raise typer.Exit(ExitCode.PROBLEM)


def _command(named: NamedExperiment, arguments: Sequence[str]) -> str:
    """Return the command that submits a run again, with its settings."""
    own = [text for text in named.arguments if not text.startswith("experiment=")]
    words = ["epyflow", "submit", named.settings.experiment]
    words += [word for file in named.files for word in ("--configfile", str(file))]
    words += [word for text in own for word in ("--config", text)]
    return shlex.join([*words, *(["--", *arguments] if arguments else [])])
