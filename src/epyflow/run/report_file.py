"""Write a report of Snakemake as a whole or not at all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_REPORTER = "snakemake.report.html_reporter"
"""The module that writes .html and .zip files; another reporter may write something else."""


def replace_whole_reports() -> None:
    """Let Snakemake write a report beside its file, and rename it at the end.

    Snakemake empties an earlier report first. If a disk is full then, a part of a page is left, and
    a traceback is printed. A version without the method is left as it is.
    """
    from snakemake.workflow import Workflow

    original = getattr(Workflow, "create_report", None)
    # A second workflow of the process finds it replaced already.
    if original is None or original.__module__ == __name__:
        return

    def create_report(self: Any, report_settings: Any, **given: Any) -> None:
        if type(report_settings).__module__ != _REPORTER:
            original(self, report_settings=report_settings, **given)
            return
        with _replacing(report_settings.path) as temporary:
            beside = replace(report_settings, path=temporary)
            original(self, report_settings=beside, **given)

    Workflow.create_report = create_report


def refuse_partial_reports(refusal: Callable[[Sequence[str], int], str]) -> None:
    """Refuse a report that lacks files, before Snakemake warns of each file without a record.

    Parameters
    ----------
    refusal
        Returns the message, given the files that are missing, and how many the report shows.
    """
    from snakemake import report
    from snakemake.io import is_flagged
    from snakemake_interface_common.exceptions import ApiError

    # A second workflow of the process finds it replaced already.
    original = getattr(report.auto_report, "__wrapped__", report.auto_report)

    @wraps(original)
    async def auto_report(dag: Any, *given: Any, **named: Any) -> None:
        outputs = dict.fromkeys(file for job in dag.jobs for file in job.output)
        shown = [file for file in outputs if is_flagged(file, "report")]
        missing = [str(file) for file in shown if not await file.exists()]
        if missing:
            raise ApiError(refusal(missing, len(shown)))
        await original(dag, *given, **named)

    report.auto_report = auto_report


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a file of the same name in a temporary folder: a .zip has the name inside, too.

    Raises
    ------
    ApiError
        If a file cannot be read or written; an earlier report is unchanged.
    """
    from snakemake_interface_common.exceptions import ApiError

    target, prefix = path.resolve(), f".{path.stem[:50]}-"
    try:
        with TemporaryDirectory("", prefix, target.parent, ignore_cleanup_errors=True) as folder:
            yield Path(folder) / path.name
            (Path(folder) / path.name).replace(target)
    except OSError as error:
        there = " The earlier report is unchanged." if target.is_file() else ""
        name = Path(str(error.filename or path))
        cause = "" if name.name.startswith((path.name, prefix)) else f"{name}: "
        raise ApiError(
            f"--report {path}: not written: {cause}{error.strerror or error}. Check that "
            f"{target.parent} can be written and has space, or name a file elsewhere.{there}"
        ) from None
