"""Find the run that a command names."""

import os
import shlex
from pathlib import Path, PurePath

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.experiment.reading.experiment_files import SUFFIXES, is_exp_id
from epyflow.operations.runs.latest_runs import find_latest_runs
from epyflow.operations.runs.run_list import Run, find_runs, open_storage
from epyflow.operations.runs.runs_without_inputs import find_new_runs
from epyflow.run.layout import RESULTS, RunLayout
from epyflow.run.path_patterns import split_name
from epyflow.run.run_id import LATEST
from epyflow.storage.disk import Storage
from epyflow.suggest import did_you_mean


def list_command(place: str | None) -> str:
    """Return the command that lists the runs of a storage, as a shell takes it."""
    return f"epyflow runs{'' if place is None else f' --storage {shlex.quote(place)}'}"


def find_run(named: str, run_id: str | None, place: str | None) -> tuple[Storage, Run]:
    """Return a run and the storage that holds its ``results/`` and ``logs/``.

    Parameters
    ----------
    named
        An ``exp_id``, whose newest run is taken; ``<exp_id>/<run_id>``; or the run's folder,
        ``results/<exp_id>/<run_id>``, with what is before it, on disk or in a bucket. The run_id
        ``latest`` is the newest finished run; ``latest`` alone, that of all experiments.
    run_id
        Name of the experiment's run, instead of the newest.
    place
        See :func:`epyflow.operations.runs.run_list.open_storage`.

    Raises
    ------
    UnreadableError
        If there is no such run.
    EpyflowError
        If the storage is named twice, or cannot be read.
    """
    before, found, name = f"/{named.strip('/')}".rpartition(f"/{RESULTS}/")
    if found:
        top = "/" if named.startswith("/") else ""
        before = f"{top}{before.removeprefix('/')}"
        if before and place is not None:
            raise EpyflowError(f"{named} names its storage; expected no --storage {place}")
        place = before or place
    name = name.strip("/")
    storage = open_storage(place)
    if not is_exp_id(name):
        raise UnreadableError(
            f"{named}: not the name of a run{_near(storage, named)}; expected the id of an "
            "experiment, without the folders above it, or the run's folder, "
            f"results/<exp_id>/<run_id>. `{list_command(place)}` lists those there are"
        )
    parent, last = split_name(name)
    if run_id is None and last == LATEST:
        return storage, _latest(storage, parent, place)
    if run_id == LATEST:
        return storage, _latest(storage, name, place)
    run = _named(storage, name, run_id)
    if run is not None:
        return storage, run
    wanted = name if run_id is None else f"{name}/{run_id}"
    raise UnreadableError(
        f"no run {wanted} under {place or '.'}/results{_near(storage, wanted)}; "
        f"`{list_command(place)}` lists those there are"
    )


def _near(storage: Storage, named: str) -> str:
    """Offer the run of an experiment that is named by its path, or else names that are near."""
    path = PurePath(os.path.normpath(Path(named).absolute()))
    path = path.parent if path.suffix in SUFFIXES else path
    path = path.parent if path.name == "config" else path
    names = {name for run in find_runs(storage) for name in (run.exp_id, run.folder)}
    own = [name for name in names if path.match(name)]
    if own:
        return f" (did you mean {max(own, key=len)}?)"
    return did_you_mean(os.path.normpath(named).lstrip("./"), names)


def reload_run(storage: Storage, run: Run) -> Run | None:
    """Read a run again; None if it has been removed."""
    return _of(storage, run.exp_id, run.run_id)


def _latest(storage: Storage, exp_id: str, place: str | None) -> Run:
    """Return the newest finished run of an experiment; without one, that of all experiments."""
    for run in find_latest_runs(storage, exp_id or "*"):
        return run
    whose = RunLayout(exp_id or "<exp_id>", "").latest
    raise UnreadableError(
        f"no finished run: {place or '.'}/{whose} is missing, or names a run that is not there; "
        f"`{list_command(place)}` lists those there are"
    )


def _named(storage: Storage, name: str, run_id: str | None) -> Run | None:
    """Return the newest run of an experiment, or the run with this name."""
    run = _of(storage, name, run_id)
    parent, last = split_name(name)
    if run is None and parent and run_id is None:
        return _of(storage, parent, last)
    return run


def _of(storage: Storage, exp_id: str, run_id: str | None) -> Run | None:
    """Return a run of an experiment, by default the newest, including runs without inputs."""
    for found in (find_runs, find_new_runs):
        for run in found(storage, exp_id):
            if run_id in (None, run.run_id):
                return run
    return None
