"""Make the submission to a forecast hub, with the hub's checks.

INPUTS
    results/<exp_id>/<run_id>/runner-artifacts/result_<i>.pkl    one Result, or a Failure
    the hub's files and the observations, on the machine that starts the run

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/hub.json             hub and observations, for workers
    results/<exp_id>/<run_id>/outputs/output_hub_formatted.csv.gz    the submission's rows
    results/<exp_id>/<run_id>/outputs/hub_left_out.json              what could not be made, and why
    results/<exp_id>/<run_id>/hub/<date>-<team>-<model>.csv          the submission; or .parquet
    results/<exp_id>/<run_id>/hub/<submission>.findings.json         what the hub's checks find

The <run_id> of a replay's run is <run_id>/<reference date>. If the hub would refuse the
submission, finish_run fails after everything else is written.
"""

RUN, SUBMISSION = submission_pattern()


rule prepare_submission:
    """Gather what a submission is made from besides the results."""
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


rule make_submission:
    """Write the submission from all results, one in memory at a time, and check it as the hub."""
    input:
        results=expand(
            "results/{{exp_id}}/{run}/runner-artifacts/result_{i}.pkl",
            run=RUN,
            i=task_numbers(),
        ),
        prepared=f"results/{{exp_id}}/{RUN}/builder-artifacts/hub.json",
    output:
        rows=f"results/{{exp_id}}/{RUN}/outputs/output_hub_formatted.csv.gz",
        left_out=f"results/{{exp_id}}/{RUN}/outputs/hub_left_out.json",
        submission=f"results/{{exp_id}}/{RUN}/hub/{SUBMISSION}",
        findings=report(
            f"results/{{exp_id}}/{RUN}/hub/{SUBMISSION}.findings.json",
            category=part("Submission"),
            caption="../report/findings.rst",
            labels={"figure": f"Checks of {SUBMISSION}"},
        ),
    log:
        f"logs/{{exp_id}}/{RUN}/make_submission.log",
    benchmark:
        f"benchmarks/{{exp_id}}/{RUN}/make_submission.tsv"
    wildcard_constraints:
        run_id=re.escape(PLAN.run_id),
    conda:
        "../../envs/epyflow.yaml"
    resources:
        mem_mb=grow_memory,
    params:
        code=code_version("hub"),
    message:
        "Making the submission {output.submission}"
    script:
        "../scripts/make_submission.py"
