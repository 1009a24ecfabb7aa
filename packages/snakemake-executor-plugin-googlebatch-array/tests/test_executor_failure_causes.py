import pytest
from google.api_core import exceptions as google

from snakemake_executor_plugin_googlebatch_array.failure_causes import (
    Tail,
    failure_message,
    refusal_message,
    waiting_message,
)
from snakemake_executor_plugin_googlebatch_array.outcomes import Event, Failure

TAIL = Tail(("first", "last"), ("gs://b/logs/0.log", "logs/0.log"))


def message(failure, tail=TAIL):
    return failure_message("rule one (i=3)", 2, "jobs/x/tasks/3", failure, tail, spot=True)


def test_everything_about_a_failure_is_in_one_message():
    failure = Failure("FAILED", 50005, (Event("12:00:00", "STATUS_CHANGED", "over its time"),))

    assert message(failure) == (
        "Task of rule one (i=3) failed on Google Batch, attempt 2.\n"
        "    Cause: the task reached its time limit.\n"
        "    What to do: Raise the rule's runtime, or googlebatch_max_run_duration.\n"
        "    Exit code: 50005; state: FAILED; Spot VM.\n"
        "    Batch task: jobs/x/tasks/3\n"
        "    Events:\n"
        "      12:00:00 STATUS_CHANGED: over its time\n"
        "    Log: gs://b/logs/0.log and logs/0.log\n"
        "      | first\n"
        "      | last"
    )


def test_a_task_that_still_runs_in_a_failed_job_is_not_said_to_have_failed_by_itself():
    event = Event("12:00:00", "STATUS_CHANGED", "Job failed due to task failure")

    text = message(Failure("RUNNING", None, (event,)), Tail((), ()))

    assert "does not say what became of this task (it still calls it RUNNING)" in text
    assert "retries" in text


@pytest.mark.parametrize(
    ("code", "line", "shown"),
    [
        (1, "Command 'set -euo pipefail;  exit 3' returned non-zero exit status 3.", "3 of the"),
        (1, "RuleException:", "1;"),
        (50005, "Command 'exit 3' returned non-zero exit status 3.", "50005;"),
    ],
)
def test_the_exit_code_of_the_command_is_shown_where_the_log_has_it(code, line, shown):
    text = message(Failure("FAILED", code, ()), Tail(("Command 'a' returned non-zero", line), ()))

    assert f"Exit code: {shown}" in text


def test_of_many_events_the_last_are_shown():
    events = tuple(Event("", "E", f"event {number}") for number in range(9))

    text = message(Failure("FAILED", 1, events))

    assert "the last 6 of 9" in text
    assert "event 2" not in text
    assert "event 3" in text


def test_a_job_stopped_by_somebody_else_is_not_blamed_on_the_task():
    text = message(Failure("CANCELLED", None, (), lost_with_job=True))

    assert "it was not this run that stopped it" in text
    assert "Exit code: none" in text


def test_a_task_that_never_ran_says_why_its_job_ended():
    events = (Event("", "E", "CODE_GCE_QUOTA_EXCEEDED"),)

    assert "a quota is used up" in message(Failure("UNEXECUTED", None, events))


def test_what_a_task_or_the_service_says_is_escaped():
    odd, escaped = "\x1b[2J\u202e\x9b\ta", r"\x1b[2J\u202e\x9b" + "\ta"
    failure = Failure("FAILED", 1, (Event("12:00:00", "E", odd),))

    texts = [
        message(failure, Tail((odd,), ("place",))),
        waiting_message("job", "QUEUED", 60, failure.events),
        refusal_message("rule one", google.InvalidArgument(odd)),
    ]

    assert [text.count(escaped) for text in texts] == [2, 1, 1]
    assert not [text for text in texts if "\x1b" in text or "\u202e" in text or "\x9b" in text]


def test_a_missing_log_is_said():
    assert "Log: none was found." in message(Failure("FAILED", 1, ()), Tail((), ()))


def test_a_refusal_has_googles_words_and_a_remedy():
    text = refusal_message("rule one", google.PermissionDenied("batch.jobs.create denied"))

    assert "batch.jobs.create denied" in text
    assert "roles/batch.jobsEditor" in text


def test_a_mistake_in_the_rule_is_said_without_blaming_google():
    text = refusal_message("rule one", ValueError("googlebatch_memory is 'much'"))

    assert text == "rule one was not submitted: googlebatch_memory is 'much'"


def test_a_waiting_job_says_why_if_the_service_does():
    events = [Event("12:00", "OPERATIONAL_INFO", "CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED")]

    assert "stock-out" in waiting_message("x", "QUEUED", 600, events)
    assert "gives no reason" in waiting_message("x", "QUEUED", 600, [])
    assert "10 min" in waiting_message("x", "QUEUED", 600, [])
