"""Read the output of the machines of a run's tasks, which Snakemake's executor stores.

On Google Batch, the output is stored by Batch job. The run of a job is read from its definition
while Google Batch has it, and otherwise from the output, in which Snakemake names the files of the
job. On a cluster, the output is what a job printed to Slurm: only there is it said that Slurm has
stopped a job for its memory or time.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import LEFT_OUT, Choice, Log, job_of, log_of
from epyflow.operations.runs.snakemake_targets import parse_target
from epyflow.operations.runs.stored_records import read_ends, read_part
from epyflow.storage.disk import GOOGLE_SCHEMES, Storage
from epyflow.storage.stored_file import Stored

FOLDER = "googlebatch-logs"
SLURM_FOLDER = ".snakemake/slurm_logs"

_ASKED = re.compile(r"--target-jobs (\w+:\S+)")
_WRONG = re.compile(rb"^(?:Error in rule|slurmstepd: error:|srun: error:) ", re.MULTILINE)
"""What Snakemake and Slurm print in a job that fails."""

_ENDED = re.compile(rb"^\[googlebatch-array\] exit status (\d+)\s*$", re.MULTILINE)


_START = 2**16
"""Bytes at the beginning of a long log in which the job is looked for."""


def machine_logs(storage: Storage, run: Run, choice: Choice, presence: Presence) -> Iterator[Log]:
    """Yield the output of the machines of a run's tasks, in the order of their times.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`.
    choice
        Selects logs and lines. The log of a task with a non-zero exit status has failed; on Slurm,
        one with an error of Snakemake or of Slurm.
    presence
        The coordinator and Batch jobs of the run.

    Raises
    ------
    EpyflowError
        If the run is neither in a bucket of Google nor on disk with logs of Slurm.
    """
    if storage.uri is None:
        yield from _slurm_logs(storage, run, choice)
        return
    if not storage.uri.startswith(GOOGLE_SCHEMES):
        raise EpyflowError(
            f"{run.folder} is on {storage.uri}: its tasks did not run on Google Batch; expected a "
            "run there, with --storage gs://<bucket>/<prefix>"
        )
    known = {job.job_id: job for job in presence.jobs or ()}
    listed = {
        path: its
        for path, its in _listed(storage, FOLDER, choice).items()
        if (job := _job_and_name(path)[0]) not in known or known[job].whose == "run"
    }

    def whose(path: str, data: bytes) -> tuple[str, str] | None:
        job_id, index = _job_and_name(path)
        found = _whose(data, run)
        if found is None and job_id in known and index.isdecimal():
            targets = known[job_id].targets
            return next(((each.rule, each.job) for each in targets[int(index) :]), None)
        return found

    def has_failed(data: bytes) -> bool:
        ended = _ENDED.findall(data)
        return bool(ended) and ended[-1] != b"0"

    yield from _chosen(storage, listed, choice, whose, has_failed)


def _slurm_logs(storage: Storage, run: Run, choice: Choice) -> Iterator[Log]:
    """Read what jobs printed to Slurm. The plugin deletes most logs of jobs that succeeded."""
    if not storage.below(SLURM_FOLDER):
        raise EpyflowError(
            f"{run.folder} is on disk: its tasks did not run on Google Batch, and there is no "
            f"{SLURM_FOLDER}; expected a run on Slurm, in its folder, or one on Google Batch, with "
            "--storage gs://<bucket>/<prefix>"
        )
    yield from _chosen(
        storage,
        _listed(storage, SLURM_FOLDER, choice),
        choice,
        lambda _, data: _whose(data, run),
        lambda data: _WRONG.search(data) is not None,
    )


def _job_and_name(path: str) -> tuple[str, str]:
    job_id, _, name = path.removeprefix(f"{FOLDER}/").partition("/")
    return job_id, name.removesuffix(".log")


def _listed(storage: Storage, folder: str, choice: Choice) -> dict[str, Stored]:
    """List the logs that may have chosen lines, in the order of their times."""
    listed = {
        f"{folder}/{path}": its
        for path, its in storage.below(folder).items()
        if choice.since is None or its.modified >= choice.since
    }
    return dict(sorted(listed.items(), key=lambda each: (each[1].modified, each[0])))


def _chosen(
    storage: Storage,
    listed: Mapping[str, Stored],
    choice: Choice,
    whose: Callable[[str, bytes], tuple[str, str] | None],
    has_failed: Callable[[bytes], bool],
) -> Iterator[Log]:
    for path, end in read_ends(storage, listed, LEFT_OUT):
        start = read_part(storage, path, 0, _START, LEFT_OUT) if end.left_out else None
        its = whose(path, (start or b"") + end.data)
        failed = has_failed(end.data)
        if its is not None and choice.wants(*its) and (failed or not choice.failed):
            yield log_of(path, its, end, choice, listed[path].modified, failed)


def _whose(data: bytes, run: Run) -> tuple[str, str] | None:
    """Return the rule and the job of a task, if it is of the run.

    Snakemake prints its command line, which names the job. A task of an array on Slurm first prints
    that of the array's first task. For a failed job, it prints the log's
    name.
    """
    text = data.decode("utf-8", errors="replace")
    asked = _ASKED.findall(text)
    if asked:
        target = parse_target(asked[-1])
        return (target.rule, target.job) if target.run == (run.exp_id, run.run_id) else None
    named = re.search(rf"(?:^|[\s/])({re.escape(run.layout.logs)}/\S+?\.log)\b", text)
    return None if named is None else job_of(named[1], run)
