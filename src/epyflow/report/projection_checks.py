"""Check where a projection begins, how wide it is, and what was observed since."""

import pandas as pd

from epyflow.errors import NoEvidenceError
from epyflow.figures.bands import at_level
from epyflow.figures.observations import LastObservation
from epyflow.figures.read_tables import comparisons_of, dated, first_scenario
from epyflow.report.evidence import Check, Evidence, Finding, far_apart, noise
from epyflow.report.forecast_warnings import at_most

WIDEST = 3.0
"""Largest width of a 95% interval of the first week ahead, as a multiple of the last value."""
NEWEST = 3
"""Number of observations that count as the newest."""


def _half_or_double(given: Evidence) -> Finding:
    name = comparisons_of(given.fitted)[0]
    medians = at_level(dated(given.fitted), 0.5).sort_values("date")
    newest = medians[[name, f"observed_{name}"]].dropna().tail(NEWEST)
    if newest.empty:
        raise NoEvidenceError
    # Errors of both signs cancel in the mean.
    for fitted, observed in (newest.mean(), *newest.iloc[::-1].to_numpy()):
        if far_apart(float(fitted), float(observed)):
            return f"{fitted:,.0f} fitted, {observed:,.0f} observed"
    return None


def _begins(given: Evidence) -> Finding:
    first = _first_ahead(given)
    last = _known(given)
    middle, low, high = (_level(first, level, last) for level in (0.5, 0.25, 0.75))
    # A wide interval excuses no more than a quarter of the observation.
    interval = max(min(high - low, last.value / 4), noise(last.value))
    if abs(middle - last.value) <= 2 * interval:
        return None
    return f"{middle:,.0f} after {last.value:,.0f} observed"


def _wide(given: Evidence) -> Finding:
    first, last = _first_ahead(given), _known(given)
    low, high = (_level(first, level, last) for level in (0.025, 0.975))
    wide = high - low > max(WIDEST * last.value, 8 * noise(last.value))
    return f"{low:,.0f}–{high:,.0f}" if wide else None


def _known(given: Evidence) -> LastObservation:
    if given.last is None:
        raise NoEvidenceError
    return given.last


def _ahead(given: Evidence) -> pd.DataFrame:
    if given.projected is None or given.projected.empty:
        raise NoEvidenceError
    rows = first_scenario(dated(given.projected))
    later: pd.DataFrame = rows[rows["date"] > pd.Timestamp(_known(given).date)]
    return later


def _first_ahead(given: Evidence) -> pd.DataFrame:
    rows = _ahead(given)
    first: pd.DataFrame = rows[rows["date"] == rows["date"].min()]
    return first


def _level(rows: pd.DataFrame, level: float, last: LastObservation) -> float:
    found = at_level(rows, level)[last.comparison]
    if found.empty:
        raise NoEvidenceError
    return float(found.iloc[0])


def _later(given: Evidence) -> Finding:
    ahead, last = _ahead(given), _known(given)
    if given.seen is None:
        raise NoEvidenceError
    since = given.seen.since.set_index("date")["value"]
    levels = {n: at_level(ahead, n).set_index("date")[last.comparison] for n in (0.025, 0.5, 0.975)}
    both = pd.concat([since, *levels.values()], axis=1, join="inner").sort_index().head(4)
    if both.empty:
        raise NoEvidenceError
    values, low, middle, high = both.to_numpy().T
    held = (values >= low) & (values <= high)
    # A wide interval excuses no median that is beyond half or double.
    near = [not far_apart(*pair) for pair in zip(middle, values, strict=True)]
    medians = f"medians of {middle.mean():,.0f}, observed {values.mean():,.0f}"
    if at_most(int((held & near).sum()), len(values), 0.95) <= 0.05 + 1e-9:
        outside = len(values) - int(held.sum())
        return f"{outside} of {len(values)} outside" if outside else medians
    return medians if far_apart(float(middle.mean()), float(values.mean())) else None


def _incomplete(given: Evidence) -> Finding:
    if given.seen is None or given.seen.then.empty:
        raise NoEvidenceError
    then = given.seen.then.set_index("date")["value"].sort_index()
    since = given.seen.since.drop_duplicates("date").set_index("date")["value"]
    last, value = then.index[-1], float(then.iloc[-1])
    now = float(since.get(last, value))
    if now > 1.1 * value and now - value > noise(value):
        return f"{value:,.0f}, since revised to {now:,.0f}"
    before = float(then.iloc[-2]) if len(then) > 1 else value
    if value < 0.5 * before and before - value > 2 * noise(before):
        return f"{value:,.0f} after {before:,.0f}"
    return None


PROJECTION_CHECKS: tuple[Check, ...] = (
    Check(
        "the fitted median is less than half, or more than double, of one of the newest "
        "observations, or of their mean",
        f"the fitted median is between half and double of each of the newest {NEWEST} observations",
        _half_or_double,
    ),
    Check(
        "the forecast begins far from the last observation",
        "the forecast begins near the last observation",
        _begins,
    ),
    Check(
        "the 95% interval of the first week ahead is too wide to be of use",
        "the first week ahead has an informative interval",
        _wide,
    ),
    Check(
        "later observations are outside the 95% interval or far from the median",
        "later observations are as forecast",
        _later,
    ),
    Check(
        "the newest observation may be incomplete",
        "the newest observation looks complete",
        _incomplete,
    ),
)
"""Every check of a projection, in the order of the page."""
