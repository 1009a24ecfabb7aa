"""List the inputs of figures and of the report, from the plan. Functions only."""


def figure_inputs():
    """Return the files that figures are drawn from, by the names that figures use."""
    from epyflow.report.contents import FILES

    fit, submission = PLAN.about["fit"], PLAN.runs[0].submission
    there = {"observed": fit, "rows": submission, "hub": submission}
    there["priors"] = named_priors()
    files = {name: path for name, path in FILES.items() if there[name]}
    files |= {table: f"outputs/{table}.csv.gz" for table in PLAN.tables}
    used = {
        name for figure in figures("results") for name in (*figure.needs, *figure.takes)
    }
    folder = "results/{exp_id}/{run_id}"
    return {name: f"{folder}/{files[name]}" for name in sorted(used & set(files))}


def score_inputs():
    """Return the files that the figures of scores are drawn from."""
    run, layout = PLAN.runs[0], PLAN.layout
    relative = layout.score("relative_scores.csv")
    return {
        "means": layout.score("mean_scores_by_horizon.csv"),
        "scores": layout.score("quantile_scores.csv.gz"),
        "submissions": submissions(),
        "hub": run.layout.submission_brief,
        "target_data": local(START.target_data),
        "others": local(list(START.others)),
        **({"relative": relative} if PLAN.scores.baseline else {}),
    }


def plan_digest(*keys):
    """Return a short hash of the parts of the plan that figures show."""
    from epyflow.run.digests import digest_of

    parts = []
    for key in keys:
        part = config["plan"]
        for name in key.split("."):
            part = part[name]
        parts.append(str(part))
    return digest_of(*parts)


def named_priors():
    """Return the file that names custom priors, if there are any."""
    about = PLAN.about
    given = about["quantities"].values() if about["fit"] else ()
    own = any("function" in each for each in given)
    return [PLAN.layout.priors] if own else []


def front_page_of_run():
    """Return the contents of the report's front page; empty on workers, which make no report."""
    if not workflow.is_main_process:
        return {}
    from epyflow.report.first_page_figures import figures_in_html
    from epyflow.report.front_page import front_page
    from epyflow.run.run_id import reports_only
    from epyflow.storage.disk import storage_at

    place = storage_at(storage_prefix())
    priors = "".join(named_priors())
    page = front_page(
        PLAN.about,
        place.read(PLAN.layout.figure("summary.json")),
        *(
            place.read(PLAN.layout.figure(file)) if PLAN.scores else None
            for file in ("forecast_coverage.csv", "scores_by_week.csv")
        ),
        place.read(priors) if priors else None,
        None if PLAN.about["fit"] else place.read(PLAN.layout.figure("outcomes.json")),
        [
            content
            for file in submissions()
            if (content := place.read(f"{file}.findings.json"))
        ],
        PLAN.labels,
        is_replay=PLAN.is_replay,
    )
    return page | {
        "parts": parts(),
        "not_run": warn_of_what_is_not_run if reports_only(sys.argv) else list,
        "figures": figures_in_html(
            place.read(PLAN.layout.figure("curves.json")), pictures_of_first_page()
        ),
    }


def pictures_of_first_page():
    """Return the end of the path of each picture, its words and its caption; the first places."""
    from epyflow.report.first_page_figures import FRONT, SEASON
    from epyflow.report.front_page import ROWS

    which = "scores" if PLAN.is_replay else "results"
    there = {figure.name: figure.pages[0] for figure in figures(which)}
    found = []
    shown = SEASON if PLAN.is_replay else FRONT[bool(PLAN.about["fit"])]
    for name, caption in shown.items():
        # A map says little about few places.
        if name in there and (name != "change_map" or len(PLAN.populations) > 4):
            each = "{population}" in there[name].path
            places = PLAN.populations[:ROWS] if each else [None]
            for number, place in enumerate(places):
                path = there[name].path.format(population=place and place.name)
                title = place.label if place else there[name].label
                said = f"{title}. {caption}" if number == 0 else f"{title}."
                found.append((PLAN.layout.figure(path), title, said))
    return found
