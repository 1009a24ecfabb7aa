"""Read the settings of the run, and write its plan. Functions only."""

import os
import sys

from snakemake.exceptions import WorkflowError

from epyflow.errors import EpyflowError


def storage_prefix():
    """Return the default storage prefix of results; None if they are on disk."""
    settings = workflow.storage_settings
    return (
        settings.default_storage_prefix if settings.default_storage_provider else None
    )


def fill_storage_prefix(exp_id):
    """Put the experiment into the default storage prefix; all jobs get the prefix from here."""
    if storage_prefix() is not None:
        from epyflow.google.site import fill_prefix

        workflow.storage_settings.default_storage_prefix = fill_prefix(
            storage_prefix(), exp_id
        )


def front_config():
    """Return the configuration of the main Snakefile: ours, unless it uses us as a module."""
    return workflow.modifier_stack[0].globals["config"]


def check_settings_files():
    """Refuse files of settings with mistakes, by line and value."""
    from epyflow.run.written_names import written_texts

    try:
        written_texts((), workflow.config_settings.configfiles)
    except EpyflowError as error:
        raise WorkflowError(str(error)) from None


def keep_names():
    """Take names as they are written: Snakemake reads run_id=007 as 7, and 2024_11_16 as a number.

    A module with a `config:` of its own has its settings there; those that --config or variables name
    take precedence, and other keys of --config are for the Snakefile that uses the module.
    """
    from epyflow.operations.setup.layers import misspelt_variables
    from epyflow.run.environment import override_settings
    from epyflow.run.settings import Settings

    paths = workflow.modifier.path_modifier
    if paths.prefix is not None or paths.modifies_prefixes:
        raise WorkflowError(
            "module: prefix and replace_prefix are not supported, because the plan of a run names its "
            "files; expected neither. To keep runs apart, use --directory"
        )
    given = workflow.config_settings
    variables = os.environ if workflow.is_main_process else {}
    for warning in misspelt_variables(variables):
        logger.warning(warning)
    try:
        override_settings(given, variables)
    except EpyflowError as error:
        raise WorkflowError(str(error)) from None
    names = given.overwrite_config.keys()
    if workflow.modifier.skip_configfile and config is not front_config():
        named = {pair.partition("=")[0] for pair in given.config_args}
        names = names & named & Settings.model_fields.keys()
    config.update({name: given.overwrite_config[name] for name in names})
    if workflow.is_main_process and config.get("run_id") == "auto":
        config["run_id"] = given.overwrite_config["run_id"] = own_run_id()


def own_run_id():
    """Return a new id for the run of this process, print it, and pass it on to all jobs."""
    from epyflow.run.run_id import (
        NOTHING_TO_REPORT,
        name_run,
        new_run_id,
        reports_only,
        resume_command,
    )

    if reports_only(sys.argv):
        raise WorkflowError(NOTHING_TO_REPORT)
    run_id, given = new_run_id(), workflow.config_settings
    # Every job, on this machine or another, is started with these arguments.
    given.config_args = name_run(given.config_args or (), run_id)
    # As it is recorded: repeated, it resumes this run.
    sys.argv[:] = resume_command(sys.argv, run_id)
    logger.info(f"run_id {run_id}: resume this run with --config run_id={run_id}")
    return run_id


FOUND = None  # what the run is planned from; only in the main process


def plan_file():
    """Return the path of the plan; the main process writes it first."""
    global FOUND
    from epyflow.run.environment import repeatable_command
    from epyflow.run.settings import read_settings

    try:
        settings = read_settings(config)
        if workflow.is_main_process:
            from epyflow.operations.notification.run_end import check_receivers
            from epyflow.run.planner import write_run_plan
            from epyflow.run.sources import gather
            from epyflow.storage.disk import storage_at

            check_receivers(settings)
            FOUND, command = gather(settings), repeatable_command(sys.argv)
            fill_storage_prefix(FOUND.experiment.files.exp_id)
            write_run_plan(FOUND, command, storage_at(storage_prefix()))
        return str(settings.plan_path)
    except EpyflowError as error:
        raise WorkflowError(str(error)) from None


def plan_of_run():
    """Return the plan; the configuration has it, too, for scripts and the report.

    Snakemake skips `configfile:` in a module with a `config:` of its own, so the file is read here.
    """
    from snakemake.common.configfile import load_configfile

    from epyflow.run.plan import PLAN_KEY, read_plan

    path = plan_file()
    workflow.configfiles.append(path)  # It is sent to remote workers.
    config.update(load_configfile(path))
    return read_plan(config[PLAN_KEY])
