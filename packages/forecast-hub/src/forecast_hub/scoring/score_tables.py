"""Score submissions of a model and of other models, and compute all tables of scores."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from forecast_hub.atomic_files import gzip_writer, replacing
from forecast_hub.config import flusight
from forecast_hub.config.hub import STANDARD_COLUMNS, Hub
from forecast_hub.config.locations import Place
from forecast_hub.dates import parse_dates
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.scoring.forecasts import MODEL, find_location
from forecast_hub.scoring.matching import (
    DERIVED,
    Outcomes,
    has_outcomes,
    no_outcome,
    observed_series,
)
from forecast_hub.scoring.outcomes import TARGET, find_target_data, names_of_places, read_outcomes
from forecast_hub.scoring.probabilities import (
    classify_rate_changes,
    find_peak_weeks,
    score_probabilities,
)
from forecast_hub.scoring.quantiles import score_quantiles
from forecast_hub.scoring.relative_skill import average_scores, compare_models, list_tasks
from forecast_hub.scoring.samples import average_samples, score_samples, score_trajectories
from forecast_hub.scoring.table_names import BY, RELATIVE, SAMPLES
from forecast_hub.scoring.usable_files import read_to_score, read_usable
from forecast_hub.suggestions import listed

log = logging.getLogger(__name__)


def compute_score_tables(
    submissions: Sequence[Path],
    others: Sequence[Path],
    target_data: Path,
    places: Mapping[str, Place],
    baseline: str | None,
    series: str | None = None,
    names: Iterable[Sequence[str]] = (),
    hub: Hub | None = None,
) -> dict[str, pd.DataFrame]:
    """Score the submissions of one model, and other models on the same tasks.

    Parameters
    ----------
    submissions
        Files of the model: csv or parquet, one for each reference date. Empty to score all tasks
        of ``others``.
    others
        Submissions of other models for the same dates. Only forecasts of tasks that the model has
        forecast, too, are scored. A file that cannot be used is left out with a warning.
    target_data
        What was observed: see :func:`forecast_hub.scoring.outcomes.read_outcomes`.
    places
        The hub's locations, whose populations rates refer to.
    baseline
        The model that others are compared with; None for no comparison.
    series
        The target that target data without a column ``target`` observe; None for the one that
        :func:`forecast_hub.scoring.matching.observed_series` chooses.
    names
        Further names of places: those of each one, its code among them.
    hub
        The hub of the files: see :func:`forecast_hub.scoring.usable_files.read_usable`.

    Returns
    -------
    tables
        By name: :data:`~forecast_hub.scoring.table_names.TABLES`, and
        :data:`~forecast_hub.scoring.table_names.RELATIVE` with a baseline.

    Raises
    ------
    HubError
        If a file of the model is unusable, or no forecast has an outcome yet.
    """
    own = read_to_score(submissions, hub) if submissions else read_usable(others, hub=hub)
    forecasts = own
    if submissions and others:
        forecasts = pd.concat([own, read_usable(others, own, hub)], ignore_index=True)
    outcomes = _outcomes(
        target_data, own, [*names, *names_of_places(places)], series, submissions or others
    )
    quantiles = _quantiles(forecasts, outcomes, own)
    probabilities = _probabilities(forecasts, outcomes, own, places)
    samples = _samples(forecasts, outcomes, own)
    if all(each.empty for each in (quantiles, probabilities, *samples.values())):
        raise no_outcome(own, outcomes)
    both = quantiles, probabilities
    ahead = _ahead(quantiles), _ahead(probabilities)
    tables = {"quantile_scores.csv.gz": quantiles, "pmf_scores.csv.gz": probabilities, **samples}
    tables["mean_scores.csv"] = _means(ahead, ())
    for name in BY:
        chosen = both if name == "horizon" else ahead
        tables[f"mean_scores_by_{name}.csv"] = _means(chosen, (name,))
    if baseline is not None:
        tables[RELATIVE] = _relative(quantiles, baseline)
    return tables


def _ahead(scores: pd.DataFrame) -> pd.DataFrame:
    """Leave out negative horizons, which FluSight's evaluations do not count.

    They remain in the tables by horizon.
    """
    return scores if scores.empty else scores[~scores["horizon"].str.startswith("-")]


def _outcomes(
    target_data: Path,
    own: pd.DataFrame,
    names: Iterable[Sequence[str]],
    series: str | None,
    files: Sequence[Path],
) -> Outcomes:
    path = find_target_data(target_data)
    task_ids = [name for name in own.columns if name not in (MODEL, *STANDARD_COLUMNS)]
    places = list(own["location"].unique())
    frame = read_outcomes(path, task_ids, places, names, at=partial(find_location, files))
    return Outcomes(frame, observed_series(list(own[TARGET].unique()), series), path)


def _quantiles(forecasts: pd.DataFrame, outcomes: Outcomes, own: pd.DataFrame) -> pd.DataFrame:
    """Score all series over horizons, and the size of the peak, that have outcomes."""
    parts = []
    for target in own[TARGET][own["output_type"] == "quantile"].unique():
        known = outcomes.of_target(target, own)
        if known is None:
            continue
        if target == flusight.PEAK_SIZE:
            known = _peak_sizes(known, own)
        if has_outcomes(own, known, target, "quantile"):
            parts.append(score_quantiles(forecasts, known, target))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _probabilities(
    forecasts: pd.DataFrame, outcomes: Outcomes, own: pd.DataFrame, places: Mapping[str, Place]
) -> pd.DataFrame:
    """Score rate-trend classes and peak weeks that have outcomes."""
    parts = []
    for target in own[TARGET][own["output_type"] == "pmf"].unique():
        if target == flusight.RATE_CHANGE and not places:
            log.warning("%s: not scored: populations are needed, and there is no table", target)
            continue
        if target not in (flusight.RATE_CHANGE, flusight.PEAK_WEEK):
            log.warning("%s: not scored: what its classes are is not known here", target)
            continue
        known = outcomes.of_target(target, own)
        if known is None:
            continue
        if target == flusight.RATE_CHANGE:
            known = classify_rate_changes(known, places, _reference_dates(own))
        else:
            known = _by_season(own, partial(find_peak_weeks, known))
        if has_outcomes(own, known, target, "pmf"):
            parts.append(score_probabilities(forecasts, known, target))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _samples(
    forecasts: pd.DataFrame, outcomes: Outcomes, own: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Score the samples of all series over horizons that have outcomes, and average."""
    scores, joint = [], []
    for target in own[TARGET][own["output_type"] == "sample"].unique():
        known = None if target in DERIVED else outcomes.of_target(target, own)
        if known is not None and has_outcomes(own, known, target, "sample"):
            scores.append(score_samples(forecasts, known, target))
            joint.append(score_trajectories(forecasts, known, target))
    samples = pd.concat(scores, ignore_index=True) if scores else pd.DataFrame()
    trajectories = pd.concat(joint, ignore_index=True) if joint else pd.DataFrame()
    means = pd.DataFrame() if samples.empty else average_samples(samples, trajectories)
    return {"sample_scores.csv.gz": samples, "energy_scores.csv.gz": trajectories, SAMPLES: means}


def _reference_dates(own: pd.DataFrame) -> list[date]:
    return [date.fromisoformat(text) for text in sorted(own["reference_date"].unique())]


def _by_season(
    own: pd.DataFrame, outcomes_of: Callable[[list[date]], pd.DataFrame]
) -> pd.DataFrame:
    """Return the outcomes of each season with its reference dates.

    The weeks of a season are those for which its forecasts give probabilities.
    """
    rows = own[(own[TARGET] == flusight.PEAK_WEEK) & (own["output_type"] == "pmf")]
    seasons: dict[tuple[str, ...], list[str]] = {}
    for reference_date, weeks in rows.groupby("reference_date", sort=True)["output_type_id"]:
        names = sorted(weeks.unique())
        if parse_dates(names) is None:
            raise DataError(
                f"{flusight.PEAK_WEEK}: {listed(names)} of {reference_date} are no weeks; expected "
                "their last days, YYYY-MM-DD"
            )
        seasons.setdefault(tuple(names), []).append(str(reference_date))
    parts = [
        outcomes_of([date.fromisoformat(week) for week in weeks]).merge(
            pd.DataFrame({"reference_date": dates}), how="cross"
        )
        for weeks, dates in seasons.items()
    ]
    known = [part for part in parts if len(part)]
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=["location"])


def _peak_sizes(outcomes: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return the largest week of each location with a complete season."""

    def largest(season: list[date]) -> pd.DataFrame:
        names = [week.isoformat() for week in season]
        weeks = outcomes[outcomes["target_end_date"].isin(names)]
        sizes = weeks.groupby("location")["observed"].agg(["max", "size"])
        complete = sizes[sizes["size"] == len(names)]
        return complete["max"].rename("observed").reset_index()

    return _by_season(own, largest)


def _means(scores: Sequence[pd.DataFrame], by: Sequence[str]) -> pd.DataFrame:
    """Average by model, target and scale, and by the named columns."""
    parts = [average_scores(each, [TARGET, *by]) for each in scores if not each.empty]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[MODEL, TARGET])


def _relative(quantiles: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Compare all models pairwise: over all forecasts of a target, and by horizon.

    Groups that cannot be compared are left out with a warning.
    """
    none = pd.DataFrame(columns=[MODEL, "forecasts", "relative_wis", "scale", "horizon", TARGET])
    if quantiles.empty:
        return none
    tasks = list_tasks(quantiles)
    parts = []
    for target, scores in quantiles.groupby(TARGET, sort=True):
        if baseline not in set(scores[MODEL]):
            log.warning("%s: %s has no forecasts of it; not compared", target, baseline)
            continue
        groups = [("all", _ahead(scores)), *scores.groupby("horizon", sort=True)]
        for horizon, part in groups:
            if baseline not in set(part[MODEL]):
                continue
            try:
                found = compare_models(part, baseline, tasks)
            except DataError as error:
                log.warning("%s, horizon %s: not compared: %s", target, horizon, error)
                continue
            parts.append(found.assign(**{"horizon": horizon, TARGET: target}))
    return pd.concat(parts, ignore_index=True) if parts else none


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table by its name; equal tables give equal bytes.

    Raises
    ------
    UnreadableError
        If the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            if name.endswith(".gz"):
                with gzip_writer(folder / name, 9) as file:
                    table.to_csv(file, mode="wb", index=False, lineterminator="\n")
            else:
                with replacing(folder / name) as path:
                    table.to_csv(path, index=False, lineterminator="\n")
    except OSError as error:
        raise UnreadableError(f"{folder}: the tables cannot be written ({error})") from None
