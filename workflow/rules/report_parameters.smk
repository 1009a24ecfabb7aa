"""Draw what the calibrations inferred, beside the priors.

INPUTS
    results/<exp_id>/<run_id>/outputs/posteriors.csv.gz
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl        with priors of the user's own

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/priors.json          what these are by name
    results/<exp_id>/<run_id>/figures/posterior/<population>.png
    results/<exp_id>/<run_id>/figures/posterior_grid.pdf             all of them, on pages
    results/<exp_id>/<run_id>/figures/posterior_intervals.svg, .csv
"""


rule name_priors:
    """Name what the user's own functions returned as priors, from the first input there is."""
    input:
        tasks=not_fetched(
            expand(
                "results/{{exp_id}}/{{run_id}}/builder-artifacts/input_{i}.pkl",
                i=task_numbers(),
            )
        ),
    output:
        priors="results/{exp_id}/{run_id}/builder-artifacts/priors.json",
    log:
        "logs/{exp_id}/{run_id}/name_priors.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        storage=storage_prefix(),
        code=code_version("build"),
    message:
        "Naming the priors of {wildcards.exp_id}"
    script:
        "../scripts/name_priors.py"


rule plot_posteriors:
    """Draw the posterior of each population with its prior, alone and in pairs."""
    input:
        posteriors="results/{exp_id}/{run_id}/outputs/posteriors.csv.gz",
        priors=named_priors(),
    output:
        figures=of_each_place(
            "results/{exp_id}/{run_id}/figures/posterior/{population}.png",
            category="4. Parameters",
            subcategory="Each location",
            caption="../report/posterior.rst",
            figure="Posterior and prior",
        ),
        pages="results/{exp_id}/{run_id}/figures/posterior_grid.pdf",
    log:
        "logs/{exp_id}/{run_id}/plot_posteriors.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_posteriors.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "about.quantities"),
        code=code_version("figures"),
    message:
        "Drawing posteriors"
    script:
        "../scripts/plot_posteriors.py"


rule plot_intervals:
    """Draw what was inferred in all populations side by side."""
    input:
        posteriors="results/{exp_id}/{run_id}/outputs/posteriors.csv.gz",
        priors=named_priors(),
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/posterior_intervals.svg",
            category="4. Parameters",
            subcategory="All locations",
            caption="../report/posterior_intervals.rst",
            labels={"figure": "Inferred quantities"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/posterior_intervals.csv",
            category="4. Parameters",
            subcategory="All locations",
            caption="../report/posterior_intervals_numbers.rst",
            labels={"figure": "Inferred quantities, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_intervals.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_intervals.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "about.quantities"),
        code=code_version("figures"),
    message:
        "Drawing what was inferred"
    script:
        "../scripts/plot_intervals.py"
