"""What the rules that draw ask of the plan. Functions only."""


def of_each_place(path, figure, **flags):
    """Return a path for each population, each with a place of its own in the report."""
    files = []
    for place in config["plan"]["populations"]:
        labels = {"location": place["label"], "figure": figure}
        file = path.replace("{population}", place["name"])
        files.append(report(file, labels=labels, **flags))
    return files


def plan_digest(*keys):
    """Return a short hash of parts of the plan: what a figure takes from it beside tables."""
    from epyflow.run.digests import digest_of

    parts = []
    for key in keys:
        part = config["plan"]
        for name in key.split("."):
            part = part[name]
        parts.append(str(part))
    return digest_of(*parts)


def named_priors():
    """Return the file that names priors of the user's own, where there are any."""
    about = config["plan"]["about"]
    given = about["quantities"].values() if about["fit"] else ()
    own = any("function" in each for each in given)
    path = f"{run_folder(config['plan'])}/builder-artifacts/priors.json"
    return [path] if own else []


def fitted_tables(wildcards):
    """Return the tables that calibrations have, as a summary names them."""
    named = {
        "calibration": "quantiles_calibration",
        "projection": "quantiles_projection_comparison",
        "progress": "calibration_progress",
    }
    return {
        key: f"{run_folder(config['plan'])}/outputs/{table}.csv.gz"
        for key, table in named.items()
        if table in config["plan"]["tables"]
    }


def front_page_of_run():
    """Return what the first page of the report says; a worker makes no report."""
    if not workflow.is_main_process:
        return {}
    from epyflow.report.front_page import front_page
    from epyflow.storage.disk import storage_at

    place = storage_at(storage_prefix())
    folder = f"{run_folder(config['plan'])}/figures"
    priors = "".join(named_priors())
    scored = config["plan"]["scores"] is not None
    return front_page(
        config["plan"],
        place.read(f"{folder}/summary.json"),
        place.read(f"{folder}/forecast_coverage.csv") if scored else None,
        place.read(priors) if priors else None,
    )
