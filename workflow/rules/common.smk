"""Define patterns of wildcards, and read values from the plan, for all rules."""


wildcard_constraints:
    run_id=r"[A-Za-z0-9][A-Za-z0-9._-]*(/\d\d\d\d-\d\d-\d\d)?",
    i=r"\d\d\d\d\d+",
    date=r"\d\d\d\d-\d\d-\d\d",


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
