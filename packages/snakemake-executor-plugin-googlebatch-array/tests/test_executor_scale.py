"""Many jobs: none is forgotten, no slot leaks. Tasks are stand-ins that end at once."""

import os
import sys
from hashlib import sha512
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.protobuf.json_format import MessageToJson
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings

from snakemake_executor_plugin_googlebatch_array.job_definition import LARGEST_JOB

try:
    from tests.forking import ForkedRun
except ModuleNotFoundError:
    from plain_runs import PlainRun as ForkedRun

SNAKEFILE = """
NAMES = [f"{number:04d}MORE" for number in range(EACH)]

rule all:
    input: expand("out/{rule}/{name}.txt", rule=list("RULES"), name=NAMES)

rule a:
    output: "out/a/{name}.txt"
    shell: "true"

rule b:
    output: "out/b/{name}.txt"
    shell: "true"
"""


@pytest.fixture(scope="module")
def emulator():
    with Emulator(Settings(stub=True)) as running:
        yield running


def test_more_jobs_than_slots_and_arrays_that_are_split_all_end(emulator, tmp_path):
    limit = ("--jobs", "110", "--googlebatch-array-max-array-size", "20")

    jobs = run(emulator, tmp_path, 75, "", *limit)

    assert sum(len(job.tasks) for job in jobs) == 150
    assert max(len(job.tasks) for job in jobs) <= 20
    assert all(job.over for job in jobs)


def test_an_array_over_1_mb_is_submitted_in_parts_without_a_leaked_slot(emulator, tmp_path):
    # Names of 916 bytes: 1.2 kB in base64, and more than 1 MB in all.
    more = "".join(f"/{sha512(str(number).encode()).hexdigest()}" for number in range(7))

    jobs = run(emulator, tmp_path, 850, more, "--jobs", "10000", rules="a")

    assert sum(len(job.tasks) for job in jobs) == 850
    sizes = [len(MessageToJson(job.definition, indent=None)) for job in jobs]
    assert sum(sizes) > LARGEST_JOB > max(sizes)
    assert all(job.over for job in jobs)


def run(emulator, folder, each, more, *options, rules="ab"):
    """Run rules with so many jobs each; return the Batch jobs, once all steps are done."""
    text = SNAKEFILE.replace("MORE", more).replace("EACH", str(each)).replace("RULES", rules)
    (folder / "Snakefile").write_text(text)
    earlier = {job.uid for job in emulator.store.all()}
    prefix = f"run-{each}"
    put(emulator, [f"{prefix}/out/{rule}/{i:04d}{more}.txt" for rule in rules for i in range(each)])
    binaries = Path(sys.executable).parent
    array = "--googlebatch-array-"
    arguments = [
        *("--executor", "googlebatch-array", "--forceall"),
        *("--nolock", f"{array}project", "rehearsal", f"{array}region", "us-central1"),
        *(f"{array}log-prefix", "none", "--default-storage-provider", "gcs-indexed"),
        *("--storage-gcs-indexed-project", "rehearsal"),
        *("--default-storage-prefix", f"gs://rehearsal/{prefix}"),
        *("--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "10000/1s"),
        *options,
    ]
    path = f"{binaries}:{os.environ['PATH']}"
    run = ForkedRun(arguments, folder, {**os.environ, **emulator.environment, "PATH": path})
    text = run.read(580)
    assert run.wait() == 0, text
    run.close()
    steps = len(rules) * each + 1
    assert f"{steps} of {steps} steps (100%) done" in text
    return [job for job in emulator.store.all() if job.uid not in earlier]


def put(emulator, names):
    """Write outputs: stand-ins make none."""
    client = Client(
        project="rehearsal",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": emulator.environment["STORAGE_EMULATOR_HOST"]},
    )
    for name in names:
        client.bucket("rehearsal").blob(name).upload_from_string("x")
    client.close()
