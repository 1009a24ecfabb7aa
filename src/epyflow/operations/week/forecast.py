"""Plan the forecast of this week, and confirm that a hub can have it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from epyflow.errors import DataError, EpyflowError
from epyflow.report.warnings import OLDEST
from epyflow.run.calendar import with_calendar
from epyflow.run.plan import read_plan_file
from epyflow.run.settings import Settings
from epyflow.run.sources import Gathered, gather
from epyflow.submission.verdict import confirm_accepted


@dataclass(frozen=True)
class Week:
    """The forecast of a week.

    Attributes
    ----------
    reference_date
        Its reference date, which also names the run.
    settings
        Texts ``KEY=VALUE`` that give the run and its dates.
    plan_file
        The file of the plan, once the run has been started.
    """

    reference_date: date
    settings: tuple[str, ...]
    plan_file: Path


def plan_week(settings: Settings) -> Week:
    """Find the reference date, and refuse stale data before anything is run.

    The run is named by the reference date. If it was started before, its dates are kept.

    Parameters
    ----------
    settings
        Those of the experiment; ``run_id`` is replaced.

    Raises
    ------
    DataError
        If the fitting window ends more than a week before the reference date.
    EpyflowError
        If the experiment is not valid, or has no reference date of a hub or no calibration.
    """
    if settings.reference_dates or settings.partial_results:
        raise EpyflowError(
            "reference_dates, partial_results: expected neither, for a week is one whole forecast"
        )
    today = settings.today or datetime.now(UTC).date()
    day = _reference(gather(settings.model_copy(update={"today": today})))
    found = gather(with_calendar(settings.model_copy(update={"run_id": str(day)})))
    if _reference(found) != day:
        raise EpyflowError(
            f"the run {day} was planned for the reference date {_reference(found)}; expected "
            "another folder, or its files removed"
        )
    calibration = found.experiment.calibration
    if calibration is None:
        raise EpyflowError(f"{settings.experiment}: has no calibration; expected one")
    last = calibration.fitting_window.end_date
    if day - last > OLDEST:
        raise DataError(
            f"the data are stale: they end on {last}, {(day - last).days} days before the "
            f"reference date {day}; expected at most {OLDEST.days}: fetch newer data. "
            "Nothing was run"
        )
    kept = {name: getattr(found.settings, name) for name in ("today", "last_observation")}
    texts = [f"{name}={value}" for name, value in kept.items() if value is not None]
    return Week(day, (f"run_id={day}", *texts), found.settings.plan_path)


def _reference(found: Gathered) -> date:
    hub = found.experiment.output.hub
    if hub is None or hub[1].reference_date is None:
        raise EpyflowError(
            f"{found.experiment.files.exp_id}: the output file has no reference_date of a hub; "
            "expected one, such as flusight_format: {reference_date: next}"
        )
    return hub[1].reference_date


def confirm_forecast(week: Week) -> Path:
    """Return the submission of a run that ended well.

    Raises
    ------
    EpyflowError
        If tasks failed, the hub would refuse the submission, or there is none.
    """
    plan = read_plan_file(week.plan_file.read_bytes())
    submission = plan.runs[0].submission
    if submission is None:
        raise EpyflowError(f"{plan.layout.name}: makes no submission; expected a hub's format")
    if not Path(plan.layout.complete).is_file():
        raise EpyflowError(f"{plan.layout.name}: is not complete; expected a run without failures")
    confirm_accepted(Path(plan.layout.findings(submission.file)))
    return Path(plan.layout.submission(submission.file))
