"""What the workflow is to make, as the plan says. Functions only."""


def run_folder():
    """Return the folder of the planned run."""
    return f"results/{config['plan']['exp_id']}/{config['plan']['run_id']}"


def targets():
    """Return what the workflow is to make."""
    folder, plan = run_folder(), config["plan"]
    tables = [f"{folder}/outputs/{table}.csv.gz" for table in plan["tables"]]
    record = [f"{folder}/outputs/run_metadata.json", f"{folder}/run_cost.csv"]
    last = [f"{folder}/complete.txt"] if plan["partial_results"] else []
    return [
        *tables,
        *(f"{folder}/figures/{name}" for name in figures()),
        *record,
        *last,
    ]


def figures():
    """Return the figures that the tables of the run allow."""
    tables = config["plan"]["tables"]
    names = [population["name"] for population in config["plan"]["populations"]]
    drawn = [
        f"fan_chart/{kind}/{name}.svg"
        for kind in ("compartments", "transitions")
        if f"quantiles_{kind}" in tables
        for name in names
    ]
    if "quantiles_projection_comparison" in tables:
        drawn += [f"fit/{name}.svg" for name in names]
    if "calibration_progress" in tables:
        drawn.append("calibration_progress.svg")
    return drawn
