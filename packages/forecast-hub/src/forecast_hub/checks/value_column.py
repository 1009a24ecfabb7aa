"""Check the ``value`` column: type, range, order of quantiles, sums of probabilities."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.checks.row_tasks import Rows, group_lines
from forecast_hub.config.column_types import format_value
from forecast_hub.config.hub import NA, SUM_TOLERANCE, OutputType, Target, Values
from forecast_hub.config.units import read_unit
from forecast_hub.findings import Finding, Severity, cap_findings

_PERCENT = 100

_SUM_DECIMALS = 9
"""Decimals of a sum in a message: enough to tell it from 1 where it differs by more than that."""


def check_numbers(rows: Rows) -> list[Finding]:
    """Check that every value is a number of the type and range of its output type."""
    text = rows.file.frame["value"].to_numpy(dtype=object)
    no_number = ~np.isfinite(rows.value)
    findings = []
    for value, lines in group_lines(text[no_number], rows.file.numbers[no_number]):
        what = "value is missing" if value == NA else f"value is {value!r}"
        message = f"{what}; expected a number"
        findings.append(Finding("value_col_valid", message, rows=lines, unit=rows.file.unit))
    findings = cap_findings(findings)
    for index, task in enumerate(rows.round.model_tasks):
        for name, output in task.output_types.items():
            mine = rows.where(index, name)
            findings += _of_output(rows, mine[~no_number[mine]], task.title, output)
            for target in () if name in ("pmf", "cdf") else task.targets:
                its = rows.of_target(mine[~no_number[mine]], target)
                findings += _outside_unit(rows, its, target, output)
    return findings


def _outside_unit(
    rows: Rows, mine: NDArray[np.intp], target: Target, output: OutputType
) -> Iterator[Finding]:
    """Find values that their unit does not have, where the hub gives no bound.

    A proportion above 1 or a percentage above 100 is an error: most often it is a count of persons.
    Others, such as negative counts, are warnings.
    """
    unit, rule, values = read_unit(target), output.value, rows.value[mine]
    if unit is None:
        return
    outside: list[tuple[NDArray[np.bool_], str, Severity]] = []
    if rule.minimum is None:
        outside.append((values < 0, "at least 0", "warning"))
    if rule.maximum is None and unit.highest is not None:
        severity: Severity = "error" if unit.highest <= _PERCENT else "warning"
        outside.append((values > unit.highest, f"at most {format_value(unit.highest)}", severity))
    for wrong, expected, severity in outside:
        if wrong.any():
            shown = ", ".join(format_value(float(value)) for value in pd.unique(values[wrong])[:3])
            yield Finding(
                "value_col_valid",
                f"values of {target.id!r}, {output.name} are no {unit} (such as {shown}); "
                f"expected {expected}",
                severity,
                rows=rows.lines(mine[wrong]),
                unit=rows.file.unit,
            )


def _of_output(
    rows: Rows, mine: NDArray[np.intp], title: str, output: OutputType
) -> Iterator[Finding]:
    values, rule = rows.value[mine], output.value
    what = f"of {title!r}, {output.name}"
    faults = []
    if rule.minimum is not None:
        faults.append(("below", values < rule.minimum, f"at least {format_value(rule.minimum)}"))
    if rule.maximum is not None:
        faults.append(("above", values > rule.maximum, f"at most {format_value(rule.maximum)}"))
    if rule.type == "integer":
        faults.append(("no whole number", values % 1 != 0, "whole numbers"))
    for fault, wrong, expected in faults:
        if wrong.any():
            shown = ", ".join(format_value(float(value)) for value in pd.unique(values[wrong])[:3])
            is_bound = fault in ("below", "above")
            range_ = "the range" if is_bound else ""
            message = f"values {what} are {fault} {range_}".rstrip()
            yield Finding(
                "value_col_valid",
                f"{message} (such as {shown}); expected {expected}",
                rows=rows.lines(mine[wrong]),
                unit=rows.file.unit,
            )


def check_order(rows: Rows) -> list[Finding]:
    """Check that quantiles and cumulative probabilities do not decrease with their ids."""
    findings = []
    for index, task in enumerate(rows.round.model_tasks):
        for name in ("quantile", "cdf"):
            output = task.output_types.get(name)
            mine = rows.where(index, name)
            if output is not None and len(mine):
                findings += cap_findings(list(_falls(rows, mine, name, output.ids)))
    return findings


def _falls(rows: Rows, mine: NDArray[np.intp], name: str, ids: Values) -> Iterator[Finding]:
    """Yield a finding for each task whose values decrease, with the first decrease."""
    frame = rows.file.frame.iloc[mine]
    rank = frame["output_type_id"].map(_ranks(ids)).to_numpy()
    task = frame.groupby(rows.task_keys, sort=False).ngroup().to_numpy()
    order = np.lexsort((rank, task))
    values, tasks = rows.value[mine][order], task[order]
    falls = (np.diff(values) < 0) & (np.diff(tasks) == 0)
    before = np.flatnonzero(falls)
    _, firsts = np.unique(tasks[before], return_index=True)
    for fall in before[firsts]:
        upper, lower = order[fall], order[fall + 1]
        ids_of = frame["output_type_id"].iloc[[upper, lower]].tolist()
        numbers = [format_value(number) for number in rows.value[mine][[upper, lower]].tolist()]
        where = rows.described(frame.iloc[upper][rows.task_keys].astype(str).to_dict())
        same = before[tasks[before] == tasks[fall]]
        lines = mine[order[np.union1d(same, same + 1)]]
        yield Finding(
            "value_col_non_desc",
            f"{name} values fall for {where}: {numbers[0]} at {ids_of[0]}, {numbers[1]} "
            f"at {ids_of[1]}; expected values that do not fall as the level rises",
            rows=rows.lines(lines),
            unit=rows.file.unit,
        )


def _ranks(ids: Values) -> dict[str, int]:
    """Return the rank of each id: by number if all are numbers, else in the listed order."""
    permitted = list(ids.permitted)
    try:
        permitted.sort(key=float)
    except ValueError:
        permitted = list(ids.permitted)
    return {text: rank for rank, text in enumerate(permitted)}


def check_sums(rows: Rows) -> list[Finding]:
    """Check that the probabilities of each task sum to 1."""
    findings = []
    for index in range(len(rows.round.model_tasks)):
        mine = rows.where(index, "pmf")
        if not len(mine):
            continue
        frame = rows.file.frame.iloc[mine]
        values = pd.Series(rows.value[mine], index=frame.index)
        groups = values.groupby([frame[name] for name in rows.task_keys], sort=False)
        sums = groups.transform("sum").to_numpy()
        wrong = np.abs(sums - 1) > SUM_TOLERANCE
        number = groups.ngroup().to_numpy()
        found = []
        for each in pd.unique(number[wrong]):
            same = np.flatnonzero(number == each)
            where = rows.described(frame.iloc[same[0]][rows.task_keys].astype(str).to_dict())
            total = format_value(round(float(sums[same[0]]), _SUM_DECIMALS))
            found.append(
                Finding(
                    "value_col_sum1",
                    f"probabilities add up to {total} for {where}; expected 1",
                    rows=rows.lines(mine[same]),
                    unit=rows.file.unit,
                )
            )
        findings += cap_findings(found)
    return findings
