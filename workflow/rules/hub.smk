"""Make the submission to a forecast hub, check it as the hub will, and score forecasts.

INPUTS
    results/<exp_id>/<run_id>/runner-artifacts/result_<i>.pkl    one Result, or a Failure
    the hub's files, what was observed, and other models' submissions, where the person who
    starts the run has them

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             hub and observations, for workers
    results/<exp_id>/<run_id>/outputs/output_hub_formatted.csv.gz    the submission's rows
    results/<exp_id>/<run_id>/outputs/hub_left_out.json              what could not be made, and why
    results/<exp_id>/<run_id>/hub/<date>-<team>-<model>.csv          the submission; or .parquet
    results/<exp_id>/<run_id>/hub/<submission>.findings.json         what the hub's checks find
    results/<exp_id>/<run_id>/hub/<submission>.accepted.txt          if the hub would accept it
    results/<exp_id>/<run_id>/scores/*                               with target_data

The <run_id> of a replay's run is <run_id>/<reference date>; its scores are those of all dates.
"""


rule prepare_submission:
    """Gather what a submission is made from besides the results: seconds, where the data are."""
    input:
        hub=local(list(START.hub)),
    output:
        prepared="results/{exp_id}/{run_id}/builder-artifacts/hub.json",
    log:
        "logs/{exp_id}/{run_id}/prepare_submission.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        submission=submission_digest,
        code=code_version("hub"),
    message:
        "Preparing the submission of {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/prepare_submission.py"


rule make_hub_table:
    """Turn all results into the rows of a submission, one result in memory at a time."""
    input:
        results=expand(
            "results/{{exp_id}}/{{run_id}}/runner-artifacts/result_{i}.pkl",
            i=task_numbers(),
        ),
        prepared="results/{exp_id}/{run_id}/builder-artifacts/hub.json",
    output:
        table="results/{exp_id}/{run_id}/outputs/output_hub_formatted.csv.gz",
        left_out="results/{exp_id}/{run_id}/outputs/hub_left_out.json",
    log:
        "logs/{exp_id}/{run_id}/make_hub_table.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/make_hub_table.tsv"
    conda:
        "../../envs/epyflow.yaml"
    resources:
        mem_mb=grow_memory,
    params:
        code=code_version("hub"),
    message:
        "Making the submission's rows of {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/make_hub_table.py"


rule validate_submission:
    """Write the file that the hub takes, and what the hub's checks find in it."""
    input:
        table="results/{exp_id}/{run_id}/outputs/output_hub_formatted.csv.gz",
        left_out="results/{exp_id}/{run_id}/outputs/hub_left_out.json",
        prepared="results/{exp_id}/{run_id}/builder-artifacts/hub.json",
    output:
        submission="results/{exp_id}/{run_id}/hub/{submission}",
        findings=report(
            "results/{exp_id}/{run_id}/hub/{submission}.findings.json",
            category="5. Submission",
            caption="../report/findings.rst",
            labels={"figure": "Checks of {submission}"},
        ),
    log:
        "logs/{exp_id}/{run_id}/validate_submission/{submission}.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        code=code_version("hub"),
    message:
        "Checking {wildcards.submission}"
    script:
        "../scripts/validate_submission.py"


rule confirm_accepted:
    """Fail, with every error and its rows, if the hub would refuse the submission."""
    input:
        findings="results/{exp_id}/{run_id}/hub/{submission}.findings.json",
    output:
        accepted=touch("results/{exp_id}/{run_id}/hub/{submission}.accepted.txt"),
    log:
        "logs/{exp_id}/{run_id}/confirm_accepted/{submission}.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    message:
        "Asking whether the hub would accept {wildcards.submission}"
    script:
        "../scripts/confirm_accepted.py"


if START.target_data is not None:

    rule score_forecasts:
        """Score all submissions of the run, beside the hub's other models, against what came."""
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
