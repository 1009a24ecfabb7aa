"""Write the definitions of Batch jobs to files, instead of submitting them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.cloud import batch_v1
from google.protobuf.json_format import MessageToJson

from .errors import SettingError
from .session import Session
from .tasks import arrays, describe


def write_job_files(session: Session, folder: Path) -> list[Path]:
    """Write the Batch jobs of all jobs that the run would do, each as its first attempt.

    The files are what ``gcloud batch jobs submit ID --config`` takes, and the id is the name of
    the file: the log of a task goes to a folder of that name.

    Parameters
    ----------
    session
        Of the executor.
    folder
        Is made if it does not exist. Files of the same name are replaced.

    Raises
    ------
    SettingError
        If a job cannot be defined, for instance because its resources follow the size of a file
        that is not there yet; or if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(session, folder)
    except OSError as error:
        raise SettingError(
            f"job files cannot be written to {str(folder)!r}: {error.strerror}; expected a folder "
            "that is there or can be made"
        ) from error


def _write(session: Session, folder: Path) -> list[Path]:
    tasks = []
    for job in remote_jobs(session.executor.dag):
        try:
            tasks.append(session.draft(job))
        except Exception as error:
            raise SettingError(
                f"{describe(job)} cannot be defined: {error}. If its resources follow the size of "
                "its inputs, run the rules that make these first."
            ) from error
    template, submitter = session.dispatcher.template, session.dispatcher.submitter
    paths = []
    for group in arrays(tasks):
        for part in template.pieces(group):
            name = submitter.first_id(part)
            definition = batch_v1.Job.pb(template.define(part, name))
            paths.append(folder / f"{name}.json")
            paths[-1].write_text(MessageToJson(definition) + "\n", encoding="utf-8")
    return paths


def remote_jobs(dag: Any) -> Iterator[Any]:
    """Yield the jobs and groups of jobs that are not run on this machine, each once."""
    seen = set()
    for job in dag.needrun_jobs():
        unit = dag.get_job_group(job) or job
        if not unit.is_local and unit not in seen:
            seen.add(unit)
            yield unit
