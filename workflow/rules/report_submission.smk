"""Draw what a submission says, and how good forecasts were.

INPUTS
    results/<exp_id>/<run_id>/outputs/output_hub_formatted.csv.gz    the submission's rows
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             what the hub calls each place
    results/<exp_id>/<run_id>/scores/mean_scores_by_horizon.csv      with target_data
    results/<exp_id>/<run_id>/scores/relative_scores.csv             with a baseline, too

OUTPUTS
    results/<exp_id>/<run_id>/figures/rate_trends.svg, .csv              of FluSight's rate trends
    results/<exp_id>/<run_id>/figures/categorical_rate_trends.pdf        the same on pages
    results/<exp_id>/<run_id>/figures/scores_by_horizon.svg, .csv        with target_data; of replays, too
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
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
    message:
        "Drawing rate trends"
    script:
        "../scripts/plot_rate_trends.py"


if config["plan"]["scores"]:

    rule plot_scores:
        """Draw scores and coverage of every model by horizon."""
        input:
            means="results/{exp_id}/{run_id}/scores/mean_scores_by_horizon.csv",
            relative=(
                "results/{exp_id}/{run_id}/scores/relative_scores.csv"
                if config["plan"]["scores"]["baseline"]
                else []
            ),
        output:
            figure=report(
                "results/{exp_id}/{run_id}/figures/scores_by_horizon.svg",
                category="5. Submission",
                caption="../report/scores_by_horizon.rst",
                labels={"figure": "Scores and coverage by horizon"},
            ),
            numbers=report(
                "results/{exp_id}/{run_id}/figures/scores_by_horizon.csv",
                category="5. Submission",
                caption="../report/scores_by_horizon_numbers.rst",
                labels={"figure": "Scores and coverage, a table"},
            ),
        log:
            "logs/{exp_id}/{run_id}/plot_scores.log",
        localrule: True
        conda:
            "../../envs/epyflow.yaml"
        params:
            own=config["plan"]["scores"]["own"],
            baseline=config["plan"]["scores"]["baseline"],
            code=code_version("figures"),
        message:
            "Drawing the scores of {wildcards.exp_id}"
        script:
            "../scripts/plot_scores.py"
