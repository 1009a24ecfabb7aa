"""Build the inputs: read the experiment, its populations and its data; write one Task per file.

INPUTS
    the experiment's YAML files, on the machine that starts the run

OUTPUTS
    results/<exp_id>/<run_id>/builder-artifacts/input_<i>.pkl    one Task, or the reason why there is none
    results/<exp_id>/<run_id>/builder-artifacts/experiment.tar.gz    with `build: remote`

Only inputs that are missing or out of date are built; without any, there is no rule. An input that
is up to date is a plain file, so its task does not wait for the others or run again after them.
"""

START = this_start()
STALE = [(run, task) for run, tasks in START.to_build.items() for task in tasks]
BUILD_IS_REMOTE = PLAN.build == "remote"

if START.sources and STALE and BUILD_IS_REMOTE:

    rule bundle_experiment:
        """Pack all that inputs are built from, for the job that builds them elsewhere."""
        input:
            experiment=local(list(START.sources)),
            # Newer than any input, so that Snakemake builds all stale inputs.
            start=local(start_file()),
        output:
            bundle="results/{exp_id}/{run_id}/builder-artifacts/experiment.tar.gz",
        log:
            "logs/{exp_id}/{run_id}/bundle_experiment.log",
        localrule: True
        conda:
            "../../envs/epyflow.yaml"
        message:
            "Packing {wildcards.exp_id} for the job that builds its inputs"
        script:
            "../scripts/bundle_experiment.py"


if STALE:

    rule build_inputs:
        """Write the inputs of the tasks that need new ones; takes seconds."""
        input:
            **build_sources(),
        output:
            tasks=expand(
                "results/{{exp_id}}/{{run_id}}{date}/builder-artifacts/input_{i}.pkl",
                zip,
                # A replay builds all its dates together, each in its own folder.
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
            # A task names the code that runs it, so its input changes with that code, too.
            code=(code_version("build"), code_version("run")),
            storage=storage_prefix(),
        message:
            "Building the inputs of {wildcards.exp_id}"
        script:
            "../scripts/build_inputs.py"
