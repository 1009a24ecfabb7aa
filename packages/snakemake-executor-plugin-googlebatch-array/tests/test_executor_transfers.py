"""Uploads and downloads of tasks that go wrong: the whole file is there, or a failure is."""

import pytest

# The provider that checks what it sends; the others of these tests use the stock one.
INDEXED = (
    *("--default-storage-provider", "gcs-indexed"),
    *("--storage-gcs-indexed-project", "rehearsal"),
)
KINDS = ("cut", "refuse", "truncate", "lose-reply")
TEXT = "hello " * 1000


@pytest.fixture(scope="module")
def emulator(forking_emulator):
    """Fork the tasks' Snakemake; those of the other modules start it."""
    return forking_emulator


def test_transfers_that_break_are_repeated(workflow):
    workflow.write(
        f"""
KINDS = {KINDS}

rule all:
    input: expand("out/{{kind}}.txt", kind=KINDS)

rule copy:
    input: "made/{{kind}}.txt"
    output: "out/{{kind}}.txt"
    shell: "cat {{input}} > {{output}}"
"""
    )
    for kind in KINDS:
        workflow.put(f"made/{kind}.txt", TEXT)
    workflow.faults(
        storage=[
            {"kind": kind, "object": f"*/{folder}/{action}.txt", "action": action, "times": 2}
            for action in KINDS
            for kind, folder in (("download", "made"), ("upload", "out"))
        ]
    )

    finished = workflow.run(*INDEXED)

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {f"out/{kind}.txt": TEXT for kind in KINDS}
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


def test_an_upload_that_never_succeeds_fails_the_task_and_leaves_no_half_file(workflow):
    kinds = ("cut", "refuse", "truncate")
    workflow.write(
        f"""
rule all:
    input: expand("out/{{kind}}.txt", kind={kinds})

rule one:
    output: "out/{{kind}}.txt"
    shell: "printf '{TEXT}' > {{output}}"
"""
    )
    workflow.faults(
        storage=[
            {"kind": "upload", "object": f"*/out/{kind}.txt", "action": kind, "times": None}
            for kind in kinds
        ]
    )

    finished = workflow.run(*INDEXED, "--storage-gcs-indexed-retries", "1", "--keep-going")

    assert finished.code == 1
    for kind in kinds:
        assert f"Task of rule one (kind={kind}) failed on Google Batch" in finished.text
    assert workflow.outputs() == {}
    assert list(workflow.executions().values()) == [1, 1, 1]
    assert workflow.live() == []
