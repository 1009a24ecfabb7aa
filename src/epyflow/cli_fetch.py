"""``epyflow fetch``: what a run made, as local files."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from epyflow.cli_runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.runs.choosing import chosen
from epyflow.runs.fetching import WHAT, Copy
from epyflow.runs.fetching import fetch as fetch_files

KEPT, UNREADABLE = 1, 2

_STATES = ("fetched", "unchanged", "kept")

RunName = Annotated[
    str,
    typer.Argument(
        help="The experiment's id, of which the newest run is taken; or the run's folder, "
        "`results/<exp_id>/<run_id>`, on disk or in a bucket (`gs://...`)."
    ),
]
RunId = Annotated[
    str | None, typer.Option("--run-id", help="Name of the experiment's run. Default: the newest.")
]


def fetch(
    run: RunName,
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
    storage: Place = None,
    format: Format = "table",
) -> None:
    """Copy what a run made to a local folder; what was fetched before is not fetched again.

    The local files are printed, one a line. A local file that is newer than the run's is kept.

    Exit code 0: all of them are the run's. 1: a newer local file was kept. 2: there is no such run
    or file, it cannot be read, or a local file cannot be written.
    """
    try:
        place, found = chosen(run, run_id, storage)
        copies = fetch_files(place, found, to, what=tuple(what or WHAT), names=names, force=force)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    if format == "json":
        typer.echo(json.dumps([_document(copy) for copy in copies], indent=2))
    else:
        for copy in copies:
            typer.echo(str(copy.target))
    count = {state: sum(copy.became == state for copy in copies) for state in _STATES}
    counted = ", ".join(f"{number} {state}" for state, number in count.items() if number)
    typer.echo(f"{found.folder}: {counted}", err=True)
    for copy in copies:
        if copy.became == "kept":
            typer.echo(f"{copy.target} is newer than the run's; --force replaces it", err=True)
    raise typer.Exit(KEPT if count["kept"] else 0)


def _document(copy: Copy) -> dict[str, object]:
    return {
        "source": copy.source,
        "file": str(copy.target),
        "bytes": copy.size,
        "became": copy.became,
    }
