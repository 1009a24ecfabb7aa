"""Build the inputs: read the experiment, its populations and its data; write one Task per file.

INPUTS
    the experiment's YAML files, where the person who starts the run has them

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl    one Task, or why there is none
    results/<exp_id>/<run_id>/builder-artifacts/experiment.tar.gz    with `build: remote`

Only what is missing or out of date is built, and there is no rule where nothing is. An input that
is up to date is a plain file then, and its task does not wait for, or run again after, the others.
"""

START = this_start()
STALE = [(run, task) for run, tasks in START.to_build.items() for task in tasks]
BUILD_IS_REMOTE = PLAN.build == "remote"

if START.sources and STALE and BUILD_IS_REMOTE:

    rule bundle_experiment:
        """Pack all that inputs are built from: the job that builds them has nothing else."""
        input:
            experiment=local(list(START.sources)),
            # Newer than any input: what is out of date is built, whatever Snakemake remembers.
            start=local(start_file()),
        output:
            bundle="results/{exp_id}/{run_id}/builder-artifacts/experiment.tar.gz",
        log:
            "logs/{exp_id}/{run_id}/bundle_experiment.log",
        localrule: True
        conda:
            "../../envs/epyflow.yaml"
        message:
            "Packing {wildcards.exp_id}, for the job that builds its inputs"
        script:
            "../scripts/bundle_experiment.py"


if STALE:

    rule build_inputs:
        """Write the inputs of the tasks that need new ones; seconds, where the data are."""
        input:
            **build_sources(),
        output:
            tasks=expand(
                "results/{{exp_id}}/{{run_id}}{date}/builder-artifacts/input_{i}.pkl",
                zip,
                # A replay builds all its dates together, each in a folder of its own.
                date=[run.removeprefix(PLAN.run_id) for run, _ in STALE],
                i=[f"{task:05d}" for _, task in STALE],
            ),
        log:
            "logs/{exp_id}/{run_id}/build_inputs.log",
        benchmark:
            "benchmarks/{exp_id}/{run_id}/build_inputs.tsv"
        localrule: not BUILD_IS_REMOTE
        conda:
            "../../envs/epyflow.yaml"
        params:
            tasks=STALE,
            digests=[
                run.tasks[i]
                for run in PLAN.runs
                for i in START.to_build.get(run.run_id, ())
            ],
            # A task names the code that is to run it, so its input changes with that code too.
            code=(code_version("build"), code_version("run")),
            storage=storage_prefix(),
        message:
            "Building the inputs of {wildcards.exp_id}"
        script:
            "../scripts/build_inputs.py"
