"""Record the coordinator of the run, for `epyflow status`.

OUTPUTS
    logs/<exp_id>/<run_id>/coordinator/record.json    host and process, or Batch job; its outcome
"""


def note_coordinator(outcome, log=()):
    """Record this process as the coordinator; if that fails, warn and continue."""
    from epyflow.operations.runs.coordinator_record import (
        record_start,
        record_end,
        describe_request,
    )
    from epyflow.storage.disk import storage_at

    try:
        place = storage_at(storage_prefix())
        if outcome is None:
            outputs = [str(file) for job in workflow.dag.jobs for file in job.output]
            asked = describe_request(
                PLAN, outputs, START.command, next(iter(log), None)
            )
            record_start(PLAN.exp_id, PLAN.run_id, place, asked)
        else:
            record_end(PLAN.exp_id, PLAN.run_id, outcome, place)
    except (EpyflowError, OSError) as error:
        logger.warning(f"The coordinator of this run could not be recorded: {error}")


onstart:
    note_coordinator(None, log)


onsuccess:
    note_coordinator("complete")


onerror:
    note_coordinator("failed")
