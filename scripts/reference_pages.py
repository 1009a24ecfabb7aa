"""Make the pages of the reference from the code: keys, commands, checks, Python."""

import ast
import inspect
import json
import pkgutil
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from epyflow.cli import app
from epyflow.cli.output import EXIT_CODES
from epyflow.experiment.format import json_schema
from epyflow.experiment.format.base import RELATIVE
from epyflow.experiment.format.calibration import Rejection, Smc, TopFraction

PROJECT = Path(__file__).resolve().parents[1]
_EXAMPLES = ("docs/tutorials/library.md", "docs/hubs.md", "packages/forecast-hub/README.md")
_BESIDES = {
    "epyflow": (
        "epyflow.experiment.load.inspect",
        *("epyflow.artifacts.task.Result", "epyflow.artifacts.task.MemberResult"),
        *("epyflow.artifacts.fit.Fit", "epyflow.artifacts.fit.Generation"),
        *("epyflow.artifacts.packed_array.PackedArray", "epyflow.errors.EpyflowError"),
    ),
    "forecast_hub": (
        *("forecast_hub.checks.validation.Verdict", "forecast_hub.findings.Finding"),
        *("forecast_hub.config.hub.Hub", "forecast_hub.config.hub.Round"),
        "forecast_hub.errors.HubError",
    ),
}
"""What the functions of the examples take, return and raise."""
_BOUNDS = {
    "exclusiveMinimum": "above",
    "minimum": "at least",
    "exclusiveMaximum": "below",
    "maximum": "at most",
}


def pages() -> dict[str, str]:
    """Return the name and the text of every page."""
    return {
        "keys.md": keys_page(),
        "commands.md": commands_page(),
        "checks.md": checks_page(),
        "epyflow.md": python_page("epyflow"),
        "forecast-hub.md": python_page("forecast_hub"),
    }


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    head = list(head)
    escaped = [[" ".join(cell.replace("|", r"\|").split()) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *escaped]]


def sections() -> dict[str, Any]:
    """Return the schema of every section of an experiment, those of its files first."""
    exported = json.loads(json_schema.export())["$defs"]
    found = {name: each for name, each in exported.items() if not name.startswith("_")}
    for strategy in (Smc, Rejection, TopFraction):
        schema = strategy.model_json_schema()
        found |= {**schema.pop("$defs"), strategy.__name__: schema}
    first = ("Model", "Modelset", "Output")
    return {name: found[name] for name in sorted(found, key=lambda each: (each not in first, each))}


def keys_page() -> str:
    """Return the keys of an experiment's files."""
    lines = [
        "# Keys of an experiment",
        "",
        "Every key with its type and default, made from the code that checks experiments. "
        "[The experiment format](../experiments.md) explains them and has examples. A basemodel "
        "file has the key `model`, a modelset file `modelset`, and an output file `output`. The "
        "strategy of a calibration is [Smc](#smc), [Rejection](#rejection) or "
        "[TopFraction](#topfraction).",
    ]
    known = sections()
    for name, section in known.items():
        lines += ["", f"## {name}", "", plain(section.get("description", "")), ""]
        lines += keys_table(section, known)
    return "\n".join(lines) + "\n"


def keys_table(section: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return the table of a section's keys."""
    required = section.get("required", [])
    rows = [
        (
            f"`{key}`",
            type_of(each),
            "required" if key in required else default_of(each),
            plain(meaning_of(each, known)),
        )
        for key, each in section.get("properties", {}).items()
    ]
    return table(("key", "type", "default", "meaning"), rows)


def meaning_of(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Return the description of a key, or else of the section that is its value."""
    if "description" in schema:
        return str(schema["description"])
    if "const" in schema:
        return "Chooses this form of the section."
    section = re.search(r"\[(\w+)\]\(#", type_of(schema))
    return str(known[section[1]].get("description", "")) if section else ""


def plain(text: str) -> str:
    """Return the first paragraph of a docstring, with code as Markdown writes it."""
    return " ".join(re.sub(r"``(.+?)``", r"`\1`", text).partition("\n\n")[0].split())


def type_of(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in words; sections are links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds = [type_of(each) for each in schema[key] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if schema.get("pattern") == RELATIVE:
        return "[relative date](../experiments.md#relative-dates)"
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{json.dumps(each).strip(chr(34))}`" for each in values)
    if schema.get("type") == "array":
        parts = schema.get("prefixItems") or [schema.get("items", {})]
        return f"list of {', '.join(type_of(each) for each in parts)}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"names to {type_of(values)}" if isinstance(values, dict) else "mapping"
    limits = [f"{words} {schema[key]}" for key, words in _BOUNDS.items() if key in schema]
    kind = str(schema.get("format") or schema.get("type") or "any")
    return f"{kind} {' and '.join(limits)}".strip()


def default_of(schema: Mapping[str, Any]) -> str:
    """Return the default of a key that may be absent."""
    default = schema.get("default")
    if isinstance(default, dict) and default:
        return "its defaults"
    return "none" if default in (None, [], {}, "") else f"`{json.dumps(default)}`"


def commands_page() -> str:
    """Return every command with its arguments and options, from their help."""
    lines = ["# Commands", "", "What `epyflow COMMAND --help` shows, made from the code.", ""]
    lines += [EXIT_CODES]
    for name in app.COMMANDS:
        command = app.load_command(name)
        if hasattr(command, "commands"):
            lines += ["", f"## epyflow {name}", "", plain(command.help or app.COMMANDS[name])]
            for inner, each in command.commands.items():
                lines += describe_command(f"### epyflow {name} {inner}", each)
        else:
            lines += describe_command(f"## epyflow {name}", command)
    return "\n".join(lines) + "\n"


def describe_command(heading: str, command: Any) -> list[str]:
    """Return the heading, the help and the table of options of one command."""
    rows = [(f"`{usage_of(each)}`", plain(each.help or "")) for each in command.params]
    help_text = re.sub(r"``(.+?)``", r"`\1`", command.help or "").replace("\b", "")
    return ["", heading, "", help_text, "", *(table(("argument", "meaning"), rows) if rows else [])]


def usage_of(parameter: Any) -> str:
    """Return how an argument or an option is written."""
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return ", ".join((*parameter.opts, *parameter.secondary_opts))


def checks_page() -> str:
    """Return the table of checks, which tests of forecast-hub compare with its code."""
    page = PROJECT / "packages" / "forecast-hub" / "README.md"
    section = page.read_text(encoding="utf-8").partition("\n## Checks\n")[2].partition("\n## ")[0]
    return f"# Checks of a submission\n\n{section.strip()}\n"


def python_page(package: str) -> str:
    """Return the page of a package's public names, whose docstrings the build of the site adds."""
    names = dict.fromkeys(name for page in _EXAMPLES for name in names_used(page, package))
    intro = "What the examples in Python use, take and return, made from the docstrings. "
    intro += "The examples are in [epyflow as a library](../tutorials/library.md), [Forecast hubs]"
    intro += "(../hubs.md#making-a-submission-in-python) and "
    intro += "[forecast-hub](../../packages/forecast-hub/README.md#in-python)."
    objects = [f"::: {name}" for name in (*names, *_BESIDES[package])]
    return "\n\n".join([f"# {package.replace('_', '-')} in Python", intro, *objects]) + "\n"


def names_used(page: str, package: str) -> list[str]:
    """Return the full names of what the blocks of Python on a page use of a package."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    nodes = list(
        ast.walk(ast.parse("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))))
    )
    imported = {
        each.name: f"{node.module}.{each.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == package
        for each in node.names
    }
    modules = {
        name for name, full in imported.items() if inspect.ismodule(pkgutil.resolve_name(full))
    }
    attributes = [
        f"{imported[node.value.id]}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    ]
    return [full for name, full in imported.items() if name not in modules] + attributes
