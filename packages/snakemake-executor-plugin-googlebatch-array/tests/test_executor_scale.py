"""Many jobs: none is forgotten, no slot leaks. Tasks are stand-ins that end at once."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings

COUNT = 150
SNAKEFILE = f"""
rule all:
    input: expand("out/{{rule}}/{{i}}.txt", rule=["a", "b"], i=range({COUNT // 2}))

rule a:
    output: "out/a/{{i}}.txt"
    shell: "true"

rule b:
    output: "out/b/{{i}}.txt"
    shell: "true"
"""


def test_more_jobs_than_slots_and_arrays_that_are_split_all_end(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    with Emulator(Settings(stub=True)) as emulator:
        for rule in ("a", "b"):
            for number in range(COUNT // 2):
                upload(emulator, f"run/out/{rule}/{number}.txt")

        code, text = run(emulator, tmp_path)

        jobs = emulator.store.all()
        assert code == 0, text
        assert f"{COUNT + 1} of {COUNT + 1} steps (100%) done" in text
        assert sum(len(job.tasks) for job in jobs) == COUNT
        assert max(len(job.tasks) for job in jobs) <= 20
        assert all(job.over for job in jobs)


def upload(emulator, name):
    """Put an output there: stand-ins make none."""
    host = emulator.environment["STORAGE_EMULATOR_HOST"]
    address = f"{host}/upload/storage/v1/b/rehearsal/o?uploadType=media&name={name}"
    with urlopen(Request(address, data=b"x", method="POST")) as answer:
        assert answer.status == 200


def run(emulator, folder):
    binaries = Path(sys.executable).parent
    array = "--googlebatch-array-"
    finished = subprocess.run(
        [
            str(binaries / "snakemake"),
            *("--executor", "googlebatch-array", "--forceall", "--nolock", "--jobs", "110"),
            *(f"{array}project", "rehearsal", f"{array}region", "us-central1"),
            *(f"{array}max-array-size", "20", f"{array}log-prefix", "none"),
            *("--default-storage-provider", "gcs", "--storage-gcs-project", "rehearsal"),
            *("--default-storage-prefix", "gs://rehearsal/run"),
            *("--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "1000/1s"),
        ],
        cwd=folder,
        env={**os.environ, **emulator.environment, "PATH": f"{binaries}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr
