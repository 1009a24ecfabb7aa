"""Print estimates and tables of costs."""

from typing import Any

from rich.table import Table

from epyflow.cli.output import EscapedTable, console
from epyflow.operations.durations import format_duration

WIDTH = 120
"""Columns of a table that is not printed on a terminal."""


def print_estimate(document: dict[str, Any]) -> None:
    """Print an estimate as a table by stage, and its assumptions."""
    out = console(WIDTH)
    table = cost_table(f"Estimated cost in {document['region']}, US dollars")
    for column in ("stage", "machines", "jobs", "time of a job", "US dollars"):
        right = column not in ("stage", "machines")
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    stages: dict[str, list[dict[str, Any]]] = {}
    for rule in document["stages"]:
        stages.setdefault(rule["stage"], []).append(rule)
    for name, rules in stages.items():
        machines = {rule["machine_type"] + (", spot" if rule["spot"] else "") for rule in rules}
        jobs = _sums(rules, "jobs")
        priced = [rule for rule in rules if rule["usd"] is not None]
        usd = span([dollars(value) for value in _sums(priced, "usd")]) if priced else "not priced"
        times = [rule["seconds_per_job"] for rule in rules]
        longest = [min(low for low, _ in times), max(high for _, high in times)]
        table.add_row(
            name,
            "; ".join(sorted(machines)),
            span([f"{number:,}" for number in jobs]),
            span([format_duration(value) for value in longest]),
            usd,
        )
    table.add_section()
    table.add_row("total", "", "", "", span([dollars(value) for value in document["usd"]]))
    out.print(table)
    for line in document["assumptions"]:
        out.print(f"- {line}", soft_wrap=True, highlight=False)


def _sums(rules: list[dict[str, Any]], key: str) -> list[Any]:
    return [sum(rule[key][end] for rule in rules) for end in (0, 1)]


def cost_table(title: str) -> Table:
    """Return an empty table of costs."""
    return EscapedTable(title=title, title_justify="left")


def span(values: list[str]) -> str:
    """Write a range, or the value where both ends are the same."""
    return values[0] if values[0] == values[1] else f"{values[0]}-{values[1]}"


def dollars(value: float) -> str:
    """Write dollars: to the cent, or to two digits below one."""
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"
