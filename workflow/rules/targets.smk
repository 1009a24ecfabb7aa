"""What is to be made, as the plan has it. Functions only."""


def plan_of(wildcards):
    """Return what the plan says of one run: of one reference date, where there are several."""
    from epyflow.experiment.as_of import of_run

    return of_run(config["plan"], wildcards.run_id)


def runs():
    """Return what the plan says of each run: one, or one for each reference date."""
    return list(config["plan"].get("forecasts", {"": config["plan"]}).values())


def run_folder(run):
    """Return the folder of a run."""
    return f"results/{run['exp_id']}/{run['run_id']}"


def targets():
    """Return what the workflow is to make."""
    wanted = [path for run in runs() for path in targets_of(run)]
    scores = config["plan"]["scores"]
    folder = run_folder(config["plan"])
    names = [f"scores/{name}" for name in scores["tables"]] if scores else []
    drawn = ["scores_by_horizon.svg", "forecast_coverage.csv"] if scores else []
    if scores and "forecasts" not in config["plan"]:
        drawn.append("model_comparison.png")
    names += [f"figures/{name}" for name in drawn]
    return [*wanted, *(f"{folder}/{name}" for name in names)]


def targets_of(run):
    """Return what is to be made of one run."""
    folder = run_folder(run)
    tables = [f"{folder}/outputs/{table}.csv.gz" for table in run["tables"]]
    record = [f"{folder}/outputs/run_metadata.json", f"{folder}/run_cost.csv"]
    last = [f"{folder}/complete.txt"] if run["partial_results"] else []
    return [*tables, *submission_files(run), *figures(), *record, *last]


def submission_files(run):
    """Return the files of a run's submission, and the word that the hub would accept it."""
    if run["hub"] is None:
        return []
    folder, file = run_folder(run), run["hub"]["file"]
    table = f"{folder}/outputs/output_hub_formatted.csv.gz"
    return [table, f"{folder}/hub/{file}", f"{folder}/hub/{file}.accepted.txt"]


def submission_digest(wildcards):
    """Return the hash of what a run's submission is made from besides its results."""
    submission = plan_of(wildcards)["hub"]
    return submission["digest"] if submission else None


def left_out(wildcards):
    """Return the record of what a run's submission does not hold, where there is one."""
    run = plan_of(wildcards)
    return [f"{run_folder(run)}/outputs/hub_left_out.json"] if run["hub"] else []


def submissions():
    """Return the submissions of all runs."""
    return [
        f"{run_folder(run)}/hub/{run['hub']['file']}" for run in runs() if run["hub"]
    ]


def figures():
    """Return the figures that the tables of the run allow, one for each rule that draws.

    A replay draws none of these: it has no tables to look at. Scores are drawn of both.
    """
    from forecast_hub.config.flusight import RATE_CHANGE

    plan = config["plan"]
    if "forecasts" in plan:
        return []
    folder = f"{run_folder(plan)}/figures"
    tables, first = plan["tables"], plan["populations"][0]["name"]
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
    if plan["about"]["fit"] and plan["about"]["fit"]["trajectories"] and in_the_us():
        names.append("change_map.svg")
    if plan["hub"] and RATE_CHANGE in plan["hub"]["targets"]:
        names.append("rate_trends.svg")
    if "posteriors" in tables:
        names += [f"posterior/{first}.png", "posterior_intervals.svg"]
    return [f"{folder}/{name}" for name in names]


def measured_figures():
    """Return the figures whose jobs are part of the cost: all but that of the cost itself."""
    return [path for path in figures() if not path.endswith("figures/tasks.svg")]


def in_the_us():
    """Return whether a population of the run has a place on the map."""
    from epyflow.figures.us_tiles import tile_of

    return any(tile_of(place["location"]) for place in config["plan"]["populations"])
