"""Keep a second coordinator of the same run away.

OUTPUTS
    coordinator/<exp_id>/<run_id>/lease.json    in a bucket or a shared folder, while this runs
"""

LEASE = None


def give_way(reason):
    """End this process: another coordinator has taken the run over."""
    from epyflow.operations.runs.coordinator_process import end_this_process

    logger.error(
        f"Another coordinator has taken this run over. This one ends. {reason}"
    )
    workflow.logger_manager.stop()  # messages are printed by a thread, which would end first
    end_this_process(workflow.persistence.unlock)


def claim():
    """Hold the lease of the run in its bucket, or refuse to start beside another coordinator."""
    from functools import partial

    from epyflow.errors import RunningError, UnreachableError
    from epyflow.operations.runs.coordinator_lease import claim_run, confirm_before_jobs
    from epyflow.storage.disk import storage_at

    global LEASE
    try:
        place = storage_at(storage_prefix())
        LEASE = claim_run(PLAN.exp_id, PLAN.run_id, place, give_way, logger.warning)
        if LEASE is None:
            return
        confirm_before_jobs(workflow.scheduler, LEASE, give_way)
        # The executor for Google Batch gathers jobs, and asks again before it creates them.
        settings = workflow.executor_settings
        if hasattr(settings, "before_creation"):
            settings.before_creation = partial(LEASE.confirm, give_way)
    except (RunningError, UnreachableError) as error:
        raise RefusalError(str(error)) from None
    except (EpyflowError, OSError) as error:
        logger.warning(f"Other coordinators of this run are not kept away: {error}")


def confirm_lease():
    """End this process if another coordinator holds the lease of the run."""
    if LEASE is not None:
        LEASE.confirm(give_way)


def release():
    """Let another coordinator start."""
    if LEASE is not None:
        LEASE.release()


def name_batch_jobs():
    """Let a coordinator in another folder, too, find the run's jobs on Google Batch."""
    settings = workflow.executor_settings
    if getattr(settings, "run_id", "") is None:
        settings.run_id = f"{PLAN.exp_id}/{PLAN.run_id}"


def tell_of_other():
    """Name the coordinator that runs on this machine: Snakemake's message on its lock does not."""
    from epyflow.operations.runs.coordinator_presence import find_local_coordinator
    from epyflow.storage.disk import storage_at

    if workflow.is_main_process and storage_prefix() is None:
        other = find_local_coordinator(storage_at(None), PLAN.exp_id, PLAN.run_id)
        if other:
            logger.warning(other)


tell_of_other()
