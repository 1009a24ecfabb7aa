"""Write the plan of the run, and find its storage. Functions only."""

import sys

from epyflow.errors import EpyflowError
from epyflow.run.snakemake_messages import RefusalError


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


def print_warnings(found):
    """Print the warnings of the experiment's checks, as `epyflow validate` does, once a start."""
    from epyflow.operations.runs.log_lines import printable
    from epyflow.run.run_id import reports_only

    for line in () if reports_only(sys.argv) else found.warnings:
        logger.warning(printable(line))


FOUND = None
"""What the run is planned from; only in the main process."""

SECRETS = {}
"""Taken out of the environment, so that no job has them."""


def plan_file():
    """Return the path of the plan; the main process writes it first."""
    global FOUND, SECRETS
    from epyflow.run.environment import repeatable_command
    from epyflow.run.settings import read_settings

    try:
        settings = read_settings(config)
        if workflow.is_main_process:
            from epyflow.operations.notification.run_end import check_receivers
            from epyflow.run.planner import write_run_plan
            from epyflow.run.sources import gather
            from epyflow.operations.secret_variables import take_secrets
            from epyflow.storage.disk import storage_at

            check_receivers(settings)
            FOUND, command = gather(settings), repeatable_command(sys.argv)
            SECRETS = take_secrets()
            fill_storage_prefix(FOUND.experiment.files.exp_id)
            write_run_plan(FOUND, command, storage_at(storage_prefix()))
            print_warnings(FOUND)
        return str(settings.plan_path)
    except EpyflowError as error:
        raise RefusalError(str(error)) from None


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
