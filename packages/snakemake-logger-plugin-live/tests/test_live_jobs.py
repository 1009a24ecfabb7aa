import re

import pytest

from snakemake_logger_plugin_live.job_text import counts, duration, time_left
from snakemake_logger_plugin_live.jobs import Job, Jobs
from snakemake_logger_plugin_live.progress_reports import last_report


def started(jobs: Jobs, number: int, at: float, rule: str = "run") -> None:
    jobs.start(number, Job(rule, f"{rule} {number}", (), at))


def test_nothing_is_said_of_the_time_left_before_a_job_has_finished():
    jobs = Jobs({"run": 4}, slots=2)
    started(jobs, 1, 0.0)

    assert jobs.left(5.0) is None
    assert time_left(jobs, 5.0) == ""


def test_the_time_left_is_the_remaining_work_by_the_jobs_at_once():
    jobs = Jobs({"run": 10}, slots=2)
    started(jobs, 1, 0.0)
    started(jobs, 2, 0.0)
    jobs.finish(1, 20.0)
    started(jobs, 3, 20.0)

    # 20 s a job. 7 wait; of the two that run, 15 s and 0 s are left at 25 s: 155 s for two.
    assert jobs.left(25.0) == (77.5, False)
    assert time_left(jobs, 25.0) == "about 1 min 18 s left"


def test_the_time_left_is_not_less_than_that_of_the_longest_job():
    jobs = Jobs({"run": 3})
    for number in (1, 2):
        started(jobs, number, 0.0)
    jobs.finish(1, 100.0)
    jobs.finish(2, 100.0)
    started(jobs, 3, 100.0)

    assert jobs.left(110.0) == (90.0, False)


def test_rules_of_unknown_length_make_it_at_least_that():
    jobs = Jobs({"run": 2, "table": 3, "all": 1}, slots=1)
    started(jobs, 1, 0.0)
    jobs.finish(1, 10.0)
    assert time_left(jobs, 10.0) == "at least 10 s left"

    started(jobs, 2, 10.0)
    jobs.finish(2, 20.0)
    assert time_left(jobs, 20.0) == ""

    started(jobs, 3, 20.0, "table")
    jobs.finish(3, 24.0)
    assert time_left(jobs, 24.0) == "about 8 s left"


def test_a_failed_job_that_is_started_again_is_running():
    jobs = Jobs({"run": 2})
    started(jobs, 1, 0.0)
    jobs.fail(1)
    assert counts(jobs) == "0 of 2 jobs done, 0 running, 1 failed"

    started(jobs, 1, 5.0)
    assert counts(jobs) == "0 of 2 jobs done, 1 running, 0 failed"

    jobs.finish(1, 9.0)
    assert counts(jobs) == "1 of 2 jobs done, 0 running, 0 failed"


def test_the_end_of_a_job_that_was_never_started_is_passed_over():
    jobs = Jobs({"run": 2})

    assert jobs.finish(7, 1.0) is None
    jobs.fail(8)

    assert counts(jobs) == "0 of 2 jobs done, 0 running, 0 failed"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (3720, "1 h 02 min")],
)
def test_durations_are_written_in_two_units_at_most(seconds, text):
    assert duration(seconds) == text


PATTERN = re.compile(
    r"generation (?P<generation>\d+ of \d+).*\((?P<acceptance>[\d.]+%)\)|x (?P<x>\d)"
)


def test_the_last_line_that_matches_is_reported(tmp_path):
    log = tmp_path / "1.log"
    log.write_text("generation 1 of 3 (90.0%)\ngeneration 2 of 3 (12.5%)\nparticle 3 of 9\n")

    assert last_report([str(log)], PATTERN) == "generation 2 of 3, acceptance 12.5%"


def test_a_log_that_is_not_there_or_says_nothing_reports_nothing(tmp_path):
    (tmp_path / "2.log").write_bytes(b"\xff\xfe nothing\n")

    assert last_report([str(tmp_path / "1.log"), str(tmp_path / "2.log")], PATTERN) == ""
    assert last_report(["gs://bucket/1.log"], PATTERN) == ""
    assert last_report([str(tmp_path / "2.log")], None) == ""


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    log = tmp_path / "1.log"
    log.write_text("x 1\n" + "y" * 20_000 + "\n")

    assert last_report([str(log)], PATTERN) == ""
