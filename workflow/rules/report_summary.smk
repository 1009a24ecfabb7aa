"""Draw what a reader sees first: the model, warnings and headline numbers.

INPUTS
    results/<exp_id>/<run_id>/outputs/model_metadata.csv.gz
    results/<exp_id>/<run_id>/outputs/<what calibrations have>.csv.gz    see fitted_tables

OUTPUTS
    results/<exp_id>/<run_id>/figures/model.svg
    results/<exp_id>/<run_id>/figures/summary.json     what the front page of the report says
    results/<exp_id>/<run_id>/figures/headline.csv     a row per population
"""


rule plot_model:
    """Draw the compartments and the transitions between them."""
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/model.svg",
            category="1. Summary",
            caption="../report/model.rst",
            labels={"figure": "Model"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_model.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("about.model"),
        code=code_version("figures"),
    message:
        "Drawing the model of {wildcards.exp_id}"
    script:
        "../scripts/plot_model.py"


rule summarise_run:
    """Gather warnings and headline numbers from the tables."""
    input:
        unpack(fitted_tables),
        members="results/{exp_id}/{run_id}/outputs/model_metadata.csv.gz",
    output:
        summary="results/{exp_id}/{run_id}/figures/summary.json",
        numbers=report(
            "results/{exp_id}/{run_id}/figures/headline.csv",
            category="1. Summary",
            caption="../report/headline.rst",
            labels={"figure": "Headline numbers, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/summarise_run.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/summarise_run.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "about.fit", "about.reference_date"),
        code=code_version("figures"),
    message:
        "Summing up {wildcards.exp_id}"
    script:
        "../scripts/summarise_run.py"
