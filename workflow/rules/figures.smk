"""Draw the figures of the run; `epyflow.report.contents` lists them.

INPUTS
    results/<exp_id>/<run_id>/outputs/*.csv.gz                       the tables that figures show
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             with figures of a submission
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl        with custom priors
    the data that the calibration is fitted to, their later vintages, and target_data, on the
    machine that starts the run

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/observed.csv         as known then, and since
    results/<exp_id>/<run_id>/builder-artifacts/priors.json          what custom priors returned
    results/<exp_id>/<run_id>/figures/*                              figures, and tables beside them
    results/<exp_id>/<run_id>/figures/summary.json                   for the report's front page
"""


rule gather_observations:
    """Gather the observations that the run knew, and those that came since."""
    output:
        observed="results/{exp_id}/{run_id}/builder-artifacts/observed.csv",
    log:
        "logs/{exp_id}/{run_id}/gather_observations.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        # A later vintage redraws figures, and runs no task.
        observed=PLAN.runs[0].observed,
        code=code_version("observed"),
    message:
        "Gathering the observations for {wildcards.exp_id}"
    script:
        "../scripts/gather_observations.py"


rule name_priors:
    """Record the distributions that custom priors returned, from the first input there is."""
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


rule draw_figures:
    """Draw all figures, and gather warnings and headline numbers from the tables."""
    input:
        **figure_inputs(),
    output:
        **figure_outputs("results"),
    log:
        "logs/{exp_id}/{run_id}/draw_figures.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/draw_figures.tsv"
    conda:
        "../../envs/epyflow.yaml"
    resources:
        mem_mb=grow_memory,
    params:
        plan=plan_digest(
            *("populations", "labels", "about.model", "about.fit"),
            *("about.quantities", "about.reference_date", "about.forcing"),
        ),
        code=code_version("figures"),
        storage=storage_prefix(),
    message:
        "Drawing the figures of {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/draw_figures.py"
