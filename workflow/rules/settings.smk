"""Read the settings of the run. Functions only."""

import os
import sys

from epyflow.errors import EpyflowError
from epyflow.run.snakemake_messages import RefusalError


def front_config():
    """Return the configuration of the main Snakefile: ours, unless it uses us as a module."""
    return workflow.modifier_stack[0].globals["config"]


def check_settings_files():
    """Refuse files of settings with mistakes, by line and value."""
    from epyflow.run.written_names import written_texts

    try:
        written_texts((), workflow.config_settings.configfiles)
    except EpyflowError as error:
        raise RefusalError(str(error)) from None


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
        raise RefusalError(
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
        raise RefusalError(str(error)) from None
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
        raise RefusalError(NOTHING_TO_REPORT)
    run_id, given = new_run_id(), workflow.config_settings
    # Every job, on this machine or another, is started with these arguments.
    given.config_args = name_run(given.config_args or (), run_id)
    # As it is recorded: repeated, it resumes this run.
    sys.argv[:] = resume_command(sys.argv, run_id)
    logger.info(f"run_id {run_id}: resume this run with --config run_id={run_id}")
    return run_id
