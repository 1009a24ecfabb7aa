"""Select the submissions to score: files, or those in a hub's folder of model output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from forecast_hub.config.hub import Hub
from forecast_hub.config.locations import Place, read_places
from forecast_hub.config.reader import read_hub
from forecast_hub.dates import parse_date
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.forecasts import parse_submission_name
from forecast_hub.scoring.model_files import BASELINE, find_model_files, list_model_files
from forecast_hub.scoring.score_tables import compute_score_tables
from forecast_hub.suggestions import did_you_mean, listed


@dataclass(frozen=True)
class Selection:
    """The submissions to score.

    Attributes
    ----------
    files
        Submissions; empty for those in the hub's folder.
    hub
        A hub's folder; None for the files alone.
    models
        Models of the hub, ``<team>-<model>``. Empty: beside files the baseline and the ensemble,
        else all.
    baseline
        The model that others are compared with; None for the one whose name ends in ``-baseline``.
    first, last
        Reference dates, both included; None for no limit.
    """

    files: tuple[Path, ...] = ()
    hub: Path | None = None
    models: tuple[str, ...] = ()
    baseline: str | None = None
    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a reference date is within ``first`` and ``last``."""
        return (self.first or date.min) <= day <= (self.last or date.max)


def score_selection(
    selection: Selection, target_data: Path, locations: Path | None = None
) -> dict[str, pd.DataFrame]:
    """Score the selected submissions.

    Parameters
    ----------
    selection
        The submissions to score.
    target_data
        Target data: see :func:`forecast_hub.scoring.outcomes.read_outcomes`.
    locations
        Table of populations; None for the hub's.

    Returns
    -------
    tables
        See :func:`forecast_hub.scoring.score_tables.compute_score_tables`.

    Raises
    ------
    HubError
        If nothing is selected, a file of ``files`` or each of the hub's cannot be used, or no
        forecast has an outcome yet.
    """
    own, others = _files(selection)
    baseline = _baseline(selection, [*own, *others])
    hub = None if selection.hub is None else read_hub(selection.hub)
    places = _places(hub, locations)
    return compute_score_tables(own, others, target_data, places, baseline, hub=hub)


def _files(selection: Selection) -> tuple[list[Path], list[Path]]:
    """Return the submissions whose tasks are scored, and those of other models."""
    if selection.hub is None and not selection.files:
        raise HubError("there is nothing to score; expected submissions, or --hub with a folder")
    if selection.hub is None and selection.models:
        raise HubError("--model names models of a hub; expected --hub with its folder")
    if not selection.files and selection.hub is not None:
        found = list_model_files(selection.hub, selection.models)
        chosen = [path for path in found if selection.holds(_dated(path))]
        if not chosen:
            raise HubError(
                f"{selection.hub}: no submission is of {_span(selection)}; expected some of "
                f"{listed(path.name for path in found)}"
            )
        return [], chosen
    own = [path for path in selection.files if selection.holds(_dated(path))]
    if not own:
        raise HubError(f"none of the files is of {_span(selection)}; expected at least one")
    if selection.hub is None:
        return own, []
    dates = sorted({_dated(path) for path in own})
    named = {parse_submission_name(path).model_id for path in own}
    beside = find_model_files(selection.hub, dates, selection.models)
    return own, [
        path for path in beside.values() if parse_submission_name(path).model_id not in named
    ]


def _dated(path: Path) -> date:
    day = parse_date(parse_submission_name(path).round_id)
    if day is None:
        raise DataError(f"{path}: the name has no date; expected <date>-<team>-<model>.csv")
    return day


def _span(selection: Selection) -> str:
    first, last = selection.first or "any date", selection.last or "any date"
    return f"a round from {first} to {last}"


def _baseline(selection: Selection, paths: Iterable[Path]) -> str | None:
    models = sorted({parse_submission_name(path).model_id for path in paths})
    if selection.baseline is None:
        return next((name for name in models if name.endswith(BASELINE)), None)
    if selection.baseline not in models:
        raise HubError(
            f"--baseline {selection.baseline}: no submission of it is scored"
            f"{did_you_mean(selection.baseline, models)}; expected one of {listed(models)}"
        )
    return selection.baseline


def _places(hub: Hub | None, given: Path | None) -> Mapping[str, Place]:
    path = given or (None if hub is None else hub.folder.locations)
    return {} if path is None else read_places(path)
