"""Say what to do in the messages of commands that are called wrongly."""

import re
from typing import Any

from typer.exceptions import TyperException

from epyflow.errors import EpyflowError
from epyflow.operations.runs.run_list import find_runs, open_storage
from epyflow.operations.runs.run_lookup import list_command
from epyflow.suggest import did_you_mean

_NOT_A_CHOICE = re.compile(r"(?:Value error, )?'(.*)' is not one of (.*)\.", re.DOTALL)
_EXTRA = re.compile(r"Got unexpected extra argument.*? \((.*)\)", re.DOTALL)
_NUMBERS = {
    "a valid integer, unable to parse string as an integer": "a whole number",
    "a valid number, unable to parse string as a number": "a number",
    "greater than or equal to": "a number not below",
    "less than or equal to": "a number not above",
    "Input should be": "expected",
}
HOW_TO_RUN = "`epyflow run EXPERIMENT` makes one, and --storage names another place"
"""What to do where there is no run at all."""
_RUNS = {"run", "first", "second"}
_SNAKEMAKE = "arguments"
"""The argument with options for Snakemake."""


def explain(error: TyperException) -> None:
    """Add to the message of a wrong option or a missing argument what is expected."""
    context: Any = getattr(error, "ctx", None)
    if context is None:
        return
    if hasattr(error, "param_type"):  # Of a missing argument only.
        name = getattr(getattr(error, "param", None), "name", "")
        error.message = _what_to_give(name, context.params.get("storage"))
    elif option := getattr(error, "option_name", None):
        if any(each.name == _SNAKEMAKE for each in context.command.params):
            error.message += (
                f". An option of Snakemake follows `--`: {context.command_path} EXPERIMENT -- "
                f"{option}"
            )
    elif found := _NOT_A_CHOICE.fullmatch(error.message):
        value, names = found[1], found[2].replace("'", "")
        near = did_you_mean(value, names.split(", "))
        error.message = f"'{value}'{near}; expected one of {names}"
    elif found := _EXTRA.fullmatch(error.message):
        error.message = _what_is_taken(context, found[1])
    else:
        for words, plain in _NUMBERS.items():
            error.message = error.message.replace(words, plain)


def _what_to_give(name: str, storage: str | None) -> str:
    """Return what a missing argument can be."""
    if name == "experiment":
        return "Expected the path of an experiment's folder, or its id; `epyflow new` writes one"
    if name == "folder":
        return "Expected the name of a new folder, such as my_first"
    if name not in _RUNS:
        return ""
    listing = f"`{list_command(storage)}` lists all"
    try:
        runs = find_runs(open_storage(storage))
    except EpyflowError:
        return f"Expected a run; {listing}"
    if not runs:
        return f"Expected a run, but there is none under {storage or '.'}/results; {HOW_TO_RUN}"
    return f"The newest run is {runs[0].folder}; {listing}"


def _what_is_taken(context: Any, extra: str) -> str:
    """Return what a command takes that was given arguments too many."""
    names = [each.name for each in context.command.params if each.param_type_name == "argument"]
    taken = f"{', '.join(f'{{{name}}}' for name in names)} and options" if names else "options"
    message = f"'{extra}' is not expected; `{context.command_path}` takes only {taken}"
    if not names and any(each.name == "runs" for each in context.command.params):
        message += f": --runs '{extra}' with --keep chooses runs, and --dry-run only lists them"
    return message
