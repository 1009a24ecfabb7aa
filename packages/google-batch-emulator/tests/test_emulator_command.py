"""The command: start, run, faults, requests."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from emulator_support import until

from google_batch_emulator import AdminClient, ApiFault, EmulatorError, FaultPlan
from google_batch_emulator.configuration import read_settings
from google_batch_emulator.job_submission import read_job, submit_job

COMMAND = [sys.executable, "-m", "google_batch_emulator"]


def emulate(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def exported(text: str) -> dict[str, str]:
    words = shlex.split(text)
    assert words[::2] == ["export"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_run_sets_the_environment_and_returns_the_exit_code(tmp_path):
    env_file = tmp_path / "env.sh"
    show = 'test -f "$GOOGLE_APPLICATION_CREDENTIALS"; echo $? $GOOGLE_CLOUD_PROJECT; exit 7'

    answer = emulate(
        "run",
        "--stub",
        "--project",
        "my-project",
        "--env-file",
        str(env_file),
        "--",
        "sh",
        "-c",
        show,
    )

    assert (answer.returncode, answer.stdout) == (7, "0 my-project\n")
    assert "isolation: stub" in answer.stderr
    environment = exported(env_file.read_text())
    assert environment["GOOGLE_CLOUD_PROJECT"] == "my-project"
    assert not Path(environment["GOOGLE_APPLICATION_CREDENTIALS"]).exists()


def test_run_says_when_the_command_does_not_exist():
    answer = emulate("run", "--stub", "--", "no-such-command")

    assert answer.returncode == 2
    assert "no-such-command: no such program" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_start_prints_the_environment_and_stops_on_a_signal(tmp_path, number):
    env_file, state = tmp_path / "env.sh", tmp_path / "state"
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"api": [{"method": "GetJob", "code": 429}]}))
    command = [*COMMAND, "start", "--bucket", "my-bucket", "--env-file", str(env_file)]
    command += ["--state-dir", str(state), "--faults", str(plan)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        until(env_file.exists, "the environment is written")
        environment = exported(env_file.read_text())
        admin = AdminClient(environment["GOOGLE_BATCH_EMULATOR_ADMIN"])
        assert admin.faults().api == (ApiFault(method="GetJob", code=429),)
        assert emulator.poll() is None
        emulator.send_signal(number)
        printed, _ = emulator.communicate(timeout=30)

    assert emulator.returncode == 0
    assert exported(printed) == environment
    assert environment["GOOGLE_BATCH_EMULATOR_BUCKET"] == "my-bucket"
    assert list(state.iterdir()) == []


def test_another_process_changes_faults_and_reads_counts(clients, tmp_path):
    url = clients.emulator.environment["GOOGLE_BATCH_EMULATOR_ADMIN"]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"api": [{"method": "ListJobs", "code": 500}]}))

    assert emulate("faults", str(plan), "--admin", url).returncode == 0
    assert clients.emulator.faults.plan.api[0].code == "INTERNAL"
    clients.bucket.blob("x").exists()
    counted = emulate("requests", "--admin", url, "--reset")

    assert "       1 storage.get\n" in counted.stdout
    assert "storage.get" not in clients.emulator.requests.counts()
    admin = AdminClient(url)
    assert admin.strike("no-such-job") == 0
    admin.replace_faults(FaultPlan())
    assert admin.failures() == {}
    with pytest.raises(EmulatorError, match="explode"):
        admin.strike(action="explode")
    with pytest.raises(EmulatorError, match="notice_seconds"):
        admin.strike(notice_seconds=31)


def test_an_emulator_that_is_not_there_is_said():
    answer = emulate("requests", "--admin", "http://127.0.0.1:9")

    assert answer.returncode == 2
    assert "no emulator answers at 127.0.0.1:9" in answer.stderr


def test_a_port_that_is_taken_is_said(clients):
    port = clients.emulator.environment["GOOGLE_CLOUD_UNIVERSE_DOMAIN"].rpartition(":")[2]

    answer = emulate("start", "--stub", "--port", port)

    assert answer.returncode == 2
    assert f"port {port} cannot be used" in answer.stderr


def test_settings_come_from_a_file_and_options(tmp_path):
    config = tmp_path / "settings.json"
    config.write_text(json.dumps({"bucket": "a", "quotas": {"log_reads": 5}}))
    image = tmp_path / "image.json"
    image.write_text(json.dumps({"root": "/", "working_dir": "/app"}))

    settings = read_settings(
        config,
        {
            "bucket": "b",
            "port": None,
            "image": [f"x:1={tmp_path}", f"y@sha256:2={image}"],
            "env": ["A=b=c"],
        },
    )

    assert (settings.bucket, settings.port, settings.quotas.log_reads) == ("b", 0, 5)
    assert settings.environment == {"A": "b=c"}
    assert settings.images["x:1"].root == tmp_path
    assert settings.images["y@sha256:2"].working_dir == "/app"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("[]", {}, "expected a JSON object"),
        ('{"buckets": 1}', {}, "buckets"),
        ("{}", {"image": ["no-folder"]}, "expected NAME=FOLDER"),
        ("{}", {"env": ["=x"]}, "expected NAME=VALUE"),
        ("{}", {"max_processes": 0}, "max_processes"),
    ],
)
def test_settings_that_are_wrong_are_refused(tmp_path, text, options, message):
    config = tmp_path / "settings.json"
    config.write_text(text)
    with pytest.raises(EmulatorError, match=message):
        read_settings(config, options)


def test_the_version_is_printed():
    answer = emulate("--version")
    assert answer.stdout.startswith("google-batch-emulator ")
    assert os.linesep in answer.stdout


def write_job(folder: Path, text: str, **more: object) -> Path:
    spec = {"runnables": [{"script": {"text": text}}]}
    path = folder / "one-job.json"
    path.write_text(json.dumps({"taskGroups": [{"taskSpec": spec}], **more}))
    return path


def test_submit_prints_the_states_and_fails_as_the_job_does(tmp_path):
    kept = write_job(tmp_path, "echo told; exit 3", logsPolicy={"destination": "CLOUD_LOGGING"})
    other = kept.rename(tmp_path / "other.json")
    path = write_job(tmp_path, "echo told; exit 4")
    both = f"{shlex.join([*COMMAND, 'submit'])} {other}; {shlex.join([*COMMAND, 'submit'])} {path}"

    answer = emulate("run", "--", "sh", "-c", both)

    assert answer.returncode == 1, answer.stderr
    assert "\nother: FAILED\ntask 0: FAILED, exit code 3\nLog of task 0" in answer.stdout
    assert "\n  | told\n" in answer.stdout
    *_, state, task, log = answer.stdout.splitlines()
    assert (state, task) == ("one-job: FAILED", "task 0: FAILED, exit code 4")
    assert log.startswith("No log is kept: add")


def test_submit_ends_with_0_for_a_job_that_succeeds_in_the_region_that_it_allows(tmp_path):
    location = {"location": {"allowedLocations": ["regions/europe-west4"]}}
    path = write_job(tmp_path, "true", allocationPolicy=location)

    answer = emulate("run", "--stub", "--", *COMMAND, "submit", "--job-id", "my-id", str(path))

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "my-id: SUCCEEDED"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"taskGroup": []}', 'no field named "taskGroup"'),
        ('{"priority": "high"}', "priority"),
        ("{", "not a Batch job"),
        (f'{{"{"a" * 5000}": 1}}', "aaa [...] "),
    ],
)
def test_a_file_that_is_no_job_is_refused_with_its_name(tmp_path, content, message):
    path = tmp_path / "job.json"
    path.write_text(content)

    with pytest.raises(EmulatorError, match=r"job\.json: not a Batch job: ") as caught:
        read_job(path)

    assert message in str(caught.value)


def test_submit_refuses_what_the_service_would_refuse_and_names_the_field(tmp_path):
    path = write_job(tmp_path, "true", priority=100)

    answer = emulate("run", "--stub", "--", *COMMAND, "submit", str(path))

    assert answer.returncode == 2
    assert "Job priority 100 is not in [0, 99]" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_submit_says_that_the_emulator_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "localhost:9")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "removed.json"))

    with pytest.raises(EmulatorError, match="no emulator answers at localhost:9: it has been sto"):
        submit_job(write_job(tmp_path, "true"), None, None, print)


def test_submit_never_asks_the_real_service(tmp_path, monkeypatch):
    monkeypatch.delenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", raising=False)
    path = write_job(tmp_path, "true")

    with pytest.raises(EmulatorError, match="does not name an emulator"):
        submit_job(path, None, None, print)
