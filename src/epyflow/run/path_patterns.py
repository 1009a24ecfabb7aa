"""Read the run, the reference date and the task from paths that :mod:`epyflow.run.layout` makes."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from epyflow.run.layout import (
    ARCHIVE,
    BUILDER,
    COMPLETE,
    COORDINATOR,
    COST,
    HUB,
    OUTPUTS,
    RECORD,
    RUNNER,
    STAMPED,
    RunLayout,
    task_number,
)
from epyflow.run.run_id import LATEST
from epyflow.stages import stage_of_file

_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/")
_INPUT = re.compile(rf"{BUILDER}/input_([0-9]{{5,9}})\.pkl")
_RESULT = re.compile(rf"{RUNNER}/result_([0-9]{{5,9}})\.pkl")
_CHECKPOINT = re.compile(rf"{RUNNER}/checkpoint_([0-9]{{5,9}})\.pkl")
_TASK_LOG = re.compile(r"run_task/([0-9]{5,9})\.(?:log|tsv)")
_SOURCES = re.compile(rf"{COORDINATOR}/.+/sources-([0-9a-f]{{64}})\.tar\.gz")
_STAMPED = re.compile(
    # The stamp has the form of an id that run_id=auto makes; only a run has inputs and results.
    rf"[^/]+/.+/{STAMPED}/[0-9]{{8}}-[0-9]{{6}}-[0-9a-f]{{8}}/(?!(?:.+/)?(?:{BUILDER}|{RUNNER})/).+"
)
_IN_A_RUN = re.compile(rf"(.+/[^/]+)/(?:{BUILDER}|{RUNNER}|{OUTPUTS}|{HUB})/([^/]+)")
_BESIDE = (LATEST, COST, COMPLETE, ARCHIVE)
"""Files directly in the folder of an experiment or a run, which may be named ``hub``, say."""


def split_name(name: str) -> tuple[str, str]:
    """Split ``<exp_id>/<run_id>`` into the two."""
    exp_id, _, run_id = name.rpartition("/")
    return exp_id, run_id


def paths_below(ordered: Sequence[str], folder: str) -> Sequence[str]:
    """Return those of sorted paths that are in a folder or below it; each folder is found fast."""
    first = bisect_left(ordered, f"{folder}/")
    after = f"{folder}{chr(ord('/') + 1)}"  # sorts after all that begin with the folder
    return ordered[first : bisect_left(ordered, after, first)]


def split_date(path: str) -> tuple[str, str]:
    """Split a path below a run's folder into the date of a replay, or "", and the rest."""
    found = _DATE.match(path)
    if found is not None:
        with suppress(ValueError):  # not a day of the calendar
            date.fromisoformat(found[1])
            return found[1], path[found.end() :]
    return "", path


def stage_of(path: str) -> str | None:
    """Return the stage that counts a file, by its path below the run's folder; None otherwise."""
    return stage_of_file(split_date(path)[1])


def is_planned(path: str, run: RunLayout, tasks: Mapping[str, int]) -> bool:
    """Return whether a plan has the reference date and the task of a file, log or benchmark.

    Parameters
    ----------
    path
        Path below the run's folder. One of no date and no task is planned.
    run
        The run; of a replay, the whole.
    tasks
        Number of tasks of each ``run_id`` of the plan: of the run, or of each date of a replay.
        Empty if it is unknown: everything is planned.
    """
    date, name = split_date(path)
    task = task_of(name)
    if not tasks or (not date and task is None):
        return True
    return (task or 0) < tasks.get(run.dated(date).run_id, 0)


def task_of(path: str) -> int | None:
    """Return the task of an artifact, a log or a benchmark, by its path below the run's folder."""
    task = task_of_artifact(path)
    return task_of_log(path) if task is None else task


def task_of_input(path: str) -> int | None:
    """Return the task of an input, by its path below the run's folder; None for another file."""
    return _task(_INPUT, path)


def task_of_result(path: str) -> int | None:
    """Return the task of a result, by its path below the run's folder; None for another file."""
    return _task(_RESULT, path)


def task_of_checkpoint(path: str) -> int | None:
    """Return the task of a checkpoint, by its path below the run's folder; None otherwise."""
    return _task(_CHECKPOINT, path)


def task_of_artifact(path: str) -> int | None:
    """Return the task of an input, result or checkpoint, by its path below the run's folder."""
    found = (each(path) for each in (task_of_input, task_of_result, task_of_checkpoint))
    return next((task for task in found if task is not None), None)


def task_of_log(path: str) -> int | None:
    """Return the task of a log or benchmark, by its path below the run's folder; None otherwise."""
    return _task(_TASK_LOG, path)


def _task(pattern: re.Pattern[str], path: str) -> int | None:
    """Return the task whose number is in a path; None if epyflow would write it otherwise."""
    found = pattern.fullmatch(path)
    if found is None or task_number(int(found[1])) != found[1]:
        return None
    return int(found[1])


def run_of_record(path: str) -> str | None:
    """Return the run of a coordinator's record, by its path below ``coordinator/``, or None."""
    run, _, name = path.rpartition("/")
    return run if name == RECORD else None


def digest_of_sources(path: str) -> str | None:
    """Return the SHA-256 in the name of a coordinator's sources; None for another path."""
    found = _SOURCES.fullmatch(path)
    return None if found is None else found[1]


def experiment_of_pointer(path: str) -> str | None:
    """Return the experiment whose newest finished run a file names, by its path below ``results/``.

    None for another file.
    """
    exp_id, _, name = path.rpartition("/")
    return exp_id if exp_id and name == LATEST else None


def is_output(path: str) -> bool:
    """Return whether a file is an output of a run, by its path below the run's folder.

    Inputs and results of tasks are none, nor are stamped copies of outputs.
    """
    top, _, below = split_date(path)[1].partition("/")
    return not below or top not in (BUILDER, RUNNER, STAMPED)


def runs_with_files(paths: Iterable[str]) -> set[str]:
    """Return the runs that have inputs, results, tables or a submission.

    Parameters
    ----------
    paths
        Below ``results/``.
    """
    own = (path for path in paths if not _STAMPED.fullmatch(path))
    found = [match for match in map(_IN_A_RUN.fullmatch, own) if match]
    runs = {match[1] for match in found if match[2] not in _BESIDE}
    # Before it has inputs, a run with build: remote has a bundle, by the name of an archive.
    bundles = {match[1] for match in found if match[0] == f"{match[1]}/{BUILDER}/{ARCHIVE}"}
    return runs | {run for run in bundles if f"{run}/{BUILDER}" not in runs}
