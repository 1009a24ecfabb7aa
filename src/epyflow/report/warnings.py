"""Write warnings about the results of a run, a sentence each."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from epyflow.report.forecast_warnings import SURPRISE, at_most

LOWEST_ACCEPTANCE = 0.01
"""Lowest acceptance of the last generation without a warning."""
FEWEST_EFFECTIVE = 0.1
"""Lowest effective sample size, as a share of the particles, without a warning."""
OLDEST = timedelta(days=7)
"""Longest time from the last observation to the reference date without a warning."""

_NAMED = 5


def failed(members: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Warn of populations without a result, or without some parameter sets."""
    bad = members[members["status"] != "ok"]
    found = []
    for name, rows in bad.groupby("population", sort=False):
        whole = len(rows) == int((members["population"] == name).sum())
        lost = "has no result" if whole else f"lacks {len(rows)} parameter sets"
        cause = " ".join(str(rows["cause"].iloc[0]).split())
        found.append(f"{labels.get(str(name), str(name))} {lost}: {cause}")
    return found


def acceptance(progress: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Warn of low acceptance and of unequal weights in the last generation."""
    last = (
        progress.sort_values("generation", kind="stable").groupby("population", sort=False).last()
    )
    few = last[last["acceptance"] < LOWEST_ACCEPTANCE].index.tolist()
    share = last["effective_sample_size"] / last["particles"]
    unequal = last[share < FEWEST_EFFECTIVE].index.tolist()
    return [
        *_about(
            few, labels, f"fewer than {LOWEST_ACCEPTANCE:.0%} of the simulations were accepted"
        ),
        *_about(
            unequal,
            labels,
            f"the effective sample size is below {FEWEST_EFFECTIVE:.0%} of the particles",
        ),
    ]


def ended(members: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Warn of calibrations that stopped before their last generation."""
    if "ended" not in members:
        return []
    early = members[(members["status"] == "ok") & members["ended"].isin(_EARLY)]
    names = early["population"].unique().tolist()
    return _about(names, labels, "the calibration stopped early (time or budget used up)")


_EARLY = ("max_time", "total_simulations_budget")


def coverage(covered: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> list[str]:
    """Warn if fewer observations lie in the widest interval than chance explains.

    Parameters
    ----------
    covered
        Population to what :func:`epyflow.figures.coverage.coverage` returns.
    labels
        Population to its label.
    """
    low, level = {}, 0.0
    for name, table in covered.items():
        if table.empty:
            continue
        widest = table.iloc[-1]
        level = float(widest["nominal"])
        inside, observations = int(widest["inside"]), int(widest["observations"])
        if at_most(inside, observations, level) < SURPRISE:
            low[name] = f"{labels.get(name, name)} ({inside} of {observations})"
    return _about(
        list(low), low, f"the {100 * level:.4g}% interval of the fit holds too few observations"
    )


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
