"""Isolate tasks from this machine, and remove what they leave."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from emulator_support import (
    Clients,
    clients_of,
    container,
    job_of,
    processes_with,
    script,
    until,
)

from google_batch_emulator import Emulator, Settings
from google_batch_emulator.execution.file_system_view import host_view
from google_batch_emulator.execution.preparation import make_root
from google_batch_emulator.execution.process import Process
from google_batch_emulator.execution.spec import Bind, LaunchSpec

TMP = "/tmp"  # noqa: S108 - as tasks see it


def leading_to_python(folder: str) -> list[str]:
    """Return what of a folder leads to the Python environment, which every task sees."""
    targets = [Path(bind.target) for bind in host_view(None, ()).binds]
    below = {path.relative_to(folder).parts[0] for path in targets if path.is_relative_to(folder)}
    return sorted(below)


def test_each_task_starts_in_an_empty_file_system(clients: Clients):
    finished = clients.run(
        script("echo $(ls -A /tmp) , $(ls -A /root); cd /root; touch mine /tmp/mine; mkdir /made"),
        task_count=3,
        parallelism=1,
    )

    assert finished.state == "SUCCEEDED"
    seen = " ".join([*leading_to_python(TMP), ",", *leading_to_python("/root")])
    assert finished.lines == [seen] * 3


def test_the_working_directory_and_home_of_the_user_are_hidden(
    clients: Clients, tmp_path, monkeypatch
):
    (tmp_path / "not-sent.txt").write_text("secret of the coordinator")
    monkeypatch.chdir(tmp_path)

    finished = clients.run(
        script(f"cat not-sent.txt; cat {tmp_path}/not-sent.txt; pwd; ls -a $HOME")
    )

    assert "secret of the coordinator" not in finished.lines
    assert "cat: not-sent.txt: No such file or directory" in finished.lines
    assert f"cat: {tmp_path}/not-sent.txt: No such file or directory" in finished.lines


def test_the_environment_of_the_user_is_hidden_and_that_of_the_service_is_not(
    clients: Clients, monkeypatch
):
    monkeypatch.setenv("COORDINATOR_SECRET", "hidden")

    finished = clients.run(script("env"))

    found = dict(line.partition("=")[::2] for line in finished.lines)
    assert "COORDINATOR_SECRET" not in found
    assert found["GOOGLE_CLOUD_PROJECT"] == "rehearsal"
    assert found["HOME"] == "/root"
    assert found["BATCH_JOB_UID"] == finished.job.uid
    outside = clients.emulator.environment
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_UNIVERSE_DOMAIN"):
        assert found[name] == outside[name]


def test_a_task_uses_the_services_with_googles_own_libraries(clients: Clients):
    clients.bucket.blob("given").upload_from_string("from outside")
    text = """#!/usr/bin/env python
import os
from google.cloud import batch_v1, storage
bucket = storage.Client().bucket("rehearsal")
bucket.blob("taken").upload_from_string(bucket.blob("given").download_as_bytes() + b", and back")
name = f"projects/rehearsal/locations/us-central1/jobs/{os.environ['BATCH_JOB_ID']}"
print(batch_v1.BatchServiceClient().get_job(name=name).status.state.name)
"""
    finished = clients.run(script(text))

    assert finished.lines == ["RUNNING"]
    assert clients.bucket.blob("taken").download_as_bytes() == b"from outside, and back"


def test_the_system_cannot_be_written_and_mounts_cannot_be_changed(clients: Clients):
    finished = clients.run(
        script("mount -o remount,rw /usr; umount /etc; touch /usr/x; ls /etc/passwd")
    )

    assert "touch: cannot touch '/usr/x': Read-only file system" in finished.lines
    assert finished.lines[-1] == "/etc/passwd"
    assert finished.state == "SUCCEEDED"


def test_what_a_task_writes_to_the_python_environment_is_seen_by_nobody_else(clients: Clients):
    file = Path(sys.prefix) / "made-by-a-task"
    finished = clients.run(script(f"ls {file}; touch {file} && echo made"), task_count=2)

    assert finished.lines.count("made") == 2
    assert sum("No such file" in line for line in finished.lines) == 2
    assert not file.exists()


def test_where_the_kernel_refuses_overlays_folders_are_read_only_or_empty(clients, tmp_path):
    view = host_view(None, ())
    # No overlay is made of what the kernel itself writes.
    refused = [
        Bind("/proc/sys/kernel", "/shown", "layer"),
        Bind("/proc/sys/kernel", "/mnt", "layer-or-empty"),
    ]
    text = "ls /shown/ostype /mnt; touch /mnt/x && echo written; echo x > /shown/ostype"
    lines: list[str] = []
    spec = LaunchSpec(
        isolation=clients.emulator.isolation,
        root=make_root(tmp_path),
        argv=("/bin/sh", "-c", text),
        environment=view.environment,
        binds=(*view.binds, *refused),
        links=view.links,
    )
    process = Process(spec, lambda _, line: lines.append(line), lambda: None)
    process.wait_ready()
    process.join()

    assert not process.layers
    assert lines[:4] == ["/shown/ostype", "", "/mnt:", "written"]
    assert "Read-only file system" in lines[4]


def test_what_is_exposed_is_seen(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/file").write_text("exposed")
    (tmp_path / "other").write_text("hidden")
    settings = Settings(expose=[tmp_path / "cache"], environment={"CACHE": str(tmp_path / "cache")})
    with Emulator(settings) as emulator, clients_of(emulator) as clients:
        finished = clients.run(script(f'cat "$CACHE/file"; echo; ls {tmp_path}; echo x > $CACHE/y'))

        assert finished.state == "SUCCEEDED"
        assert finished.lines == ["exposed", "cache"]
    assert not (tmp_path / "cache/y").exists()


def test_a_task_sees_its_own_processes_alone(clients: Clients):
    finished = clients.run(script("echo $$; ls -d /proc/[0-9]* | wc -l"))

    assert finished.lines[0] == "2"
    assert int(finished.lines[1]) <= 5


def test_nothing_a_task_started_outlives_it(clients: Clients):
    mark = f"3{os.getpid()}97"
    finished = clients.run(script(f"setsid sleep {mark} & sleep 0.1; exit 0"))

    assert finished.state == "SUCCEEDED"
    assert processes_with(mark) == []


def test_nothing_of_a_deleted_job_runs_on(clients: Clients):
    mark = f"4{os.getpid()}97"
    job = clients.create(job_of(script(f"setsid sleep {mark} & sleep {mark}")))
    until(lambda: len(processes_with(mark)) >= 2)

    clients.batch.delete_job(name=job.name).result(timeout=30)

    assert processes_with(mark) == []


def test_stopping_the_emulator_kills_every_task_and_removes_its_files(tmp_path):
    mark = f"5{os.getpid()}97"
    settings = Settings(state_dir=tmp_path)
    with Emulator(settings) as emulator, clients_of(emulator) as clients:
        clients.create(job_of(script(f"setsid sleep {mark} & sleep {mark}"), task_count=2))
        until(lambda: len(processes_with(mark)) >= 2)
        assert list(tmp_path.iterdir()) != []

    assert processes_with(mark) == []
    assert list(tmp_path.iterdir()) == []
    assert processes_with(f"-external-url\0{emulator.environment['STORAGE_EMULATOR_HOST']}") == []


KILLED = """
import sys, time
from pathlib import Path
from google_batch_emulator import Emulator, Settings
sys.path.insert(0, sys.argv[1])
from emulator_support import clients_of, job_of, script
settings = Settings(isolation=sys.argv[3], state_dir=Path.cwd())
with Emulator(settings) as emulator, clients_of(emulator) as clients:
    clients.create(job_of(script(f"setsid sleep {sys.argv[2]} & sleep {sys.argv[2]}")))
    print(emulator.environment["STORAGE_EMULATOR_HOST"], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_nothing_outlives_an_emulator_that_is_killed(tmp_path, isolation):
    mark = f"6{os.getpid()}97"
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), mark, isolation]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        until(lambda: len(processes_with(f"sleep\0{mark}")) >= 2)
        child.send_signal(signal.SIGKILL)
        child.wait()

    until(lambda: not processes_with(f"sleep\0{mark}"), "the task is gone")
    until(lambda: not processes_with(f"-external-url\0{url}"), "the storage server is gone")


def test_without_isolation_a_task_still_has_its_own_home(tmp_path):
    settings = Settings(isolation="none", state_dir=tmp_path)
    with Emulator(settings) as emulator, clients_of(emulator) as clients:
        assert emulator.isolation == "none"
        finished = clients.run(
            script("echo $HOME; touch $TMPDIR/x; cat $GOOGLE_APPLICATION_CREDENTIALS | wc -c"),
            container("sh", "-c", "exit 3"),
        )

        assert finished.exit_codes == [3]
        assert finished.lines[0].startswith(str(tmp_path))
        assert int(finished.lines[1]) > 1000


# A user without any rights, whoever runs the tests: a namespace of users in which he is not root.
ORDINARY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")

ONE_JOB = """
import os, sys
from google_batch_emulator import Emulator, Settings
sys.path.insert(0, sys.argv[1])
from emulator_support import clients_of, script
with Emulator(Settings(isolation=sys.argv[2])) as emulator, clients_of(emulator) as clients:
    print(os.geteuid(), emulator.isolation)
    text = "id -u; touch /made /tmp/made && ls /tmp; touch /usr/x; setsid sleep 600 & exit 5"
    finished = clients.run(script(text))
    print(*finished.lines, finished.exit_codes, sep="\\n")
"""


def run_one_job(*prefix: str, isolation: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, "-c", ONE_JOB, str(Path(__file__).parent), isolation]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_ordinary_user_gets_the_same_isolation():
    answer = run_one_job(*ORDINARY, isolation="auto")

    assert answer.stdout.splitlines() == [
        "1000 user-namespaces",
        "0",
        *sorted(["made", *leading_to_python(TMP)]),
        "touch: cannot touch '/usr/x': Read-only file system",
        "[5]",
    ]


def test_what_the_user_may_not_do_is_said():
    answer = run_one_job(*ORDINARY, isolation="namespaces")

    assert answer.returncode != 0
    assert "namespaces: [Errno 1] unshare: Operation not permitted" in answer.stderr


def test_where_the_kernel_forbids_all_isolation_the_message_says_what_helps():
    forbid = "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all"
    command = f'{forbid} --inh-caps=-all google-batch-emulator run -- echo "has run"'
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    answer = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )

    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "user-namespaces: [Errno 28] unshare: No space left on device" in answer.stderr
    assert "sysctl -w user.max_user_namespaces" in answer.stderr
    assert "--isolation none" in answer.stderr
    assert "Traceback" not in answer.stderr
