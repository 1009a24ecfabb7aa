"""Say where the results of a run are, and what its hub's checks and its scores say."""

from pathlib import Path

from pydantic import Field

from epyflow.errors import ArtifactError
from epyflow.operations.runs.stored_records import Record, parse_record, read_readable
from epyflow.report.front_page import look_for_warnings
from epyflow.report.recent_scores import compare_in_words, read_weeks
from epyflow.run.plan import Plan
from epyflow.storage.disk import Disk, Storage
from epyflow.submission.verdict import verdict_in_words

_MOST = 5
"""Most warnings that are written out."""
_PAGE = "on the first page of the report"


class _Findings(Record):
    hub: str
    file: str
    rows: int
    accepted: bool


class _Summary(Record):
    warnings: list[str]
    passed: tuple[str, ...] = Field((), strict=False)


def describe_results(plan: Plan, storage: Storage | None = None) -> list[tuple[str, str]]:
    """Return the kind of results that are on this machine, where they are, and their warnings.

    Parameters
    ----------
    plan
        The plan of the run. What it lacks is of an earlier plan, and is left out.
    storage
        Holds the results; of those in a bucket, the warnings alone are returned. None: this folder,
        and nothing is returned if it has no results.

    Returns
    -------
    results
        ``Tables``, ``Submission``, ``Scores`` with a path, or a pattern for several reference
        dates, and the verdict of the hub or the scores beside the baseline's. ``Warnings``: the
        number of those on the report's first page, then the first of them, without a kind.

    Raises
    ------
    ArtifactError
        If a submission's findings are damaged.
    """
    found = [] if storage is not None and storage.uri else _files(plan)
    shown = found or storage is not None
    return [*found, *_warnings(plan, storage or Disk())] if shown else []


def _files(plan: Plan) -> list[tuple[str, str]]:
    found = []
    tables = [Path(run.layout.metadata).parent for run in plan.runs]
    if there := [folder for folder in tables if folder.is_dir()]:
        folder = f"{plan.layout.results}/*/outputs" if plan.is_replay else there[0]
        found.append(("Tables", f"{folder}/*.csv.gz"))
    return found + _submissions(plan) + _scores(plan)


def _warnings(plan: Plan, storage: Storage) -> list[tuple[str, str]]:
    """Describe the warnings of the report's first page; others may write the files in a bucket."""
    summary = plan.layout.figure("summary.json")
    scores = [plan.layout.figure(f"{name}.csv") for name in ("forecast_coverage", "scores_by_week")]
    wanted = [summary, *scores] if plan.scores else [summary]
    read = read_readable(storage, wanted, "its warnings are not shown")
    later, weeks = map(read.get, scores)
    try:
        found = parse_record(_Summary, read.get(summary, b'{"warnings": []}'), summary)
        looked = look_for_warnings(
            *(plan.about, found.model_dump(), later, weeks, plan.labels), is_replay=plan.is_replay
        )
    except (ArtifactError, ValueError, KeyError, TypeError) as problem:
        return [("Warnings", f"not known: the files of the report's first page: {problem}")]
    warnings = looked.warnings
    if not warnings:
        checked = looked.passed or plan.is_replay
        return [("Warnings", "none" if checked else "not checked: this run has no summary")]
    lines = warnings[:_MOST]
    if len(warnings) > _MOST:
        lines.append(f"and {len(warnings) - _MOST} more, {_PAGE}")
    return [("Warnings", f"{len(warnings)} {_PAGE}:"), *(("", each) for each in lines)]


def _submissions(plan: Plan) -> list[tuple[str, str]]:
    files = [(run.layout, run.submission.file) for run in plan.runs if run.submission]
    findings = [Path(layout.findings(file)) for layout, file in files]
    read = [
        parse_record(_Findings, path.read_bytes(), str(path)).model_dump()
        for path in findings
        if path.is_file()
    ]
    if not read:
        return []
    layout, file = files[0]
    path = layout.submission(file)
    if plan.is_replay:
        path = path.replace(layout.run_id.rpartition("/")[2], "*")
    return [("Submission", f"{path}: {verdict_in_words(read)}")]


def _scores(plan: Plan) -> list[tuple[str, str]]:
    table = Path(plan.layout.figure("scores_by_week.csv"))
    if plan.scores is None or not Path(plan.layout.score(plan.scores.tables[0])).is_file():
        return []
    said = compare_in_words(read_weeks(table.read_bytes())) if table.is_file() else ()
    return [("Scores", f"{plan.layout.score('*.csv')}{': ' if said else ''}{' '.join(said)}")]
