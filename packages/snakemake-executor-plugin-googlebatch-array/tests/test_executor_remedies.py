import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from snakemake_executor_plugin_googlebatch_array.remedies import (
    explain_api,
    explain_exit,
    explain_text,
)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (1, "the task's command failed"),
        (125, "the container could not be started"),
        (127, "the image has no bash or python"),
        (137, "out of memory"),
        (50001, "preempted"),
        (50002, "stopped reporting"),
        (50003, "rebooted"),
        (50004, "stopped answering"),
        (50005, "time limit"),
        (50006, "recreated"),
    ],
)
def test_exit_codes_have_a_meaning_and_a_remedy(code, meaning):
    explanation = explain_exit(code, "", "")

    assert meaning in explanation.meaning
    assert explanation.remedy


@pytest.mark.parametrize(
    "log",
    [
        "[googlebatch-array] out of memory: the kernel killed 1 process(es) of this task",
        "MemoryError",
        "Command 'x' died with <Signals.SIGKILL: 9>.",
        "returned exit code 137",
    ],
)
def test_lack_of_memory_is_seen_in_the_log_though_snakemake_exits_1(log):
    assert "out of memory" in explain_exit(1, "", log).meaning


def test_an_output_that_was_not_written_is_told_apart_from_a_command_that_failed():
    log = "MissingOutputException in rule one in file Snakefile, line 1:\nJob 0 completed"

    found = explain_exit(1, "", log)

    assert "did not write all files of the rule's output" in found.meaning
    assert "Compare them" in found.remedy


@pytest.mark.parametrize(
    "log",
    [
        "OSError: [Errno 28] No space left on device: 'out/0.txt'",
        "cat: write error: No space left on device\n[googlebatch-array] exit status 1",
        "Error: ENOSPC: no space left",
    ],
)
def test_a_full_disk_is_seen_in_the_log(log):
    found = explain_exit(1, "", log)

    assert found.meaning == "the VM's disk is full"
    assert "disk_mb" in found.remedy
    assert "--googlebatch-array-boot-disk-gb" in found.remedy


def test_a_commands_own_127_is_not_taken_for_a_missing_bash():
    log = "no-such-program: command not found\n[googlebatch-array] exit status 127"

    assert explain_exit(127, "", log).meaning == "the task's command failed"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("CODE_GCE_QUOTA_EXCEEDED: Quota 'CPUS' exceeded. Limit: 24.0", "quota"),
        ("delay scheduling for the job due to inadequate quotas [Quota: CPUS]", "quota"),
        ("CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED", "stock-out"),
        ("No VM has agent reporting correctly within time window 1080 seconds", "did not report"),
        ("manifest for gcr.io/p/i:tag not found: manifest unknown", "image was not found"),
        ("denied: Permission 'artifactregistry.repositories.get' denied", "permission"),
        ("CODE_GCE_INVALID_FIELD_VALUE: No zone supports", "cannot exist"),
    ],
)
def test_status_events_have_a_meaning(text, meaning):
    assert meaning in explain_text(text).meaning


def test_a_change_of_state_needs_no_explanation():
    assert explain_text("Job state is set from QUEUED to SCHEDULED for job x.") is None


def test_a_container_that_could_not_be_started_is_explained_by_its_event():
    text = "docker: Error response from daemon: manifest for x not found: manifest unknown."

    assert "image was not found" in explain_exit(125, text, "").meaning


@pytest.mark.parametrize(
    ("error", "meaning", "remedy"),
    [
        (google.Unauthenticated("x"), "401", "gcloud auth application-default login"),
        (auth.RefreshError("x"), "credentials", "gcloud auth application-default login"),
        (auth.DefaultCredentialsError("x"), "credentials", "GOOGLE_APPLICATION_CREDENTIALS"),
        (google.PermissionDenied("x"), "403", "roles/batch.jobsEditor"),
        (google.PermissionDenied("Batch API has not been used"), "403", "gcloud services enable"),
        (google.NotFound("x"), "404", "--googlebatch-array-region"),
        (google.AlreadyExists("x"), "409", "--googlebatch-array-run-id"),
        (google.Aborted("x"), "409", "Run again"),
        (google.ResourceExhausted("x"), "429", "iam-admin/quotas"),
        (google.InvalidArgument("x"), "400", "googlebatch_*"),
        (google.ServiceUnavailable("x"), "Google's service", "status.cloud.google.com"),
        (google.DeadlineExceeded("x"), "Google's service", "run again"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_googles_answers_have_a_meaning_and_a_remedy(error, meaning, remedy):
    explanation = explain_api(error)

    assert meaning in explanation.meaning
    assert remedy in explanation.remedy
