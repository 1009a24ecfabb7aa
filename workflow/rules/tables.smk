"""Write the tables and the record of the run.

INPUTS
    results/<exp_id>/<run_id>/runner-artifacts/result_<i>.pkl    one Result, or a Failure

OUTPUTS
    results/<exp_id>/<run_id>/outputs/<table>.csv.gz
    results/<exp_id>/<run_id>/outputs/<table>.parquet        if the output file asks for Parquet
    results/<exp_id>/<run_id>/outputs/run_metadata.json
"""


rule make_tables:
    """Turn all results into tables; each result is read once, one is in memory at a time."""
    input:
        results=expand(
            "results/{{exp_id}}/{{run_id}}/runner-artifacts/result_{i}.pkl",
            i=task_numbers(),
        ),
    output:
        tables=expand(
            "results/{{exp_id}}/{{run_id}}/outputs/{table}.csv.gz",
            table=PLAN.tables,
        ),
        parquet=expand(
            "results/{{exp_id}}/{{run_id}}/outputs/{file}", file=parquet_files()
        ),
    log:
        "logs/{exp_id}/{run_id}/make_tables.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/make_tables.tsv"
    conda:
        "../../envs/epyflow.yaml"
    resources:
        mem_mb=grow_memory,
    params:
        tables=PLAN.tables,
        code=code_version("tables"),
        storage=storage_prefix(),
    message:
        "Writing the tables of {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/make_tables.py"


rule write_run_metadata:
    """Record what made the tables: data, code, seeds, versions, times, and what failed.

    Files that an earlier plan left in the tables are deleted here, by the coordinator.
    """
    input:
        members="results/{exp_id}/{run_id}/outputs/model_metadata.csv.gz",
        tables=not_fetched(
            expand(
                "results/{{exp_id}}/{{run_id}}/outputs/{table}.csv.gz",
                table=PLAN.tables,
            )
        ),
        left_out=left_out,
    output:
        metadata=report(
            "results/{exp_id}/{run_id}/outputs/run_metadata.json",
            category=part("Run"),
            caption="../report/run_metadata.rst",
            labels={"figure": "Record of the run"},
        ),
    log:
        "logs/{exp_id}/{run_id}/write_run_metadata.log",
    localrule: True
    conda:
        "../../envs/epyflow.yaml"
    params:
        storage=storage_prefix(),
    message:
        "Recording the run {wildcards.exp_id}/{wildcards.run_id}"
    script:
        "../scripts/write_run_metadata.py"
