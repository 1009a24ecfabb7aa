"""``epyflow config``: the settings of a run."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from epyflow.errors import EpyflowError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epyflow.operations.setup.layers import Setting

config = typer.Typer(help="Look at the settings of a run.", no_args_is_help=True)

WRONG, UNREADABLE = 1, 2

_WIDE = 200
"""Columns of a table that is not printed on a terminal."""


ConfigFiles = Annotated[
    list[Path] | None, typer.Option("--configfile", help="A layer; may be given repeatedly.")
]
ConfigValues = Annotated[
    list[str] | None, typer.Option("--config", help="KEY=VALUE; may be given repeatedly.")
]


@config.callback()
def config_options() -> None:
    """Look at the settings of a run."""


@config.command()
def show(
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    format: Annotated[
        Literal["table", "json"], typer.Option(help="How the answer is printed.")
    ] = "table",
) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    The layers are those of the snakemake command: config/config.yaml, --configfile, --config.

    Exit code 0: shown. 1: a value is wrong or a key unknown. 2: a layer cannot be read.
    """
    # Imported here: the models of the settings take longer to import than to print.
    from epyflow.operations.setup import layers

    try:
        parts = {
            "settings": layers.in_force(layers.read_layers(configfile or (), config or ())),
            "cloud": layers.of_the_cloud(),
            "secrets": layers.secrets(),
        }
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE if isinstance(error, UnreadableError) else WRONG) from None
    if format == "json":
        document = {name: [asdict(each) for each in found] for name, found in parts.items()}
        typer.echo(json.dumps(document, indent=2))
    else:
        _print(parts)


def _print(parts: "Mapping[str, Sequence[Setting]]") -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=_WIDE)
    for name, settings in parts.items():
        table = Table(title=name, title_justify="left", box=None)
        for column in ("name", "value", "from"):
            table.add_column(column, overflow="fold")
        for each in settings:
            value = "-" if each.value is None else json.dumps(each.value).strip('"')
            # As text: square brackets are no markup.
            table.add_row(each.name, Text(value), Text(each.source))
        console.print(table)
