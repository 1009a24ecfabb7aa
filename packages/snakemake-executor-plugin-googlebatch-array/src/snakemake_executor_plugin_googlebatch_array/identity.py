"""Compute identifiers of run, target and work that survive a restart of the coordinator.

The text of a command does not survive: Snakemake writes sets in an order that differs between
processes, and archives the sources in such an order. Sorted contents are hashed instead.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .commands import Frame
from .names import digest

_SHORT = 16
"""Hexadecimal digits of a target or a key: 64 bits, compared within one run only."""

_ARCHIVE = re.compile(r"snakemake-workflow-sources\.[0-9a-f]{64}\.tar\.xz")
_MARKER = "googlebatch-array"


def marker(key: str, coordinator: str) -> str:
    """Return what we write into Snakemake's mark of an unfinished job: who does which work."""
    return f"{_MARKER}:{key}:{coordinator}"


def marked_coordinators(marks: Iterable[str], key: str) -> set[str]:
    """Return which coordinators submitted this very work, by Snakemake's marks."""
    start = f"{_MARKER}:{key}:"
    return {mark.removeprefix(start) for mark in marks if mark.startswith(start)}


def run_label(name: str | None, workdir: str, prefix: str | None) -> str:
    """Return the label value that all Batch jobs of a run share.

    Parameters
    ----------
    name
        The user's name of the run, if there is one.
    workdir
        The coordinator's working directory; a restart happens in the same one.
    prefix
        The default storage prefix: two copies of a workflow may write to different places.
    """
    parts = ("named", name) if name else ("folder", workdir)
    return digest(*parts, prefix or "")[:_SHORT]


def sources_checksum(paths: Iterable[str]) -> str:
    """Return a checksum of the contents and the names of the workflow's sources."""
    lines = []
    for path in sorted(set(paths)):
        file = Path(path)
        if file.is_file():
            lines.append(f"{path}\0{hashlib.sha256(file.read_bytes()).hexdigest()}")
    return digest(*lines)


def work_checksum(frame: Frame, sources: str, image: str | None) -> str:
    """Return a checksum of what decides a task's result besides the task itself.

    The sources, the arguments of Snakemake in any order, the ``--precommand`` and the image.
    """
    arguments = sorted(each for each in (*frame.before, *frame.after) if not _ARCHIVE.search(each))
    return digest(sources, image or "", frame.setup, *arguments)


def target_of(job: Any) -> str:
    """Return what names the files that a job makes; for a group, its last member, as Snakemake."""
    if job.is_group():
        return digest("group", str(job.groupid), str(job.jobid))[:_SHORT]
    return digest("rule", *_specification(job))[:_SHORT]


def key_of(job: Any, work: str) -> str:
    """Return what names the work of a job: its targets, their parameters, and ``work``.

    The attempt is left out: a second attempt makes the same files.
    """
    members = sorted(job.jobs, key=_specification) if job.is_group() else [job]
    parts = [part for each in members for part in (*_specification(each), *_parameters(each))]
    return digest(work, *parts)[:_SHORT]


def _specification(job: Any) -> list[str]:
    """Return rule and wildcards of a job that is no group."""
    wildcards = sorted(f"{name}={value}" for name, value in job.wildcards_dict.items())
    return [job.rule.name, *wildcards]


def _parameters(job: Any) -> list[str]:
    """Return the job's parameters as Snakemake records them, to see whether they have changed."""
    # Snakemake has no public way to say it; where this one is missing, parameters do not count.
    describe = getattr(job.dag.workflow.persistence, "_params", None)
    return [str(each) for each in describe(job)] if describe is not None else []
