"""Collect the environment variables of a runnable, set by Batch or by the job."""

from collections.abc import Mapping
from pathlib import Path

from google_batch_emulator.documents import read_json
from google_batch_emulator.errors import EmulatorError, SecretError
from google_batch_emulator.messages import Message
from google_batch_emulator.records import Attempt


def read_secrets(path: Path | None) -> dict[str, str]:
    """Read what stands for Secret Manager: a JSON object, version name to value.

    Raises
    ------
    EmulatorError
        If the file cannot be read or holds anything else.
    """
    if path is None:
        return {}
    document = read_json(path)
    if not isinstance(document, dict) or not all(
        isinstance(value, str) for value in document.values()
    ):
        raise EmulatorError(
            f"secrets file {path}: expected an object of strings, by names like "
            '"projects/<project>/secrets/<secret>/versions/latest"'
        )
    return document


def variables(attempt: Attempt, runnable: Message, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Batch sets and those of the job; the innermost wins.

    Parameters
    ----------
    attempt
        Task and retry.
    runnable
        Its own variables win over those of the task, and these over those of the task spec.
    secrets
        Values of secrets by version name.

    Raises
    ------
    SecretError
        If a secret is not there.
    """
    job, task = attempt.job, attempt.task
    found = {
        "BATCH_TASK_INDEX": str(task.index),
        "BATCH_TASK_COUNT": str(len(job.tasks)),
        "BATCH_TASK_RETRY_ATTEMPT": str(attempt.number),
        "BATCH_JOB_UID": job.uid,
        "BATCH_JOB_ID": job.job_id,
    }
    found.update(job.spec.environments)
    layers = [job.spec.environment, runnable.environment]
    if job.group.task_environments:
        layers.insert(1, job.group.task_environments[task.index])
    for layer in layers:
        found.update(layer.variables)
        for name, version in layer.secret_variables.items():
            if version not in secrets:
                raise SecretError(f"secret {version} of variable {name} does not exist")
            found[name] = secrets[version]
    return found
