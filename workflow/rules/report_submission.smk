"""Draw what a submission says, and how good forecasts were.

INPUTS
    results/<exp_id>/<run_id>/outputs/output_hub_formatted.csv.gz    the submission's rows
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             what the hub calls each place
    results/<exp_id>/<run_id>/scores/mean_scores_by_horizon.csv      with target_data
    results/<exp_id>/<run_id>/scores/relative_scores.csv             with a baseline, too
    submissions of other models, and what was observed, as for scores

OUTPUTS
    results/<exp_id>/<run_id>/figures/rate_trends.svg, .csv              of FluSight's rate trends
    results/<exp_id>/<run_id>/figures/categorical_rate_trends.pdf        the same on pages
    results/<exp_id>/<run_id>/figures/scores_by_horizon.svg, .csv        with target_data; of replays, too
    results/<exp_id>/<run_id>/figures/model_comparison.png, .csv         with target_data
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


if START.target_data is not None:

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

    rule plot_model_comparison:
        """Draw the forecast of each location beside other models', and what came."""
        input:
            submission=submissions()[0],
            prepared="results/{exp_id}/{run_id}/builder-artifacts/hub.json",
            target_data=local(START.target_data),
            others=local(list(START.others)),
        output:
            figure=report(
                "results/{exp_id}/{run_id}/figures/model_comparison.png",
                category="5. Submission",
                caption="../report/model_comparison.rst",
                labels={"figure": "Forecasts beside other models"},
            ),
            numbers=report(
                "results/{exp_id}/{run_id}/figures/model_comparison.csv",
                category="5. Submission",
                caption="../report/model_comparison_numbers.rst",
                labels={"figure": "Forecasts beside other models, a table"},
            ),
        log:
            "logs/{exp_id}/{run_id}/plot_model_comparison.log",
        localrule: True
        conda:
            "../../envs/epyflow.yaml"
        params:
            plan=plan_digest("populations"),
            own=config["plan"]["scores"]["own"],
            against=config["plan"]["scores"]["digest"],
            code=code_version("figures"),
            scores=code_version("scores"),
        message:
            "Drawing forecasts beside other models"
        script:
            "../scripts/plot_model_comparison.py"
