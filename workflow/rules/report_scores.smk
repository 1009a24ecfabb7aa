"""Draw how good forecasts were, of one reference date and of replays. Only with target_data.

INPUTS
    results/<exp_id>/<run_id>/scores/mean_scores_by_horizon.csv
    results/<exp_id>/<run_id>/scores/relative_scores.csv             with a baseline
    results/<exp_id>/<run_id>/scores/quantile_scores.csv.gz
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             what the hub calls each place
    submissions of all models, and what was observed, as for scores

OUTPUTS
    results/<exp_id>/<run_id>/figures/scores_by_horizon.svg, .csv
    results/<exp_id>/<run_id>/figures/forecast_coverage.csv          what the front page says of it
    results/<exp_id>/<run_id>/figures/model_comparison.png, .csv     not of replays
"""


rule plot_scores:
    """Draw scores and coverage of every model by horizon."""
    input:
        means="results/{exp_id}/{run_id}/scores/mean_scores_by_horizon.csv",
        relative=(
            "results/{exp_id}/{run_id}/scores/relative_scores.csv"
            if PLAN.scores.baseline
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
        own=PLAN.scores.own,
        baseline=PLAN.scores.baseline,
        code=code_version("figures"),
    message:
        "Drawing the scores of {wildcards.exp_id}"
    script:
        "../scripts/plot_scores.py"


rule count_later_observations:
    """Count the later observations that the intervals of the forecasts held."""
    input:
        scores="results/{exp_id}/{run_id}/scores/quantile_scores.csv.gz",
    output:
        numbers=report(
            "results/{exp_id}/{run_id}/figures/forecast_coverage.csv",
            category="5. Submission",
            caption="../report/forecast_coverage.rst",
            labels={"figure": "Coverage of the forecasts, a table"},
        ),
    log:
        "logs/{exp_id}/{run_id}/count_later_observations.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        own=PLAN.scores.own,
        code=code_version("figures"),
    message:
        "Counting what the forecasts of {wildcards.exp_id} held"
    script:
        "../scripts/count_later_observations.py"


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
        own=PLAN.scores.own,
        against=PLAN.scores.digest,
        code=code_version("figures"),
        scores=code_version("scores"),
    message:
        "Drawing forecasts beside other models"
    script:
        "../scripts/plot_model_comparison.py"
