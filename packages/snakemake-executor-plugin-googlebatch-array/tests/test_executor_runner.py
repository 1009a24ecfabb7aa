"""The runner as it runs on a worker: by itself, started by the bootstrap."""

import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from snakemake_executor_plugin_googlebatch_array import runner
from snakemake_executor_plugin_googlebatch_array.commands import BOOTSTRAP

PYTHON = sys.executable

# A bucket in a folder, in the place of Google's library.
STORAGE = """
import os
from pathlib import Path

class Client:
    def __init__(self, project=None):
        self.project = project

    def bucket(self, name):
        if os.environ.get("BUCKET_FAILS"):
            raise OSError("the bucket is out of order")
        return Bucket(Path(os.environ["BUCKETS"], name))

class Bucket:
    def __init__(self, folder):
        self.folder = folder

    def blob(self, name):
        return Blob(self.folder / name)

class Blob:
    def __init__(self, path):
        self.path = path

    def upload_from_string(self, content, content_type, timeout):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(content)

    def download_to_filename(self, name, timeout):
        Path(name).write_bytes(self.path.read_bytes())
"""


def encode(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


@pytest.fixture
def worker(tmp_path):
    """Return a function that starts the bootstrap, and the folder of the buckets."""
    library = tmp_path / "library" / "google" / "cloud"
    library.mkdir(parents=True)
    (library / "storage.py").write_text(STORAGE)
    buckets, scratch, binaries = (tmp_path / name for name in ("buckets", "scratch", "bin"))
    for folder in (buckets, scratch, binaries):
        folder.mkdir()
    (binaries / "python").symlink_to(PYTHON)
    started = []

    def start(command, own=(), **variables):
        whole = {
            "setup": "",
            "deploy": [],
            "sources": None,
            "head": [],
            "tail": [],
            "project": "p",
            "log": {"bucket": "b", "folder": "logs/job"},
            "interval": 0,
            **command,
        }
        source = Path(runner.__file__).read_bytes()
        environment = {
            "PATH": f"{binaries}:/usr/bin:/bin",
            # Without site packages: only our stand-in for Google's library is found.
            "PYTHONPATH": str(tmp_path / "library"),
            "PYTHONNOUSERSITE": "1",
            "TMPDIR": str(scratch),
            "BUCKETS": str(buckets),
            "BATCH_TASK_INDEX": "7",
            "SMK_RUNNER": base64.b64encode(source).decode(),
            "SMK_COMMAND": encode(whole),
            "SMK_TASK_ARGS": encode(list(own)),
            **variables,
        }
        process = subprocess.Popen(
            ["bash", "-c", BOOTSTRAP],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start, buckets
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run(worker, command, own=(), **variables):
    process = worker[0](command, own, **variables)
    text, _ = process.communicate(timeout=60)
    log = worker[1] / "b" / "logs" / "job" / "7.log"
    return process.returncode, text, log.read_text() if log.exists() else None


def test_the_command_runs_with_its_own_arguments_and_its_output_is_logged(worker):
    command = {"head": ["printf", "%s\n", "first"], "tail": ["last"]}

    code, text, log = run(worker, command, ['it\'s $(id) `id` "x" \\n'])

    assert code == 0
    assert text.startswith('first\nit\'s $(id) `id` "x" \\n\nlast\n')
    assert log == text


@pytest.mark.parametrize("status", [1, 3, 42, 255])
def test_the_exit_status_is_that_of_the_command(worker, status):
    code, _, log = run(worker, {"head": ["bash", "-c", f"echo told; exit {status}"]})

    assert code == status
    assert log == f"told\n[googlebatch-array] exit status {status}\n"


def test_a_command_killed_by_a_signal_exits_as_in_a_shell(worker):
    assert run(worker, {"head": ["bash", "-c", "kill -9 $$"]})[0] == 137


def test_a_command_that_is_not_there_says_so(worker):
    code, text, _ = run(worker, {"head": ["no-such-command"]})

    assert code == 127
    assert "no-such-command cannot be started" in text


def test_a_failed_copy_of_the_log_is_told_and_changes_nothing(worker):
    code, text, log = run(worker, {"head": ["bash", "-c", "exit 3"]}, BUCKET_FAILS="1")

    assert code == 3
    assert log is None
    assert "the log could not be copied to the bucket: OSError" in text


def test_without_a_place_for_logs_nothing_is_copied(worker):
    code, _, log = run(worker, {"head": ["true"], "log": None})

    assert (code, log) == (0, None)


def test_the_precommand_is_shell_code_and_what_it_exports_reaches_the_command(worker):
    command = {"setup": "export A=$(echo b)", "head": ["bash", "-c", "echo A is $A"]}

    assert "A is b\n" in run(worker, command)[1]


def test_if_the_precommand_fails_the_command_does_not_run(worker):
    code, text, _ = run(worker, {"setup": "(exit 9)", "head": ["echo", "ran"]})

    assert code == 9
    assert "ran" not in text


def archive(buckets, files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    path = buckets / "b" / "sources.tar.xz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def test_sources_are_unpacked_into_the_working_folder(worker):
    checksum = archive(worker[1], {"workflow/Snakefile": "rule all"})
    sources = {"bucket": "b", "object": "sources.tar.xz", "sha256": checksum}

    code, text, _ = run(
        worker,
        {"sources": sources, "deploy": ["echo", "deployed"], "head": ["cat", "workflow/Snakefile"]},
    )

    assert code == 0
    assert "rule all" in text
    assert "deployed" not in text


def test_sources_that_are_not_as_expected_are_left_to_snakemake(worker):
    archive(worker[1], {"Snakefile": "old"})
    sources = {"bucket": "b", "object": "sources.tar.xz", "sha256": "0" * 64}

    code, text, _ = run(
        worker, {"sources": sources, "deploy": ["bash", "-c", "exit 4"], "head": ["echo", "ran"]}
    )

    assert code == 4
    assert "expected 0000" in text
    assert "the workflow's sources could not be fetched" in text
    assert "\nran" not in text


def test_an_archive_that_reaches_outside_is_refused(worker):
    checksum = archive(worker[1], {"../outside": "x"})
    sources = {"bucket": "b", "object": "sources.tar.xz", "sha256": checksum}

    _, text, _ = run(worker, {"sources": sources, "head": ["true"]})

    assert "OutsideDestinationError" in text


def test_our_variables_do_not_reach_the_command_and_home_can_be_written(worker):
    command = {"head": ["bash", "-c", 'env; touch "$HOME/x" && echo written']}

    _, text, _ = run(worker, command, HOME="/")

    assert "SMK_" not in text
    assert "written" in text


def test_nothing_is_left_in_the_scratch_folder_but_the_bootstraps(worker, tmp_path):
    run(worker, {"head": ["touch", "left"]})

    assert not list((tmp_path / "scratch").rglob("left"))


def test_the_log_is_copied_while_the_task_runs(worker):
    start, buckets = worker
    process = start({"head": ["bash", "-c", "echo early; sleep 60"], "interval": 0.2})
    log = buckets / "b" / "logs" / "job" / "7.log"
    wait_for(lambda: log.exists() and log.read_text() == "early\n")

    assert process.poll() is None


def test_a_signal_to_stop_is_passed_on_and_the_log_is_kept(worker):
    start, buckets = worker
    command = "trap 'echo asked; exit 5' TERM; echo ready; sleep 60 & wait"
    process = start({"head": ["bash", "-c", command], "interval": 0.2})
    log = buckets / "b" / "logs" / "job" / "7.log"
    wait_for(log.exists)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 5
    assert "asked" in log.read_text()


def test_a_log_that_cannot_grow_ends_no_task_and_says_why(capfdbinary):
    """Linux's /dev/full takes nothing: https://man7.org/linux/man-pages/man4/full.4.html."""
    log = runner.Log(Path("/dev/full"), None, "0.log", None)

    for chunk in (b"one\n", b"two\n"):
        log.write(chunk)
    log.note("exit status 0")
    log.finish()

    told = b"[googlebatch-array] the log cannot grow on the worker's disk: OSError: [Errno 28]"
    first, why, *others = capfdbinary.readouterr().out.splitlines()
    assert (first, others) == (b"one", [b"two", b"[googlebatch-array] exit status 0"])
    assert why.startswith(told)
    assert log.notes.splitlines() == [why, b"[googlebatch-array] exit status 0"]


def test_kills_for_lack_of_memory_are_counted(tmp_path, monkeypatch):
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom 2\noom_kill 3\n")
    monkeypatch.setattr(runner, "_KILLS", (str(tmp_path / "none"), str(events)))

    assert runner.oom_kills() == 3


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s (load {os.getloadavg()[0]})")
