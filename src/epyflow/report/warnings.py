"""Write warnings about the results of a run, a sentence each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from epyflow.figures.observations import LastObservation
from epyflow.report.calibration_checks import CHECKS
from epyflow.suggest import counted

OLDEST = timedelta(days=7)
"""Longest time from the last observation to the reference date without a warning."""

_NAMED = 5


def not_run(rules: Iterable[str], settings: str | None = None) -> list[str]:
    """Warn of results that are not those of the experiment as the report's command has it.

    Parameters
    ----------
    rules
        The rule of each job that a run with the same settings would do.
    settings
        What differs from the settings of the run's last start, and what to type; None if nothing
        does.
    """
    jobs = Counter(rule for rule in rules if rule != "all")
    if not jobs:
        return []
    said = ", ".join(f"{rule} ({number})" for rule, number in sorted(jobs.items()))
    return [
        "These are not the results of the experiment as it is now: some are missing, or were made "
        f"from other files, settings or code. {settings or _AGAIN} The run would do: {said}."
    ]


def ended_badly(jobs: Sequence[object], failed: int, tasks: int) -> list[str]:
    """Warn of a run that did all it could, and ended with an error.

    Parameters
    ----------
    jobs
        What a start would do; without any, the run ended well.
    failed, tasks
        From :func:`epyflow.run.failures.only_failed_left`, and the number of all tasks.
    """
    if not jobs:
        return []
    if not failed:
        return [
            "The run made all of its results, and then ended with an error: a submission that the "
            "hub would refuse, for instance. Start it again to see the error."
        ]
    have = "has" if failed == 1 else "have"
    return [
        f"{failed:,} of {tasks:,} tasks failed and {have} no results here; the results of the "
        "others are complete. Start the run again to try what failed."
    ]


_AGAIN = "Run it again with the same settings, then write the report."


def missing_files(missing: Sequence[str], shown: int, settings: str | None) -> str:
    """Say why there is no report.

    Parameters
    ----------
    missing, shown
        Files that are missing, and the number of files that the report shows.
    settings
        As in :func:`not_run`.
    """
    return (
        f"--report: not written: of the {shown:,} files that it shows, the run lacks "
        f"{len(missing):,}, such as {missing[0]}. {settings or _AGAIN}"
    )


def failed(members: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Warn of populations without a result, or without some parameter sets."""
    bad = members[members["status"] != "ok"]
    found = []
    for name, rows in bad.groupby("population", sort=False):
        whole = len(rows) == int((members["population"] == name).sum())
        lost = "has no result" if whole else f"lacks {counted(len(rows), 'parameter set')}"
        cause = " ".join(str(rows["cause"].iloc[0]).split())
        found.append(f"{labels.get(str(name), str(name))} {lost}: {cause}")
    return found


def checks(failed: Mapping[int, Mapping[str, str]], labels: Mapping[str, str]) -> list[str]:
    """Warn of what :func:`epyflow.report.calibration_checks.check` found, a sentence a check."""
    found = []
    for position in sorted(failed):
        said = {name: f"{labels[name]} ({detail})" for name, detail in failed[position].items()}
        found += _about(list(said), said, CHECKS[position].warning)
    return found


def baselines(
    counted: Mapping[str, tuple[str, float | None]],
    last: Mapping[str, LastObservation],
    labels: Mapping[str, str],
) -> list[str]:
    """Warn of rate trends that are not counted from the last observation, as the page is.

    Parameters
    ----------
    counted
        Population to the week that its rate trends count from, and the observation of that week.
    last
        Population to its last observation.
    labels
        Population to its label.
    """
    wrong = {}
    for name, (week, value) in counted.items():
        if name in last and (value is None or (week, value) != (last[name].date, last[name].value)):
            of = "the simulation" if value is None else f"{value:,.0f}"
            known = f"{last[name].value:,.0f} to {last[name].date}"
            wrong[name] = f"{labels[name]} ({of} to {week}; last observation {known})"
    return _about(list(wrong), wrong, "the rate trends are not counted from the last observation")


def ended(members: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Warn of calibrations that stopped before their last generation."""
    if "ended" not in members:
        return []
    early = members[(members["status"] == "ok") & members["ended"].isin(_EARLY)]
    names = early["population"].unique().tolist()
    return _about(names, labels, "the calibration stopped early (time or budget used up)")


_EARLY = ("max_time", "total_simulations_budget")


def stale(
    latest: Mapping[str, str], window_end: str, reference: str | None, labels: Mapping[str, str]
) -> list[str]:
    """Warn of data that end before they should.

    Parameters
    ----------
    latest
        Population to its last date with an observation, ISO 8601.
    window_end
        The last date of the fitting window.
    reference
        The reference date of the submission, if there is one.
    labels
        Population to its label.
    """
    end = date.fromisoformat(window_end)
    # A weekly series may end up to six days before the window does.
    late = [name for name, day in latest.items() if (end - date.fromisoformat(day)).days >= 7]
    found = _about(late, labels, f"no observation in the last week before {window_end}")
    newest = max(map(date.fromisoformat, latest.values()), default=end)
    if reference is not None and date.fromisoformat(reference) - newest > OLDEST:
        found.append(
            f"The newest observation is of {newest.isoformat()}, "
            f"{(date.fromisoformat(reference) - newest).days} days before the reference date "
            f"{reference}."
        )
    return found


def _about(names: Sequence[Any], labels: Mapping[str, str], what: str) -> list[str]:
    """Write one warning for several populations, and name five at most."""
    if not names:
        return []
    said = [labels.get(str(name), str(name)) for name in names]
    more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return [f"{', '.join(said[:_NAMED])}{more}: {what}."]
