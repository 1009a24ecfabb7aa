"""List the files that the workflow makes, from the plan. Functions only."""


def targets():
    """Return all files that the workflow makes."""
    wanted = [path for run in PLAN.runs for path in targets_of(run)]
    scores = PLAN.scores.tables if PLAN.scores else ()
    drawn = [
        path for which in ("results", "tasks", "scores") for path in figure_files(which)
    ]
    return [*wanted, *map(PLAN.layout.score, scores), *drawn]


def planned_files():
    """Return all outputs of the plan: what the workflow makes, and what its jobs write besides."""
    besides = (run.layout.left_out for run in PLAN.runs if run.submission)
    return [*targets(), *besides]


def targets_of(run):
    """Return the files of one run."""
    layout = run.layout
    tables = [layout.table(name) for name in PLAN.tables]
    # Snakemake compares no parameters of a job of which an output was never written.
    tables += [f"{layout.results}/outputs/{file}" for file in parquet_files()]
    record = [layout.metadata, layout.cost, layout.complete]
    return [*tables, *submission_files(run), *record]


def submission_files(run):
    """Return the files of a run's submission."""
    if run.submission is None:
        return []
    layout, file = run.layout, run.submission.file
    rows = layout.table("output_hub_formatted")
    return [rows, layout.submission(file), layout.findings(file)]


def submission_pattern():
    """Return the run and the file of a submission, with wildcards.

    In a replay both contain the reference date: ``<run_id>/<date>`` and ``<date>-<team>-<model>.csv``.
    """
    run = PLAN.runs[0]
    if not PLAN.is_replay:
        return "{run_id}", run.submission.file
    day = run.run_id.rpartition("/")[2]
    return "{run_id}/{date}", run.submission.file.replace(day, "{date}", 1)


def findings_of_run(wildcards):
    """Return the findings of the hub's checks of a run's submission, if it has one."""
    return submission_files(PLAN.of_run(wildcards.run_id))[2:]


def submission_digest(wildcards):
    """Return the hash of the inputs of a run's submission other than its results."""
    submission = PLAN.of_run(wildcards.run_id).submission
    return submission.digest if submission else None


def left_out(wildcards):
    """Return the record of what was left out of a run's submission, if it has one."""
    run = PLAN.of_run(wildcards.run_id)
    return [run.layout.left_out] if run.submission else []


def submissions():
    """Return the submissions of all runs."""
    return [
        run.layout.submission(run.submission.file)
        for run in PLAN.runs
        if run.submission
    ]
