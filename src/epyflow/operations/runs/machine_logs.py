"""Read the output of the machines of a run's tasks, which Snakemake's executor stores.

On Google Batch, the output is stored by Batch job. The run of a job is read from its definition
while Google Batch has it, and otherwise from the output, in which Snakemake names the files of the
job. On a cluster, the output is what a job printed to Slurm: only there is it said that Slurm has
stopped a job for its memory or time.
"""

import re

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import LEFT_OUT, Choice, Log, job_of, lines_of
from epyflow.operations.runs.snakemake_targets import parse_target
from epyflow.operations.runs.stored_records import read_readable
from epyflow.storage.disk import GOOGLE_SCHEMES, Storage

FOLDER = "googlebatch-logs"
SLURM_FOLDER = ".snakemake/slurm_logs"

_ASKED = re.compile(r"--target-jobs (\w+:\S+)")
_WRONG = re.compile(rb"^(?:Error in rule|slurmstepd: error:|srun: error:) ", re.MULTILINE)
"""What Snakemake and Slurm print in a job that fails."""

_ENDED = re.compile(rb"^\[googlebatch-array\] exit status (\d+)\s*$", re.MULTILINE)


def machine_logs(storage: Storage, run: Run, choice: Choice, presence: Presence) -> list[Log]:
    """Read the output of the machines of a run's tasks, in the order of their times.

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
        return _slurm_logs(storage, run, choice)
    if not storage.uri.startswith(GOOGLE_SCHEMES):
        raise EpyflowError(
            f"{run.folder} is on {storage.uri}: its tasks did not run on Google Batch; expected a "
            "run there, with --storage gs://<bucket>/<prefix>"
        )
    known = {job.job_id: job for job in presence.jobs or ()}
    listed = {
        path: its
        for path, its in storage.below(FOLDER).items()
        if (choice.since is None or its.modified >= choice.since)
        and (path.split("/")[0] not in known or known[path.split("/")[0]].whose == "run")
    }
    read = read_readable(storage, [f"{FOLDER}/{path}" for path in listed], LEFT_OUT)
    logs = []
    for path, its in sorted(listed.items(), key=lambda each: (each[1].modified, each[0])):
        data = read.get(f"{FOLDER}/{path}")
        whose = None if data is None else _whose(data, run)
        job_id, _, name = path.partition("/")
        if whose is None and job_id in known and name.removesuffix(".log").isdecimal():
            targets, index = known[job_id].targets, int(name.removesuffix(".log"))
            whose = (targets[index].rule, targets[index].job) if index < len(targets) else None
        if data is None or whose is None or not choice.wants(*whose):
            continue
        ended = _ENDED.findall(data)
        failed = bool(ended) and ended[-1] != b"0"
        if failed or not choice.failed:
            lines = lines_of(data, choice, its.modified)
            logs.append(Log(f"{FOLDER}/{path}", *whose, its.modified, failed, lines))
    return logs


def _slurm_logs(storage: Storage, run: Run, choice: Choice) -> list[Log]:
    """Read what jobs printed to Slurm. The plugin deletes most logs of jobs that succeeded."""
    listed = storage.below(SLURM_FOLDER)
    if not listed:
        raise EpyflowError(
            f"{run.folder} is on disk: its tasks did not run on Google Batch, and there is no "
            f"{SLURM_FOLDER}; expected a run on Slurm, in its folder, or one on Google Batch, with "
            "--storage gs://<bucket>/<prefix>"
        )
    logs = []
    for path, its in sorted(listed.items(), key=lambda each: (each[1].modified, each[0])):
        name = f"{SLURM_FOLDER}/{path}"
        data = read_readable(storage, [name], LEFT_OUT).get(name)
        whose = None if data is None else _whose(data, run)
        if data is None or whose is None or not choice.wants(*whose):
            continue
        failed = _WRONG.search(data) is not None
        if (failed or not choice.failed) and (choice.since is None or its.modified >= choice.since):
            logs.append(
                Log(name, *whose, its.modified, failed, lines_of(data, choice, its.modified))
            )
    return logs


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
