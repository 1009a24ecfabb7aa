"""Define the FluSight and COVID-19 hubs for users without a copy of the hub.

The hub's own folder is better: it has the current rounds, the populations for rates, and the
hub's additional checks. Sources: cdcepi/FluSight-forecast-hub and
CDCgov/covid19-forecast-hub, model-output/README.md.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.experiment.format.output import FLUSIGHT_LEVELS
from forecast_hub.config import flusight
from forecast_hub.config.round_calendar import WEEK

COVID_ADMISSIONS = "wk inc covid hosp"

TARGETS: Mapping[str, tuple[str, ...]] = {
    "flusight_format": flusight.TARGETS,
    "covid19_format": (COVID_ADMISSIONS,),
    "flusmh_format": ("inc hosp", "peak size hosp"),
    "hub_format": (),
}
"""Hub format to the targets that are computed from the calibrated series."""

ASKED_FOR: Mapping[str, tuple[HubTarget, ...]] = {
    "flusight_format": (
        HubTarget(target=flusight.ADMISSIONS, output_types=("quantile",)),
        HubTarget(target=flusight.RATE_CHANGE),
    )
}
"""Hub format to the targets of an experiment that lists none, where they are not all.

Nobody submits peaks or samples without asking for them.
"""

SHIPPED = ("flusight_format", "covid19_format")
"""The formats that work without the hub's folder."""

HORIZONS = (-1, 0, 1, 2, 3)
DEFINED = date(2026, 6, 30)
"""The day as of which the hubs are defined here; hubs change before a season, in summer."""

SAMPLES: Mapping[str, int] = {"flusight_format": 100, "covid19_format": 200}
"""Hub format to the number of samples. Source: hub-config/tasks.json of each hub."""
_SCHEMA = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0/tasks-schema.json"


def define_tasks(format: str, reference_date: date, locations: Sequence[str]) -> dict[str, Any]:
    """Return ``tasks.json`` for one round.

    Parameters
    ----------
    format
        One of :data:`SHIPPED`.
    reference_date
        A Saturday.
    locations
        Codes of the locations.
    """
    weekly = flusight.ADMISSIONS if format == "flusight_format" else COVID_ADMISSIONS
    made = [_weekly(weekly, SAMPLES[format], reference_date, locations)]
    if format == "flusight_format":
        made += [
            _rate_change(reference_date, locations),
            _peak_size(reference_date, locations),
            _peak_week(reference_date, locations),
        ]
    return {
        "schema_version": _SCHEMA,
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "reference_date",
                "model_tasks": made,
                "submissions_due": {"relative_to": "reference_date", "start": -6, "end": -3},
            }
        ],
    }


def is_outdated(reference_date: date) -> bool:
    """Whether a round is of a later season than the definitions here; seasons begin in August."""
    return _first_year(reference_date) > _first_year(DEFINED)


def list_season_weeks(reference_date: date) -> list[date]:
    """Return the weeks that can be the season's peak.

    If they are not known, they are as in 2025-26: from the fourth Saturday of November to the
    fourth of May.
    """
    known = flusight.find_season(reference_date).weeks
    if known is not None and known[0].year == _first_year(reference_date):
        first, last = known
    else:
        year = _first_year(reference_date)
        first = _saturday_from(date(year, 11, 1)) + 3 * WEEK
        last = _saturday_from(date(year + 1, 5, 1)) + 3 * WEEK
    return [first + n * WEEK for n in range((last - first) // WEEK + 1)]


def _first_year(day: date) -> int:
    return day.year if day.month >= 8 else day.year - 1


def _saturday_from(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def _task(
    target: dict[str, Any], reference_date: date, locations: Sequence[str], horizons: Any
) -> dict[str, Any]:
    ends = None if horizons is None else [str(reference_date + n * WEEK) for n in horizons]
    return {
        "task_ids": {
            "reference_date": _ids([str(reference_date)]),
            "target": _ids([target["target_id"]]),
            "horizon": _ids(None if horizons is None else list(horizons)),
            "location": _ids(list(locations)),
            "target_end_date": _ids(ends),
        },
        "target_metadata": [
            {"target_keys": {"target": target["target_id"]}, "target_name": target["target_id"]}
            | target
        ],
    }


def _ids(values: Any) -> dict[str, Any]:
    return {"required": None, "optional": values}


def _target(name: str, units: str, type: str, *, ahead: bool) -> dict[str, Any]:
    unit = {"time_unit": "week"} if ahead else {}
    return {
        "target_id": name,
        "target_units": units,
        "target_type": type,
        "is_step_ahead": ahead,
        **unit,
    }


def _of(ids: Sequence[Any], value: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    return {"output_type_id": {"required": list(ids)}, "is_required": required, "value": value}


_COUNT = {"type": "double", "minimum": 0}
_SHARE = {"type": "double", "minimum": 0, "maximum": 1}


def _weekly(name: str, count: int, day: date, locations: Sequence[str]) -> dict[str, Any]:
    samples = {
        "output_type_id_params": {
            "type": "character",
            "max_length": 15,
            "min_samples_per_task": count,
            "max_samples_per_task": count,
            "compound_taskid_set": ["reference_date", "location", "target"],
        },
        "is_required": False,
        "value": {"type": "integer", "minimum": 0},
    }
    quantiles = _of(FLUSIGHT_LEVELS, _COUNT, required=True)
    target = _target(name, "count", "continuous", ahead=True)
    outputs = {"quantile": quantiles, "sample": samples}
    return _task(target, day, locations, HORIZONS) | {"output_type": outputs}


def _rate_change(day: date, locations: Sequence[str]) -> dict[str, Any]:
    target = _target(flusight.RATE_CHANGE, "rate per 100,000 population", "ordinal", ahead=True)
    horizons = sorted(flusight.find_season(day).thresholds)
    classes = _of(flusight.CLASSES, _SHARE, required=False)
    return _task(target, day, locations, horizons) | {"output_type": {"pmf": classes}}


def _peak_size(day: date, locations: Sequence[str]) -> dict[str, Any]:
    target = _target(flusight.PEAK_SIZE, "count", "continuous", ahead=False)
    quantiles = _of(FLUSIGHT_LEVELS, _COUNT, required=False)
    return _task(target, day, locations, None) | {"output_type": {"quantile": quantiles}}


def _peak_week(day: date, locations: Sequence[str]) -> dict[str, Any]:
    target = _target(flusight.PEAK_WEEK, "count", "date", ahead=False)
    weeks = _of([str(week) for week in list_season_weeks(day)], _SHARE, required=False)
    return _task(target, day, locations, None) | {"output_type": {"pmf": weeks}}
