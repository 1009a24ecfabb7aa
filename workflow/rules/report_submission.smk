"""Draw what a submission says.

INPUTS
    results/<exp_id>/<run_id>/outputs/output_hub_formatted.csv.gz    the submission's rows
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             what the hub calls each place

OUTPUTS
    results/<exp_id>/<run_id>/figures/rate_trends.svg, .csv              of FluSight's rate trends
    results/<exp_id>/<run_id>/figures/categorical_rate_trends.pdf        the same on pages
"""


rule plot_rate_trends:
    """Draw how likely each location is to rise and to fall, week by week."""
    input:
        submission="results/{exp_id}/{run_id}/outputs/output_hub_formatted.csv.gz",
        prepared="results/{exp_id}/{run_id}/builder-artifacts/hub.json",
    output:
        figure=report(
            "results/{exp_id}/{run_id}/figures/rate_trends.svg",
            category="5. Submission",
            caption="../report/rate_trends.rst",
            labels={"figure": "Rate trends"},
        ),
        numbers=report(
            "results/{exp_id}/{run_id}/figures/rate_trends.csv",
            category="5. Submission",
            caption="../report/rate_trends_numbers.rst",
            labels={"figure": "Rate trends, a table"},
        ),
        pages="results/{exp_id}/{run_id}/figures/categorical_rate_trends.pdf",
    log:
        "logs/{exp_id}/{run_id}/plot_rate_trends.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/plot_rate_trends.tsv"
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Drawing rate trends"
    script:
        "../scripts/plot_rate_trends.py"
