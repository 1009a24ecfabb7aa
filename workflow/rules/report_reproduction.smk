"""Draw how many people one infected person infects, over time.

INPUTS
    results/<exp_id>/<run_id>/outputs/effective_reproduction_number.csv.gz

OUTPUTS
    results/<exp_id>/<run_id>/figures/reproduction/<population>.svg
    results/<exp_id>/<run_id>/figures/reproduction_grid.png      all of them
    results/<exp_id>/<run_id>/figures/reproduction.csv           what is drawn
"""


rule plot_reproduction:
    """Draw the effective reproduction number of each population, and of all on one sheet."""
    input:
        numbers="results/{exp_id}/{run_id}/outputs/effective_reproduction_number.csv.gz",
    output:
        figures=of_each_place(
            "results/{exp_id}/{run_id}/figures/reproduction/{population}.svg",
            category="2. Forecast",
            subcategory="Each location",
            caption="../report/reproduction.rst",
            figure="Effective reproduction number",
        ),
        sheet=report(
            "results/{exp_id}/{run_id}/figures/reproduction_grid.png",
            category="2. Forecast",
            subcategory="All locations",
            caption="../report/reproduction.rst",
            labels={"figure": "Effective reproduction number of all"},
        ),
        table=report(
            "results/{exp_id}/{run_id}/figures/reproduction.csv",
            category="2. Forecast",
            subcategory="All locations",
            caption="../report/reproduction_numbers.rst",
            labels={"figure": "Effective reproduction number, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/plot_reproduction.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_reproduction.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "about.fit"),
        code=code_version("figures"),
    message:
        "Drawing reproduction numbers"
    script:
        "../scripts/plot_reproduction.py"
