"""Write what the run took, and fail it if a task failed or the hub would refuse the submission.

INPUTS
    results/<exp_id>/<run_id>/outputs/run_metadata.json
    results/<exp_id>/<run_id>/hub/<submission>.findings.json    of a submission
    benchmarks/<exp_id>/<run_id>/*    of the jobs, once all that are measured have ended

OUTPUTS
    results/<exp_id>/<run_id>/run_cost.csv              a row for each measured job
    results/<exp_id>/<run_id>/figures/tasks.svg, .csv   not of replays
    results/<exp_id>/<run_id>/complete.txt              if nothing failed
"""


rule finish_run:
    """Write and draw what the jobs took, and fail if a task failed or the hub would refuse."""
    input:
        metadata="results/{exp_id}/{run_id}/outputs/run_metadata.json",
        findings=findings_of_run,
        # So that all there is has been drawn, and measured, when the run ends with an error.
        figures=not_fetched(figure_files("results")),
    output:
        **figure_outputs("tasks"),
        # Beside the tables, not among them: run times differ between two runs that are equal.
        cost="results/{exp_id}/{run_id}/run_cost.csv",
        complete=touch("results/{exp_id}/{run_id}/complete.txt"),
    log:
        "logs/{exp_id}/{run_id}/finish_run.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        plan=plan_digest("populations"),
        code=code_version("figures"),
        storage=storage_prefix(),
    message:
        "Finishing the run {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/finish_run.py"
