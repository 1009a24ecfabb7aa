"""Check a calibration and its projection, a population at a time.

Where a test compares observations with an interval, one that is far from the median counts as
outside, however wide the interval is. So a worse fit gets no fewer warnings than a better one.
"""

from collections.abc import Mapping

import numpy as np

from epyflow.errors import NoEvidenceError
from epyflow.figures.bands import at_level, bands_of
from epyflow.figures.priors import prior_of
from epyflow.figures.read_tables import comparisons_of, dated
from epyflow.report.evidence import Check, Evidence, Finding, noise
from epyflow.report.forecast_warnings import FEWEST_PARTICLES, SURPRISE, at_most
from epyflow.report.projection_checks import PROJECTION_CHECKS

LOWEST_ACCEPTANCE = 0.01
"""Lowest acceptance of the last generation without a warning."""
FEWEST_EFFECTIVE = 40
"""Lowest effective sample size without a warning: one beyond each end of a 95% interval."""
SETTLED = 0.9
"""Lowest ratio of the last two tolerances without a warning."""
EDGE, AT_THE_EDGE = 0.025, 0.25
"""Share of the prior at one end, and the largest share of the posterior there."""
OFF = 0.3
"""Largest mean error of the fitted median without a warning, as a share of the mean."""


def _particles(given: Evidence) -> Finding:
    found = int(given.progress["particles"].iloc[-1])
    return f"{found}" if found < FEWEST_PARTICLES else None


def _effective(given: Evidence) -> Finding:
    found = float(given.progress["effective_sample_size"].iloc[-1])
    return f"{found:.0f}" if found < FEWEST_EFFECTIVE else None


def _tolerance(given: Evidence) -> Finding:
    """Find a tolerance that still falls; where it has settled, count the accepted simulations."""
    if given.strategy.lower() == "smc":
        found = given.progress["epsilon"].astype(np.float64).to_numpy()
        if len(found) < 2 or not np.isfinite(found[-2]):
            return "too few generations to know"
        if found[-1] < SETTLED * found[-2]:
            return f"tolerance fell by {1 - found[-1] / found[-2]:.0%} in the last generation"
    acceptance = float(given.progress["acceptance"].iloc[-1])
    return (
        f"{acceptance:.2g} of the simulations accepted" if acceptance < LOWEST_ACCEPTANCE else None
    )


def _edge(given: Evidence) -> Finding:
    if given.posterior is None:
        raise NoEvidenceError
    rows = given.posterior[given.posterior["generation"] == given.posterior["generation"].max()]
    weights = rows["weight"].astype(np.float64).to_numpy()
    found, made = [], False
    for name, about in given.priors.items():
        prior = prior_of(about) if name in rows else None
        if prior is None:
            continue
        made = True
        values = rows[name].astype(np.float64).to_numpy()
        low, high = prior.ppf([EDGE, 1 - EDGE])
        for beyond, end in ((values <= low, "low"), (values >= high, "high")):
            if weights[beyond].sum() > AT_THE_EDGE * weights.sum():
                found.append(f"{name} at the {end} end")
    if not made:
        raise NoEvidenceError
    return ", ".join(found) or None


def _window(given: Evidence) -> Finding:
    rows = dated(given.fitted).drop_duplicates("date")
    count = int(sum(rows[f"observed_{name}"].notna().sum() for name in comparisons_of(rows)))
    return f"{count}" if count < max(8, 2 * len(given.priors)) else None


def _misses(given: Evidence) -> Finding:
    """Find observations outside the widest interval, or far from the median of wide ones."""
    rows = dated(given.fitted)
    widest = max(bands_of(rows), key=lambda band: band.high - band.low, default=None)
    low, middle, high = (
        at_level(rows, level).set_index("date")
        for level in ((widest.low, 0.5, widest.high) if widest else (0.5,) * 3)
    )
    seen = inside = near = 0
    worst = None
    for name in comparisons_of(rows):
        observed = middle[f"observed_{name}"].dropna()
        if observed.empty:
            continue
        mean = float(observed.mean())
        margin = max(OFF * mean, noise(mean))
        errors = (middle[name].reindex(observed.index) - observed).abs()
        held = (observed >= low[name].reindex(observed.index)) & (
            observed <= high[name].reindex(observed.index)
        )
        seen, inside = seen + len(observed), inside + int(held.sum())
        near += int((held & (errors <= margin)).sum())
        if errors.mean() > margin:
            worst = f"the median misses by {errors.mean() / max(mean, 1):.0%} of the mean"
    if widest is not None and seen:
        nominal = round(widest.high - widest.low, 6)
        if at_most(near, seen, nominal) < SURPRISE:
            found = f"{inside} of {seen} in the {100 * nominal:.4g}% interval"
            return found if near == inside else worst or f"{found}, {near} near the median"
    return worst


CHECKS: tuple[Check, ...] = (
    Check(
        f"fewer than {FEWEST_PARTICLES} particles; intervals are rough",
        f"at least {FEWEST_PARTICLES} particles",
        _particles,
    ),
    Check(
        f"the effective sample size is below {FEWEST_EFFECTIVE}, too few for a 95% interval",
        f"an effective sample size of at least {FEWEST_EFFECTIVE}",
        _effective,
    ),
    Check(
        "the calibration has not converged (tolerance or acceptance)",
        "the tolerance has settled, and enough simulations were accepted",
        _tolerance,
    ),
    Check(
        "the posterior is at the edge of its prior",
        "no posterior is at the edge of its prior",
        _edge,
    ),
    Check("few observations to fit", "enough observations to fit", _window),
    Check(
        "the fit misses the observations",
        "no fit misses more observations than chance allows, or by much",
        _misses,
    ),
    *PROJECTION_CHECKS,
)
"""Every check of a calibration, in the order of the page."""


def check(given: Mapping[str, Evidence]) -> tuple[dict[int, dict[str, str]], list[str]]:
    """Make every check for every population.

    Returns
    -------
    failed
        Position in :data:`CHECKS` to population to detail.
    passed
        What the page says of the checks that were made, and that no population failed.
    """
    failed: dict[int, dict[str, str]] = {}
    passed = []
    for position, each in enumerate(CHECKS):
        made = False
        for population, evidence in given.items():
            try:
                detail = each.find(evidence)
            except NoEvidenceError:
                continue
            made = True
            if detail is not None:
                failed.setdefault(position, {})[population] = detail
        if made and position not in failed:
            passed.append(each.passed)
    return failed, passed
