"""What is to be made, as the plan has it. Functions only."""


def targets():
    """Return what the workflow is to make."""
    wanted = [path for run in PLAN.runs for path in targets_of(run)]
    if PLAN.scores is None:
        return wanted
    drawn = ["scores_by_horizon.svg", "forecast_coverage.csv"]
    if not PLAN.is_replay:
        drawn.append("model_comparison.png")
    wanted += [PLAN.layout.score(name) for name in PLAN.scores.tables]
    return wanted + [PLAN.layout.figure(name) for name in drawn]


def targets_of(run):
    """Return what is to be made of one run."""
    layout = run.layout
    tables = [layout.table(name) for name in PLAN.tables]
    record = [layout.metadata, layout.cost]
    last = [layout.complete] if PLAN.partial_results else []
    return [*tables, *submission_files(run), *figures(), *record, *last]


def submission_files(run):
    """Return the files of a run's submission, and the mark that the hub would accept it."""
    if run.submission is None:
        return []
    layout, file = run.layout, run.submission.file
    table = layout.table("output_hub_formatted")
    return [table, layout.submission(file), layout.accepted(file)]


def submission_digest(wildcards):
    """Return the hash of what a run's submission is made from besides its results."""
    submission = PLAN.of_run(wildcards.run_id).submission
    return submission.digest if submission else None


def left_out(wildcards):
    """Return the record of what a run's submission does not hold, where there is one."""
    run = PLAN.of_run(wildcards.run_id)
    return [run.layout.left_out] if run.submission else []


def submissions():
    """Return the submissions of all runs."""
    return [
        run.layout.submission(run.submission.file)
        for run in PLAN.runs
        if run.submission
    ]


def figures():
    """Return the figures that the tables of the run allow, one for each rule that draws.

    A replay draws none of these: it has no tables to look at. Scores are drawn of both.
    """
    from forecast_hub.config.flusight import RATE_CHANGE

    if PLAN.is_replay:
        return []
    tables, first = PLAN.tables, PLAN.populations[0].name
    fit, submission = PLAN.about["fit"], PLAN.runs[0].submission
    names = ["model.svg", "summary.json", "tasks.svg"]
    names += [
        f"fan_chart/{kind}/{first}.svg"
        for kind in ("compartments", "transitions")
        if f"quantiles_{kind}" in tables
    ]
    if "effective_reproduction_number" in tables:
        names.append(f"reproduction/{first}.svg")
    if "quantiles_calibration" in tables:
        names += [f"fit/{first}.svg", "forecast_grid.png", "fit_coverage.svg"]
        names.append("calibration_progress.svg")
    if fit and fit["trajectories"] and in_the_us():
        names.append("change_map.svg")
    if submission and RATE_CHANGE in submission.targets:
        names.append("rate_trends.svg")
    if "posteriors" in tables:
        names += [f"posterior/{first}.png", "posterior_intervals.svg"]
    return [PLAN.layout.figure(name) for name in names]


def measured_figures():
    """Return the figures whose jobs are part of the cost: all but that of the cost itself."""
    return [path for path in figures() if not path.endswith("figures/tasks.svg")]


def in_the_us():
    """Return whether a population of the run has a place on the map."""
    from epyflow.figures.us_tiles import tile_of

    return any(tile_of(place.location) for place in PLAN.populations)
