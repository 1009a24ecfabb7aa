"""Read the plan for the rules. Functions only."""

import os
import sys

from snakemake.exceptions import WorkflowError

from epyflow.errors import EpyflowError


wildcard_constraints:
    run_id=r"[A-Za-z0-9][A-Za-z0-9._-]*(/\d\d\d\d-\d\d-\d\d)?",
    i=r"\d\d\d\d\d+",
    date=r"\d\d\d\d-\d\d-\d\d",


def storage_prefix():
    """Return the default storage prefix of results; None if they are on disk."""
    settings = workflow.storage_settings
    return (
        settings.default_storage_prefix if settings.default_storage_provider else None
    )


def keep_names():
    """Take names as they are written: Snakemake reads run_id=007 as 7, and 2024_11_16 as a number."""
    from epyflow.run.environment import override_settings

    given = workflow.config_settings
    variables = os.environ if workflow.is_main_process else {}
    try:
        config.update(override_settings(given, variables))
    except EpyflowError as error:
        raise WorkflowError(str(error)) from None
    if workflow.is_main_process and config.get("run_id") == "auto":
        config["run_id"] = given.overwrite_config["run_id"] = own_run_id()


def own_run_id():
    """Return a new id for the run of this process, print it, and pass it on to all jobs."""
    from epyflow.run.run_id import name_run, new_run_id, resume_command

    run_id, given = new_run_id(), workflow.config_settings
    # Every job, on this machine or another, is started with these arguments.
    given.config_args = name_run(given.config_args or (), run_id)
    # As it is recorded: repeated, it resumes this run.
    sys.argv[:] = resume_command(sys.argv, run_id)
    logger.info(f"run_id {run_id}: resume this run with --config run_id={run_id}")
    return run_id


def plan_file():
    """Return the path of the plan; the main process writes it first."""
    from epyflow.run.environment import repeatable_command
    from epyflow.run.settings import read_settings

    try:
        settings = read_settings(config)
        if workflow.is_main_process:
            from epyflow.run.planner import write_run_plan
            from epyflow.storage.disk import storage_at

            command = repeatable_command(sys.argv)
            write_run_plan(settings, command, storage_at(storage_prefix()))
        return str(settings.plan_path)
    except EpyflowError as error:
        raise WorkflowError(str(error)) from None


def plan_of_run():
    """Return the plan, read from the configuration."""
    from epyflow.run.plan import read_plan

    return read_plan(config["plan"])


def this_start():
    """Return the facts about this start of the run that are not in the plan."""
    from epyflow.run.settings import read_settings
    from epyflow.run.start import read_start

    return read_start(read_settings(config), PLAN.built_remotely)


def start_file():
    """Return the path of the record of this start; it is newer than all earlier outputs."""
    from epyflow.run.settings import read_settings

    return str(read_settings(config).start_path)


def build_sources():
    """Return the sources of inputs: the experiment's files, or their bundle."""
    bundle = "results/{exp_id}/{run_id}/builder-artifacts/experiment.tar.gz"
    here = {"experiment": local(list(START.sources)), "start": local(start_file())}
    return {"bundle": bundle} if BUILD_IS_REMOTE else here


def not_fetched(paths):
    """Return inputs to wait for without downloading them: the script does not read them."""
    prefix = storage_prefix()
    if prefix is None:
        return paths
    provider = workflow.storage_settings.default_storage_provider
    queries = [f"{prefix.rstrip('/')}/{path}" for path in paths]
    return [getattr(storage, provider)(query, retrieve=False) for query in queries]


def task_numbers():
    """Return the ``<i>`` of every task's files."""
    return [f"{index:05d}" for index in range(len(PLAN.runs[0].tasks))]


def parquet_files():
    """Return the Parquet files of all tables, below the outputs."""
    return [path for spec in PLAN.tables.values() for path in spec["parquet"].values()]


def task_digest(wildcards):
    """Return the hash of everything that can change the numbers of a task."""
    return PLAN.of_run(wildcards.run_id).tasks[int(wildcards.i)]


def code_version(stage):
    """Return the hash of the code that a stage runs: Snakemake does not see the package."""
    return PLAN.code[stage]


def task_place(wildcards):
    """Return the common name of a task's population."""
    return PLAN.of_run(wildcards.run_id).population_of(int(wildcards.i)).label


def grow_memory(wildcards, attempt):
    """Return megabytes: more after each failed attempt."""
    return 2000 * attempt
