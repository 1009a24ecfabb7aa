"""``epyflow data``: observations of a season, as they become known."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from epyflow.cli.output import ExitCode, exit_on_error, fail, say
from epyflow.files import LONGEST_NAME
from epyflow.operations.secret_variables import SERVER_TOKENS, take_secrets
from epyflow.operations.target_data import nhsn
from epyflow.operations.target_data.source import Source, fetch_vintage
from epyflow.strict import shown

data = typer.Typer(
    help="Fetch observations and keep them as dated vintages.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@data.callback()
def data_options() -> None:
    """Fetch observations and keep them as dated vintages."""


@data.command()
def fetch(
    to: Annotated[Path, typer.Option(help="Folder of the vintages, such as data/vintages.")],
    hub: Annotated[
        str | None, typer.Option(help="A forecast hub: its folder, or git+https://...@REF.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="The hub's target data. Default: as the hubverse names it.")
    ] = None,
    admissions: Annotated[
        Literal["flu", "covid", "rsv"] | None,
        typer.Option("--nhsn", help="Weekly hospital admissions of the NHSN, from data.cdc.gov."),
    ] = None,
    address: Annotated[str, typer.Option(help="The NHSN's data set.")] = nhsn.ADDRESS,
    name: Annotated[
        str | None, typer.Option(help="Begin of the files' names. Default: by the source.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the vintage. Default: today (UTC)."),
    ] = None,
    max_age: Annotated[int, typer.Option(min=0, help="Most days since the last observation.")] = 10,
) -> None:
    """Fetch observations, and keep them as the vintage of today. No vintage is overwritten.

    The file is printed. Its checksum and source are in `vintages.json` beside it. An application
    token for data.cdc.gov is read from EPYFLOW_SOCRATA_TOKEN; none is needed.

    Exit code 0: kept, or kept before. 1: the data are stale, have shrunk, have a date twice or one
    of another weekday, there is another vintage of the day, or the server refuses or does not
    answer; nothing was kept. 2: an option is wrong, or something cannot be read.
    """
    if (hub is None) == (admissions is None):
        fail("expected one of --hub and --nhsn", ExitCode.UNREADABLE)
    if name is not None and not re.fullmatch(f"[A-Za-z][A-Za-z_-]{{0,{LONGEST_NAME - 1}}}", name):
        fail(
            f"--name {shown(name)}: expected at most {LONGEST_NAME} letters, '-' and '_'",
            ExitCode.UNREADABLE,
        )
    day: date = (as_of or datetime.now(UTC)).date()
    tokens = take_secrets(SERVER_TOKENS)
    with exit_on_error(ExitCode.PROBLEM):
        source = Source(hub or f"nhsn-{admissions}", file, address, tokens)
        fetched = fetch_vintage(source, to, day, max_age, name)
    say(str(fetched), err=True)
    say(str(fetched.path))
