"""Match forecasts with outcomes on all columns that identify them, and say what is not scored."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecast_hub.config import flusight
from forecast_hub.config.hub import NA, STANDARD_COLUMNS
from forecast_hub.config.unit_words import PERCENT, SHARE, Word, split_words
from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import MODEL
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.suggestions import listed

log = logging.getLogger(__name__)

DERIVED = (flusight.RATE_CHANGE, flusight.PEAK_SIZE, flusight.PEAK_WEEK)
"""Targets whose outcomes are computed from weekly admissions."""

_OF_FORECASTS = frozenset(
    ("reference_date", "origin_date", "forecast_date", "target_end_date", "horizon", "scenario_id")
)
"""Task ids that say when or under what assumption a forecast is made, not what it is of."""


_WEEKLY = frozenset(("wk", "week", "weekly"))
_OF_VALUES = ("quantile", "sample", "mean", "median")
"""Output types whose values are in the unit of the target."""


@dataclass(frozen=True)
class Outcomes:
    """What was observed, for each target of some forecasts.

    Attributes
    ----------
    frame
        See :func:`forecast_hub.scoring.outcomes.read_outcomes`.
    series
        The target that is observed where the frame has no column ``target``.
    path
        Target data, for messages.
    """

    frame: pd.DataFrame
    series: str
    path: Path

    def of_target(self, target: str, own: pd.DataFrame) -> pd.DataFrame | None:
        """Return the outcomes of a target, or those that it is derived from.

        None, with a warning, if the target data hold another target, or lack a column that tells
        the target's forecasts apart.

        Raises
        ------
        DataError
            If the target data do not say their target, and their dates or values are those of
            another one.
        """
        source = flusight.ADMISSIONS if target in DERIVED else target
        if lacking := self._lacking(own[own[TARGET] == target]):
            log.warning(
                "%s: not scored: %s has no column %s, which tells its forecasts apart",
                *(target, self.path, listed(lacking)),
            )
            return None
        if TARGET not in self.frame and source != self.series:
            log.warning(
                "%s: not scored: %s has no column target and is taken to observe %s; expected its "
                "outcomes in a file with the column target",
                *(target, self.path, self.series),
            )
            return None
        if TARGET not in self.frame:
            self._refuse_another_series(own[own[TARGET] == target], target)
        rows = select_target(self.frame, source, self.series)
        if rows.empty:
            held = listed(sorted(self.frame[TARGET].unique())) if TARGET in self.frame else "none"
            log.warning(
                "%s: not scored: %s has no outcome of %s for these locations; its targets: %s",
                *(target, self.path, source, held),
            )
            return None
        return _of_weeks(rows, target, self.path) if target in DERIVED else rows

    def _refuse_another_series(self, forecasts: pd.DataFrame, target: str) -> None:
        """Refuse outcomes that do not say their target and cannot be of this one."""
        told, expected = f"{self.path} has no column target, and is no {target}", "a column target"
        spacing = _least_days_apart(self.frame)
        words = split_words(target)
        named_so = target in DERIVED or any(word in _WEEKLY for word in words)
        of_weeks = named_so or _least_days_apart(forecasts) == 7
        if spacing == 1 and of_weeks:
            raise DataError(
                f"{told}: its dates are one day apart, and forecasts are of weeks; expected "
                f"{expected}, or outcomes of weeks"
            )
        values = forecasts["value"][forecasts["output_type"].isin(_OF_VALUES)]
        largest, most = self.frame["observed"].max(), _largest_share(words)
        are_shares = bool(len(values)) and values.between(0, 1).all() and (values % 1 > 0).any()
        reason = None
        if target not in DERIVED and most is not None and largest > most:
            reason = f"a share is at most {most:g}"
        elif are_shares and largest > 1:
            reason = "all forecasts are between 0 and 1"
        if reason is not None:
            raise DataError(
                f"{told}: it has {largest:g}, and {reason}; expected {expected}, or the outcomes "
                "in the unit of the forecasts"
            )

    def _lacking(self, rows: pd.DataFrame) -> list[str]:
        known = {MODEL, TARGET, *STANDARD_COLUMNS, *_OF_FORECASTS, *self.frame.columns}
        names = [name for name in rows.columns if name not in known]
        return [name for name in names if not rows[name].isin(("", NA)).all()]


def _largest_share(words: Collection[Word]) -> float | None:
    """Return the largest value of a target whose name says that it is a share."""
    if any(word in PERCENT for word in words):
        return 100.0
    return 1.0 if any(word in SHARE for word in words) else None


def _least_days_apart(rows: pd.DataFrame) -> int | None:
    """Return the days between the closest two dates of one location; None if there is one date."""
    days = rows[["location", "target_end_date"]].drop_duplicates()
    days = days.assign(day=pd.to_datetime(days["target_end_date"], errors="coerce"))
    gaps = days.sort_values("day").groupby("location")["day"].diff().dropna()
    return None if gaps.empty else int(gaps.min().days)


def select_target(outcomes: pd.DataFrame, target: str, series: str) -> pd.DataFrame:
    """Return the outcomes of a target; none if they are of another ``series``."""
    if TARGET in outcomes:
        return outcomes[outcomes[TARGET] == target].drop(columns=TARGET)
    return outcomes if target == series else outcomes.iloc[:0]


def select_series(rows: pd.DataFrame, task_ids: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows with these values, in the columns that the rows have."""
    for name, value in task_ids.items():
        if name in rows:
            rows = rows[rows[name] == value]
    return rows


def _of_weeks(rows: pd.DataFrame, target: str, path: Path) -> pd.DataFrame | None:
    """Return one outcome for each location and week, from which others are derived."""
    weeks = rows[["location", "target_end_date", "observed"]].drop_duplicates()
    if not weeks.duplicated(["location", "target_end_date"]).any():
        return weeks
    log.warning("%s: not scored: %s has several admissions of one week", target, path)
    return None


def observed_series(targets: Collection[str], first: str | None = None) -> str:
    """Return the target that target data without a column ``target`` are taken to observe.

    Parameters
    ----------
    targets
        The targets of the forecasts, in their order.
    first
        The target that is known to be observed; None for weekly influenza admissions if they, or
        what is derived from them alone, are forecast, else for the first of ``targets``.
    """
    if first is not None:
        return flusight.ADMISSIONS if first in DERIVED else first
    plain = [target for target in targets if target not in DERIVED]
    return flusight.ADMISSIONS if flusight.ADMISSIONS in plain or not plain else plain[0]


def has_outcomes(own: pd.DataFrame, known: pd.DataFrame, target: str, output_type: str) -> bool:
    """Return whether any forecast has an outcome; warn of those that have none."""
    rows = own[(own[TARGET] == target) & (own["output_type"] == output_type)]
    keys = [name for name in known.columns if name not in ("observed", "category")]
    shown = [*keys, *(name for name in _SHOWN if name not in keys and name in rows)]
    tasks = rows[list(dict.fromkeys(shown))].drop_duplicates()
    met = tasks.merge(known[keys].drop_duplicates(), on=keys, how="left", indicator="met")
    missing = met[met["met"] == "left_only"]
    if len(missing) == len(met):
        log.warning("%s: no forecast has an outcome yet; not scored", target)
        return False
    if len(missing):
        log.warning("%s: not scored, for there is no outcome: %s", target, _summary(missing))
    return True


_SHOWN = ("location", "reference_date", "target_end_date")


def _summary(missing: pd.DataFrame) -> str:
    """List locations and dates; locations that lack the same dates are named together."""
    has_end = "target_end_date" in missing and (missing["target_end_date"] != NA).all()
    column = "target_end_date" if has_end else "reference_date"
    lacking: dict[tuple[str, ...], list[str]] = {}
    for location, rows in missing.groupby("location", sort=True):
        lacking.setdefault(tuple(sorted(rows[column].unique())), []).append(str(location))
    return "; ".join(
        f"location {listed(locations)} on {listed(dates)}" for dates, locations in lacking.items()
    )


def no_outcome(own: pd.DataFrame, outcomes: Outcomes) -> DataError:
    """Return the error for the caller to raise if nothing can be scored."""
    frame = outcomes.frame
    places = sorted(own["location"].unique())
    if not frame["location"].isin(places).any():
        return DataError(
            f"{outcomes.path}: none of the forecasts has an outcome yet: it has no row of a "
            f"location of the forecasts, {listed(places)}; expected locations as they name them, "
            "or as the hub's table of locations does"
        )
    return DataError(
        f"{outcomes.path}: none of the forecasts has an outcome yet; expected weeks up to their "
        f"target dates (it has {frame['target_end_date'].min()} to "
        f"{frame['target_end_date'].max()}) and, in a column target, {listed(own[TARGET].unique())}"
    )
