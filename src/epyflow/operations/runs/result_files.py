"""Say where the results of a run are, and what its hub's checks and its scores say."""

import json
from pathlib import Path

from epyflow.report.recent_scores import compare_in_words, read_weeks
from epyflow.run.plan import Plan
from epyflow.submission.verdict import verdict_in_words


def describe_results(plan: Plan) -> list[tuple[str, str]]:
    """Return the kind of results that are on this machine, and where they are.

    Parameters
    ----------
    plan
        The plan of the run. What it lacks is of an earlier plan, and is left out.

    Returns
    -------
    results
        ``Tables``, ``Submission``, ``Scores`` with a path, or a pattern for several reference
        dates, and the verdict of the hub or the scores beside the baseline's.
    """
    found = []
    tables = [Path(run.layout.metadata).parent for run in plan.runs]
    if there := [folder for folder in tables if folder.is_dir()]:
        folder = f"{plan.layout.results}/*/outputs" if plan.is_replay else there[0]
        found.append(("Tables", f"{folder}/*.csv.gz"))
    return found + _submissions(plan) + _scores(plan)


def _submissions(plan: Plan) -> list[tuple[str, str]]:
    files = [(run.layout, run.submission.file) for run in plan.runs if run.submission]
    findings = [Path(layout.findings(file)) for layout, file in files]
    read = [json.loads(path.read_bytes()) for path in findings if path.is_file()]
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
