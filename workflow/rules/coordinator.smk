"""Record the coordinator of the run, for `epyflow status`.

OUTPUTS
    coordinator/<exp_id>/<run_id>/record.json    host and process, or Batch job; its outcome
    results/<exp_id>/<run_id>/experiment.tar.gz    the experiment's files, as they were read
    results/<exp_id>/<run_id>/stamped/<stamp>/*    copies of finished outputs, with stamp_outputs
    results/<exp_id>/latest    the id of this run, when all of it has finished
"""


def note_coordinator(outcome, log=()):
    """Record this process as the coordinator; if that fails, warn and continue."""
    from epyflow.operations.runs.coordinator_presence import describe_other_origin
    from epyflow.operations.runs.coordinator_record import find_record
    from epyflow.operations.runs.experiment_origin import origin_of
    from epyflow.operations.runs.own_record import record_end, record_start
    from epyflow.run.experiment_archive import keep_experiment
    from epyflow.run.finished_run import note_finished
    from epyflow.run.stamped_outputs import stamp_outputs
    from epyflow.storage.disk import storage_at

    try:
        place = storage_at(storage_prefix())
        if outcome is None:
            last = find_record(PLAN.exp_id, PLAN.run_id, place)
            origin = origin_of(FOUND, PLAN)
            record_start(last, describe_start(last, log), origin, confirm_lease)
            if other := describe_other_origin(last.record, origin):
                logger.warning(other)
            keep_experiment(FOUND, place)
        else:
            record_end(PLAN.exp_id, PLAN.run_id, outcome, place)
        done = outcome == "complete" and note_finished(PLAN, all_outputs(), place)
        if done and FOUND.settings.stamp_outputs:
            logger.info(
                f"Copied outputs to {stamp_outputs(PLAN.layout, place, UNPLANNED)}"
            )
    except (EpyflowError, OSError) as error:
        logger.warning(f"What this coordinator did could not be recorded: {error}")


def print_summary():
    """Print what this start does on Google Batch; if that fails, warn and continue."""
    if "googlebatch" not in workflow.executor_plugin.name:
        return
    from epyflow.operations.cost.start_summary import jobs_of_graph, summarise_run

    try:
        settings = workflow.executor_settings
        left = [job for job in workflow.dag.needrun_jobs() if not job.is_local]
        if not left:
            return
        # The executor for Google Batch takes the rules on Spot VMs out of Snakemake's settings.
        owner = workflow.scheduler.get_executor(left[0])
        spot = getattr(owner, "preemptible_rules", None)
        spot = spot or workflow.remote_execution_settings.preemptible_rules
        jobs = jobs_of_graph(left, spot.is_preemptible, settings)
        if jobs.counts:
            results = f"{storage_prefix()}/results/{PLAN.exp_id}/{PLAN.run_id}"
            image = getattr(settings, "container", None)
            start = summarise_run(
                FOUND, jobs.profile, image, jobs.labels, results, jobs.counts
            )
            logger.info("\n".join(start.lines()))
    except Exception as error:
        logger.warning(f"This start could not be summarised: {error}")


onstart:
    claim()
    name_batch_jobs()
    note_coordinator(None, log)
    print_summary()


def notify_end(end, log):
    """Notify the receivers in the settings; if that fails, warn and continue."""
    from epyflow.operations.notification.run_end import notify_run_end
    from epyflow.run.layout import RunLayout
    from epyflow.run.settings import read_settings

    notify_run_end(
        read_settings(config),
        RunLayout(PLAN.exp_id, PLAN.run_id),
        end,
        START.started,
        storage_prefix(),
        next(iter(log), None),
        logger.warning,
        {**os.environ, **SECRETS},
    )


onsuccess:
    note_coordinator("complete")
    warn_of_unplanned()
    notify_end("complete", log)
    release()


def end_early(log):
    """Record and notify that the workflow failed, or that it was stopped by Ctrl-C."""
    from epyflow.run.interruption import finish_ended_jobs, read_failure

    finish_ended_jobs(workflow.scheduler)
    outcome = read_failure(log)
    note_coordinator(outcome)
    warn_of_unplanned()
    notify_end(outcome, log)
    release()


onerror:
    end_early(log)
