"""Compare a report with the results that are there. Functions only."""


def warn_of_what_is_not_run():
    """Warn of results that are not, or not only, those of this command, here and on the page.

    The report's page calls it: then it is known what a run would do.
    """
    from epyflow.report.front_page import escape
    from epyflow.report.warnings import ended_badly, not_run
    from epyflow.run.failures import only_failed_left
    from epyflow.run.table_partitions import warn_of_others
    from epyflow.storage.disk import storage_at

    dag, place = workflow.dag, storage_at(storage_prefix())
    left = [job for job in dag.needrun_jobs() if job.output]
    jobs = [(job.rule.name, dag.reason(job)) for job in left]
    failed = only_failed_left(jobs, PLAN.runs, START.to_build, place)
    if failed is None:
        found = not_run([rule for rule, _ in jobs], other_settings())
    else:
        found = ended_badly(jobs, failed, sum(len(run.tasks) for run in PLAN.runs))
    found += warn_of_others(PLAN, place)
    for warning in found:
        logger.warning(warning)
    return escape(found)


def other_settings():
    """Say which settings differ from those of the run's last start; None if none does."""
    from epyflow.operations.runs.coordinator_record import read_record
    from epyflow.operations.setup.other_settings import describe_other_settings
    from epyflow.storage.disk import storage_at

    record = read_record(PLAN.exp_id, PLAN.run_id, storage_at(storage_prefix()))
    return describe_other_settings(record, FOUND.settings)


def refusal_of_report(missing, shown):
    """Say why there is no report: files that it shows are missing."""
    from epyflow.report.warnings import missing_files

    return missing_files(missing, shown, other_settings())
