"""The files of figures, as the plan has it. Functions only."""


def figures(which):
    """Return the figures of `results`, `tasks` or `scores` that the run has."""
    from epyflow.report import contents
    from epyflow.report.score_contents import figures_of_scores

    if which == "scores":
        return figures_of_scores(replay=PLAN.is_replay) if PLAN.scores else ()
    if PLAN.is_replay:  # there are no tables to look at
        return ()
    if which == "tasks":
        return contents.TASK_FIGURES
    submission = PLAN.runs[0].submission
    return contents.figures_of_run(
        PLAN.tables,
        PLAN.about["fit"],
        submission and submission.targets,
        [place.location for place in PLAN.populations],
    )


def parts():
    """Return the names in the menu of the parts of the report that the run has."""
    from epyflow.report.parts import RUN, SUBMISSION, number_parts

    pages = [
        page
        for which in ("results", "tasks", "scores")
        for figure in figures(which)
        for page in figure.pages
    ]
    there = {RUN} | {page.category for page in pages if page.label}
    there |= {SUBMISSION} if PLAN.runs[0].submission else set()
    return number_parts(there, fitted=bool(PLAN.about["fit"]))


def part(name):
    """Return the name in the menu of a part of the report."""
    return parts()[name]


def figure_files(which):
    """Return all files of some figures of the run."""
    names = [place.name for place in PLAN.populations]
    pages = [page.path for figure in figures(which) for page in figure.pages]
    pages += copies(which)
    files = [file for path in pages for file in expand(path, population=names)]
    return [PLAN.layout.figure(file) for file in files]


def copies(which):
    """Return the files of figures in the kinds that the output file asks for besides."""
    from epyflow.report.parts import copies_of

    pages = [page.path for figure in figures(which) for page in figure.pages]
    kinds = PLAN.about["figure_kinds"] if which != "tasks" else ()
    return [copy for path in pages for copy in copies_of(path, kinds)]


def figure_outputs(which):
    """Return the files of each figure as outputs, with their places in the report."""
    outputs = {
        figure.name: [file for page in figure.pages for file in files_of_page(page)]
        for figure in figures(which)
    }
    names = [place.name for place in PLAN.populations]
    folder = "results/{exp_id}/{run_id}/figures"
    files = [file for path in copies(which) for file in expand(path, population=names)]
    also = {"copies": [f"{folder}/{file}" for file in files]}
    return outputs | also if files else outputs


def files_of_page(page):
    """Return a file, or one for each population."""
    path = f"results/{{exp_id}}/{{run_id}}/figures/{page.path}"
    if "{population}" not in page.path:
        return [reported(path, page)]
    return [
        reported(path.replace("{population}", place.name), page, location=place.label)
        for place in PLAN.populations
    ]


def reported(path, page, **labels):
    """Return a path that the report shows, if the page has a place there."""
    if not page.label:
        return path
    return report(
        path,
        category=part(page.category),
        subcategory=page.subcategory,
        caption=f"../report/{page.caption}.rst",
        labels={**labels, "figure": page.label},
    )
