"""Describe what this start of the run is asked for, and find the files of an earlier plan."""

UNPLANNED = ()
"""Files of an earlier plan, by their path below the run's folder."""


def all_outputs():
    """Return every output of this start, also of jobs that have nothing to do."""
    return [str(file) for job in workflow.dag.jobs for file in job.output]


def describe_start(last, log=()):
    """Describe what this start was asked for, and the files that are of an earlier plan."""
    from epyflow.operations.runs.run_request import Wanted, describe_request
    from epyflow.operations.runs.unplanned_files import find_unplanned

    global UNPLANNED
    outputs = all_outputs()
    before = Wanted() if last.record is None else last.record.wanted
    planned = [*outputs, *planned_files()]
    UNPLANNED = find_unplanned(PLAN, planned, last.storage, before)
    return describe_request(
        PLAN, outputs, START.command, next(iter(log), None), UNPLANNED
    )


def warn_of_unplanned():
    """Warn of files of an earlier plan: alike, or even in tables of this one."""
    from epyflow.operations.runs.unplanned_files import unplanned_warning
    from epyflow.run.table_partitions import warn_of_others, without_tables
    from epyflow.storage.disk import storage_at

    try:
        wrong = warn_of_others(PLAN, storage_at(storage_prefix()))
    except (EpyflowError, OSError) as error:
        wrong = [f"Tables may have populations of an earlier plan: {error}"]
    others = without_tables(UNPLANNED, PLAN)
    for warning in (unplanned_warning(others, PLAN.layout, submissions()), *wrong):
        if warning:
            logger.warning(warning)


def note_nothing_to_do():
    """Record what the run is asked for although nothing is to be done; warn if that fails."""
    from epyflow.operations.runs.coordinator_record import find_record
    from epyflow.operations.runs.experiment_origin import origin_of
    from epyflow.operations.runs.own_record import record_request
    from epyflow.operations.runs.run_lease import is_alone
    from epyflow.run.finished_run import note_finished
    from epyflow.storage.disk import storage_at

    try:
        place = storage_at(storage_prefix())
        last = find_record(PLAN.exp_id, PLAN.run_id, place)
        origin = origin_of(FOUND, PLAN)
        if record_request(last, describe_start(last), origin, is_alone):
            note_finished(PLAN, all_outputs(), place)
    except (EpyflowError, OSError) as error:
        logger.warning(f"What this coordinator did could not be recorded: {error}")
    warn_of_unplanned()


if workflow.is_main_process:
    from epyflow.run.nothing_to_do import call_if_nothing_to_do

    call_if_nothing_to_do(workflow, note_nothing_to_do)
