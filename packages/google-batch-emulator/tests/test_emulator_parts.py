"""Small parts on their own."""

import json
import os
import re
import threading
from functools import partial
from pathlib import Path

import pytest
from emulator_support import job_of, script
from google.cloud import batch_v1

from google_batch_emulator import FaultPlan, cli, documents
from google_batch_emulator.configuration import read_settings
from google_batch_emulator.docker_options import read_options
from google_batch_emulator.errors import ApiError, EmulatorError
from google_batch_emulator.execution.file_system_view import host_view
from google_batch_emulator.execution.memory import resident
from google_batch_emulator.execution.runnable_environment import read_secrets
from google_batch_emulator.faults import read_plan
from google_batch_emulator.identity import project_number
from google_batch_emulator.job_submission import read_job
from google_batch_emulator.machines import machine_type, vcpus
from google_batch_emulator.pagination import page
from google_batch_emulator.rate_limits import Quota
from google_batch_emulator.storage.multipart import metadata_of, take_apart
from google_batch_emulator.timers import Timers, once

README = Path(__file__).parents[1] / "README.md"


def test_the_plan_in_the_readme_is_one():
    (plan,) = re.findall(r"```json\n(.*?)```", README.read_text("utf-8"), re.DOTALL)

    assert FaultPlan.model_validate(json.loads(plan)).api[1].code == "RESOURCE_EXHAUSTED"


def test_a_quota_counts_any_sixty_seconds():
    now = [0.0]
    quota = Quota(2, "Read requests", "a.service", "123", clock=lambda: now[0])
    quota.take()
    now[0] = 30.0
    quota.take()

    now[0] = 59.9
    with pytest.raises(ApiError, match="for consumer 'project_number:123'") as caught:
        quota.take()
    assert caught.value.code.name == "RESOURCE_EXHAUSTED"
    now[0] = 60.0
    quota.take()
    with pytest.raises(ApiError):
        quota.take()


def test_pages_follow_one_another_to_the_end():
    items = list(range(5))
    first, token = page(items, 2, "", 100, "query")
    second, token = page(items, 2, token, 100, "query")
    third, end = page(items, 2, token, 100, "query")

    assert [*first, *second, *third] == items
    assert end == ""
    assert page(items, 0, "", 3, "query")[0] == [0, 1, 2]
    assert len(page(list(range(2000)), 5000, "", 100, "query")[0]) == 1000


@pytest.mark.parametrize("token", ["nonsense", "bnVsbA==", "WzEsICJ4Il0="])
def test_a_token_that_was_never_given_is_refused(token):
    with pytest.raises(ApiError, match="page_token"):
        page([1, 2], 1, token, 1, "query")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("e2-standard-4", 4),
        ("c4d-standard-2", 2),
        ("n2-highmem-96", 96),
        ("e2-medium", 2),
        ("n2-custom-6-8192", 6),
        ("custom-4-5120", 4),
        ("c3-standard-8-lssd", 8),
        ("a2-megagpu", None),
        ("", None),
    ],
)
def test_a_machine_type_says_its_cpus(machine, expected):
    assert vcpus(machine) == expected


@pytest.mark.parametrize(
    ("cpu", "memory", "fields", "expected"),
    [
        (2000, 2000, {}, "e2-highcpu-2"),
        (2000, 4096, {}, "e2-standard-2"),
        (1000, 9000, {}, "e2-highmem-2"),
        # Four tasks need 4 vCPUs and 32,768 MiB: 8 GiB for each vCPU.
        (1000, 8192, {"task_count_per_node": 4}, "e2-highmem-4"),
        (16_500, 2000, {}, "e2-highcpu-32"),
        (33_000, 2000, {}, ""),
        (2000, 4096, {"machine_type": "c4d-standard-2"}, "c4d-standard-2"),
    ],
)
def test_without_a_machine_type_the_smallest_with_room_is_chosen(cpu, memory, fields, expected):
    resource = {"cpu_milli": cpu, "memory_mib": memory}

    job = job_of(script("exit 0"), compute_resource=resource, **fields)

    assert machine_type(batch_v1.Job.pb(job)) == expected


def test_a_project_has_one_number():
    assert project_number("a-project") == project_number("a-project")
    assert re.fullmatch(r"[0-9]{12}", project_number("a-project"))
    assert project_number("123") == "123"


def test_the_memory_of_this_process_is_counted():
    block = bytearray(b"x" * 2**20) * 64
    assert resident(os.getpid())[os.getpid()] > len(block)


def test_a_process_that_is_gone_has_no_memory():
    assert resident(2**22 + 1) == {}


def test_this_environment_is_visible_and_the_home_folder_is_not(tmp_path):
    view = host_view(None, [tmp_path])

    targets = [bind.target for bind in view.binds]
    assert str(tmp_path) in targets
    assert not any(bind.mode == "write" for bind in view.binds)
    assert str(Path.home()) not in targets
    assert "/" not in targets
    assert len(targets) == len(set(targets))


def test_a_folder_or_interpreter_that_is_not_there_is_said(tmp_path):
    with pytest.raises(EmulatorError, match="absent is not a folder"):
        host_view(None, [tmp_path / "absent"])
    with pytest.raises(EmulatorError, match="is not a Python interpreter that runs"):
        host_view(tmp_path / "python", ())


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_secrets_that_are_wrong_are_said(tmp_path, text):
    path = tmp_path / "secrets.json"
    path.write_text(text)
    with pytest.raises(EmulatorError, match=r"secrets\.json:.* (not JSON|expected an object)"):
        read_secrets(path)


READERS = [read_job, read_plan, read_secrets, partial(read_settings, options={})]


@pytest.mark.parametrize("read", READERS, ids=["job", "faults", "secrets", "settings"])
def test_a_file_that_is_none_or_would_fill_memory_is_refused(tmp_path, monkeypatch, read):
    monkeypatch.setattr(documents, "_LARGEST", 10)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * 11)
    (tmp_path / "bytes").write_bytes(b"\xff")

    for path, message in (
        (Path("/dev/zero"), "expected a regular file"),
        (tmp_path / "pipe", "expected a regular file"),
        (tmp_path, "expected a regular file"),
        (tmp_path / "absent", "No such file"),
        (tmp_path / "large", "more than 10 bytes"),
        (tmp_path / "bytes", "not UTF-8 text"),
    ):
        with pytest.raises(EmulatorError, match=f"{path}: ({message})"):
            read(path)


@pytest.mark.parametrize("read", READERS, ids=["job", "faults", "secrets", "settings"])
@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5_000, '{"a": \x1b[2J}'])
def test_a_file_that_no_reader_understands_is_no_error_of_the_program(tmp_path, read, text):
    path = tmp_path / "file.json"
    path.write_text(text)

    with pytest.raises(EmulatorError, match=r"file\.json"):
        read(path)


def test_what_a_file_says_does_not_reach_the_terminal_as_it_is(tmp_path, capsys, monkeypatch):
    key = "a\x1b[2J\u202e\nb"
    (tmp_path / "job.json").write_text(json.dumps({key: 1}))
    (tmp_path / "plan.json").write_text(json.dumps({key: 1}))

    for arguments in (["submit", "job.json"], ["faults", "plan.json", "--admin", "localhost:1"]):
        words = [str(tmp_path / each) if each.endswith(".json") else each for each in arguments]
        monkeypatch.setattr("sys.argv", ["google-batch-emulator", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2

    said = capsys.readouterr().err
    assert r"a\x1b[2J\u202e" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_an_upload_is_taken_apart_and_put_together():
    body = (
        b"--B\r\nContent-Type: application/json\r\n\r\n"
        b'{"name": "a"}\r\n--B\r\nContent-Type: text/plain\r\n\r\n12345678\r\n--B--'
    )
    kind = "multipart/related; boundary=B"

    upload = take_apart(kind, body)

    assert upload is not None
    assert upload.before + upload.content + upload.after == body
    assert upload.content == b"12345678"
    assert upload.truncated() == body.replace(b"12345678", b"1234")
    assert metadata_of(kind, body) == {"name": "a"}
    assert take_apart(kind, b"--B nonsense") is None
    assert take_apart("text/plain", body) is None


def test_options_that_do_not_close_their_quotes_are_refused():
    with pytest.raises(ApiError, match="cannot be read"):
        read_options("-e 'A=b")


def test_timers_call_in_the_order_of_their_times_and_survive_errors(caplog):
    timers = Timers()
    called: list[int] = []
    ended = threading.Event()
    timers.after(0.2, ended.set)
    timers.after(0.1, lambda: called.append(2))
    timers.after(0.0, lambda: 1 // 0)
    timers.after(0.05, lambda: called.append(1))

    assert ended.wait(30)
    timers.stop()
    assert called == [1, 2]
    assert "ZeroDivisionError" in caplog.text


def test_once_is_once():
    called: list[int] = []
    call = once(lambda: called.append(1))
    call()
    call()
    assert called == [1]
