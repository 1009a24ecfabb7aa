"""What the rules that draw ask of the plan. Functions only."""


def of_each_place(path, figure, **flags):
    """Return a path for each population, each with a place of its own in the report."""
    files = []
    for place in PLAN.populations:
        labels = {"location": place.label, "figure": figure}
        file = path.replace("{population}", place.name)
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
    about = PLAN.about
    given = about["quantities"].values() if about["fit"] else ()
    own = any("function" in each for each in given)
    return [PLAN.layout.priors] if own else []


def fitted_tables(wildcards):
    """Return the tables that calibrations have, as a summary names them."""
    named = {
        "calibration": "quantiles_calibration",
        "projection": "quantiles_projection_comparison",
        "progress": "calibration_progress",
    }
    return {
        key: PLAN.layout.table(table)
        for key, table in named.items()
        if table in PLAN.tables
    }


def front_page_of_run():
    """Return what the first page of the report says; a worker makes no report."""
    if not workflow.is_main_process:
        return {}
    from epyflow.report.front_page import front_page
    from epyflow.storage.disk import storage_at

    place = storage_at(storage_prefix())
    priors = "".join(named_priors())
    return front_page(
        config["plan"],
        place.read(PLAN.layout.figure("summary.json")),
        (
            place.read(PLAN.layout.figure("forecast_coverage.csv"))
            if PLAN.scores
            else None
        ),
        place.read(priors) if priors else None,
    )
