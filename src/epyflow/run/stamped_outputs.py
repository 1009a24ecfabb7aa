"""Keep copies of the outputs of a finished run in a folder that no later start writes to."""

import hashlib
from collections.abc import Collection

from epyflow.run.layout import RunLayout
from epyflow.run.nested_runs import nested_runs
from epyflow.run.path_patterns import is_output
from epyflow.run.run_id import new_stamp
from epyflow.storage.disk import Storage

_DIGITS = 8


def stamp_outputs(run: RunLayout, storage: Storage, unplanned: Collection[str] = ()) -> str:
    """Copy the outputs of a finished run to ``stamped/<YYYYMMDD-HHMMSS-xxxxxxxx>/``.

    The stamp is the time of the newest output, in UTC, and a hash of the names, sizes and times of
    all. So outputs that a later start has not changed have the same stamp, and are not copied
    again; other outputs have another one.

    Parameters
    ----------
    run
        The run; of a replay, the whole. Inputs and results of its tasks are not copied, nor are
        files of other runs in its folder.
    storage
        Holds ``results/``.
    unplanned
        Paths below the run's folder of files of an earlier plan, which are not copied.

    Returns
    -------
    folder
        The folder of the copies. Marks of completion are copied last: without one, a folder lacks
        files.
    """
    files, nested = storage.below(run.results), nested_runs(run, storage)
    own = {path for path in files if is_output(path) and not path.startswith(nested)}
    wanted = own.difference(unplanned)
    outputs = {path: files[path] for path in sorted(wanted)}
    listed = "\n".join(f"{path} {its.size} {its.modified}" for path, its in outputs.items())
    digest = hashlib.sha256(listed.encode()).hexdigest()[:_DIGITS]
    newest = max(its.modified for its in outputs.values())
    folder = run.stamped(new_stamp(newest, digest))
    copies = {f"{run.results}/{path}": f"{folder}/{path}" for path in outputs}
    there = {f"{run.results}/{path}" for path in files}
    missing = {path: copy for path, copy in copies.items() if copy not in there}
    mark = run.complete.rpartition("/")[2]
    marks = {path: copy for path, copy in missing.items() if path.endswith(f"/{mark}")}
    storage.copy({path: copy for path, copy in missing.items() if path not in marks})
    storage.copy(marks)
    return folder
