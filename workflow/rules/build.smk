"""Build the inputs: read the experiment, its populations and its data; write one Task per file.

INPUTS
    the experiment's YAML files, where the person who starts the run has them

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl    one Task, or why there is none
"""


rule build_inputs:
    """Write every task's input. Cheap, so all are written again when any may change."""
    input:
        # Ancient: an edit that changes no number, such as another output, builds nothing anew.
        # The hashes below say when one does.
        experiment=ancient(local(config["plan"]["sources"])),
    output:
        tasks=expand(
            "results/{{exp_id}}/{{run_id}}/builder-artifacts/input_{i}.pkl",
            i=task_numbers(),
        ),
    log:
        "logs/{exp_id}/{run_id}/build_inputs.log",
    benchmark:
        "benchmarks/{exp_id}/{run_id}/build_inputs.tsv"
    params:
        tasks=config["plan"]["tasks"],
        # A task names the code that is to run it, so its input changes with that code too.
        code=(code_version("build"), code_version("run")),
    message:
        "Building the inputs of {wildcards.exp_id}"
    script:
        "../scripts/build_inputs.py"
