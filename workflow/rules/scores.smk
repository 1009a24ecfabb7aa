"""Score forecasts, and draw how good they were. Only with target_data.

INPUTS
    results/<exp_id>/<run_id>/hub/<date>-<team>-<model>.csv       the submission; or .parquet
    results/<exp_id>/<run_id>/builder-artifacts/hub.json          hub and observations
    the final observations (target_data) and other models' submissions, on the machine that starts
    the run

OUTPUTS
    results/<exp_id>/<run_id>/scores/*
    results/<exp_id>/<run_id>/figures/scores_by_horizon.svg, .csv
    results/<exp_id>/<run_id>/figures/forecast_coverage.csv       for the report's front page
    results/<exp_id>/<run_id>/figures/scores_by_week.csv          likewise
    results/<exp_id>/<run_id>/figures/scores_by_location.csv
    results/<exp_id>/<run_id>/figures/model_comparison.svg, .csv  not of replays
    results/<exp_id>/<run_id>/figures/season/<population>.svg     of replays, as the following
    results/<exp_id>/<run_id>/figures/season_scores.svg
    results/<exp_id>/<run_id>/figures/forecast_calibration.svg, .csv

The scores of a replay are those of all its reference dates.
"""


rule score_forecasts:
    """Score the submissions of the run, and of other models, against what was observed."""
    input:
        submissions=submissions(),
        prepared=PLAN.runs[0].layout.submission_brief,
        target_data=local(START.target_data),
        others=local(list(START.others)),
    output:
        scores=expand(
            "results/{{exp_id}}/{run_id}/scores/{name}",
            run_id=PLAN.run_id,
            name=PLAN.scores.tables,
        ),
    log:
        f"logs/{{exp_id}}/{PLAN.run_id}/score_forecasts.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        against=PLAN.scores.digest,
        baseline=PLAN.scores.baseline,
        code=code_version("scores"),
    message:
        "Scoring the forecasts of {wildcards.exp_id}"
    script:
        "../scripts/score_forecasts.py"


rule draw_scores:
    """Draw scores, and a forecast beside those of other models or all forecasts of a replay."""
    input:
        **score_inputs(),
    output:
        **figure_outputs("scores"),
    log:
        "logs/{exp_id}/{run_id}/draw_scores.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations", "labels", "scores"),
        code=(code_version("figures"), code_version("scores")),
        storage=storage_prefix(),
    message:
        "Drawing the scores of {wildcards.exp_id}"
    script:
        "../scripts/draw_scores.py"
