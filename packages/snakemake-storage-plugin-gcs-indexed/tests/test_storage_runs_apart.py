"""Real runs whose jobs are processes that share nothing with the coordinator but the bucket."""

from collections import Counter

import pytest
from counting_proxy import Fault
from workflow_running import Workflow


@pytest.fixture
def workflow(storage, bucket, tmp_path):
    return Workflow(storage, bucket, tmp_path)


def test_only_the_files_are_moved(workflow, storage, someone_else):
    n = 4

    outcome = workflow.run(count=n, apart=True)

    assert outcome.code == 0, outcome.text
    table = someone_else.read("pre/results/table.txt").decode()
    assert table == "".join(f"result of input_{i:05d}.txt\n" for i in range(n))
    lists = outcome.counts.pop("list")
    assert outcome.counts == {
        # Up: an input, output, log and benchmark per task; the table and its log; the sources.
        "upload": 4 * n + 3,
        # Down: the sources, the input and the result of each task; the sources for the table.
        "download": 3 * n + 1,
        # The sources, at the end.
        "delete": 1,
    }
    assert lists <= n + 5
    # The coordinator lists directories; a worker would begin at the name that it looks for.
    assert all(seen.name.endswith("/") for seen in storage.log if seen.kind == "list")


FAILING = """
rule all:
    input: expand("out_{key}.txt", key=["a", "b"])

rule task:
    output: "out_{key}.txt"
    log: "log_{key}.txt"
    params: word=config["word"]
    shell: "echo {params.word} | tee {log} > {output}; [ {params.word}{wildcards.key} != newb ]"
"""


def test_what_a_failed_job_has_left_from_before_does_not_pass_for_new(workflow, someone_else):
    workflow.use(FAILING)
    first = workflow.run("--config", "word=old", apart=True)
    assert first.code == 0, first.text

    outcome = workflow.run("--config", "word=new", "--forcerun", "task", "--keep-going", apart=True)

    assert outcome.code == 1
    assert someone_else.read("pre/out_a.txt") == b"new\n"
    assert someone_else.read("pre/out_b.txt") is None
    assert someone_else.read("pre/log_b.txt") == b"new\n"


KINDS = """
rule all:
    input: "counted.txt", "ended.txt"

rule tree:
    output: directory("tree")
    shell: "mkdir -p {output}/sub; for i in {config[files]}; do echo $i > {output}/sub/$i; done"

rule counted:
    input: "tree"
    output: "counted.txt"
    run:
        from pathlib import Path
        names = sorted(path.name for path in Path(input[0], "sub").iterdir())
        Path(output[0]).write_text(" ".join(names))

rule started:
    output: temp("started.txt")
    group: "chain"
    shell: "echo {config[files]} > {output}"

rule ended:
    input: "started.txt"
    output: "ended.txt"
    group: "chain"
    shell: "cp {input} {output}"
"""


def test_directories_temporary_files_groups_and_python_rules(workflow, someone_else):
    workflow.use(KINDS)

    outcome = workflow.run("--config", "files=one two", apart=True)

    assert outcome.code == 0, outcome.text
    assert someone_else.read("pre/counted.txt") == b"one two"
    assert someone_else.read("pre/ended.txt") == b"one two\n"
    assert "pre/started.txt" not in someone_else.names()

    # Again with other contents: nothing of the first directory is to be left in the second.
    outcome = workflow.run("--config", "files=three", "--forceall", apart=True)

    assert outcome.code == 0, outcome.text
    assert someone_else.read("pre/counted.txt") == b"three"
    assert someone_else.read("pre/ended.txt") == b"three\n"
    assert [name for name in someone_else.names() if "/sub/" in name] == ["pre/tree/sub/three"]


def test_faults_of_the_storage_do_not_show(workflow, storage, someone_else):
    storage.fail("download", Fault("truncate"), times=2, name="input_00000.txt")
    storage.fail("download", Fault("corrupt"), times=2, name="result_00000.txt")
    storage.fail("download", Fault("refuse", 503), times=1, name=".tar.xz")
    storage.fail("upload", Fault("lose"), times=1, name="result_00001.txt")
    storage.fail("upload", Fault("garble"), times=1, name="00001.log")
    storage.fail("list", Fault("refuse", 500), times=1)

    outcome = workflow.run(count=2, apart=True)

    assert outcome.code == 0, outcome.text
    assert Counter(outcome.counts)["upload"] > 4 * 2 + 3
    assert someone_else.read("pre/results/table.txt") == (
        b"result of input_00000.txt\nresult of input_00001.txt\n"
    )
