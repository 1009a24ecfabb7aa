"""Plan the forecast of this week, and read it if a hub can have it."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from epyflow.errors import DataError, EpyflowError, user_errors
from epyflow.operations.runs.coordinator_presence import format_time
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.runs.experiment_origin import Origin, origin_of, without_rate_trends
from epyflow.operations.runs.stored_records import Record, parse_record
from epyflow.operations.week.hub_branch import has_configuration
from epyflow.report.warnings import OLDEST
from epyflow.run.calendar import with_calendar
from epyflow.run.hub_choice import choose_destination
from epyflow.run.layout import RunLayout
from epyflow.run.planner import plan_without_seed
from epyflow.run.settings import Settings
from epyflow.run.sources import Gathered, gather
from epyflow.storage.disk import Storage
from epyflow.submission.verdict import check_findings
from forecast_hub.errors import HubError
from forecast_hub.findings import Finding

_LARGEST = 100 * 2**20
"""Bytes of a submission; GitHub takes no larger file."""
_METADATA = "metadata_exists"


@dataclass(frozen=True)
class Week:
    """The forecast of a week.

    Attributes
    ----------
    reference_date
        Its reference date, which also names the run.
    settings
        Texts ``KEY=VALUE`` that give the run and its dates.
    layout
        The paths of the run.
    file
        Name of the submission.
    horizon_0_days
        Target to the days from the round's date to the end of horizon 0's period.
    """

    reference_date: date
    settings: tuple[str, ...]
    layout: RunLayout
    file: str
    horizon_0_days: Mapping[str, int]

    def is_complete(self, storage: Storage) -> bool:
        """Return whether the run has ended without failures."""
        return storage.read(self.layout.complete) is not None


class _Findings(Record):
    file: str
    accepted: bool
    messages: list[str]


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
    destination = choose_destination(found.experiment, found.settings)
    if destination is None:
        raise EpyflowError(f"{settings.experiment}: makes no submission; expected a hub's format")
    layout = RunLayout(found.experiment.files.exp_id, str(day))
    given = (f"run_id={day}", *texts)
    return Week(day, given, layout, destination.file, destination.horizon_0_days)


def _reference(found: Gathered) -> date:
    hub = found.experiment.output.hub
    if hub is None or hub[1].reference_date is None:
        raise EpyflowError(
            f"{found.experiment.files.exp_id}: the output file has no reference_date of a hub; "
            "expected one, such as flusight_format: {reference_date: next}"
        )
    return hub[1].reference_date


def confirm_unedited(week: Week, settings: Settings, last: Coordinator, again: str) -> list[str]:
    """Raise if the experiment of a finished run, a file of its data or a setting was edited since.

    A newer vintage is no edit: a run that is repeated keeps the dates of its start. Neither is
    another state of the hub, whose checks decide: see :func:`confirm_accepted`.

    Parameters
    ----------
    week
        From :func:`plan_week`.
    settings
        Those of the run, with the dates of today.
    last
        The record of its last coordinator; one of an earlier version does not say what it has read.
    again
        The command that runs the forecast again.

    Returns
    -------
    warnings
        That the data are newer, and that the hub's files changed, where they are and did.

    Raises
    ------
    EpyflowError
        Naming what differs, and what to do.
    """
    read = last.origin
    if read is None or read.content is None:
        return []
    now, dates = _origin(settings, read), {}
    if read.today is not None:
        dates = {"today": read.today, "last_observation": read.last_observation}
    then = _origin(settings.model_copy(update=dates), read) if dates else now
    pairs = {
        "the experiment or a setting": (read.content, then.content),
        "its data": (read.data, then.data),
    }
    edited = " and ".join(name for name, (old, new) in pairs.items() if old != new)
    name, began = week.layout.name, format_time(last.started)
    if edited:
        raise EpyflowError(
            f"{name}: {edited} changed since its run began at {began}. Nothing was committed. To "
            f"forecast anew, `{again}`, and repeat this command when that run has ended. To commit "
            f"the forecast that was made, undo the change: {week.layout.experiment_archive} has "
            "the files that were read, for `epyflow unpack`"
        )
    found = []
    if now.data != read.data:
        found.append(
            f"{name}: its run has read the data of {read.today}, and there are newer ones, which "
            f"its forecast does not use. To forecast with them, `{again}`"
        )
    if read.hub is not None and read.hub != then.hub:
        found.append(
            f"{name}: the hub's tasks, locations or other files changed since its run began at "
            f"{began}. Before it is committed, the submission is checked by those in the clone, "
            f"where it has them. To make it anew from the changed files, `{again}`"
        )
    return found


def _origin(settings: Settings, read: Origin) -> Origin:
    found = gather(settings)
    origin = origin_of(found, plan_without_seed(found))
    return without_rate_trends(origin, found) if read.hub is None else origin


def read_forecast(week: Week, storage: Storage) -> bytes:
    """Return the submission of a run that ended well.

    Parameters
    ----------
    week
        From :func:`plan_week`.
    storage
        Holds the files of the run; others may write there.

    Raises
    ------
    EpyflowError
        If tasks failed, the hub would refuse the submission, or there is none.
    """
    name, findings = week.layout.name, week.layout.findings(week.file)
    where = storage.uri or "this folder"
    if not week.is_complete(storage):
        raise EpyflowError(
            f"{name}: is not complete in {where}; expected a run without failures, and its results "
            "there: --cloud or --storage says where they are"
        )
    checked = storage.read(findings)
    content = storage.read(week.layout.submission(week.file), _LARGEST)
    if checked is None or content is None:
        raise EpyflowError(f"{name}: {week.file} or its findings are missing in {where}; run again")
    check_findings(parse_record(_Findings, checked, findings).model_dump(), findings)
    return content


@user_errors(HubError)
def confirm_metadata(week: Week, clone: Path, metadata: Path | None = None) -> None:
    """Raise before the run if the hub of a clone would refuse the model's metadata.

    The parameters are those of :func:`confirm_accepted`.

    Raises
    ------
    EpyflowError
        With every error.
    """
    from forecast_hub.checks.model_metadata import check_metadata  # slow to import
    from forecast_hub.config.reader import read_hub
    from forecast_hub.config.submission_file import parse_name

    if not has_configuration(clone):
        return
    with _named(week, metadata) as (path, given):
        found = check_metadata(read_hub(clone), path, parse_name(path), given)
    _refuse(found, f"the model's metadata: the hub in {clone}")


@user_errors(HubError)
def confirm_accepted(week: Week, content: bytes, clone: Path, metadata: Path | None = None) -> None:
    """Raise if the hub of a clone would refuse a submission, or the model's metadata.

    A run has checked it, but others may have changed it since, or the clone is of another state of
    the hub.

    Parameters
    ----------
    week
        From :func:`plan_week`.
    content
        The submission.
    clone
        Of the hub; without a configuration, nothing is checked.
    metadata
        The model's metadata; None: those of the hub, if the clone has them.

    Raises
    ------
    EpyflowError
        With every error.
    """
    from forecast_hub.checks.validation import validate  # slow to import

    if not has_configuration(clone):
        return
    with _named(week, metadata) as (path, given):
        path.write_bytes(content)
        found = validate(path, clone, metadata=given, horizon_0_days=week.horizon_0_days).findings
    _refuse(found, f"{week.file}: the hub in {clone}")


@contextmanager
def _named(week: Week, metadata: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Yield a path for the submission, and a copy of the metadata, named as in the hub."""
    with tempfile.TemporaryDirectory(prefix="epyflow-week-") as folder:
        path, given = Path(folder) / week.file, None
        if metadata is not None:
            given = path.with_name(f"{path.stem.removeprefix(f'{week.reference_date}-')}.yml")
            shutil.copyfile(metadata, given)
        yield path, given


def _refuse(found: Iterable[Finding], told: str) -> None:
    # Whether the hub has the metadata is asked of its commit: the clone may have a part of it.
    errors = [each for each in found if each.severity == "error" and each.check != _METADATA]
    if errors:
        lines = "\n".join(f"  {each}" for each in errors)
        raise EpyflowError(f"{told} would refuse it:\n{lines}")
