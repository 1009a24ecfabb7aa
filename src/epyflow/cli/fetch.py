"""``epyflow fetch``: copy files of a run to a local folder."""

import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from epyflow.cli.options import Format, RunId, RunNames, StoragePrefix
from epyflow.cli.output import ExitCode, exit_on_error, print_json, say, warn
from epyflow.errors import EpyflowError
from epyflow.operations.runs.download import WHAT, Copy
from epyflow.operations.runs.download import fetch as fetch_files
from epyflow.operations.runs.latest_runs import find_latest_runs
from epyflow.operations.runs.run_list import Run, find_runs, open_storage
from epyflow.operations.runs.run_lookup import find_run, list_command
from epyflow.operations.runs.unplanned_files import describe_unplanned, first_names
from epyflow.run.run_id import LATEST
from epyflow.storage.disk import Storage
from epyflow.suggest import counted

_STATES = ("fetched", "unchanged", "kept", "left", "unplanned", "stale", "removed")
_COPIED = ("fetched", "unchanged", "kept")


def fetch(
    run: RunNames,
    run_id: RunId = None,
    what: Annotated[
        list[str] | None,
        typer.Option(
            help="Glob for files below the run's folder, in quotes, such as `'figures/*.svg'`; can "
            f"be given several times. Default: `{'`, `'.join(WHAT)}`."
        ),
    ] = None,
    to: Annotated[Path, typer.Option(help="The local folder.")] = Path("fetched"),
    names: Annotated[
        Literal["tree", "flat"],
        typer.Option(
            help="tree: `<exp_id>/<run_id>/outputs/<table>.csv.gz`; "
            "flat: `<exp_id>_<run_id>_<table>.csv.gz`."
        ),
    ] = "tree",
    force: Annotated[
        bool, typer.Option("--force", help="Also replace local files that are newer.")
    ] = False,
    unplanned: Annotated[
        bool,
        typer.Option(
            "--unplanned",
            help="Also copy files of earlier plans, which the last start of the run does not make.",
        ),
    ] = False,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """Copy files of a run to a local folder. Files that are there already are not copied again.

    The local files are printed, one a line. A local file that is newer than the run's is kept.
    A file whose name is not possible on this machine is skipped with a message. Files of an earlier
    plan, such as a submission under the model's earlier name, are left out with a message. Local
    files that the run does not have, or no longer plans, are named in a warning and stay, but for
    those of populations that a table `trajectories_*.parquet` no longer has, which are deleted.

    Exit code 0: every file has its copy. 1: a newer local file was kept. 2:
    there is no such run or file, it cannot be read, or a local file cannot be written; also if
    a file was skipped.
    """
    asked = Asked(to, tuple(what or WHAT), names, force, unplanned)
    with exit_on_error():
        place, found = _runs(run, run_id, storage)
    fetched, missed = {}, []
    for one in found:
        try:
            fetched[one.folder] = _fetch(place, one, asked)
        except EpyflowError as error:
            missed.append(str(error))
    copies = [copy for its in fetched.values() for copy in its]
    _print(fetched, copies, format)
    kept = [copy for copy in copies if copy.became == "kept"]
    for copy in kept:
        say(f"{copy.target} is newer than the run's; --force replaces it", err=True)
    left = [copy for copy in copies if copy.became == "left"]
    for copy in left:
        say(f"{copy.source} was left: {copy.problem}", err=True)
    for message in missed:
        warn(message)
    if missed or left:
        raise typer.Exit(ExitCode.UNREADABLE)
    raise typer.Exit(ExitCode.PROBLEM if kept else ExitCode.OK)


class Asked(NamedTuple):
    """The files to fetch, and how to name them."""

    to: Path
    what: tuple[str, ...]
    names: Literal["tree", "flat"]
    force: bool
    unplanned: bool


def _runs(named: str, run_id: str | None, storage: str | None) -> tuple[Storage, list[Run]]:
    """Return the run that was named; for a glob, the newest run of each experiment."""
    if not re.search(r"[*?[]", named):
        place, found = find_run(named, run_id, storage)
        return place, [found]
    place = open_storage(storage)
    if run_id == LATEST:
        matched = find_latest_runs(place, named)
    else:
        runs = find_runs(place, named, latest=run_id is None)
        matched = [run for run in runs if run_id in (None, run.run_id)]
    if not matched:
        raise EpyflowError(
            f"no run of {named} under {storage or '.'}/results; `{list_command(storage)}` lists "
            "those there are"
        )
    return place, matched


def _fetch(place: Storage, run: Run, asked: Asked) -> list[Copy]:
    return fetch_files(place, run, **asked._asdict())


def _print(fetched: dict[str, list[Copy]], copies: list[Copy], format: str) -> None:
    if format == "json":
        print_json([_document(copy) for copy in copies])
    else:
        for copy in copies:
            if copy.became in _COPIED:
                say(str(copy.target))
    for folder, its in fetched.items():
        say(f"{folder}: {_counted(its)}", err=True)
        if earlier := [copy.source for copy in its if copy.became == "unplanned"]:
            told = describe_unplanned(earlier)
            say(f"{folder}: left out {told}; --unplanned copies them", err=True)
        if removed := [str(copy.target) for copy in its if copy.became == "removed"]:
            told = f"{counted(len(removed), 'local file')} of populations that the table lacks"
            say(f"{folder}: deleted {told}: {first_names(removed)}", err=True)
        if stale := [str(copy.target) for copy in its if copy.became == "stale"]:
            say(
                f"{folder}: warning: the run does not have, or no longer plans, "
                f"{counted(len(stale), 'local file')}: {first_names(stale)}; delete what an "
                "earlier fetch left, or fetch to an empty folder with --to",
                err=True,
            )


def _counted(copies: list[Copy]) -> str:
    counts = {state: sum(copy.became == state for copy in copies) for state in _STATES}
    return ", ".join(f"{number} {state}" for state, number in counts.items() if number)


def _document(copy: Copy) -> dict[str, object]:
    return {
        "source": copy.source,
        "file": str(copy.target) if copy.became in _COPIED else None,
        "bytes": copy.size,
        "became": copy.became,
        "problem": copy.problem or None,
    }
