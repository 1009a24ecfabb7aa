"""Find the files of an earlier plan: outputs that the plan of a run's last start lacks.

A start under the same run id leaves the tables, figures and submissions that the experiment no
longer asks for. They look like those of the last start, so each start names them in its record.
Nothing is deleted but by ``epyflow clean --unplanned``.
"""

from collections.abc import Iterable, Sequence

from epyflow.operations.runs.log_lines import printable
from epyflow.operations.runs.run_request import Wanted
from epyflow.run.layout import HUB, RunLayout
from epyflow.run.nested_runs import nested_runs
from epyflow.run.output_names import FOLDERS, is_output_name
from epyflow.run.path_patterns import is_planned, split_date
from epyflow.run.plan import Plan
from epyflow.storage.disk import Storage
from epyflow.suggest import counted

_LONGEST = 1024
"""Bytes of a path: no bucket takes a longer one."""
_SHOWN = 3


_NOTHING = Wanted()


def find_unplanned(
    plan: Plan, planned: Iterable[str], storage: Storage, before: Wanted = _NOTHING
) -> tuple[str, ...]:
    """Return the files in a run's ``hub``, ``outputs``, ``scores`` and ``figures`` without a plan.

    Parameters
    ----------
    plan
        The plan of the run. Of a replay, or after one, every reference date is looked into, also
        one that the plan lacks.
    planned
        Every file that the workflow makes, whatever is before ``results/``.
    storage
        Holds ``results/``.
    before
        From the record of the start before.

    Returns
    -------
    unplanned
        Paths below the run's folder: submissions first.
    """
    run = plan.layout
    folder = f"{run.results}/"
    own = {path.rpartition(folder)[2] for path in planned if folder in path}
    dated = plan.is_replay or _had_dates(before)
    outputs = filter(is_output_name, _outputs(run, storage, dated=dated))
    found = [path for path in outputs if path not in own and len(path.encode()) <= _LONGEST]
    return tuple(sorted(found, key=submissions_first))


def _had_dates(before: Wanted) -> bool:
    """Return whether the run was a replay, or then had files of one that were not deleted."""
    named = any(split_date(path)[0] for path in before.unplanned)
    return named or any("/" in run_id for run_id in before.tasks)


def _outputs(run: RunLayout, storage: Storage, *, dated: bool) -> list[str]:
    if dated:
        nested = nested_runs(run, storage)
        return [path for path in storage.below(run.results) if not path.startswith(nested)]
    # Listed by folder: there may be many inputs and results.
    return [f"{top}/{name}" for top in FOLDERS for name in storage.below(f"{run.results}/{top}")]


def submissions_first(path: str) -> tuple[bool, str]:
    """Return the key that sorts paths below a run's folder: submissions, then the others."""
    return not split_date(path)[1].startswith(f"{HUB}/"), path


def unplanned_among(files: Iterable[str], run: RunLayout, wanted: Wanted) -> tuple[str, ...]:
    """Return the outputs of an earlier plan among a run's files, submissions first.

    They are those that its record names, and those of reference dates that its plan lacks. The
    record selects files that are there, and no path is made from it.

    Parameters
    ----------
    files
        Paths below the run's folder.
    run
        The run; of a replay, the whole.
    wanted
        From the record of its coordinator.
    """
    named, outputs = set(wanted.unplanned), filter(is_output_name, files)
    found = (path for path in outputs if path in named or not is_planned(path, run, wanted.tasks))
    return tuple(sorted(found, key=submissions_first))


def first_names(unplanned: Sequence[str]) -> str:
    """Return the first names, and the number of the others."""
    more = f" and {len(unplanned) - _SHOWN:,} more" if len(unplanned) > _SHOWN else ""
    return f"{', '.join(map(printable, unplanned[:_SHOWN]))}{more}"


def describe_unplanned(unplanned: Sequence[str]) -> str:
    """Return a number of files and the first names, such as ``1 file of an earlier plan: a``."""
    return f"{counted(len(unplanned), 'file')} of an earlier plan: {first_names(unplanned)}"


def unplanned_warning(unplanned: Sequence[str], run: RunLayout, submissions: Sequence[str]) -> str:
    """Return a warning for the end of a run; empty without unplanned files.

    Parameters
    ----------
    unplanned
        Paths below the run's folder.
    run
        The run.
    submissions
        Those that the run makes.
    """
    if not unplanned:
        return ""
    own = f" The submission of this run is {submissions[0]}." if len(submissions) == 1 else ""
    return (
        f"{run.results} has {describe_unplanned(unplanned)}.{own} "
        "`epyflow clean --unplanned` deletes files of earlier plans"
    )
