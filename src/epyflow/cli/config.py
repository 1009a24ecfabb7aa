"""``epyflow config``: the settings of a run, and of ``profiles/gcp``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from epyflow.cli.options import ConfigFiles, ConfigValues, Format
from epyflow.cli.output import (
    EscapedTable,
    ExitCode,
    console,
    exit_on_error,
    fail,
    print_json,
    say,
    warn,
)
from epyflow.operations.setup import layers, named_setting
from epyflow.operations.setup.choices import check_clone

Key = Annotated[
    str, typer.Argument(help="A key of config/config.yaml, or of profiles/gcp/site.yaml.")
]

config = typer.Typer(
    help="Show, check and change the settings of a run.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@config.callback()
def config_options() -> None:
    """Show, check and change the settings of a run."""


@config.command()
def show(
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    format: Format = "table",
) -> None:
    """Show every setting, its value and its source; secrets are masked.

    Settings are read as the snakemake command reads them: config/config.yaml, --configfile,
    variables EPYFLOW_<KEY>, --config, where a later one wins.

    Exit code 0: shown. 1: a value is wrong or a key unknown. 2: a layer cannot be read.
    """
    with exit_on_error(ExitCode.PROBLEM):
        parts = {
            "settings": layers.effective_settings(
                layers.read_layers(configfile or (), config or ())
            ),
            "cloud": layers.site_settings(),
            "secrets": layers.secret_settings(),
        }
    warn_of_variables()
    if format == "json":
        document = {name: [asdict(each) for each in found] for name, found in parts.items()}
        print_json(document)
    else:
        _print(parts)


@config.command()
def get(
    key: Key,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    format: Format = "table",
) -> None:
    """Print the value of one setting, as `config show` finds it.

    A list is printed with one item per line.

    Exit code 0: printed. 1: it is not set, or a key or value is wrong. 2: a layer cannot be read.
    """
    with exit_on_error(ExitCode.PROBLEM):
        given = layers.read_layers(configfile or (), config or ())
        found = named_setting.find_setting(key, given)
    if format == "json":
        print_json(asdict(found))
    elif found.value is None:
        fail(f"{key}: not set", ExitCode.PROBLEM)
    else:
        say(*named_setting.shown_value(found.value).split("\n"))


@config.command(name="set")
def set_value(
    key: Key,
    value: Annotated[str, typer.Argument(help="As for --config; '' for the default.")],
) -> None:
    """Change one setting in its file, config/config.yaml or profiles/gcp/site.yaml; keep comments.

    Exit code 0: written, or nothing to change. 1: the key or value is wrong; nothing was written.
    2: the file cannot be read or written.
    """
    with exit_on_error(ExitCode.PROBLEM):
        check_clone()
        file = named_setting.change_setting(key, value)
    if file is None:
        say("nothing to change")
    else:
        with exit_on_error():
            file.write()
        say(f"{file.path}: {file.changes[0]}")
    if variable := named_setting.overriding_variable(key):
        say(f"{variable} is set in this environment, and wins over the file", err=True)


@config.command()
def validate(
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    format: Format = "table",
) -> None:
    """Check every setting: of runs, of profiles/gcp if there are any, and the repository's token.

    Nothing outside this machine is asked; `epyflow doctor` does that.

    Exit code 0: valid. 1: something is wrong. 2: a layer cannot be read.
    """
    with exit_on_error(ExitCode.PROBLEM):
        problems = named_setting.find_problems(configfile or (), config or ())
    warn_of_variables()
    if format == "json":
        print_json({"valid": not problems, "problems": problems})
    else:
        say(*(problems or ["the settings are valid"]))
    if problems:
        raise typer.Exit(ExitCode.PROBLEM)


@config.command()
def path(configfile: ConfigFiles = None, format: Format = "table") -> None:
    """Print the path of each file of settings, in the order in which they are read.

    Exit code 0: printed; files that do not exist are marked.
    """
    files = named_setting.settings_files(configfile or ())
    if format == "json":
        print_json([asdict(each) | {"path": str(each.path)} for each in files])
        return
    for each in files:
        say(f"{each.path}{'' if each.exists else '   (does not exist)'}")


def warn_of_variables() -> None:
    """Name environment variables that look like settings and are none."""
    for line in layers.misspelt_variables():
        warn(line)


def _print(parts: Mapping[str, Sequence[layers.Setting]]) -> None:
    out = console()
    for name, settings in parts.items():
        table = EscapedTable(title=name, title_justify="left", box=None)
        for column in ("name", "value", "from"):
            table.add_column(column, overflow="fold")
        for each in settings:
            value = "-" if each.value is None else json.dumps(each.value).strip('"')
            table.add_row(each.name, value, each.source)
        out.print(table)
