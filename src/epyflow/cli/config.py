"""``epyflow config``: the settings of a run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from epyflow.cli.options import ConfigFiles, ConfigValues, Format
from epyflow.cli.output import ExitCode, console, exit_on_error, print_json
from epyflow.operations.setup import layers

config = typer.Typer(
    help="Show the settings of a run.", no_args_is_help=True, rich_markup_mode="markdown"
)


@config.callback()
def config_options() -> None:
    """Show the settings of a run."""


@config.command()
def show(
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    format: Format = "table",
) -> None:
    """Show every setting, its value and its source; secrets are masked.

    Settings are read as the snakemake command reads them: config/config.yaml, --configfile,
    --config, where a later one wins.

    Exit code 0: shown. 1: a value is wrong or a key unknown. 2: a layer cannot be read.
    """
    with exit_on_error(ExitCode.PROBLEM):
        parts = {
            "settings": layers.effective_settings(
                layers.read_layers(configfile or (), config or ())
            ),
            "cloud": layers.site_settings(),
            "secrets": layers.token_settings(),
        }
    if format == "json":
        document = {name: [asdict(each) for each in found] for name, found in parts.items()}
        print_json(document)
    else:
        _print(parts)


def _print(parts: Mapping[str, Sequence[layers.Setting]]) -> None:
    out = console()
    for name, settings in parts.items():
        table = Table(title=name, title_justify="left", box=None)
        for column in ("name", "value", "from"):
            table.add_column(column, overflow="fold")
        for each in settings:
            value = "-" if each.value is None else json.dumps(each.value).strip('"')
            # As text: square brackets are no markup.
            table.add_row(each.name, Text(value), Text(each.source))
        out.print(table)
