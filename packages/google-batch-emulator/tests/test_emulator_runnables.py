"""Scripts and containers: order, exit codes, environment, folders."""

import json
import shutil
import subprocess

import pytest
from emulator_support import Clients, clients_of, container, job_of, script, until
from google.cloud import batch_v1
from google.protobuf.duration_pb2 import Duration

from google_batch_emulator import Emulator, Image, Settings


def test_runnables_share_the_machine_and_stop_at_the_first_failure(clients: Clients):
    finished = clients.run(
        script("echo kept > /tmp/file"),
        script("cat /tmp/file; exit 4"),
        script("echo not reached"),
    )

    assert finished.lines == ["kept"]
    assert finished.exit_codes == [4]


def test_a_failure_can_be_ignored(clients: Clients):
    finished = clients.run(script("exit 4", ignore_exit_status=True), script("echo reached"))

    assert finished.state == "SUCCEEDED"
    assert finished.lines == ["reached"]


def test_always_run_runs_after_a_failure_whose_code_stays(clients: Clients):
    finished = clients.run(script("exit 4"), script("echo cleaned; exit 5", always_run=True))

    assert finished.lines == ["cleaned"]
    assert finished.exit_codes == [4]


def test_a_background_runnable_is_killed_at_the_end_without_harm(clients: Clients):
    finished = clients.run(
        script("echo served > /tmp/served; sleep 600", background=True),
        script("while [ ! -s /tmp/served ]; do sleep 0.02; done; cat /tmp/served"),
    )

    assert finished.state == "SUCCEEDED"
    assert finished.lines == ["served"]


def test_a_background_runnable_that_fails_by_itself_fails_the_task(clients: Clients):
    finished = clients.run(
        script("touch /tmp/gone; exit 6", background=True),
        script("while [ ! -e /tmp/gone ]; do sleep 0.02; done; sleep 0.3"),
    )

    assert finished.exit_codes == [6]


def test_a_runnable_over_its_timeout_ends_with_50005(clients: Clients):
    finished = clients.run(script("sleep 600", timeout=Duration(nanos=200_000_000)))

    assert finished.exit_codes == [50005]
    assert "50005" in " ".join(finished.agent_lines)


def test_a_script_names_its_interpreter_or_is_for_the_shell(clients: Clients):
    finished = clients.run(
        script("echo $0 | grep -c runnable"),
        script("#!/usr/bin/env python3\nimport sys\nprint(sys.version_info >= (3, 11))"),
    )

    assert finished.lines == ["1", "True"]


def test_a_script_can_be_a_file_of_the_machine(clients: Clients):
    by_path = batch_v1.Runnable(script=batch_v1.Runnable.Script(path="/mnt/tool"))
    finished = clients.run(
        script("echo 'echo from a file' > /mnt/tool; chmod +x /mnt/tool"), by_path
    )

    assert finished.lines == ["from a file"]


def test_text_reaches_a_script_unchanged(clients: Clients):
    text = "a $(touch /tmp/made-by-text) `id` \"q\" 'r' \\ ü"
    finished = clients.run(
        script('printf "%s\\n" "$TEXT"; ! test -e /tmp/made-by-text || echo made'),
        environment={"variables": {"TEXT": text}},
    )

    assert finished.lines == [text]


def test_the_innermost_variable_wins(clients: Clients):
    show = 'echo "$A $B $C $BATCH_TASK_INDEX/$BATCH_TASK_COUNT $BATCH_TASK_RETRY_ATTEMPT"'
    finished = clients.run(
        script(show, environment={"variables": {"C": "runnable"}}),
        environment={"variables": {"A": "spec", "B": "spec", "C": "spec"}},
        task_environments=[
            {"variables": {"B": "first", "C": "first"}},
            {"variables": {"B": "second", "C": "second"}},
        ],
    )

    assert sorted(finished.lines) == ["spec first runnable 0/2 0", "spec second runnable 1/2 0"]


def test_a_container_has_its_own_files_and_sees_the_volumes(clients: Clients):
    finished = clients.run(
        script("mkdir -p /mnt/work; echo shared > /mnt/work/file; echo mine > /tmp/other"),
        container(
            "-c",
            "pwd; cat file; ! test -e /tmp/other || echo seen; echo back > /data/back",
            entrypoint="/bin/sh",
            volumes=["/mnt/work:/mnt/work", "/mnt/disks/data:/data"],
            options="--network host --workdir /mnt/work -e PYTHONUNBUFFERED=1",
        ),
        script("cat /mnt/disks/data/back"),
    )

    assert finished.lines == ["/mnt/work", "shared", "back"]


def test_a_volume_can_be_read_only(clients: Clients):
    finished = clients.run(
        container("touch", "/data/file", volumes=["/mnt/data:/data:ro"]),
    )

    assert finished.exit_codes == [1]
    assert "Read-only file system" in finished.lines[0]


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        (("no-such-program",), 127, "executable file not found in $PATH"),
        (("/etc/passwd",), 126, "Permission denied"),
        (("sh", "-c", "kill -9 $$"), 137, ""),
        (("sh", "-c", "exit 77"), 77, ""),
    ],
)
def test_a_container_ends_as_docker_says(clients: Clients, command, code, text):
    finished = clients.run(container(*command))

    assert finished.exit_codes == [code]
    assert text in " ".join(finished.lines)


def test_tasks_wait_for_one_another_at_a_barrier(clients: Clients):
    barrier = batch_v1.Runnable(barrier=batch_v1.Runnable.Barrier(name="all"))
    finished = clients.run(
        script('[ "$BATCH_TASK_INDEX" = 0 ] || sleep 0.5; echo before'),
        barrier,
        script("echo after"),
        task_count=3,
    )

    assert finished.lines == ["before"] * 3 + ["after"] * 3


def test_the_hosts_file_names_the_machines(clients: Clients):
    finished = clients.run(
        script('grep -x "$(hostname)" "$BATCH_HOSTS_FILE" > /dev/null && echo found'),
        require_hosts_file=True,
    )

    assert finished.lines == ["found"]


def needed_by(program: str) -> list[str]:
    """Return a program and the libraries that it needs."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [program, *(word for word in listed.split() if word.startswith("/"))]


def test_secrets_and_images_come_from_files(tmp_path):
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / "app/hello").write_text(
        "#!/bin/sh\necho $GREETING $KEY; pwd; echo /*; [ ! -e made ] && : > made && echo made"
    )
    (root / "app/hello").chmod(0o755)
    for program in needed_by("/bin/sh"):
        (root / program.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, root / program.lstrip("/"))
    secrets = tmp_path / "secrets.json"
    version = "projects/rehearsal/secrets/key/versions/latest"
    secrets.write_text(json.dumps({version: "s3cret"}))
    image = Image(
        root=root, environment={"GREETING": "hi"}, working_dir="/app", command=("./hello",)
    )
    settings = Settings(
        images={"our/image@sha256:1": image}, unknown_images="refuse", secrets=secrets
    )
    wanted = {"secret_variables": {"KEY": version}}

    with Emulator(settings) as emulator, clients_of(emulator) as clients:
        known = clients.run(container(image="our/image@sha256:1"), environment=wanted)
        again = clients.run(container(image="our/image@sha256:1"), environment=wanted)
        unknown = clients.run(container("true", image="their/image:1"))
        absent = clients.run(
            script("exit 0"), environment={"secret_variables": {"KEY": f"{version}s"}}
        )

        assert known.lines[:2] == ["hi s3cret", "/app"]
        assert "/usr" not in known.lines[2].split()
        assert known.lines[3:] == again.lines[3:] == ["made"]
        assert not (root / "app/made").exists()
        assert unknown.exit_codes == [125]
        assert "manifest for their/image:1 not found" in " ".join(unknown.lines)
        assert absent.exit_codes == [50000]
        assert "does not exist" in " ".join(absent.agent_lines)


def test_output_without_an_end_of_line_is_logged_while_the_task_runs(clients: Clients):
    job = clients.create(job_of(script("echo first; sleep 0.5; printf last")))
    until(lambda: "first" in clients.lines(job))
    clients.wait(job)

    assert clients.lines(job) == ["first", "last"]
