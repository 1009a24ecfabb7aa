"""Fail a run whose tasks failed, or whose submission the hub would refuse."""

from collections.abc import Iterable
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.run.failures import confirm_complete
from epyflow.run.plan import RunPlan
from epyflow.storage.disk import Storage
from epyflow.submission import verdict


def confirm(metadata: Path, findings: Iterable[Path], run: RunPlan, storage: Storage) -> None:
    """Raise if a run has ended, but not well.

    Parameters
    ----------
    metadata, run, storage
        See :func:`epyflow.run.failures.confirm_complete`.
    findings
        See :func:`epyflow.submission.verdict.confirm_accepted`; none without a submission.

    Raises
    ------
    EpyflowError
        Naming the tasks that failed with their causes, and every error of a submission with the
        rows that it is about.
    """
    said = []
    try:
        confirm_complete(metadata, run, storage)
    except EpyflowError as error:
        said.append(str(error))
    for each in findings:
        try:
            verdict.confirm_accepted(each)
        except EpyflowError as error:
            said.append(str(error))
    if said:
        raise EpyflowError("\n".join(said))
