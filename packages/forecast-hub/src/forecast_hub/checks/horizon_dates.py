"""Check that the end of a period follows from the round's date and the horizon."""

from collections.abc import Iterator, Mapping

import numpy as np

from forecast_hub.checks.row_tasks import Rows
from forecast_hub.config.horizon_rule import (
    HORIZON,
    NO_RULES,
    HorizonRule,
    find_days,
    find_end_column,
    find_horizon_rule,
    period_days,
)
from forecast_hub.config.hub import Hub, ModelTask, Round, Target
from forecast_hub.errors import HubError
from forecast_hub.findings import Finding, cap_findings


def check_horizon_dates(
    rows: Rows, hub: Hub, round_: Round, known: Mapping[str, int] = NO_RULES
) -> list[Finding]:
    """Compare the ends of periods with the hub's rule.

    Parameters
    ----------
    rows
        The submission.
    hub, round_
        The configuration; the round has the dates of all its rounds.
    known
        See :func:`forecast_hub.config.horizon_rule.find_horizon_rule`.
    """
    findings = []
    for index, task in enumerate(round_.model_tasks):
        end = find_end_column(task)
        if end is None or round_.id_column is None or HORIZON not in task.columns:
            continue
        for target in (each for each in task.targets if each.is_step_ahead):
            found = _of_target(rows, hub, round_, index, task, target, end, known)
            findings += cap_findings(list(found))
    return findings


def _of_target(
    rows: Rows,
    hub: Hub,
    round_: Round,
    index: int,
    task: ModelTask,
    target: Target,
    end: str,
    known: Mapping[str, int],
) -> Iterator[Finding]:
    mine = np.flatnonzero(rows.task == index)
    if target.time_unit not in ("week", "day") or round_.id_column is None:
        return
    frame = rows.file.frame.iloc[mine]
    found = find_days(frame, target, round_.id_column, end, period_days(target))
    if not found:
        return
    try:
        rule = find_horizon_rule(hub, round_, task, target, known=known)
    except HubError as error:
        yield from _unknown(rows, mine, found, target, end, str(error))
        return
    for days, positions in found.items():
        if days != rule.days:
            yield _wrong(rows, mine[positions], rule, days, target, end)


def _wrong(
    rows: Rows, lines: np.ndarray, rule: HorizonRule, days: int, target: Target, end: str
) -> Finding:
    off = days - rule.days
    side = "late" if off > 0 else "early"
    return Finding(
        "horizon_dates",
        f"{end} of {target.id!r} is {abs(off)} days {side}: horizon 0 ends {_said(days)} the "
        f"round's date; expected {_said(rule.days)} it, by {rule.source}",
        rows=rows.lines(lines),
        unit=rows.file.unit,
    )


def _said(days: int) -> str:
    if not days:
        return "on"
    return f"{abs(days)} days {'after' if days > 0 else 'before'}"


def _unknown(
    rows: Rows,
    mine: np.ndarray,
    found: dict[int, list[int]],
    target: Target,
    end: str,
    reason: str,
) -> Iterator[Finding]:
    """Report rows that contradict each other; else that the rule could not be checked."""
    if len(found) == 1:
        yield Finding(
            "horizon_dates", f"{end} of {target.id!r} was not checked: {reason}", "warning"
        )
        return
    fewest = min(found, key=lambda days: len(found[days]))
    yield Finding(
        "horizon_dates",
        f"{end} of {target.id!r} does not follow from the horizon: in some rows horizon 0 ends "
        + ", in others ".join(f"{_said(days)} the round's date" for days in sorted(found))
        + "; expected one rule",
        rows=rows.lines(mine[found[fewest]]),
        unit=rows.file.unit,
    )
