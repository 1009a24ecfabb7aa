"""Run every task: simulate its members.

INPUTS
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl    one Task

OUTPUTS
    results/<exp_id>/<run_id>/runner-artifacts/result_<i>.pkl    one Result; with partial_results,
                                                                 a Failure where there is none
"""


rule run_task:
    """Turn one Task into one Result; the Task names its strategy."""
    input:
        task="results/{exp_id}/{run_id}/builder-artifacts/input_{i}.pkl",
    output:
        result="results/{exp_id}/{run_id}/runner-artifacts/result_{i}.pkl",
    log:
        "logs/{exp_id}/{run_id}/run_task/{i}.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/run_task/{i}.tsv"
    conda:
        "../../envs/epyflow.yaml"
    resources:
        mem_mb=grow_memory,
    params:
        task=task_digest,
        # Snakemake sees edits to the script but not to the package it imports.
        code=code_version("run"),
        place=task_place,
        storage=storage_prefix(),
    message:
        "Running task {wildcards.i}, {params.place}"
    script:
        "../scripts/run_task.py"
